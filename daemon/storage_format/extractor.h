#pragma once

// The walk behind extract() and plain_text(); nobody else includes this. With a Content it fills
// all of it, without one the text alone. One Extractor walks one Document.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/storage_format/anchors.h"
#include "daemon/storage_format/document.h"
#include "daemon/storage_format/extract.h"
#include "daemon/storage_format/macro.h"
#include "daemon/storage_format/text_builder.h"

namespace storage_format {

class Extractor {
 public:
  Extractor(const Document& document, Content* content);
  std::string run();
  std::string preformatted(const Node& node);  // the text of a <pre> alone, every line of it

 private:
  void children(const Node& node);
  void node(const Node& node);
  void text(const Node& node);
  void element(const Node& node);
  void inline_element(const Node& node);
  void block(const Node& node);
  void heading(const Node& node);
  void cell(const Node& node);
  void kept(const Node& node);
  void link(const Node& node);
  void anchor_element(const Node& node);
  void image(const Node& node);
  void picture(const Node& node);
  void time(const Node& node);
  void task_list(const Node& node);
  void task(const Node& node);
  void macro(const Node& node);
  void macro_text(const Macro& macro);
  void record(const Macro& macro);
  void record_link(LinkUse::Role role, Reference to, std::string text, const Node& node);

  struct OpenTask {
    std::size_t task = 0;  // of content_->tasks
    std::size_t mark = 0;
    std::optional<std::size_t> end;  // where a list in it begins
  };

  const Document& document_;
  Content* content_;
  PositionCursor positions_;
  TextBuilder out_;
  Anchors anchors_;
  std::vector<OpenTask> open_tasks_;
  int keeps_ = 0;  // elements around that keep white space
};

}  // namespace storage_format
