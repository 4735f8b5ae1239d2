#pragma once

// A report in the forms that leave the program. Every text in a Report is of others and safe as one
// line; here it is escaped for where it goes: JSON strings, CSV cells that no spreadsheet takes for
// a formula, Markdown without markup, HTML without elements. Pure; any thread. UTF-8, a newline at
// the end.
//
// JSON: one object, keys in a fixed order, ids as strings, one finding a line; to_json() is what
// past_report.h reads. HTML: one file that loads nothing: no script at all, a Content-Security-
// Policy that admits its own style sheet by hash, links to http and https only; of each rule at
// most kRowsShown findings are listed, the rest are in the other forms.

#include <cstddef>
#include <string>
#include <string_view>

#include "daemon/audit/report.h"

namespace audit {

inline constexpr std::size_t kRowsShown = 200;

std::string to_json(const Report& report);
std::string to_csv(const Report& report);
std::string to_markdown(const Report& report);
std::string to_html(const Report& report);

// "new", "still there", "accepted", "" (nothing to compare with)
std::string_view state_of(const Report& report, const Finding& finding);
// "line 3 of the text", "12:40 in storage format", ""
std::string place_of(const Finding& finding);

}  // namespace audit
