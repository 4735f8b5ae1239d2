#pragma once

// A table of texts, aligned by the columns that they take on a terminal. Cells may hold anything:
// they are made printable (report.h) when they are added. Not thread-safe.

#include <cstddef>
#include <ostream>
#include <string>
#include <vector>

namespace cli {

class Table {
 public:
  struct Column {
    std::string heading;
    bool right = false;  // numbers
    bool cut = false;    // gives way where the whole is too wide
  };

  explicit Table(std::vector<Column> columns);

  void add(const std::vector<std::string>& cells);
  bool empty() const { return rows_.size() == 1; }
  // Lines of at most `width` columns as far as the columns that may be cut allow it; 0 = any, and
  // nothing is cut.
  void print(std::ostream& out, std::size_t width) const;

 private:
  std::vector<std::size_t> widths(std::size_t width) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;  // the headings first
};

}  // namespace cli
