#include "daemon/export/file_names.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>

namespace exporting {

namespace {

constexpr utf8proc_int32_t kReplacement = 0xFFFD;

struct Character {
  utf8proc_int32_t code = 0;
  std::size_t bytes = 1;
};

Character next_character(std::string_view text) {
  utf8proc_int32_t code = 0;
  const auto read = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                     static_cast<utf8proc_ssize_t>(text.size()), &code);
  if (read <= 0) return {kReplacement, 1};
  return {code, static_cast<std::size_t>(read)};
}

void append(std::string& out, utf8proc_int32_t code) {
  std::array<utf8proc_uint8_t, 4> bytes{};
  const auto size = utf8proc_encode_char(code, bytes.data());
  for (utf8proc_ssize_t i = 0; i < size; ++i) {
    out += static_cast<char>(bytes.at(static_cast<std::size_t>(i)));
  }
}

// The text itself where it is no UTF-8.
std::string mapped(std::string_view text, int options) {
  utf8proc_uint8_t* made = nullptr;
  const auto size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                 static_cast<utf8proc_ssize_t>(text.size()), &made,
                                 static_cast<utf8proc_option_t>(options));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(made, &std::free);
  if (size < 0) return std::string(text);
  return {reinterpret_cast<const char*>(made), static_cast<std::size_t>(size)};
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// What a character becomes in a name: itself, a blank, another one, or 0 for nothing.
utf8proc_int32_t in_a_name(utf8proc_int32_t code) {
  constexpr std::string_view kForbidden = "/\\:*?<>|";
  if (code == '"') return '\'';
  if (code < 0x80 && kForbidden.find(static_cast<char>(code)) != std::string_view::npos) return '-';
  constexpr utf8proc_int32_t kBrailleBlank = 0x2800;
  if (code == kBrailleBlank) return ' ';
  switch (utf8proc_category(code)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return ' ';
    case UTF8PROC_CATEGORY_CF:
      return 0;
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CS:
      return kReplacement;
    default:
      return utf8proc_get_property(code)->ignorable ? 0 : code;
  }
}

std::string cleaned(std::string_view title) {
  std::string name;
  name.reserve(title.size());
  while (!title.empty()) {
    const auto character = next_character(title);
    title.remove_prefix(character.bytes);
    const auto code = in_a_name(character.code);
    if (code == 0 || (code == ' ' && (name.empty() || name.back() == ' '))) continue;
    append(name, code);
  }
  return name;
}

// From `first` on: what neither begins nor ends a name.
std::string_view trimmed(std::string_view name) {
  constexpr std::string_view kNotFirst = " .-";
  constexpr std::string_view kNotLast = " .";
  const auto begin = name.find_first_not_of(kNotFirst);
  if (begin == std::string_view::npos) return {};
  return name.substr(begin, name.find_last_not_of(kNotLast) + 1 - begin);
}

std::string_view cut(std::string_view text, std::size_t most_bytes) {
  if (text.size() <= most_bytes) return text;
  std::size_t end = most_bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80) --end;
  return text.substr(0, end);
}

std::string upper_ascii(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return upper;
}

bool is_device(std::string_view word) {
  const auto upper = upper_ascii(word);
  for (const char* name : {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$"}) {
    if (upper == name) return true;
  }
  if (!upper.starts_with("COM") && !upper.starts_with("LPT")) return false;
  const auto rest = std::string_view(upper).substr(3);
  return (rest.size() == 1 && rest[0] >= '0' && rest[0] <= '9') || rest == "\u00B9" ||
         rest == "\u00B2" || rest == "\u00B3";
}

// "git~1" is what Windows may call ".git", and git takes no such name.
bool is_short_git(std::string_view word) {
  const auto upper = upper_ascii(word);
  return upper.starts_with("GIT~") && upper.size() > 4 &&
         upper.find_first_not_of("0123456789", 4) == std::string::npos;
}

// Windows looks at what stands before the first dot, without blanks at its end.
std::string without_special_meaning(std::string_view name) {
  auto word = name.substr(0, name.find('.'));
  word = word.substr(0, word.find_last_not_of(' ') + 1);
  if (!is_device(word) && !is_short_git(word)) return std::string(name);
  return std::string(word) + "_" + std::string(name.substr(word.size()));
}

}  // namespace

std::string safe_name(std::string_view title, std::size_t most_bytes) {
  auto name = cleaned(title);
  if (!is_ascii(name)) name = mapped(name, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
  constexpr std::size_t kRoomForMark = 1;
  const std::string kept(trimmed(cut(trimmed(name), most_bytes - kRoomForMark)));
  return kept.empty() ? "untitled" : without_special_meaning(kept);
}

std::string name_to_try(std::string_view title, store::Id id, int attempt, std::size_t most_bytes) {
  if (attempt == 0) return safe_name(title, most_bytes);
  auto behind = fmt::format(" ({})", id);
  if (attempt > 1) behind += fmt::format(" ({})", attempt);
  return safe_name(title, most_bytes - behind.size()) + behind;
}

std::string name_key(std::string_view name) {
  if (is_ascii(name)) {
    std::string key(name);
    for (char& c : key) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return key;
  }
  // Folding may take a composed character apart and the other way round, so the form comes last.
  const auto folded = mapped(name, UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD);
  return mapped(folded, UTF8PROC_STABLE | UTF8PROC_DECOMPOSE);
}

bool is_safe_path(std::string_view path) {
  if (path.empty() || path.size() > 4000) return false;
  bool top = true;
  while (true) {
    const auto slash = path.find('/');
    const auto name = path.substr(0, slash);
    if (name.empty() || name == "." || name == ".." || name.size() > kMaxNameBytes) return false;
    if (std::any_of(name.begin(), name.end(),
                    [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; })) {
      return false;
    }
    if (top && name_key(name) == ".git") return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
    top = false;
  }
}

std::string_view folder_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

std::string_view name_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string joined(std::string_view folder, std::string_view name) {
  if (folder.empty()) return std::string(name);
  std::string path;
  path.reserve(folder.size() + 1 + name.size());
  path.append(folder).append("/").append(name);
  return path;
}

}  // namespace exporting
