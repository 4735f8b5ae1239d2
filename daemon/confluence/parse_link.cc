#include <fmt/format.h>

#include <algorithm>

#include "daemon/base/utf8.h"
#include "daemon/confluence/parse.h"
#include "daemon/confluence/parse_document.h"
#include "daemon/confluence/text.h"

namespace confluence {

namespace {

constexpr std::size_t kMostShown = 300;
constexpr std::size_t kMostRead = 4096;
constexpr std::size_t kLongestLink = 16u << 10;

bool equals_lowered(std::string_view a, std::string_view lowered) {
  return a.size() == lowered.size() &&
         std::equal(a.begin(), a.end(), lowered.begin(), [](char x, char y) {
           return (x >= 'A' && x <= 'Z' ? static_cast<char>(x - 'A' + 'a') : x) == y;
         });
}

// Takes `name` or `name=value` or `name="value"` off the front of a link's parameters.
std::pair<std::string_view, std::string_view> take_parameter(std::string_view& rest) {
  const auto name_end = rest.find_first_of("=;,");
  const auto name = trimmed(rest.substr(0, name_end));
  if (name_end == rest.npos || rest[name_end] != '=') {
    rest.remove_prefix(std::min(name_end, rest.size()));
    return {name, {}};
  }
  rest = rest.substr(name_end + 1);
  const auto start = rest.find_first_not_of(" \t");
  if (start != rest.npos && rest[start] == '"') {
    const auto end = rest.find('"', start + 1);
    const auto value = rest.substr(start + 1, end == rest.npos ? end : end - start - 1);
    rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
    return {name, value};
  }
  const auto end = std::min(rest.find_first_of(";,"), rest.size());
  const auto value = trimmed(rest.substr(0, end));
  rest.remove_prefix(end);
  return {name, value};
}

// RFC 8288: <target>; rel="next", <target>; rel="base"
std::string_view next_of_header(std::string_view header) {
  while (true) {
    const auto open = header.find('<');
    if (open == header.npos) return {};
    const auto close = header.find('>', open);
    if (close == header.npos) return {};
    const auto target = header.substr(open + 1, close - open - 1);
    header.remove_prefix(close + 1);
    bool is_next = false;
    while (true) {
      const auto at = header.find_first_not_of(" \t");
      if (at == header.npos || header[at] != ';') break;
      header.remove_prefix(at + 1);
      const auto [name, value] = take_parameter(header);
      if (equals_lowered(name, "rel") && equals_lowered(value, "next")) is_next = true;
    }
    if (is_next) return target;
  }
}

store::Failure bad_link(std::string_view cause) {
  return store::fail(store::ErrorKind::kSpaceBad, "bad_next_link",
                     fmt::format("the link to the rest of the listing {}", cause),
                     "nothing was asked from there; report it if it stays");
}

// `.` and `..`, plain or escaped.
bool is_dots(std::string_view segment) {
  int dots = 0;
  while (!segment.empty()) {
    const bool escaped = equals_lowered(segment.substr(0, 3), "%2e");
    if (!escaped && segment.front() != '.') return false;
    segment.remove_prefix(escaped ? 3 : 1);
    ++dots;
  }
  return dots == 1 || dots == 2;
}

bool has_parent_segment(std::string_view target) {
  const auto path = target.substr(0, target.find_first_of("?#"));
  std::string_view rest = path;
  while (!rest.empty()) {
    const auto slash = rest.find('/');
    const auto segment = rest.substr(0, slash);
    if (is_dots(segment)) return true;
    if (slash == rest.npos) break;
    rest.remove_prefix(slash + 1);
  }
  return false;
}

bool same_origin(const http::UrlParts& a, const http::UrlParts& b) {
  return a.scheme == b.scheme && a.host == b.host && a.port == b.port;
}

}  // namespace

std::string one_line(std::string_view text) {
  std::string out;
  bool gap = false;
  bool cut = false;
  std::size_t end = 0;  // where the mark of a cut goes
  base::each_character(text.substr(0, kMostRead), [&](std::string_view character) {
    if (cut) return;
    if (character == " " || base::is_control(character)) {
      gap = !out.empty();
      return;
    }
    if (gap) out.push_back(' ');
    gap = false;
    out += character;
    if (out.size() <= kMostShown - 3) end = out.size();
    cut = out.size() > kMostShown;
  });
  if (cut) {
    out.resize(end);
    out += "...";
  }
  return out;
}

store::Result<void> check_plausible(std::string_view body) {
  const auto start = body.find_first_not_of(" \t\r\n");
  if (start == body.npos) {
    return store::fail(store::ErrorKind::kRetryAfter, "empty_body", "the answer is empty",
                       "it is tried again");
  }
  if (body[start] != '{' && body[start] != '[') {
    const auto message = parse_server_message(body);
    return store::fail(store::ErrorKind::kRetryAfter, "not_json",
                       fmt::format("the answer is not JSON but '{}'", message.text),
                       "it is tried again; check site.url if it stays");
  }
  return {};
}

store::Failure malformed_json(std::string_view cause) {
  return store::fail(store::ErrorKind::kRetryAfter, "malformed_json",
                     fmt::format("the answer is malformed JSON: {}", one_line(cause)),
                     "it is tried again");
}

store::Failure unexpected_document(std::string_view expected) {
  return store::fail(store::ErrorKind::kRetryAfter, "unexpected_document",
                     fmt::format("the answer is not {}", expected),
                     "check that site.url is a Confluence Cloud site");
}

store::Result<std::string> next_link(std::string_view in_body,
                                     const std::vector<std::string_view>& link_headers,
                                     std::string_view base_url, std::string_view site_url) {
  std::string_view link = in_body;
  for (const auto header : link_headers) {
    if (!link.empty()) break;
    link = next_of_header(header);
  }
  if (link.empty()) return std::string();
  if (link.size() > kLongestLink) return bad_link("is longer than any link should be");
  for (const char c : link) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7f || c == '\\') return bad_link("holds odd characters");
  }

  std::string target(link);
  if (link.front() != '/') {
    const auto base = http::parse_url(base_url);
    const auto absolute = http::parse_url(link);
    if (!base || !absolute) return bad_link("is not a link that we understand");
    const auto site = http::parse_url(site_url);
    const bool on_base = same_origin(*absolute, *base);
    if (!on_base && !(site && same_origin(*absolute, *site))) {
      return bad_link(fmt::format("points to another host, '{}'", one_line(absolute->host)));
    }
    target = absolute->target;
    auto prefix = on_base ? base->target : std::string();
    while (!prefix.empty() && prefix.back() == '/') prefix.pop_back();
    if (target.compare(0, prefix.size(), prefix) == 0) target.erase(0, prefix.size());
  }
  // A path from the root of the gateway.
  if (const auto base = http::parse_url(base_url); base && base->target.size() > 1) {
    const auto prefix = base->target + "/";
    if (target.compare(0, prefix.size(), prefix) == 0) target.erase(0, prefix.size() - 1);
  }
  target.erase(std::min(target.find('#'), target.size()));
  if (target.compare(0, 6, "/wiki/") != 0 || has_parent_segment(target)) {
    return bad_link("does not stay below /wiki/");
  }
  // `base` joined to `next`: no route of the site is there.
  if (target.compare(0, 11, "/wiki/wiki/") == 0) return bad_link("names /wiki twice");
  return target;
}

}  // namespace confluence
