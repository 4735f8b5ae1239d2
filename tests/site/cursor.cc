#include "tests/site/cursor.h"

#include <nlohmann/json.hpp>

#include "tests/site/text.h"

namespace site {

std::string encode(const Cursor& cursor) {
  std::string text = R"({"id":")";
  append_number(text, cursor.after.id);
  text += R"(","contentOrder":)";
  append_quoted(text, cursor.order);
  text += R"(,"contentOrderValue":)";
  if (cursor.by_text) {
    append_quoted(text, cursor.after.title);
  } else {
    append_number(text, cursor.after.number);
  }
  text += R"(,"limit":)" + std::to_string(cursor.limit);
  if (cursor.salt != 0) text += R"(,"salt":)" + std::to_string(cursor.salt);
  text += '}';
  while (text.size() % 3 == 0) text += ' ';
  return base64_encode(text);
}

std::optional<Cursor> decode(std::string_view text, std::string_view order, bool by_text) {
  const auto plain = base64_decode(text);
  if (!plain) return std::nullopt;
  const auto json = nlohmann::json::parse(*plain, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  const auto id = json.find("id");
  const auto name = json.find("contentOrder");
  const auto value = json.find("contentOrderValue");
  const auto limit = json.find("limit");
  if (id == json.end() || !id->is_string() || name == json.end() || !name->is_string() ||
      value == json.end() || limit == json.end() || !limit->is_number_unsigned()) {
    return std::nullopt;
  }
  const auto number = parse_number(id->get_ref<const std::string&>());
  if (!number || name->get_ref<const std::string&>() != order) return std::nullopt;
  if (by_text ? !value->is_string() : !value->is_number_integer()) return std::nullopt;
  Cursor cursor;
  cursor.order = order;
  cursor.by_text = by_text;
  cursor.after.id = *number;
  cursor.limit = limit->get<std::size_t>();
  if (by_text) {
    cursor.after.title = value->get<std::string>();
  } else {
    cursor.after.number = value->get<std::int64_t>();
  }
  return cursor;
}

}  // namespace site
