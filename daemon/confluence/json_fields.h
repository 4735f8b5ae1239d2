#pragma once

// Typed reading of one JSON object's fields, for parse*.cc only. The first field that is missing or
// of a wrong type is remembered as the reason; later reads go on and their values are not used.
// Works on a Source adapter, so that one set of rules serves simdjson and nlohmann alike. An
// adapter offers: Kind kind(), string(), integer(), boolean(), child(key).

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "store/records.h"

namespace confluence::json {

enum class Kind { kAbsent, kNull, kString, kInteger, kBoolean, kObject, kArray, kOther };

// An id as the API writes it: a positive integer in a string, or plain.
inline std::optional<store::Id> id_from(std::string_view text) {
  store::Id id = 0;
  const auto* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, id);
  if (error != std::errc() || stop != end || id <= 0) return std::nullopt;
  return id;
}

template <typename Value>
class Fields {
 public:
  Fields(Value object, std::string prefix, std::string* reason)
      : object_(std::move(object)), prefix_(std::move(prefix)), reason_(reason) {}

  std::string text(std::string_view key) {
    const auto value = object_.child(key);
    if (value.kind() != Kind::kString) return wrong(key, value.kind(), "a string"), std::string();
    return std::string(value.string());
  }
  // Absent and null are nullopt.
  std::optional<std::string> maybe_text(std::string_view key) {
    const auto value = object_.child(key);
    if (nothing(value.kind())) return std::nullopt;
    if (value.kind() != Kind::kString) return wrong(key, value.kind(), "a string"), std::nullopt;
    return std::string(value.string());
  }
  std::string text_or_empty(std::string_view key) {
    return maybe_text(key).value_or(std::string());
  }
  store::Id id(std::string_view key) {
    const auto value = object_.child(key);
    const auto found = id_of(value);
    if (!found) wrong(key, value.kind(), "an id");
    return found.value_or(0);
  }
  std::optional<store::Id> maybe_id(std::string_view key) {
    const auto value = object_.child(key);
    if (nothing(value.kind())) return std::nullopt;
    const auto found = id_of(value);
    if (!found) wrong(key, value.kind(), "an id");
    return found;
  }
  std::int64_t integer(std::string_view key, std::int64_t least, std::int64_t most) {
    const auto value = object_.child(key);
    if (value.kind() != Kind::kInteger || value.integer() < least || value.integer() > most) {
      wrong(key, value.kind(), "an integer in range");
      return least;
    }
    return value.integer();
  }
  std::optional<std::int64_t> maybe_integer(std::string_view key) {
    const auto value = object_.child(key);
    if (nothing(value.kind())) return std::nullopt;
    if (value.kind() != Kind::kInteger) return wrong(key, value.kind(), "an integer"), std::nullopt;
    return value.integer();
  }
  bool boolean_or_false(std::string_view key) {
    const auto value = object_.child(key);
    if (nothing(value.kind())) return false;
    if (value.kind() != Kind::kBoolean) return wrong(key, value.kind(), "true or false"), false;
    return value.boolean();
  }
  store::Time time(std::string_view key) {
    const auto value = object_.child(key);
    if (value.kind() == Kind::kString) {
      if (const auto parsed = store::parse_iso8601(value.string())) return *parsed;
    }
    wrong(key, value.kind(), "a time");
    return {};
  }
  std::optional<store::Time> maybe_time(std::string_view key) {
    if (nothing(object_.child(key).kind())) return std::nullopt;
    return time(key);
  }
  Fields object(std::string_view key) {
    auto value = object_.child(key);
    if (value.kind() != Kind::kObject) wrong(key, value.kind(), "an object");
    return Fields(std::move(value), path(key) + ".", reason_);
  }
  // Absent and null give an object in which everything is absent.
  Fields maybe_object(std::string_view key) {
    auto value = object_.child(key);
    if (!nothing(value.kind()) && value.kind() != Kind::kObject) {
      wrong(key, value.kind(), "an object");
    }
    return Fields(std::move(value), path(key) + ".", reason_);
  }
  void missing(std::string_view key, std::string_view expected) {
    wrong(key, Kind::kAbsent, expected);
  }

 private:
  static bool nothing(Kind kind) { return kind == Kind::kAbsent || kind == Kind::kNull; }
  static std::optional<store::Id> id_of(const Value& value) {
    if (value.kind() == Kind::kString) return id_from(value.string());
    if (value.kind() == Kind::kInteger && value.integer() > 0) return value.integer();
    return std::nullopt;
  }
  std::string path(std::string_view key) const { return prefix_ + std::string(key); }
  void wrong(std::string_view key, Kind found, std::string_view expected) {
    if (!reason_->empty()) return;
    *reason_ = "field '" + path(key) + "' " + (found == Kind::kAbsent ? "is missing" : "is wrong") +
               ": expected " + std::string(expected);
  }

  Value object_;
  std::string prefix_;
  std::string* reason_;
};

// The id of a row that may be anything, for people to find it by; "" if it has none.
template <typename Value>
std::string shown_id(const Value& row, std::string_view key) {
  if (row.kind() != Kind::kObject) return {};
  const auto value = row.child(key);
  if (value.kind() == Kind::kInteger) return std::to_string(value.integer());
  if (value.kind() != Kind::kString) return {};
  std::string text(value.string().substr(0, 40));
  for (auto& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text;
}

template <typename Value>
store::Version read_version(Fields<Value> version) {
  store::Version out;
  out.number = static_cast<std::int32_t>(version.integer("number", 1, INT32_MAX));
  out.created_at = version.time("createdAt");
  out.message = version.text_or_empty("message");
  out.minor_edit = version.boolean_or_false("minorEdit");
  out.author_id = version.text_or_empty("authorId");
  return out;
}

template <typename Value>
std::optional<store::Body> read_body(Fields<Value> owner, bool expected) {
  auto storage = owner.maybe_object("body").maybe_object("storage");
  auto text = storage.maybe_text("value");
  if (!text) {
    if (expected) storage.missing("value", "a string");
    return std::nullopt;
  }
  return store::Body(std::move(*text));
}

template <typename Value>
store::Page read_page(Fields<Value> row, bool bodies) {
  store::Page page;
  page.id = row.id("id");
  page.status = row.text("status");
  page.title = row.text("title");
  page.space_id = row.id("spaceId");
  page.parent_id = row.maybe_id("parentId");
  page.parent_type = row.maybe_text("parentType");
  page.position = row.maybe_integer("position");
  page.author_id = row.text_or_empty("authorId");
  page.owner_id = row.maybe_text("ownerId");
  page.last_owner_id = row.maybe_text("lastOwnerId");
  page.subtype = row.maybe_text("subtype");
  page.created_at = row.time("createdAt");
  page.version = read_version(row.object("version"));
  page.body = read_body(row, bodies);
  page.web_path = row.maybe_object("_links").text_or_empty("webui");
  return page;
}

template <typename Value>
store::PageVersion read_page_version(Fields<Value> row, bool bodies) {
  store::PageVersion out;
  out.version = read_version(row);
  auto page = row.maybe_object("page");
  out.title = page.maybe_text("title");
  out.body = read_body(page, bodies);
  return out;
}

}  // namespace confluence::json
