#include "daemon/serve/offline_json.h"

#include "daemon/base/utf8.h"

namespace serve {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

bool is_plain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
}

void append_special(std::string& out, std::string_view character) {
  const char c = character[0];
  switch (c) {
    case '"':
    case '\\':
      out += '\\';
      out += c;
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  if (static_cast<unsigned char>(c) < 0x20) {
    out += "\\u00";
    out += kDigits[static_cast<unsigned char>(c) >> 4U];
    out += kDigits[static_cast<unsigned char>(c) & 0xFU];
  } else {
    out += character;
  }
}

}  // namespace

void JsonText::separate() {
  if (out_.empty()) return;
  const char last = out_.back();
  if (last != '{' && last != '[' && last != ':') out_ += ',';
}

void JsonText::key(std::string_view name) {
  separate();
  quoted(name);
  out_ += ':';
}

void JsonText::quoted(std::string_view value) {
  out_ += '"';
  while (!value.empty()) {
    std::size_t plain = 0;
    while (plain < value.size() && is_plain(value[plain])) ++plain;
    out_ += value.substr(0, plain);
    value.remove_prefix(plain);
    if (value.empty()) break;
    const std::size_t length = base::character_length(value);
    append_special(out_, length == 0 ? std::string_view("\uFFFD") : value.substr(0, length));
    value.remove_prefix(length == 0 ? 1 : length);
  }
  out_ += '"';
}

void JsonText::id(std::string_view name, store::Id value) { text(name, std::to_string(value)); }

void JsonText::number(std::string_view name, std::int64_t value) {
  key(name);
  out_ += std::to_string(value);
}

void JsonText::text_or_null(std::string_view name, const std::optional<std::string>& value) {
  value ? text(name, *value) : null(name);
}

void JsonText::id_or_null(std::string_view name, const std::optional<store::Id>& value) {
  value ? id(name, *value) : null(name);
}

void JsonText::number_or_null(std::string_view name, const std::optional<std::int64_t>& value) {
  value ? number(name, *value) : null(name);
}

void JsonText::text_if_known(std::string_view name, std::string_view value) {
  if (!value.empty()) text(name, value);
}

}  // namespace serve
