#include "daemon/cli/report.h"

namespace cli {

int report(const store::Error& error, std::ostream& err) {
  err << "confmirror: " << printable(error.message) << "\n";
  if (!error.hint.empty()) err << "  " << printable(error.hint) << "\n";
  return store::exit_code(error.kind);
}

std::string printable(std::string_view text) {
  std::string shown;
  shown.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    // C1 controls arrive as U+0080..U+009F, in UTF-8 C2 80..C2 9F.
    const bool c1 = byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (c1) {
      shown += ' ';
      ++i;
    } else if (byte < 0x20 || byte == 0x7F) {
      shown += ' ';
    } else {
      shown += text[i];
    }
  }
  return shown;
}

}  // namespace cli
