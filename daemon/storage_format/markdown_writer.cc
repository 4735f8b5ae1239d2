#include "daemon/storage_format/markdown_writer.h"

#include <algorithm>
#include <utility>

namespace storage_format {

namespace {

constexpr std::size_t kDeepest = 30;

std::size_t backticks_in(std::string_view text) {
  std::size_t longest = 0;
  std::size_t run = 0;
  for (const char c : text) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return longest;
}

}  // namespace

void MarkdownWriter::begin(Block block) {
  auto& container = containers_.back();
  if (container.boxed && !container.used && block != Block::kLine) {
    line("<!-- -->");
    container.any = true;
  }
  const bool apart = block == Block::kApart;
  const bool close = container.tight && flat_ == 0 && !apart && !container.apart;
  if (container.any && !close) empty_line();
  container.apart = apart;
  container.any = true;
  container.bullet = container.delimiter = '\0';
}

void MarkdownWriter::empty_line() {
  std::string prefix;
  for (const auto& container : containers_) prefix += container.rest;
  while (prefix.ends_with(' ')) prefix.pop_back();
  out_ += prefix + "\n";
}

void MarkdownWriter::line(std::string_view text) {
  const auto begin = out_.size();
  for (auto& container : containers_) {
    out_ += container.used ? container.rest : container.first;
    container.used = true;
  }
  out_ += text;
  while (text.empty() && out_.size() > begin && out_.back() == ' ') out_.pop_back();
  out_ += '\n';
}

void MarkdownWriter::lines(std::string_view text) {
  while (!text.empty()) {
    const auto one = text.substr(0, text.find('\n'));
    line(one);
    text.remove_prefix(std::min(one.size() + 1, text.size()));
  }
}

void MarkdownWriter::fence(std::string_view code, std::string_view info) {
  begin();
  const std::string fence(std::max<std::size_t>(backticks_in(code) + 1, 3), '`');
  line(fence + std::string(info));
  lines(code);
  line(fence);
}

bool MarkdownWriter::push(Container container) {
  if (containers_.size() >= kDeepest || flat_ > 0) {
    ++flat_;
    return false;
  }
  containers_.push_back(std::move(container));
  return true;
}

MarkdownWriter::List MarkdownWriter::begin_list(bool ordered, bool tight, int start) {
  const auto bullet = containers_.back().bullet;
  const auto delimiter = containers_.back().delimiter;
  begin(Block::kList);
  List list;
  list.ordered = ordered;
  list.tight = tight;
  list.next = start;
  if (ordered) {
    list.marker = delimiter == '.' ? ')' : '.';
    containers_.back().delimiter = list.marker;
  } else {
    list.marker = bullet == '-' ? '*' : '-';
    containers_.back().bullet = list.marker;
  }
  return list;
}

void MarkdownWriter::begin_item(List& list, std::string_view box) {
  if (!list.first && !list.tight && flat_ == 0) empty_line();
  list.first = false;
  const auto number = list.ordered ? std::to_string(list.next++) : std::string();
  const auto marker = number + list.marker + " ";
  Container item;
  item.first = marker + std::string(box);
  item.rest = std::string(marker.size(), ' ');
  item.boxed = !box.empty();
  item.tight = list.tight;
  push(std::move(item));
}

void MarkdownWriter::end_item() {
  if (flat_ > 0) {
    --flat_;
    return;
  }
  if (!containers_.back().used) line("<!-- -->");
  containers_.pop_back();
}

void MarkdownWriter::begin_quote() {
  begin();
  Container quote;
  quote.first = quote.rest = "> ";
  push(std::move(quote));
}

void MarkdownWriter::end_quote() {
  if (flat_ > 0) {
    --flat_;
    return;
  }
  if (!containers_.back().used) line("<!-- -->");
  containers_.pop_back();
}

bool MarkdownWriter::after_marker() const { return !containers_.back().used; }

}  // namespace storage_format
