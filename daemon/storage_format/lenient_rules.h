#pragma once

// What a forgiving reader needs to know of elements whose tags do not match, beside HTML's own
// rules (html_rules.h). Pure; any thread.

#include <string_view>

namespace storage_format {

// What an end tag of something else does not reach out of: cells, items, bodies of macros.
bool is_fence(std::string_view name);
bool is_heading_name(std::string_view name);
// What is never shown, and holds no more than a value: parameters, ids and states of tasks.
bool is_unseen(std::string_view name);
// So where such a value is not closed, it ends here: a page must not vanish in it.
bool begins_content(std::string_view name);

}  // namespace storage_format
