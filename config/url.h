#pragma once

// What a URL in the configuration may look like: it says whom the token is sent to. Pure; any
// thread.

#include <optional>
#include <string>
#include <string_view>

namespace config {

struct UrlRules {
  bool path = false;           // a path is allowed
  bool plain_loopback = true;  // http:// is allowed for localhost, 127.0.0.0/8 and ::1
};

// Why not; nullopt if all is well. Never repeats the text, for it may hold a password.
std::optional<std::string> url_refusal(std::string_view url, UrlRules rules);
// Scheme and host in lower case, no trailing slash, no port that the scheme has anyway. For a URL
// that was not refused.
std::string normal_url(std::string_view url);
// "host:port"
std::optional<std::string> listen_refusal(std::string_view text);

}  // namespace config
