#include "daemon/export/site_link.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <vector>

namespace exporting {

namespace {

constexpr std::string_view kWiki = "/wiki";

char lower_ascii(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool starts_without_case(std::string_view text, std::string_view beginning) {
  return text.size() >= beginning.size() &&
         std::equal(beginning.begin(), beginning.end(), text.begin(),
                    [](char a, char b) { return lower_ascii(a) == lower_ascii(b); });
}

std::optional<store::Id> id_in(std::string_view digits) {
  store::Id id = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), id);
  if (error != std::errc() || end != digits.data() + digits.size() || id <= 0) return std::nullopt;
  return id;
}

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

// A short link is the id, its lowest byte first, in base 64 with the zeros at the end left out.
std::optional<store::Id> id_of_short_link(std::string_view code) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  constexpr std::size_t kMostDigits = 11;
  if (code.empty() || code.size() > kMostDigits) return std::nullopt;
  std::uint64_t id = 0;
  std::uint32_t bits = 0;
  int held = 0;
  int at = 0;
  for (std::size_t i = 0; i < kMostDigits; ++i) {
    const char c = i < code.size() ? code[i] : 'A';
    const auto digit = kDigits.find(c == '-' ? '/' : c == '_' ? '+' : c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = (bits << 6 | static_cast<std::uint32_t>(digit)) & 0xFFFF;
    held += 6;
    if (held < 8 || at == 8) continue;
    held -= 8;
    id |= static_cast<std::uint64_t>(bits >> held & 0xFFU) << (8 * at++);
  }
  const auto signed_id = static_cast<store::Id>(id);
  return signed_id > 0 ? std::optional(signed_id) : std::nullopt;
}

std::string_view query_value(std::string_view query, std::string_view key) {
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto pair = query.substr(0, end);
    if (pair.size() > key.size() && pair.starts_with(key) && pair[key.size()] == '=') {
      return pair.substr(key.size() + 1);
    }
    if (end == std::string_view::npos) break;
    query.remove_prefix(end + 1);
  }
  return {};
}

std::string with_blanks(std::string_view text) {
  std::string blanks(text);
  std::replace(blanks.begin(), blanks.end(), '+', ' ');
  return percent_decoded(blanks);
}

// `path` after "/wiki".
void read_path(std::string_view path, std::string_view query, SiteLink& link) {
  if (const auto id = id_in(query_value(query, "pageId"))) link.content_id = id;
  const auto parts = split(path);
  for (std::size_t i = 0; i + 1 < parts.size() && !link.content_id; ++i) {
    if (parts[i] == "pages") link.content_id = id_in(parts[i + 1]);
    if (parts[i] == "x") link.content_id = id_of_short_link(percent_decoded(parts[i + 1]));
  }
  if (link.content_id || parts.size() < 2) return;
  if (parts[0] == "display" || (parts[0] == "spaces" && parts.size() <= 3)) {
    link.space_key = percent_decoded(parts[1]);
    if (parts[0] == "display" && parts.size() == 3) link.title = with_blanks(parts[2]);
  }
}

bool is_plain(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~' || c == '/';
}

}  // namespace

SiteLink read_link(std::string_view url, std::string_view site_url) {
  SiteLink link;
  link.url = std::string(url);
  std::string_view rest = url;
  if (!site_url.empty() && starts_without_case(rest, site_url)) {
    rest.remove_prefix(site_url.size());
    if (!rest.empty() && rest[0] != '/' && rest[0] != '?' && rest[0] != '#') return link;
  } else if (!rest.starts_with('/') || rest.starts_with("//")) {
    return link;
  } else {
    link.url = std::string(site_url) + link.url;
  }
  const auto hash = rest.find('#');
  if (hash != std::string_view::npos) link.anchor = percent_decoded(rest.substr(hash + 1));
  rest = rest.substr(0, hash);
  const auto mark = rest.find('?');
  const auto query = mark == std::string_view::npos ? std::string_view() : rest.substr(mark + 1);
  rest = rest.substr(0, mark);
  if (!rest.starts_with(kWiki)) return link;
  rest.remove_prefix(kWiki.size());
  if (!rest.empty() && rest[0] != '/') return link;
  link.of_site = true;
  read_path(rest, query, link);
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

std::string percent_decoded(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    if (text[i] == '%' && i + 2 < text.size()) {
      const char* const at = text.data() + i + 1;
      const auto [end, error] = std::from_chars(at, at + 2, value, 16);
      if (error == std::errc() && end == at + 2) {
        decoded += static_cast<char>(value);
        i += 2;
        continue;
      }
    }
    decoded += text[i];
  }
  return decoded;
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
