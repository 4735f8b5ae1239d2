#pragma once

// Pure: JSON that people hand in, read field by field: what the connector's actions take, alone or
// in a batch. Hostile until read. A wrong field is a Problem, and all of them are found; of one
// field the first counts. Any thread; nothing throws.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/records.h"

namespace input {

struct Problem {
  std::int64_t line = 1;  // from 1; of an entry of an array, the line where the entry begins
  std::string field;      // "" = the whole
  std::string text;       // what is wrong, and what was expected
};

// One JSON value; a Problem where it is none, is nested too deeply (16), or where a name stands
// twice in one object. `line`: of the beginning of the text.
std::optional<nlohmann::json> parse_value(std::string_view text, std::int64_t line,
                                          std::vector<Problem>& problems);

// "a number", "an object", "null": what was found instead of what was expected.
std::string kind_of(const nlohmann::json& value);

class Fields {
 public:
  // `json` must outlive this.
  Fields(const nlohmann::json& json, std::int64_t line) : json_(json), line_(line) {}

  // Whether it is an object, which it must be before anything else is asked.
  bool is_object();
  // Every field that is none of these is a problem. `owner`: whose fields they are, for the text.
  void refuse_others(const std::vector<std::string>& known, std::string_view owner);

  void wrong(const std::string& field, std::string text);
  const nlohmann::json* find(const char* field) const;
  std::optional<std::string> text(const char* field, bool required);
  // A string of digits or a number, 1 or more.
  std::optional<store::Id> id(const char* field, bool required);
  // The same, from `least` to `most`.
  std::optional<std::int64_t> number(const char* field, std::int64_t least, std::int64_t most);
  bool flag(const char* field);  // false where it is absent

  const nlohmann::json& json() const { return json_; }
  bool good() const { return problems_.empty(); }
  std::vector<Problem> take_problems() { return std::move(problems_); }

 private:
  const nlohmann::json& json_;
  std::int64_t line_;
  std::vector<Problem> problems_;
};

}  // namespace input
