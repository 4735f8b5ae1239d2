#pragma once

// Small charts as SVG for a page that has the classes of the style sheet in report_html.cc (error,
// warning, info, bar, label, value). Text is escaped here. Pure; any thread.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace audit {

struct Part {
  std::string_view style;  // a class
  std::string_view name;   // for the tool tip
  std::int64_t value = 0;
};
struct Bar {
  std::string label;
  std::vector<Part> parts;  // from the left
  std::int64_t total() const;
};

// Bars from left to right below each other, with their totals.
std::string bar_chart(std::string_view title, const std::vector<Bar>& bars);
// Columns beside each other.
std::string column_chart(std::string_view title, const std::vector<Bar>& bars);
// A ring, with the sum in its middle.
std::string ring_chart(std::string_view title, const std::vector<Part>& parts);

}  // namespace audit
