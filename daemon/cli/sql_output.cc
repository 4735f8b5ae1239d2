#include "daemon/cli/sql_output.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "daemon/cli/report.h"
#include "daemon/cli/row_json.h"
#include "daemon/cli/table.h"
#include "daemon/cli/terminal.h"

namespace cli {

namespace {

std::string hex_of(std::string_view bytes) {
  std::string digits;
  digits.reserve(2 * bytes.size());
  for (const char c : bytes) {
    digits += fmt::format("{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
  return digits;
}

// 2.0 stays a number with a point, as SQLite prints it.
std::string real_text(double value) {
  auto text = fmt::format("{}", value);
  if (std::isfinite(value) && text.find_first_of(".e") == text.npos) text += ".0";
  return text;
}

bool names_an_id(std::string_view column) { return column == "id" || column.ends_with("_id"); }

Json json_of(const store::SqlValue& value, bool is_id) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    return is_id ? Json(std::to_string(*integer)) : Json(*integer);
  }
  if (const auto* real = std::get_if<double>(&value)) return Json(*real);
  if (const auto* text = std::get_if<std::string>(&value)) return Json(*text);
  if (const auto* blob = std::get_if<store::SqlBlob>(&value)) return Json(hex_of(blob->bytes));
  return {};
}

// Names of columns may repeat; keys may not.
std::vector<std::string> keys_of(const std::vector<std::string>& names) {
  std::vector<std::string> keys;
  for (const auto& name : names) {
    std::string key = name;
    for (int number = 2; std::find(keys.begin(), keys.end(), key) != keys.end(); ++number) {
      key = fmt::format("{}_{}", name, number);
    }
    keys.push_back(std::move(key));
  }
  return keys;
}

std::string without_newline(std::string line) {
  if (line.ends_with('\n')) line.pop_back();
  return line;
}

class TableOutput : public SqlOutput {
 public:
  explicit TableOutput(std::ostream& out) : out_(out) {}

  store::Result<void> columns(const std::vector<std::string>& names) override {
    names_ = names;
    numbers_.assign(names.size(), true);
    return {};
  }
  store::Result<void> row(const std::vector<store::SqlValue>& values) override {
    std::vector<std::string> cells;
    for (std::size_t i = 0; i < values.size(); ++i) {
      cells.push_back(cell_of(values[i], i));
      bytes_ += cells.back().size() + sizeof(std::string);
    }
    rows_.push_back(std::move(cells));
    if (bytes_ <= kMostTableBytes) return {};
    return store::fail(store::ErrorKind::kStopped, "table_too_large",
                       fmt::format("cannot print the answer as a table: it is larger than {} MiB",
                                   kMostTableBytes >> 20),
                       "--json and --csv have no such limit; or ask for less");
  }
  void finish(const store::SqlOutcome& /*outcome*/) override {
    std::vector<Table::Column> columns;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      columns.push_back({printable(names_[i]), numbers_[i] && !rows_.empty(), !numbers_[i]});
    }
    Table table(std::move(columns));
    for (const auto& cells : rows_) table.add(cells);
    table.print(out_, terminal_of(out_).columns);
  }

 private:
  std::string cell_of(const store::SqlValue& value, std::size_t column) {
    if (std::holds_alternative<std::monostate>(value)) return "NULL";
    if (const auto* integer = std::get_if<std::int64_t>(&value)) return std::to_string(*integer);
    if (const auto* real = std::get_if<double>(&value)) return real_text(*real);
    numbers_[column] = false;
    if (const auto* text = std::get_if<std::string>(&value)) return *text;
    return "x'" + hex_of(std::get<store::SqlBlob>(value).bytes) + "'";
  }

  std::ostream& out_;
  std::vector<std::string> names_;
  std::vector<bool> numbers_;  // that column has nothing else
  std::vector<std::vector<std::string>> rows_;
  std::size_t bytes_ = 0;
};

class JsonOutput : public SqlOutput {
 public:
  JsonOutput(std::ostream& out, const std::optional<std::string>& synced_at)
      : out_(out), synced_at_(synced_at) {}

  store::Result<void> columns(const std::vector<std::string>& names) override {
    keys_ = keys_of(names);
    for (const auto& name : names) ids_.push_back(names_an_id(name));
    out_ << "{\"rows\":[";
    return {};
  }
  store::Result<void> row(const std::vector<store::SqlValue>& values) override {
    Json json = Json::object();
    for (std::size_t i = 0; i < values.size(); ++i) json[keys_[i]] = json_of(values[i], ids_[i]);
    out_ << (std::exchange(begun_, true) ? "," : "") << without_newline(to_line(json));
    return {};
  }
  void finish(const store::SqlOutcome& outcome) override {
    Json rest;
    rest["columns"] = keys_;
    rest["cut"] = outcome.cut;
    rest["synced_at"] = synced_at_ ? Json(*synced_at_) : Json();
    out_ << "]," << to_line(rest).substr(1);
  }

 private:
  std::ostream& out_;
  std::optional<std::string> synced_at_;
  std::vector<std::string> keys_;
  std::vector<bool> ids_;
  bool begun_ = false;
};

class CsvOutput : public SqlOutput {
 public:
  CsvOutput(std::ostream& out, bool raw)
      : out_(out), raw_(raw), terminal_(terminal_of(out).is_terminal) {}

  store::Result<void> columns(const std::vector<std::string>& names) override {
    std::vector<std::string> fields;
    for (const auto& name : names) fields.push_back(csv_field(name, raw_));
    print(fields);
    return {};
  }
  store::Result<void> row(const std::vector<store::SqlValue>& values) override {
    std::vector<std::string> fields;
    for (const auto& value : values) fields.push_back(field_of(value));
    print(fields);
    return {};
  }
  void finish(const store::SqlOutcome& /*outcome*/) override {}

 private:
  std::string field_of(const store::SqlValue& value) const {
    if (std::holds_alternative<std::monostate>(value)) return {};
    // A negative number is one, whatever it begins with.
    if (const auto* integer = std::get_if<std::int64_t>(&value)) return std::to_string(*integer);
    if (const auto* real = std::get_if<double>(&value)) return real_text(*real);
    if (const auto* text = std::get_if<std::string>(&value)) return csv_field(*text, raw_);
    return hex_of(std::get<store::SqlBlob>(value).bytes);
  }
  void print(const std::vector<std::string>& fields) {
    const auto line = fmt::format("{}", fmt::join(fields, ","));
    if (terminal_) {
      out_ << printable_lines(line) << "\n";
    } else {
      out_ << line << "\r\n";
    }
  }

  std::ostream& out_;
  bool raw_;
  bool terminal_;
};

}  // namespace

std::unique_ptr<SqlOutput> table_output(std::ostream& out) {
  return std::make_unique<TableOutput>(out);
}

std::unique_ptr<SqlOutput> json_output(std::ostream& out,
                                       const std::optional<std::string>& synced_at) {
  return std::make_unique<JsonOutput>(out, synced_at);
}

std::unique_ptr<SqlOutput> csv_output(std::ostream& out, bool raw) {
  return std::make_unique<CsvOutput>(out, raw);
}

std::string csv_field(std::string_view text, bool raw) {
  constexpr std::string_view kFormula = "=+-@\t\r";
  std::string field;
  if (!raw && !text.empty() && kFormula.find(text.front()) != kFormula.npos) field = "'";
  field += text;
  if (field.find_first_of(",\"\r\n") == field.npos) return field;
  std::string quoted = "\"";
  for (const char c : field) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace cli
