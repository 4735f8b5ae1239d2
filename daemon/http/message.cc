#include "daemon/http/message.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace http {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

bool equals_lowered(std::string_view stored, std::string_view asked) {
  return stored.size() == asked.size() && std::equal(stored.begin(), stored.end(), asked.begin(),
                                                     [](char a, char b) { return a == lower(b); });
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f'); }
bool is_host_char(char c) {
  return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z') || c == '-' || c == '.' || c == '_';
}

std::string printable(std::string_view text) {
  constexpr std::size_t kMost = 300;
  std::string out;
  for (const char c : text.substr(0, kMost)) {
    out.push_back(static_cast<unsigned char>(c) <= 0x20 || c == 0x7f ? '?' : c);
  }
  return out;
}

store::Failure bad_url(std::string_view url, std::string_view cause) {
  return store::fail(store::ErrorKind::kUsage, "bad_url",
                     fmt::format("cannot use URL '{}': {}", loggable_url(url), cause),
                     "the address of a site reads https://your-domain.atlassian.net");
}

// Splits host and port out of the authority; "" or the cause of the refusal.
std::string_view split_authority(std::string_view authority, UrlParts& parts) {
  if (authority.find('@') != authority.npos) return "user name and password do not belong in it";
  std::string_view host = authority;
  std::string_view port;
  if (!authority.empty() && authority.front() == '[') {
    const auto end = authority.find(']');
    if (end == authority.npos) return "the IPv6 address is not closed";
    host = authority.substr(1, end - 1);
    const auto rest = authority.substr(end + 1);
    if (!rest.empty() && rest.front() != ':') return "the host is not valid";
    if (!rest.empty()) port = rest.substr(1);
    if (host.empty() || !std::all_of(host.begin(), host.end(),
                                     [](char c) { return is_hex(c) || c == ':' || c == '.'; })) {
      return "the IPv6 address is not valid";
    }
    if (!rest.empty() && port.empty()) return "the port is not a number between 1 and 65535";
  } else {
    const auto colon = authority.find(':');
    host = authority.substr(0, colon);
    if (colon != authority.npos) {
      port = authority.substr(colon + 1);
      if (port.empty()) return "the port is not a number between 1 and 65535";
    }
    if (host.empty()) return "the host is missing";
    if (!std::all_of(host.begin(), host.end(), is_host_char)) return "the host is not valid";
  }
  parts.host = lowered(host);
  parts.port = parts.scheme == "https" ? 443 : 80;
  if (!port.empty()) {
    const auto* const end = port.data() + port.size();
    const auto [stop, error] = std::from_chars(port.data(), end, parts.port);
    if (error != std::errc() || stop != end || parts.port == 0) {
      return "the port is not a number between 1 and 65535";
    }
  }
  return {};
}

}  // namespace

void Headers::add(std::string_view name, std::string value) {
  fields_.emplace_back(lowered(name), std::move(value));
}

std::optional<std::string_view> Headers::get(std::string_view name) const {
  for (const auto& [stored, value] : fields_) {
    if (equals_lowered(stored, name)) return value;
  }
  return std::nullopt;
}

std::vector<std::string_view> Headers::get_all(std::string_view name) const {
  std::vector<std::string_view> all;
  for (const auto& [stored, value] : fields_) {
    if (equals_lowered(stored, name)) all.emplace_back(value);
  }
  return all;
}

std::string loggable_url(std::string_view url) {
  url = url.substr(0, url.find_first_of("?#"));
  const auto scheme_end = url.find("://");
  const auto authority_start = scheme_end == url.npos ? 0 : scheme_end + 3;
  // Everything up to the last '@' is taken for user info, so that an odd URL hides too much rather
  // than too little.
  const auto at = url.rfind('@');
  std::string shown;
  if (at != url.npos && at >= authority_start) {
    shown = printable(url.substr(0, authority_start)) + printable(url.substr(at + 1));
  } else {
    shown = printable(url);
  }
  return shown;
}

store::Result<UrlParts> parse_url(std::string_view url) {
  for (const char c : url) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7f || c == '\\') {
      return bad_url(url, "it holds a character that no URL may have");
    }
  }
  const auto scheme_end = url.find("://");
  if (scheme_end == url.npos) return bad_url(url, "it does not begin with https://");
  UrlParts parts;
  parts.scheme = lowered(url.substr(0, scheme_end));
  if (parts.scheme != "https" && parts.scheme != "http") {
    return bad_url(url, "it does not begin with https://");
  }
  const auto rest = url.substr(scheme_end + 3);
  const auto authority_end = rest.find_first_of("/?#");
  if (const auto cause = split_authority(rest.substr(0, authority_end), parts); !cause.empty()) {
    return bad_url(url, cause);
  }
  if (authority_end != rest.npos) {
    const auto target = rest.substr(authority_end);
    parts.target = target.substr(0, target.find('#'));
  }
  if (parts.target.empty() || parts.target.front() != '/') parts.target.insert(0, "/");
  return parts;
}

bool is_loopback_host(std::string_view host) {
  if (equals_lowered("localhost", host) || host == "::1") return true;
  // Exactly a.b.c.d with a = 127: "127.evil.example" is a name like any other.
  int groups = 0;
  std::string_view rest = host;
  while (true) {
    const auto dot = rest.find('.');
    const auto group = rest.substr(0, dot);
    if (group.empty() || group.size() > 3 || !std::all_of(group.begin(), group.end(), is_digit)) {
      return false;
    }
    if (groups == 0 && group != "127") return false;
    ++groups;
    if (dot == rest.npos) return groups == 4;
    rest.remove_prefix(dot + 1);
  }
}

store::Result<void> check_url(std::string_view url) {
  const auto parts = parse_url(url);
  if (!parts) return store::fail(parts.error());
  if (parts->scheme == "http" && !is_loopback_host(parts->host)) {
    return bad_url(url, "http:// is for this machine only; a password would travel unprotected");
  }
  return {};
}

}  // namespace http
