#include "daemon/storage_format/table.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "daemon/storage_format/normal_form.h"

namespace storage_format {

namespace {

bool is_cell(const Node& node) { return node.is("td") || node.is("th"); }

bool is_section(const Node& node) {
  return node.is("thead") || node.is("tbody") || node.is("tfoot");
}

std::vector<const Node*> cells_of(const Node& row) {
  std::vector<const Node*> cells;
  for (const auto& child : row.children) {
    if (is_cell(child)) cells.push_back(&child);
  }
  return cells;
}

// Of a colspan or rowspan; 0 for what is none.
std::size_t span_of(const Node& cell, std::string_view name) {
  const auto* value = cell.attribute(name);
  if (value == nullptr) return 1;
  std::size_t span = 0;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), span);
  const bool whole = error == std::errc() && end == value->data() + value->size();
  return whole && span <= 1000 ? span : 0;
}

// Rows, cells and their tags: what is equal in tables that differ in their cells' content only.
std::string skeleton_of(const Node& table) {
  std::string text;
  for (const auto* row : rows_of(table)) {
    text += normal_tag(*row);
    for (const auto* cell : cells_of(*row)) text += normal_tag(*cell);
  }
  return text;
}

// The tags in a table above its rows, in order.
std::string sections_of(const Node& table) {
  std::string text;
  for (const auto& child : table.children) {
    if (is_section(child)) text += normal_tag(child);
  }
  return text;
}

std::vector<std::string> forms_of(const Document& document, const Node& row) {
  std::vector<std::string> forms;
  for (const auto* cell : cells_of(row)) forms.push_back(normal_form(document, *cell));
  return forms;
}

}  // namespace

std::vector<const Node*> rows_of(const Node& table) {
  std::vector<const Node*> rows;
  for (const auto& child : table.children) {
    if (child.is("tr")) rows.push_back(&child);
    if (!is_section(child)) continue;
    for (const auto& row : child.children) {
      if (row.is("tr")) rows.push_back(&row);
    }
  }
  return rows;
}

Grid grid_of(const Node& table) {
  Grid grid;
  for (const auto* row : rows_of(table)) {
    std::size_t columns = 0;
    for (const auto* cell : cells_of(*row)) {
      const auto width = span_of(*cell, "colspan");
      if (width == 0 || span_of(*cell, "rowspan") != 1) grid.regular = false;
      columns += width;
    }
    if (grid.rows++ == 0) grid.columns = columns;
    if (columns != grid.columns) grid.regular = false;
  }
  return grid;
}

bool can_merge_tables(const Node& base, const Node& ours, const Node& theirs) {
  const auto sections = sections_of(base);
  if (sections != sections_of(ours) || sections != sections_of(theirs)) return false;
  const auto skeleton = skeleton_of(base);
  if (skeleton == skeleton_of(ours) && skeleton == skeleton_of(theirs)) return true;
  const auto grid = grid_of(base);
  const auto same_columns = [&](const Node& table) {
    const auto other = grid_of(table);
    return other.regular && other.columns == grid.columns;
  };
  return grid.regular && same_columns(ours) && same_columns(theirs);
}

bool has_shifted(const Document& before, const Node& base_row, const Document& after,
                 const Node& row) {
  const auto old_cells = forms_of(before, base_row);
  const auto cells = forms_of(after, row);
  if (old_cells.size() != cells.size()) return true;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (cells[i] == old_cells[i]) continue;
    for (std::size_t k = 0; k < cells.size(); ++k) {
      // Another cell that stayed as it is was copied, not moved.
      if (k != i && cells[i] == old_cells[k] && cells[k] != old_cells[k]) return true;
    }
  }
  return false;
}

bool has_new_column(const Document& before, const Node& base, const Document& after,
                    const Node& table) {
  const auto old_rows = rows_of(base);
  const auto rows = rows_of(table);
  if (old_rows.size() != rows.size() || rows.size() < 2) return false;
  std::vector<std::size_t> changed;  // rows, by column
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto old_cells = forms_of(before, *old_rows[i]);
    const auto cells = forms_of(after, *rows[i]);
    if (cells.size() != old_cells.size()) return true;
    changed.resize(std::max(changed.size(), cells.size()));
    for (std::size_t k = 0; k < cells.size(); ++k) changed[k] += cells[k] != old_cells[k] ? 1U : 0U;
  }
  return std::ranges::any_of(changed, [&](std::size_t count) { return count == rows.size(); });
}

}  // namespace storage_format
