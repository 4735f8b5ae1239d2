#pragma once

// Pure: one entry of a batch, field by field; for batch_file.cc only. Each wrong field is one
// Problem.

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "daemon/edits/batch_file.h"
#include "daemon/input/fields.h"

namespace edits {

class EntryReader {
 public:
  // `action`: given apart; else the entry names it.
  EntryReader(const nlohmann::json& json, std::int64_t line, std::optional<store::JobAction> action)
      : fields_(json, line), line_(line), given_action_(action) {}

  // nullopt: there were problems.
  std::optional<Entry> read();
  std::vector<Problem> take_problems() { return fields_.take_problems(); }

 private:
  void wrong(const std::string& field, std::string text) { fields_.wrong(field, std::move(text)); }
  const nlohmann::json* find(const char* field) const { return fields_.find(field); }
  bool read_action();
  std::vector<std::string> known_fields() const;

  void read_create();
  void read_update();
  void read_delete();
  void read_extras();
  void read_title();
  void read_status();
  void read_body();
  void check_text(std::string text);
  void read_not_before();
  void read_references();

  input::Fields fields_;
  std::int64_t line_;
  std::optional<store::JobAction> given_action_;
  Entry entry_;
};

}  // namespace edits
