#include "daemon/storage_format/markdown_escape.h"

#include <algorithm>
#include <array>
#include <utility>

#include "daemon/storage_format/characters.h"

namespace storage_format {

namespace {

bool is_word(char c) { return is_ascii_letter(c) || is_ascii_digit(c); }

class Escaper {
 public:
  Escaper(std::string& out, std::string_view text, const EscapePlace& at)
      : out_(out), text_(text), place_(at) {}

  void run() {
    std::size_t at = place_.line_begins ? line_start() : 0;
    while (at < text_.size()) at += one(at);
  }

 private:
  char next(std::size_t at) const { return at + 1 < text_.size() ? text_[at + 1] : '\0'; }
  char32_t before(std::size_t at) const {
    return at == 0 ? place_.before : last_character(text_.substr(0, at));
  }
  bool follows(std::size_t at, std::string_view lower) const {
    return text_.size() - at >= lower.size() &&
           lower_ascii(text_.substr(at, lower.size())) == lower;
  }
  void escape(char c) {
    out_ += '\\';
    out_ += c;
  }

  std::size_t line_start();
  std::size_t one(std::size_t at);
  bool needs_escape(std::size_t at) const;
  bool underscore_is_literal(std::size_t at) const;
  bool is_mail(std::size_t at) const;

  std::string& out_;
  std::string_view text_;
  EscapePlace place_;
};

// What begins a block: a heading, a quote, an item, an underline, a row. How much was written.
std::size_t Escaper::line_start() {
  if (text_.empty()) return 0;
  const char c = text_[0];
  const char after = next(0);
  const bool marks = c == '#' || c == '>' || c == '=' || c == ':' || c == '|';
  const bool item = (c == '-' || c == '+') && !is_word(after);
  if (marks || item) {
    escape(c);
    return 1;
  }
  std::size_t digits = 0;
  while (digits < text_.size() && is_ascii_digit(text_[digits])) ++digits;
  const bool dot = digits < text_.size() && (text_[digits] == '.' || text_[digits] == ')');
  if (digits == 0 || digits > 9 || !dot) return 0;
  const bool numbered = digits + 1 >= text_.size() || text_[digits + 1] == ' ';
  if (!numbered) return 0;
  out_ += text_.substr(0, digits);
  escape(text_[digits]);
  return digits + 1;
}

// How much of the text was written.
std::size_t Escaper::one(std::size_t at) {
  const char c = text_[at];
  constexpr std::string_view kBegin = "hHfFmMxXwW@";  // what is looked at below
  if (!place_.in_link && kBegin.find(c) != kBegin.npos) {
    // GFM makes links of these; a backslash ends that, but for mail, which it joins again.
    for (const std::string_view scheme : {"http:", "https:", "ftp:", "mailto:", "xmpp:"}) {
      if (!follows(at, scheme)) continue;
      out_ += text_.substr(at, scheme.size() - 1);
      escape(':');
      return scheme.size();
    }
    if (follows(at, "www.")) {
      out_ += text_.substr(at, 3);
      escape('.');
      return 4;
    }
    if (c == '@' && is_mail(at)) {
      out_ += "<!-- -->@";
      return 1;
    }
  }
  if (needs_escape(at)) {
    escape(c);
  } else {
    out_ += c;
  }
  return 1;
}

bool Escaper::needs_escape(std::size_t at) const {
  const char after = next(at);
  const bool last = at + 1 == text_.size();
  switch (text_[at]) {
    case '*':
    case '`':
    case '[':
    case ']':
    case '<':
    case '~':
    case '$':
      return true;
    case '\\':
      return last || is_ascii_punctuation(after);
    case '_':
      return !underscore_is_literal(at);
    case '&':
      return last || is_ascii_letter(after) || after == '#';
    case '!':
      return last && place_.link_follows;
    case '|':
      return true;
    case '#':
      return place_.place == RunPlace::kHeading && last && place_.ends;
    default:
      return false;
  }
}

// Between letters or digits _ is no delimiter.
bool Escaper::underscore_is_literal(std::size_t at) const {
  return is_markdown_letter(before(at)) && at + 1 < text_.size() &&
         (text_[at + 1] == '_' ? false : is_markdown_letter(first_character(text_.substr(at + 1))));
}

bool Escaper::is_mail(std::size_t at) const {
  const auto c = before(at);
  const bool local =
      c < 0x80 && c != 0 &&
      (is_word(static_cast<char>(c)) || c == '.' || c == '+' || c == '-' || c == '_');
  return local && (at + 1 >= text_.size() || is_word(next(at)));
}

using Range = std::pair<char32_t, char32_t>;

bool within(char32_t c, const auto& ranges) {
  return std::ranges::any_of(ranges,
                             [c](Range range) { return c >= range.first && c <= range.second; });
}

}  // namespace

bool is_markdown_space(char32_t c) {
  static constexpr auto kSpaces = std::to_array<Range>({{0, 0},
                                                        {9, 13},
                                                        {32, 32},
                                                        {0xA0, 0xA0},
                                                        {0x1680, 0x1680},
                                                        {0x2000, 0x200A},
                                                        {0x2028, 0x2029},
                                                        {0x202F, 0x202F},
                                                        {0x205F, 0x205F},
                                                        {0x3000, 0x3000}});
  return within(c, kSpaces);
}

bool is_markdown_punctuation(char32_t c) {
  return c < 0x80 && c != 0 && is_ascii_punctuation(static_cast<char>(c));
}

bool is_markdown_letter(char32_t c) {
  if (c < 0x80) return is_word(static_cast<char>(c));
  static constexpr auto kLetters = std::to_array<Range>({{0xC0, 0xD6},
                                                         {0xD8, 0xF6},
                                                         {0xF8, 0x24F},
                                                         {0x391, 0x3FF},
                                                         {0x400, 0x481},
                                                         {0x48A, 0x52F},
                                                         {0x3041, 0x3096},
                                                         {0x30A1, 0x30FA},
                                                         {0x3400, 0x4DBF},
                                                         {0x4E00, 0x9FFF},
                                                         {0xAC00, 0xD7A3}});
  return within(c, kLetters);
}

void append_escaped(std::string& out, std::string_view text, const EscapePlace& at) {
  Escaper(out, text, at).run();
}

std::string escaped_markdown(std::string_view text, RunPlace place, bool begins) {
  std::string line;
  std::string cleaned;
  append_clean(cleaned, text);
  for (const char c : trimmed(cleaned)) {
    const bool space = is_xml_space(c);
    if (!space) {
      line += c;
    } else if (!line.ends_with(' ')) {
      line += ' ';
    }
  }
  std::string out;
  append_escaped(out, line, {place, begins, false, 0, true, true});
  return out;
}

}  // namespace storage_format
