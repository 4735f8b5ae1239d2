#pragma once

// The walk behind to_html(); to_markdown() uses it for what only HTML can say: tables with merged
// cells or blocks in them. Tags are written by name from here, never copied from a body, and every
// text is escaped. One renderer writes one fragment.

#include <set>
#include <string>
#include <string_view>

#include "daemon/storage_format/characters.h"
#include "daemon/storage_format/document.h"
#include "daemon/storage_format/macro.h"
#include "daemon/storage_format/render.h"
#include "daemon/storage_format/render_context.h"

namespace storage_format {

// On one line: of an attribute within quotes, a title.
std::string escaped_line(std::string_view text);
// A small number, as attributes of tables and images have it; "" for anything else.
std::string number_of(std::string_view value);

class HtmlRenderer {
 public:
  // `in_markdown`: no empty line, and no line end that counts.
  HtmlRenderer(RenderContext& context, const RenderOptions& options, bool in_markdown);

  std::string render(const Node& node);           // itself
  std::string render_children(const Node& node);  // what is in it

 private:
  void children(const Node& node);
  void node(const Node& node);
  void text(std::string_view text);
  void preformatted(std::string_view text);
  void element(const Node& node);
  bool block_element(const Node& node);
  bool inline_element(const Node& node);
  void wrapped(std::string_view name, const Node& node, std::string_view attributes = {});
  void block(std::string_view name, const Node& node, std::string_view attributes = {});
  void end_block() {
    while (out_.ends_with(' ')) out_.pop_back();
    if (!out_.empty() && !out_.ends_with('\n')) out_ += '\n';
  }
  void paragraph(const Node& node);
  void heading(const Node& node);
  void list(std::string_view name, const Node& node);
  void table_part(std::string_view name, const Node& node);
  void cell(std::string_view name, const Node& node);
  void details(const Node& node);
  void task(const Node& node);
  void layout(const Node& node);
  void hidden(const Node& node);

  void anchor_element(const Node& node);
  void link(const Node& node);
  void picture(const Node& node);
  void image(const Node& node);
  void time(const Node& node);
  void show_image(const Reference& source, std::string_view alt, std::string_view title,
                  std::string_view width, const Node& node);
  void way(const RenderContext::Way& way, const Node* body);
  void id(std::string_view anchor);
  std::string id_attribute(std::string_view anchor);

  void macro(const Node& node);
  void block_macro(const Macro& macro);
  void inline_macro(const Macro& macro);
  void box(const Macro& macro, std::string_view kind);
  void code(const Macro& macro, std::string_view language);
  void toc(const Macro& macro);
  void status(const Macro& macro);
  void jira(const Macro& macro);
  void below(const Macro& macro);
  void below_list(const std::vector<Surroundings::Below>& pages);
  void attachments(const Macro& macro);
  void excerpt_include(const Macro& macro);
  void diagram(const Macro& macro);
  void media(const Macro& macro);
  void rich_body(const Macro& macro);
  void bodies(const Macro& macro);
  void placeholder(const Macro& macro, std::string_view why);

  RenderContext& context_;
  RenderOptions options_;
  bool in_markdown_;
  bool ids_ = true;  // of headings: not in what is included
  int in_link_ = 0;
  int in_pre_ = 0;
  int excerpts_ = 0;  // around
  std::set<std::string, std::less<>> used_ids_;
  std::string out_;
};

}  // namespace storage_format
