#include "config/url.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace config {

namespace {

struct Parts {
  std::string scheme;
  std::string host;  // as written, IPv6 with brackets, in lower case
  std::string_view port;
  bool has_port = false;
  std::string_view rest;  // from the first of / ? #
  bool user_info = false;
};

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return result;
}

std::optional<Parts> split(std::string_view url) {
  Parts parts;
  const auto colon = url.find("://");
  if (colon == url.npos) return std::nullopt;
  parts.scheme = lower(url.substr(0, colon));
  url.remove_prefix(colon + 3);
  const auto end = std::min(url.find_first_of("/?#\\"), url.size());
  parts.rest = url.substr(end);
  auto authority = url.substr(0, end);
  if (const auto at = authority.rfind('@'); at != authority.npos) {
    parts.user_info = true;
    authority.remove_prefix(at + 1);
  }
  const auto bracket = authority.starts_with('[') ? authority.find(']') : authority.npos;
  const auto from = bracket == authority.npos ? 0 : bracket;
  if (const auto port = authority.find(':', from); port != authority.npos) {
    parts.has_port = true;
    parts.port = authority.substr(port + 1);
    authority = authority.substr(0, port);
  }
  parts.host = lower(authority);
  return parts;
}

bool is_ipv6(std::string_view host) {
  if (host.size() < 4 || host.front() != '[' || host.back() != ']') return false;
  in6_addr address{};
  return inet_pton(AF_INET6, std::string(host.substr(1, host.size() - 2)).c_str(), &address) == 1;
}

bool is_host(std::string_view host) {
  if (host.starts_with('[')) return is_ipv6(host);
  if (host.empty() || host.size() > 253 || host.front() == '.' || host.front() == '-') return false;
  if (host.find("..") != host.npos) return false;
  return std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
  });
}

bool is_loopback(const std::string& host) {
  in_addr address{};
  if (inet_pton(AF_INET, host.c_str(), &address) == 1) return ntohl(address.s_addr) >> 24 == 127;
  in6_addr v6{};
  if (is_ipv6(host) && inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &v6) == 1) {
    return IN6_IS_ADDR_LOOPBACK(&v6);
  }
  return host == "localhost";
}

bool is_port(std::string_view text) {
  std::uint32_t port = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && stop == text.data() + text.size() && port > 0 && port < 65536;
}

std::optional<std::string> rest_refusal(std::string_view rest, bool path_allowed) {
  if (rest.find_first_of("?#") != rest.npos) return "a URL with a query or a fragment";
  if (path_allowed || rest.empty() || rest == "/") return std::nullopt;
  if (rest == "/wiki" || rest.starts_with("/wiki/")) {
    return "a URL with a path: leave out '/wiki' and what follows";
  }
  return "a URL with a path";
}

}  // namespace

std::optional<std::string> url_refusal(std::string_view url, UrlRules rules) {
  const auto odd = [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F; };
  if (std::any_of(url.begin(), url.end(), odd)) return "a URL with spaces or control characters";
  const auto parts = split(url);
  if (!parts) return "a text without 'https://'";
  if (parts->user_info) return "a URL with user information: nothing may stand before the host";
  if (!is_host(parts->host)) return "a URL whose host is not a plain name or address";
  if (parts->has_port && !is_port(parts->port)) return "a URL whose port is not from 1 to 65535";
  if (parts->scheme == "http") {
    if (!rules.plain_loopback) return "a URL with 'http://'";
    if (!is_loopback(parts->host)) {
      return "'http://', which would send the token readable to all: https, or a loopback host";
    }
  } else if (parts->scheme != "https") {
    return "a URL with a scheme other than https";
  }
  return rest_refusal(parts->rest, rules.path);
}

std::string normal_url(std::string_view url) {
  const auto parts = split(url);
  if (!parts) return std::string(url);
  std::string result = parts->scheme + "://" + parts->host;
  const std::string_view usual = parts->scheme == "https" ? "443" : "80";
  if (parts->has_port && parts->port != usual) result.append(":").append(parts->port);
  auto path = parts->rest;
  while (path.ends_with('/')) path.remove_suffix(1);
  return result.append(path);
}

std::optional<std::string> listen_refusal(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == text.npos || !is_port(text.substr(colon + 1))) {
    return "a text without a port from 1 to 65535";
  }
  if (!is_host(lower(text.substr(0, colon))))
    return "a text whose host is not a plain name or address";
  return std::nullopt;
}

}  // namespace config
