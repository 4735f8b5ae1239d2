#pragma once

// Whether an address of a body may be put into a document. Pure; any thread.

#include <optional>
#include <string>
#include <string_view>

namespace storage_format {

// The address, percent-encoded, if it is http, https, mailto or relative; nullopt for any other
// scheme, however it is disguised: white space and control characters, which browsers skip, are
// gone before the scheme is read. "//host" becomes "https://host".
std::optional<std::string> safe_url(std::string_view url);
bool is_remote(std::string_view safe);  // has a host of its own: http or https

}  // namespace storage_format
