#include "daemon/cli/report.h"

#include "daemon/base/utf8.h"

namespace cli {

namespace {

bool breaks_line(std::string_view character) {
  return character == "\u2028" || character == "\u2029";
}

// U+202A..U+202E and U+2066..U+2069, embeddings, overrides and isolates: an unclosed one reorders
// everything that follows on the line.
bool turns_direction(std::string_view character) {
  return (character >= "\u202A" && character <= "\u202E") ||
         (character >= "\u2066" && character <= "\u2069");
}

std::string cleaned(std::string_view text, bool keep_lines) {
  std::string shown;
  shown.reserve(text.size());
  base::each_character(text, [&](std::string_view character) {
    if (turns_direction(character)) return;  // invisible where they are harmless
    const bool layout = keep_lines && (character == "\n" || character == "\t");
    const bool steers = base::is_control(character) && !layout;
    shown += steers || breaks_line(character) ? std::string_view(" ") : character;
  });
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
  // Whoever read from the pipe has seen enough and does not want to hear about it.
  if (error.name == "pipe_closed") return store::exit_code(error.kind);
  err << "confmirror: " << indented(error.message) << "\n";
  if (!error.hint.empty()) err << "  " << indented(error.hint) << "\n";
  return store::exit_code(error.kind);
}

std::string printable(std::string_view text) { return cleaned(text, /*keep_lines=*/false); }

std::string printable_lines(std::string_view text) { return cleaned(text, /*keep_lines=*/true); }

}  // namespace cli
