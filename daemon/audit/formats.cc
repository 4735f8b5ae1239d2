#include "daemon/audit/formats.h"

#include <array>
#include <utility>

#include "daemon/audit/text_sink.h"

namespace audit {

namespace {

constexpr std::array<std::pair<std::string_view, Format>, 4> kFormats{
    {{"json", Format::kJson},
     {"csv", Format::kCsv},
     {"markdown", Format::kMarkdown},
     {"html", Format::kHtml}}};

}  // namespace

std::optional<Format> parse_format(std::string_view name) {
  for (const auto& [known, format] : kFormats) {
    if (known == name) return format;
  }
  return std::nullopt;
}

store::Result<void> write_report(const Report& report, Format format, const WriteText& write) {
  TextSink sink(write);
  switch (format) {
    case Format::kJson:
      write_json(report, sink);
      break;
    case Format::kCsv:
      write_csv(report, sink);
      break;
    case Format::kMarkdown:
      write_markdown(report, sink);
      break;
    case Format::kHtml:
      write_html(report, sink);
      break;
  }
  return sink.finish();
}

std::string to_text(const Report& report, Format format) {
  std::string all;
  const WriteText collect = [&all](std::string_view text) -> store::Result<void> {
    all.append(text);
    return {};
  };
  // Collecting cannot fail.
  if (!write_report(report, format, collect)) all.clear();
  return all;
}

}  // namespace audit
