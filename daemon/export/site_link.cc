#include "daemon/export/site_link.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "daemon/storage_format/site_address.h"

namespace exporting {

namespace {

using Kind = storage_format::SiteAddress::Kind;

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const auto slash = path.find('/');
    if (slash != 0) parts.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  return parts;
}

bool is_plain(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~' || c == '/';
}

}  // namespace

SiteLink read_link(std::string_view url, std::string_view site_url) {
  SiteLink link;
  link.url = std::string(url);
  if (url.starts_with("//")) return link;
  if (url.starts_with('/')) link.url = std::string(site_url) + link.url;
  auto address = storage_format::read_site_address(url, site_url);
  if (address.kind != Kind::kPage && address.kind != Kind::kSpace) return link;
  link.of_site = true;
  link.content_id = address.content_id;
  link.space_key = std::move(address.space_key);
  link.title = std::move(address.title);
  link.anchor = std::move(address.anchor);
  return link;
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    if (is_plain(c)) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded += '%';
    encoded += kHex[byte >> 4];
    encoded += kHex[byte & 0xFU];
  }
  return encoded;
}

std::string relative_href(std::string_view folder, std::string_view path) {
  std::size_t common = 0;  // where the part of the path begins that is not the folder's
  while (true) {
    const auto slash = path.find('/', common);
    if (slash == std::string_view::npos) break;
    const bool same = folder.substr(0, slash) == path.substr(0, slash) &&
                      (folder.size() == slash || (folder.size() > slash && folder[slash] == '/'));
    if (!same) break;
    common = slash + 1;
  }
  std::string href;
  if (folder.size() >= common && !folder.empty()) {
    const auto rest = folder.substr(std::min(common, folder.size()));
    for (std::size_t i = 0; i < split(rest).size(); ++i) href += "../";
  }
  return href + percent_encoded(path.substr(common));
}

}  // namespace exporting
