#pragma once

// Escaping of text for Markdown: see markdown_inline.h. Pure; any thread.

#include <string>
#include <string_view>

#include "daemon/storage_format/markdown_inline.h"

namespace storage_format {

struct EscapePlace {
  RunPlace place = RunPlace::kParagraph;
  bool line_begins = false;  // the text is the first of a line
  bool in_link = false;      // no autolinks there
  char32_t before = 0;       // 0 = nothing on the line
  bool link_follows = false;
  bool ends = false;  // nothing follows on the line
};

// `text` has no white space but single blanks and what is not XML's.
void append_escaped(std::string& out, std::string_view text, const EscapePlace& at);

// As CommonMark classes characters around * and _; of what it is not sure, none is true.
bool is_markdown_space(char32_t c);  // also 0, the end of a line
bool is_markdown_punctuation(char32_t c);
bool is_markdown_letter(char32_t c);

}  // namespace storage_format
