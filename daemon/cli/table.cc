#include "daemon/cli/table.h"

#include <algorithm>
#include <utility>

#include "daemon/cli/report.h"
#include "daemon/cli/text.h"

namespace cli {

namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kLeast = 8;  // what a column that is cut keeps

std::string padding(std::size_t columns) { return std::string(columns, ' '); }

}  // namespace

Table::Table(std::vector<Column> columns) : columns_(std::move(columns)) {
  std::vector<std::string> headings;
  for (const auto& column : columns_) headings.push_back(column.heading);
  rows_.push_back(std::move(headings));
}

void Table::add(const std::vector<std::string>& cells) {
  std::vector<std::string> row;
  for (const auto& cell : cells) row.push_back(printable(cell));
  row.resize(columns_.size());
  rows_.push_back(std::move(row));
}

std::vector<std::size_t> Table::widths(std::size_t width) const {
  std::vector<std::size_t> found(columns_.size(), 0);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      found[i] = std::max(found[i], columns_of(row[i]));
    }
  }
  if (width == 0) return found;
  std::size_t total = kGap * (columns_.size() - 1);
  for (const auto columns : found) total += columns;
  while (total > width) {
    // The widest that may be cut gives way first.
    std::size_t widest = columns_.size();
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const bool may = columns_[i].cut && found[i] > kLeast;
      if (may && (widest == columns_.size() || found[i] > found[widest])) widest = i;
    }
    if (widest == columns_.size()) break;
    --found[widest];
    --total;
  }
  return found;
}

void Table::print(std::ostream& out, std::size_t width) const {
  const auto columns = widths(width);
  for (const auto& row : rows_) {
    std::string line;
    std::size_t owed = 0;  // blanks that are written only if something follows
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string cell = cut_to_columns(row[i], columns[i]);
      const std::size_t blank = columns[i] - columns_of(cell);
      if (columns_[i].right) owed += blank;
      if (!cell.empty()) line.append(padding(std::exchange(owed, 0))).append(cell);
      if (!columns_[i].right) owed += blank;
      owed += kGap;
    }
    out << line << "\n";
  }
}

}  // namespace cli
