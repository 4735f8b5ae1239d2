#include "daemon/storage_format/text_builder.h"

#include <algorithm>
#include <utility>

#include "daemon/storage_format/characters.h"

namespace storage_format {

namespace {

// The size of the white space at the front; 0 if there is none.
std::size_t space_size(std::string_view text) {
  if (is_xml_space(text[0])) return 1;
  return text.starts_with("\u00A0") ? 2 : 0;
}

std::size_t find_space(std::string_view text, std::size_t at) {
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == ' ' || c == '\n' || c == '\t' || c == '\r') return at;
    if (c == '\xC2' && at + 1 < text.size() && text[at + 1] == '\xA0') return at;
  }
  return at;
}

}  // namespace

void TextBuilder::begin() {
  if (!out_.empty()) {
    if (line_) {
      out_ += '\n';
    } else if (cell_) {
      out_ += '\t';
    } else if (!kept_.empty()) {
      out_ += kept_;
    } else if (space_ && out_.back() != '\n') {
      out_ += ' ';
    }
  }
  kept_.clear();
  line_ = cell_ = space_ = false;
}

void TextBuilder::text(std::string_view text) {
  while (!text.empty()) {
    if (const auto size = space_size(text); size > 0) {
      space_ = true;
      text.remove_prefix(size);
      continue;
    }
    const auto end = find_space(text, 1);
    begin();
    out_ += text.substr(0, end);
    text.remove_prefix(end);
  }
}

void TextBuilder::verbatim(std::string_view text) {
  if (out_.empty() || line_) {
    while (!text.empty() && (text.front() == '\n' || text.front() == '\r')) text.remove_prefix(1);
  }
  const auto last = text.find_last_not_of(" \t\r\n");
  if (last == text.npos) {
    if (!out_.empty() && !line_) kept_ += text;
    return;
  }
  begin();
  out_ += text.substr(0, last + 1);
  kept_ = text.substr(last + 1);
}

void TextBuilder::line() { line_ = true; }

void TextBuilder::cell() {
  if (!line_) cell_ = true;
}

std::string TextBuilder::text_between(std::size_t mark, std::size_t end) const {
  auto text = out_.substr(mark, std::max(mark, end) - mark);
  std::ranges::replace(text, '\n', ' ');
  std::ranges::replace(text, '\t', ' ');
  return std::string(trimmed(text));
}

std::string TextBuilder::take() { return std::move(out_); }

}  // namespace storage_format
