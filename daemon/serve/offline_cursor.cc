#include "daemon/serve/offline_cursor.h"

#include <charconv>
#include <cstdint>

#include "daemon/base/utf8.h"

namespace serve {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t kDigestBytes = 9;  // 12 characters
constexpr std::size_t kLongest = 4096;

// Without padding; whole groups of three bytes become four characters.
std::string to_base64(std::string_view bytes) {
  std::string text;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : bytes) {
    bits = bits << 8U | static_cast<unsigned char>(c);
    for (count += 8; count >= 6; count -= 6) text += kAlphabet[bits >> (count - 6) & 63U];
  }
  if (count > 0) text += kAlphabet[bits << (6 - count) & 63U];
  return text;
}

// Only what to_base64() makes.
std::optional<std::string> from_base64(std::string_view text) {
  std::string bytes;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const auto value = kAlphabet.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = bits << 6U | static_cast<std::uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 0xFFU);
  }
  if (to_base64(bytes) != text) return std::nullopt;
  return bytes;
}

std::string digest_of(std::string_view payload, std::string_view question) {
  std::string all = std::to_string(payload.size()) + ":";
  all += payload;
  all += question;
  const store::Sha256 hash = store::sha256(all);
  return std::string(reinterpret_cast<const char*>(hash.data()), kDigestBytes);
}

// A number and the blank behind it.
std::optional<std::int64_t> take_number(std::string_view& text) {
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [next, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || next == end || *next != ' ') return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(next - text.data()) + 1);
  return value;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = base::character_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace

std::string encode_cursor(const store::ListPlace& place, std::string_view question) {
  const std::string payload =
      std::to_string(place.id) + " " + std::to_string(place.number) + " " + place.text;
  return to_base64(digest_of(payload, question) + payload);
}

std::optional<store::ListPlace> decode_cursor(std::string_view text, std::string_view question) {
  if (text.size() > kLongest) return std::nullopt;
  const auto bytes = from_base64(text);
  if (!bytes || bytes->size() < kDigestBytes) return std::nullopt;
  std::string_view payload = std::string_view(*bytes).substr(kDigestBytes);
  if (digest_of(payload, question) != std::string_view(*bytes).substr(0, kDigestBytes)) {
    return std::nullopt;
  }
  store::ListPlace place;
  const auto id = take_number(payload);
  const auto number = id ? take_number(payload) : std::nullopt;
  if (!number || !is_utf8(payload)) return std::nullopt;
  place.id = *id;
  place.number = *number;
  place.text = payload;
  return place;
}

}  // namespace serve
