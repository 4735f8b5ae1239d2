#pragma once

// A report in the forms that leave the program. Every text in a Report is of others and safe as one
// line; here it is escaped for where it goes: JSON strings, CSV cells that no spreadsheet takes for
// a formula, Markdown without markup, HTML without elements. Pure; any thread. UTF-8, a newline at
// the end.
//
// JSON: one object, keys in a fixed order, ids as strings, one finding a line; kJson is what
// past_report.h reads. HTML: one file that loads nothing: no script at all, a Content-Security-
// Policy that admits its own style sheet by hash, links to http and https only; of each rule at
// most kRowsShown findings are listed, the rest are in the other forms.

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/audit/report.h"
#include "store/error.h"

namespace audit {

inline constexpr std::size_t kRowsShown = 200;

enum class Format { kJson, kCsv, kMarkdown, kHtml };
std::optional<Format> parse_format(std::string_view name);  // json, csv, markdown, html

// Gets the text piece by piece; an error ends it.
using WriteText = std::function<store::Result<void>(std::string_view text)>;
store::Result<void> write_report(const Report& report, Format format, const WriteText& write);
std::string to_text(const Report& report, Format format);

// "new", "still there", "accepted", "" (nothing to compare with)
std::string_view state_of(const Report& report, const Finding& finding);
// "line 3 of the text", "12:40 in storage format", ""
std::string place_of(const Finding& finding);

}  // namespace audit
