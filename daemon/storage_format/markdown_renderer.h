#pragma once

// The walk behind to_markdown(). Inline content gathers in a run; a block writes it out first, and
// what was open in it is opened again behind the block. One renderer writes one text.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/storage_format/document.h"
#include "daemon/storage_format/macro.h"
#include "daemon/storage_format/markdown_inline.h"
#include "daemon/storage_format/markdown_writer.h"
#include "daemon/storage_format/render_context.h"

namespace storage_format {

class MarkdownRenderer {
 public:
  explicit MarkdownRenderer(RenderContext& context) : context_(context) {}

  std::string render(const Node& root);

 private:
  void children(const Node& node);
  void node(const Node& node);
  void element(const Node& node);
  void flush();
  std::vector<std::string> take(RunPlace place);
  void flow(const Node& node);  // blocks of it, and nothing open behind

  void block(const Node& node);
  bool structure(const Node& node);
  void heading(const Node& node);
  void list(const Node& node);
  void item(MarkdownWriter::List& list, const Node& node);
  void definitions(const Node& node);
  void quote(const Node& node);
  void preformatted(const Node& node);
  void details(const Node& node);
  void expand(std::string_view summary);
  void end_expand();
  void task_list(const Node& node);
  void task(MarkdownWriter::List& list, const Node& node);
  void fenced(std::string_view code, std::string_view info);
  void note(std::string_view text);  // a paragraph of one bold line

  void table(const Node& node);
  void html_table(const Node& node);
  using Rows = std::vector<std::vector<const Node*>>;
  void pipe_table(const Rows& rows);
  std::string cell(const Node& node, bool strong);

  bool inline_element(const Node& node);
  void styled(Style style, const Node& node);
  void code(const Node& node);
  void anchor_element(const Node& node);
  void link(const Node& node);
  void picture(const Node& node);
  void image(const Node& node);
  void time(const Node& node);
  void hidden(const Node& node);
  void show_image(const Reference& source, std::string_view alt, std::string_view title,
                  const Node& node);
  void way(const RenderContext::Way& way, const Node* body);
  void id(std::string_view anchor);

  void macro(const Node& node);
  void block_macro(const Macro& macro);
  void source_macro(const Macro& macro, std::string_view language);
  void inline_macro(const Macro& macro);
  void code_macro(const Macro& macro, std::string_view language);
  void alert(const Macro& macro);
  void panel(const Macro& macro);
  void markdown(const Macro& macro);
  void math(const Macro& macro, bool block);
  void jira(const Macro& macro);
  void below(const Macro& macro, const std::vector<Surroundings::Below>& pages);
  void below_list(const std::vector<Surroundings::Below>& pages);
  void excerpt_include(const Macro& macro);
  void diagram(const Macro& macro);
  void unwrap(const Macro& macro);
  void placeholder(const Macro& macro, std::string_view why);

  RenderContext& context_;
  MarkdownWriter out_;
  InlineRun run_;
  bool in_line_ = false;  // blocks are written as parts of the line
  int excerpts_ = 0;      // around
};

}  // namespace storage_format
