#include "daemon/audit/charts.h"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/audit/text.h"
#include "daemon/storage_format/characters.h"

namespace audit {

using storage_format::escaped_html;

namespace {

// Units of the drawing; it is as wide as its box.
constexpr double kWidth = 480;
constexpr double kRowHeight = 26;
constexpr double kBarHeight = 16;
constexpr double kLabelWidth = 180;
constexpr double kValueWidth = 56;
constexpr std::size_t kLabelCharacters = 26;

std::string fitting(const std::string& label, std::size_t longest) {
  std::string cut;
  std::size_t characters = 0;
  std::string_view rest = label;
  while (!rest.empty()) {
    if (++characters > longest) return cut + "\u2026";
    const auto length = std::max<std::size_t>(utf8_length(rest), 1);
    cut.append(rest.substr(0, length));
    rest.remove_prefix(length);
  }
  return cut;
}

std::int64_t greatest(const std::vector<Bar>& bars) {
  std::int64_t most = 1;
  for (const auto& bar : bars) most = std::max(most, bar.total());
  return most;
}

std::string opening(std::string_view title, double width, double height) {
  return fmt::format(
      "<svg viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\" aria-label=\"{}\" "
      "preserveAspectRatio=\"xMinYMin meet\">\n",
      width, height, escaped_html(title));
}

std::string tip_of(const Bar& bar, const Part& part) {
  return escaped_html(fmt::format("{}: {} {}", bar.label, with_commas(part.value), part.name));
}

}  // namespace

std::int64_t Bar::total() const {
  std::int64_t sum = 0;
  for (const auto& part : parts) sum += part.value;
  return sum;
}

std::string bar_chart(std::string_view title, const std::vector<Bar>& bars) {
  const double room = kWidth - kLabelWidth - kValueWidth;
  const double unit = room / static_cast<double>(greatest(bars));
  auto out = opening(title, kWidth, kRowHeight * static_cast<double>(bars.size()));
  double top = 0;
  for (const auto& bar : bars) {
    const double middle = top + kRowHeight / 2;
    out += fmt::format("<text class=\"label\" x=\"{:.0f}\" y=\"{:.1f}\">{}</text>\n",
                       kLabelWidth - 8, middle, escaped_html(fitting(bar.label, kLabelCharacters)));
    double left = kLabelWidth;
    for (const auto& part : bar.parts) {
      if (part.value == 0) continue;
      // Never so short that nobody sees it.
      const double length = std::max(static_cast<double>(part.value) * unit, 1.5);
      out += fmt::format(
          "<rect class=\"{}\" x=\"{:.2f}\" y=\"{:.1f}\" width=\"{:.2f}\" height=\"{:.0f}\" "
          "rx=\"2\">"
          "<title>{}</title></rect>\n",
          part.style, left, middle - kBarHeight / 2, length, kBarHeight, tip_of(bar, part));
      left += length;
    }
    out += fmt::format("<text class=\"value\" x=\"{:.2f}\" y=\"{:.1f}\">{}</text>\n", left + 6,
                       middle, with_commas(bar.total()));
    top += kRowHeight;
  }
  return out + "</svg>\n";
}

std::string column_chart(std::string_view title, const std::vector<Bar>& bars) {
  constexpr double kHeight = 200;
  constexpr double kFoot = 40;
  constexpr double kHead = 18;
  const double step = kWidth / static_cast<double>(std::max<std::size_t>(bars.size(), 1));
  const double unit = (kHeight - kFoot - kHead) / static_cast<double>(greatest(bars));
  auto out = opening(title, kWidth, kHeight);
  double left = 0;
  for (const auto& bar : bars) {
    double bottom = kHeight - kFoot;
    for (const auto& part : bar.parts) {
      const double height =
          part.value == 0 ? 0 : std::max(static_cast<double>(part.value) * unit, 1.5);
      bottom -= height;
      if (part.value == 0) continue;
      out += fmt::format(
          "<rect class=\"{}\" x=\"{:.2f}\" y=\"{:.2f}\" width=\"{:.2f}\" height=\"{:.2f}\" "
          "rx=\"2\"><title>{}</title></rect>\n",
          part.style, left + step * 0.15, bottom, step * 0.7, height, tip_of(bar, part));
    }
    const double middle = left + step / 2;
    out += fmt::format("<text class=\"over\" x=\"{:.2f}\" y=\"{:.2f}\">{}</text>\n", middle,
                       bottom - 6, with_commas(bar.total()));
    // "6-12 months": two lines.
    const auto blank = std::min(bar.label.find(' '), bar.label.size());
    out += fmt::format("<text class=\"under\" x=\"{:.2f}\" y=\"{:.0f}\">{}</text>\n", middle,
                       kHeight - kFoot + 14, escaped_html(bar.label.substr(0, blank)));
    if (blank < bar.label.size()) {
      out += fmt::format("<text class=\"under\" x=\"{:.2f}\" y=\"{:.0f}\">{}</text>\n", middle,
                         kHeight - kFoot + 28, escaped_html(bar.label.substr(blank + 1)));
    }
    left += step;
  }
  return out + "</svg>\n";
}

std::string ring_chart(std::string_view title, const std::vector<Part>& parts) {
  constexpr double kSide = 200;
  constexpr double kRadius = 72;
  constexpr double kAround = 2 * 3.14159265358979 * kRadius;
  std::int64_t sum = 0;
  for (const auto& part : parts) sum += part.value;
  auto out = opening(title, kSide, kSide);
  out += fmt::format("<circle class=\"ring none\" cx=\"100\" cy=\"100\" r=\"{:.0f}\"/>\n", kRadius);
  double begin = 0;
  for (const auto& part : parts) {
    if (part.value == 0) continue;
    const double length = kAround * static_cast<double>(part.value) / static_cast<double>(sum);
    out += fmt::format(
        "<circle class=\"ring {}\" cx=\"100\" cy=\"100\" r=\"{:.0f}\" "
        "stroke-dasharray=\"{:.2f} {:.2f}\" stroke-dashoffset=\"{:.2f}\" "
        "transform=\"rotate(-90 100 100)\"><title>{}</title></circle>\n",
        part.style, kRadius, length, kAround - length, -begin,
        escaped_html(fmt::format("{} {}", with_commas(part.value), part.name)));
    begin += length;
  }
  out += fmt::format("<text class=\"sum\" x=\"100\" y=\"96\">{}</text>\n", with_commas(sum));
  out += fmt::format("<text class=\"under\" x=\"100\" y=\"120\">{}</text>\n",
                     sum == 1 ? "finding" : "findings");
  return out + "</svg>\n";
}

}  // namespace audit
