#pragma once

// Blocks of Markdown in their containers: the prefix of each line ("> ", the indent of an item),
// the empty lines between blocks, markers that keep lists apart. Containers nested deeper than a
// bound lie flat, so that the output stays linear in what is written. One thread.

#include <string>
#include <string_view>
#include <vector>

namespace storage_format {

class MarkdownWriter {
 public:
  MarkdownWriter() : containers_(1) {}

  // A block: an empty line before it, where one is needed. Lines and lists may follow each other in
  // a tight item; anything else stands apart.
  enum class Block { kLine, kList, kApart };
  void begin(Block block = Block::kApart);
  void line(std::string_view text);
  void lines(std::string_view text);  // each line of it
  void fence(std::string_view code, std::string_view info);

  // Lists. An item without content gets a comment: an empty one is an underline, or a rule.
  struct List {
    bool ordered = false;
    bool tight = false;
    int next = 1;
    char marker = '-';
    bool first = true;
  };
  List begin_list(bool ordered, bool tight, int start);
  void begin_item(List& list, std::string_view box = {});  // box: "[x] "
  void end_item();
  void begin_quote();
  void end_quote();
  bool flat() const { return flat_ > 0; }

  // The line that is written next begins with markers of items: "---" would be a rule of them.
  bool after_marker() const;
  std::string take() { return std::move(out_); }

 private:
  struct Container {
    std::string first;  // before its first line
    std::string rest;
    bool used = false;
    bool any = false;    // blocks in it
    bool boxed = false;  // a task: its first block must be a line
    bool tight = false;
    bool apart = false;  // the last block
    char bullet = '\0';  // of the last block, where that was a list
    char delimiter = '\0';
  };

  bool push(Container container);
  void empty_line();

  std::vector<Container> containers_;
  int flat_ = 0;  // containers beyond the bound
  std::string out_;
};

}  // namespace storage_format
