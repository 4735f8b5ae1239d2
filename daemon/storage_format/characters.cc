#include "daemon/storage_format/characters.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace storage_format {

namespace {

constexpr std::string_view kReplacement = "\uFFFD";
constexpr char32_t kReplacementCharacter = 0xFFFD;

unsigned char byte_at(std::string_view text, std::size_t at) {
  return at < text.size() ? static_cast<unsigned char>(text[at]) : 0;
}

bool is_bad_control(unsigned char byte) {
  return byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r';
}

// Of a well-formed character.
char32_t decode(std::string_view character) {
  const auto first = byte_at(character, 0);
  if (character.size() == 1) return first;
  const unsigned mask = character.size() == 2 ? 0x1FU : character.size() == 3 ? 0x0FU : 0x07U;
  char32_t value = first & mask;
  for (std::size_t at = 1; at < character.size(); ++at) {
    value = (value << 6U) | (byte_at(character, at) & 0x3FU);
  }
  return value;
}

int hex_digit(char c) {
  if (is_ascii_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

template <typename Keep>
std::string encoded(std::string_view text, const Keep& keep) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (keep(c)) {
      out += c;
    } else {
      fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace

bool is_ascii_punctuation(char c) {
  return c > ' ' && c < 0x7F && !is_ascii_letter(c) && !is_ascii_digit(c);
}

std::string lower_ascii(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kHardSpace = "\u00A0";
  for (;;) {
    if (!text.empty() && is_xml_space(text.front())) {
      text.remove_prefix(1);
    } else if (text.starts_with(kHardSpace)) {
      text.remove_prefix(kHardSpace.size());
    } else {
      break;
    }
  }
  for (;;) {
    if (!text.empty() && is_xml_space(text.back())) {
      text.remove_suffix(1);
    } else if (text.ends_with(kHardSpace)) {
      text.remove_suffix(kHardSpace.size());
    } else {
      return text;
    }
  }
}

bool is_invisible(std::string_view text) {
  while (!text.empty()) {
    const auto size = character_size(text);
    if (size == 0) return false;
    const auto c = decode(text.substr(0, size));
    const bool blank = (size == 1 && is_xml_space(text[0])) || c == 0xA0 || c == 0xAD ||
                       (c >= 0x2000 && c <= 0x200F) || c == 0x202F || c == 0x2060 || c == 0x3000 ||
                       c == 0xFEFF;
    if (!blank) return false;
    text.remove_prefix(size);
  }
  return true;
}

std::size_t character_size(std::string_view text) {
  if (text.empty()) return 0;
  const auto first = byte_at(text, 0);
  if (first < 0x80) return is_bad_control(first) ? 0 : 1;
  if (first < 0xC2 || first > 0xF4) return 0;
  const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  for (std::size_t at = 1; at < size; ++at) {
    if ((byte_at(text, at) & 0xC0U) != 0x80) return 0;
  }
  const auto second = byte_at(text, 1);
  const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool beyond = (first == 0xED && second > 0x9F) || (first == 0xF4 && second > 0x8F);
  return overlong || beyond ? 0 : size;
}

char32_t first_character(std::string_view text) {
  if (text.empty()) return 0;
  const auto size = character_size(text);
  return size == 0 ? kReplacementCharacter : decode(text.substr(0, size));
}

char32_t last_character(std::string_view text) {
  if (text.empty()) return 0;
  std::size_t size = 1;
  while (size < 4 && size < text.size() && (byte_at(text, text.size() - size) & 0xC0U) == 0x80) {
    ++size;
  }
  const auto last = text.substr(text.size() - size);
  return character_size(last) == size ? decode(last) : kReplacementCharacter;
}

bool is_clean(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x80) {
      if (byte < 0x20 && byte != '\n' && byte != '\t') return false;
      ++at;
      continue;
    }
    const auto size = character_size(text.substr(at));
    if (size == 0) return false;
    at += size;
  }
  return true;
}

void append_clean(std::string& out, std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    if (text[at] == '\r') {
      if (byte_at(text, at + 1) != '\n') out += '\n';
      ++at;
      continue;
    }
    const auto size = character_size(text.substr(at));
    out += size == 0 ? kReplacement : text.substr(at, size);
    at += std::max<std::size_t>(size, 1);
  }
}

std::string escaped_html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  std::string cleaned;
  if (!is_clean(text)) {
    append_clean(cleaned, text);
    text = cleaned;
  }
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string percent_decoded(std::string_view text) {
  std::string bytes;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool escape = text[at] == '%' && at + 2 < text.size() && hex_digit(text[at + 1]) >= 0 &&
                        hex_digit(text[at + 2]) >= 0;
    if (!escape) {
      bytes += text[at];
      continue;
    }
    bytes += static_cast<char>(
        static_cast<unsigned char>(hex_digit(text[at + 1]) * 16 + hex_digit(text[at + 2])));
    at += 2;
  }
  std::string out;
  append_clean(out, bytes);
  return out;
}

std::string percent_encoded(std::string_view url) {
  static constexpr std::string_view kNever = "\"'<>\\^`{|}";
  return encoded(url, [](char c) { return c > ' ' && c < 0x7F && kNever.find(c) == kNever.npos; });
}

std::string percent_encoded_part(std::string_view text) {
  return encoded(text, [](char c) {
    return is_ascii_letter(c) || is_ascii_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
  });
}

}  // namespace storage_format
