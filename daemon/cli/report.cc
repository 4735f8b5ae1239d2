#include "daemon/cli/report.h"

#include "daemon/cli/text.h"

namespace cli {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

bool is_control(char32_t code) { return code < 0x20 || (code >= 0x7F && code < 0xA0); }

bool breaks_line(char32_t code) { return code == 0x2028 || code == 0x2029; }

// Embeddings, overrides and isolates: an unclosed one reorders everything that follows on the line.
bool turns_direction(char32_t code) {
  return (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}

std::string cleaned(std::string_view text, bool keep_lines) {
  std::string shown;
  shown.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto character = character_at(text, at);
    const bool layout = character.code == '\n' || character.code == '\t';
    if (!character.valid) {
      shown += kReplacement;
    } else if (turns_direction(character.code)) {
      // dropped: they are invisible where they are harmless
    } else if ((is_control(character.code) && !(keep_lines && layout)) ||
               breaks_line(character.code)) {
      shown += ' ';
    } else {
      shown += text.substr(at, character.bytes);
    }
    at += character.bytes;
  }
  return shown;
}

// A message may have several lines, one for each problem of a file; those after the first are set
// in.
std::string indented(std::string_view text) {
  std::string lines;
  for (const char c : printable_lines(text)) {
    lines += c;
    if (c == '\n') lines += "  ";
  }
  return lines;
}

}  // namespace

int report(const store::Error& error, std::ostream& err) {
  err << "confmirror: " << indented(error.message) << "\n";
  if (!error.hint.empty()) err << "  " << indented(error.hint) << "\n";
  return store::exit_code(error.kind);
}

std::string printable(std::string_view text) { return cleaned(text, /*keep_lines=*/false); }

std::string printable_lines(std::string_view text) { return cleaned(text, /*keep_lines=*/true); }

}  // namespace cli
