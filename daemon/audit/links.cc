#include "daemon/audit/links.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <vector>

#include "daemon/audit/secrets.h"

namespace audit {

namespace {

using storage_format::Reference;

struct Url {
  std::string_view scheme;  // "" = relative
  std::string_view host;
  std::string_view path;
  std::string_view query;
  std::string_view fragment;
};

std::string lower_case(std::string_view text) {
  std::string folded(text);
  for (char& c : folded) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return folded;
}

std::string_view cut_at(std::string_view& text, char mark) {
  const auto at = text.find(mark);
  if (at == text.npos) return {};
  const auto rest = text.substr(at + 1);
  text = text.substr(0, at);
  return rest;
}

bool is_scheme(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '-' || c == '.';
  });
}

Url parse_url(std::string_view text) {
  Url url;
  url.fragment = cut_at(text, '#');
  url.query = cut_at(text, '?');
  const auto colon = text.find(':');
  if (colon != text.npos && is_scheme(text.substr(0, colon))) {
    url.scheme = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  if (text.starts_with("//")) {
    text.remove_prefix(2);
    const auto slash = std::min(text.find('/'), text.size());
    url.host = text.substr(0, slash);
    text.remove_prefix(slash);
    if (const auto at = url.host.rfind('@'); at != url.host.npos) url.host.remove_prefix(at + 1);
    // Not the colons of an IPv6 address.
    if (const auto port = url.host.rfind(':');
        port != url.host.npos && url.host.find(']', port) == url.host.npos) {
      url.host = url.host.substr(0, port);
    }
  }
  url.path = text;
  return url;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::optional<store::Id> parse_id(std::string_view text) {
  store::Id id = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, id);
  if (parsed.ec != std::errc() || parsed.ptr != end || id <= 0) return std::nullopt;
  return id;
}

std::vector<std::string_view> parts_of(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const auto slash = std::min(path.find('/'), path.size());
    if (slash > 0) parts.push_back(path.substr(0, slash));
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return parts;
}

std::string query_value(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    auto field = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(field.size() + 1, query.size()));
    if (field.starts_with("amp;")) field.remove_prefix(4);  // escaped once too often
    const auto value = cut_at(field, '=');
    if (field == name) return percent_decoded(value, /*plus_is_blank=*/true);
  }
  return {};
}

Target page_of_id(std::string_view id) {
  Target target;
  target.page_id = parse_id(id);
  if (target.page_id) target.kind = Target::Kind::kPage;
  return target;
}

Target space_of(std::string_view key) {
  Target target;
  target.kind = Target::Kind::kSpace;
  target.space_key = percent_decoded(key, /*plus_is_blank=*/false);
  return target;
}

Target titled(std::string_view key, std::string title) {
  Target target = space_of(key);
  target.kind = Target::Kind::kPage;
  target.title = std::move(title);
  return target;
}

// /spaces/KEY/pages/ID/Title, /spaces/KEY/pages/edit-v2/ID, /spaces/KEY/overview, /spaces/KEY
Target of_spaces_path(const std::vector<std::string_view>& parts) {
  if (parts.size() < 2 || parts[1].find('.') != std::string_view::npos) return {};
  if (parts.size() == 2 || parts[2] == "overview") return space_of(parts[1]);
  if (parts[2] == "pages" && parts.size() > 3) {
    const bool edits = parts[3].starts_with("edit") && parts.size() > 4;
    return page_of_id(parts[edits ? 4 : 3]);
  }
  return parts[2] == "pages" ? space_of(parts[1]) : Target();
}

Target of_site_path(const Url& url) {
  auto parts = parts_of(url.path);
  if (parts.empty() || parts[0] != "wiki") return {};
  parts.erase(parts.begin());
  if (parts.empty()) return {};
  const auto& first = parts[0];
  if (first == "spaces") return of_spaces_path(parts);
  if (first == "display" && parts.size() == 2) return space_of(parts[1]);
  // /display/KEY/2020/01/31/Title is a blog post.
  if (first == "display" && parts.size() == 3) {
    return titled(parts[1], percent_decoded(parts[2], /*plus_is_blank=*/true));
  }
  if (first == "x" && parts.size() == 2) {
    Target target;
    target.page_id = id_of_short_link(parts[1]);
    if (target.page_id) target.kind = Target::Kind::kPage;
    return target;
  }
  if (first == "download" && parts.size() > 3 && parts[1] == "attachments") {
    return page_of_id(parts[2]);
  }
  if (first == "pages" && parts.size() == 2 && parts[1].ends_with("viewpage.action")) {
    if (const auto id = query_value(url.query, "pageId"); !id.empty()) return page_of_id(id);
    const auto key = query_value(url.query, "spaceKey");
    auto title = query_value(url.query, "title");
    if (!key.empty() && !title.empty()) return titled(key, std::move(title));
  }
  return {};
}

}  // namespace

std::string percent_decoded(std::string_view text, bool plus_is_blank) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 &&
        hex_value(text[i + 2]) >= 0) {
      decoded += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      i += 2;
    } else {
      decoded += plus_is_blank && text[i] == '+' ? ' ' : text[i];
    }
  }
  return decoded;
}

std::optional<store::Id> id_of_short_link(std::string_view code) {
  constexpr std::size_t kLongest = 11;  // 8 bytes
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
  if (code.empty() || code.size() > kLongest) return std::nullopt;
  std::uint64_t id = 0;
  std::uint32_t bits = 0;
  unsigned count = 0;
  unsigned byte = 0;
  for (const char c : code) {
    const auto digit = kDigits.find(c);
    if (digit == kDigits.npos) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    if (byte >= 8) return std::nullopt;
    id |= static_cast<std::uint64_t>(bits >> count & 0xFFU) << (8 * byte++);
  }
  // The digit's rest, where 'A's were cut off.
  if (count > 0 && byte < 8) {
    id |= static_cast<std::uint64_t>(bits << (8 - count) & 0xFFU) << (8 * byte);
  }
  if (id == 0 || id > INT64_MAX) return std::nullopt;
  return static_cast<store::Id>(id);
}

Target target_of_url(std::string_view text, std::string_view site_url) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == text.npos) return {};
  text = text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
  const Url url = parse_url(text);
  const auto scheme = lower_case(url.scheme);
  if (!scheme.empty() && scheme != "http" && scheme != "https") return {};
  const auto host = lower_case(url.host);
  const auto own_host = lower_case(parse_url(site_url).host);
  Target target;
  if (!host.empty() && host != own_host) {
    target.kind = Target::Kind::kExternal;
    // Masked before its case is lost, by which a secret is known.
    target.host = lower_case(mask_secrets(url.host));
    return target;
  }
  if (url.host.empty() && url.path.empty() && url.query.empty()) {
    if (url.fragment.empty()) return {};
    target.kind = Target::Kind::kPage;  // a place on the page itself
  } else if (!url.host.empty() || url.path.starts_with('/')) {
    target = of_site_path(url);
  }
  target.anchor = percent_decoded(url.fragment, /*plus_is_blank=*/false);
  return target;
}

Target target_of(const Reference& reference, std::string_view site_url) {
  Target target;
  switch (reference.kind) {
    case Reference::Kind::kUrl:
      return target_of_url(reference.url, site_url);
    case Reference::Kind::kPage:
      target.kind = Target::Kind::kPage;
      break;
    case Reference::Kind::kAttachment:
      // The page that the file hangs on; which files there are, the mirror does not know.
      if (reference.title.empty()) return target;
      target.kind = Target::Kind::kPage;
      break;
    case Reference::Kind::kContent:
      if (!reference.content_id) return target;
      target.kind = Target::Kind::kPage;
      target.page_id = reference.content_id;
      break;
    case Reference::Kind::kSpace:
      if (reference.space_key.empty()) return target;
      target.kind = Target::Kind::kSpace;
      break;
    case Reference::Kind::kBlogPost:
    case Reference::Kind::kUser:
    case Reference::Kind::kShortcut:
      return target;
  }
  target.space_key = reference.space_key;
  target.title = reference.title;
  target.anchor = reference.anchor;
  return target;
}

}  // namespace audit
