#pragma once

// Pure: JSON written straight into a text, member by member, for the answers of the offline API:
// bodies are large and many, and are escaped into their place once. What is not UTF-8 becomes
// U+FFFD. The caller opens and closes what he writes; nothing is checked. Any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "store/records.h"

namespace serve {

class JsonText {
 public:
  explicit JsonText(std::string& out) : out_(out) {}

  // Objects and arrays, as a member, as an element, or alone.
  void open(std::string_view name) { key(name), out_ += '{'; }
  void open() { separate(), out_ += '{'; }
  void open_array(std::string_view name) { key(name), out_ += '['; }
  void close() { out_ += '}'; }
  void close_array() { out_ += ']'; }

  void text(std::string_view name, std::string_view value) { key(name), quoted(value); }
  void id(std::string_view name, store::Id value);  // a string of digits
  void number(std::string_view name, std::int64_t value);
  void flag(std::string_view name, bool value) { key(name), out_ += value ? "true" : "false"; }
  void null(std::string_view name) { key(name), out_ += "null"; }
  void time(std::string_view name, store::Time value) { text(name, store::to_iso8601(value)); }

  void raw(std::string_view name, std::string_view json) { key(name), out_ += json; }

  // null where there is none.
  void text_or_null(std::string_view name, const std::optional<std::string>& value);
  void id_or_null(std::string_view name, const std::optional<store::Id>& value);
  void number_or_null(std::string_view name, const std::optional<std::int64_t>& value);
  // Nothing where there is none: of what an answer may lack, but not as null.
  void text_if_known(std::string_view name, std::string_view value);

  void element(std::string_view value) { separate(), quoted(value); }

 private:
  void separate();
  void key(std::string_view name);
  void quoted(std::string_view value);

  std::string& out_;
};

}  // namespace serve
