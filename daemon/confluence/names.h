#pragma once

// Pure: names that Atlassian gives out, opaque, and hostile until they have passed here. Any
// thread.

#include <cstddef>
#include <string_view>

namespace confluence {

// Key ids, client keys and the like: what may stand in a URL or a log as it is.
bool is_plain_name(std::string_view text, std::size_t most);
// Letters, digits, ':', '-', '_', '.'; 128 at most. "557058:0867a421-..." is one.
bool is_account_id(std::string_view text);

}  // namespace confluence
