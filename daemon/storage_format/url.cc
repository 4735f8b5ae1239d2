#include "daemon/storage_format/url.h"

#include "daemon/storage_format/characters.h"

namespace storage_format {

namespace {

// As browsers read an address: without white space and controls at its ends, without tabs and
// line ends anywhere; other controls in it belong to no address.
std::string as_browsers_read(std::string_view url) {
  std::string text;
  for (const char c : trimmed(url)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7F) text += c;
  }
  return std::string(trimmed(text));
}

}  // namespace

std::optional<std::string> safe_url(std::string_view url) {
  auto text = as_browsers_read(url);
  const auto end = text.find_first_of(":/?#");
  if (end != text.npos && text[end] == ':') {
    const auto scheme = lower_ascii(text.substr(0, end));
    if (scheme != "http" && scheme != "https" && scheme != "mailto") return std::nullopt;
    text.replace(0, end, scheme);
  }
  // What may be a reference to a colon for somebody who reads it once more.
  const auto ampersand = text.substr(0, end).find('&');
  if (ampersand != text.npos && text.find(';', ampersand) < end) return std::nullopt;
  const auto is_slash = [&](std::size_t at) {
    return at < text.size() && (text[at] == '/' || text[at] == '\\');
  };
  if (is_slash(0) && is_slash(1)) text = "https://" + text.substr(2);
  std::string clean;
  append_clean(clean, text);
  return percent_encoded(clean);
}

bool is_remote(std::string_view safe) {
  return safe.starts_with("http:") || safe.starts_with("https:");
}

}  // namespace storage_format
