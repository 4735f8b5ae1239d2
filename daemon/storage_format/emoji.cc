#include "daemon/storage_format/emoji.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "daemon/storage_format/entities.h"
#include "daemon/storage_format/tag.h"

namespace storage_format {

namespace {

using OldName = std::pair<std::string_view, std::string_view>;

constexpr auto kOldNames = std::to_array<OldName>({
    {"smile", "🙂"},    {"sad", "🙁"},       {"cheeky", "😛"},       {"laugh", "😀"},
    {"wink", "😉"},        {"thumbs-up", "👍"},    {"thumbs-down", "👎"},  {"information", "ℹ️"},
    {"tick", "✅"},        {"cross", "❌"},        {"warning", "⚠️"}, {"plus", "➕"},
    {"minus", "➖"},       {"question", "❓"},     {"light-on", "💡"},     {"light-off", "🔅"},
    {"yellow-star", "⭐"}, {"red-star", "🌟"},     {"green-star", "💚"},   {"blue-star", "💙"},
    {"heart", "❤️"},  {"broken-heart", "💔"},
});

// "1f604", or several with - between them.
std::optional<std::string> characters_of(std::string_view id) {
  std::string text;
  while (!id.empty()) {
    const auto part = id.substr(0, id.find('-'));
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value, 16);
    const bool whole = error == std::errc() && end == part.data() + part.size();
    const bool character = value >= 0x20 && value < 0x110000 && (value < 0xD800 || value > 0xDFFF);
    if (!whole || !character || (value >= 0x7F && value < 0xA0)) return std::nullopt;
    text += to_utf8(value);
    id.remove_prefix(std::min(part.size() + 1, id.size()));
  }
  return text.empty() ? std::nullopt : std::optional(text);
}

}  // namespace

std::string emoji_text(const Node& emoticon) {
  const auto fallback = value_of(emoticon, "ac:emoji-fallback");
  if (!fallback.empty()) return std::string(fallback);
  if (auto text = characters_of(value_of(emoticon, "ac:emoji-id"))) return *text;
  const auto shortname = value_of(emoticon, "ac:emoji-shortname");
  if (!shortname.empty()) return std::string(shortname);
  const auto name = value_of(emoticon, "ac:name");
  const auto known = std::ranges::find(kOldNames, name, &OldName::first);
  if (known != kOldNames.end()) return std::string(known->second);
  return name.empty() ? std::string() : ":" + std::string(name) + ":";
}

}  // namespace storage_format
