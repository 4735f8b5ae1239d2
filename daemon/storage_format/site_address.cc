#include "daemon/storage_format/site_address.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <utility>
#include <vector>

#include "daemon/storage_format/characters.h"

namespace storage_format {

namespace {

using Kind = SiteAddress::Kind;

struct Url {
  std::string_view scheme;  // "" = relative
  std::string_view host;
  std::string_view path;
  std::string_view query;
  std::string_view fragment;
};

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

// As a query, or an address of the first days, writes it.
std::string blanks_decoded(std::string_view text) {
  std::string blanks(text);
  std::replace(blanks.begin(), blanks.end(), '+', ' ');
  return percent_decoded(blanks);
}

std::optional<store::Id> address_id(std::string_view text) {
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
    if (field == name) return blanks_decoded(value);
  }
  return {};
}

SiteAddress page_of_id(std::string_view id) {
  SiteAddress address;
  address.content_id = address_id(id);
  if (address.content_id) address.kind = Kind::kPage;
  return address;
}

SiteAddress space_of(std::string_view key) {
  SiteAddress address;
  address.kind = Kind::kSpace;
  address.space_key = percent_decoded(key);
  return address;
}

SiteAddress titled(std::string_view key, std::string title) {
  auto address = space_of(key);
  address.kind = Kind::kPage;
  address.title = std::move(title);
  return address;
}

// /spaces/KEY/pages/ID/Title, /spaces/KEY/pages/edit-v2/ID, /spaces/KEY/overview, /spaces/KEY
SiteAddress of_spaces_path(const std::vector<std::string_view>& parts) {
  if (parts.size() < 2 || parts[1].find('.') != std::string_view::npos) return {};
  if (parts.size() == 2 || parts[2] == "overview") return space_of(parts[1]);
  if (parts[2] == "pages" && parts.size() > 3) {
    const bool edits = parts[3].starts_with("edit") && parts.size() > 4;
    return page_of_id(parts[edits ? 4 : 3]);
  }
  return parts[2] == "pages" ? space_of(parts[1]) : SiteAddress();
}

SiteAddress of_viewpage(const Url& url) {
  if (const auto id = query_value(url.query, "pageId"); !id.empty()) return page_of_id(id);
  const auto key = query_value(url.query, "spaceKey");
  auto title = query_value(url.query, "title");
  return key.empty() || title.empty() ? SiteAddress() : titled(key, std::move(title));
}

SiteAddress of_site_path(const Url& url) {
  auto parts = parts_of(url.path);
  if (parts.size() < 2 || parts[0] != "wiki") return {};
  parts.erase(parts.begin());
  const auto& first = parts[0];
  if (first == "spaces") return of_spaces_path(parts);
  if (first == "display" && parts.size() == 2) return space_of(parts[1]);
  // /display/KEY/2020/01/31/Title is a blog post.
  if (first == "display" && parts.size() == 3) return titled(parts[1], blanks_decoded(parts[2]));
  if (first == "x" && parts.size() == 2) {
    SiteAddress address;
    address.content_id = id_of_short_link(percent_decoded(parts[1]));
    if (address.content_id) address.kind = Kind::kPage;
    return address;
  }
  if (first == "download" && parts.size() > 3 && parts[1] == "attachments") {
    auto address = page_of_id(parts[2]);
    if (address.content_id) address.kind = Kind::kFile;
    return address;
  }
  const bool viewed =
      first == "pages" && parts.size() == 2 && parts[1].ends_with("viewpage.action");
  return viewed ? of_viewpage(url) : SiteAddress();
}

}  // namespace

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

SiteAddress read_site_address(std::string_view text, std::string_view site_url) {
  text = trimmed(text);
  const Url url = parse_url(text);
  const auto scheme = lower_ascii(url.scheme);
  if (!scheme.empty() && scheme != "http" && scheme != "https") return {};
  SiteAddress address;
  if (!url.host.empty() && lower_ascii(url.host) != lower_ascii(parse_url(site_url).host)) {
    address.kind = Kind::kElsewhere;
    address.host = url.host;
    return address;
  }
  if (url.host.empty() && url.path.empty() && url.query.empty()) {
    if (url.fragment.empty()) return {};
    address.kind = Kind::kHere;
  } else if (!url.host.empty() || url.path.starts_with('/')) {
    address = of_site_path(url);
  }
  address.anchor = percent_decoded(url.fragment);
  return address;
}

}  // namespace storage_format
