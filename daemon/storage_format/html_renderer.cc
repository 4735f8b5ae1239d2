#include "daemon/storage_format/html_renderer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "daemon/storage_format/characters.h"
#include "daemon/storage_format/elements.h"
#include "daemon/storage_format/emoji.h"
#include "daemon/storage_format/forgiving.h"
#include "daemon/storage_format/references.h"
#include "daemon/storage_format/tag.h"
#include "daemon/storage_format/url.h"

namespace storage_format {

namespace {

// The part of a style that is kept, as a class: alignment.
std::string_view alignment_class(const Node& node) {
  const auto style = lower_ascii(value_of(node, "style"));
  const auto at = style.find("text-align:");
  if (at == style.npos) return {};
  const auto value = trimmed(std::string_view(style).substr(at + 11));
  if (value.starts_with("center")) return " class=\"align-center\"";
  if (value.starts_with("right")) return " class=\"align-right\"";
  return {};
}

std::string_view inline_name(Tag tag) {
  switch (tag) {
    case Tag::kStrong:
      return "strong";
    case Tag::kEmphasis:
      return "em";
    case Tag::kUnderline:
      return "u";
    case Tag::kStrike:
      return "s";
    case Tag::kSub:
      return "sub";
    case Tag::kSup:
      return "sup";
    case Tag::kCode:
      return "code";
    case Tag::kSmall:
      return "small";
    case Tag::kMark:
      return "mark";
    case Tag::kInlineQuote:
      return "q";
    default:
      return {};
  }
}

// Blocks that are written as they are; parts of a table are such only outside of one.
std::string_view block_name(Tag tag) {
  switch (tag) {
    case Tag::kItem:
      return "li";
    case Tag::kDefinitions:
      return "dl";
    case Tag::kTerm:
      return "dt";
    case Tag::kDefinition:
      return "dd";
    case Tag::kQuote:
      return "blockquote";
    case Tag::kRows:
    case Tag::kRow:
    case Tag::kCell:
    case Tag::kHeaderCell:
    case Tag::kCaption:
    case Tag::kDivision:
    case Tag::kSummary:
      return "div";
    default:
      return {};
  }
}

bool is_cell(const Node& node) { return node.is("td") || node.is("th"); }

bool fits_in_table(std::string_view parent, const Node& child) {
  if (!child.is_element()) return false;
  const auto tag = tag_of(child);
  if (tag == Tag::kColumns) return is_invisible(raw_text_of(child));
  if (tag == Tag::kHidden || tag == Tag::kTemplate) return true;
  if (parent == "tr") return is_cell(child);
  if (parent == "table" && (tag == Tag::kRows || tag == Tag::kCaption)) return true;
  return tag == Tag::kRow;
}

}  // namespace

std::string escaped_line(std::string_view text) {
  auto line = escaped_html(text);
  std::ranges::replace_if(line, is_xml_space, ' ');
  return line;
}

std::string number_of(std::string_view value) {
  value = trimmed(value);
  if (value.ends_with("px")) value.remove_suffix(2);
  if (const auto point = value.find('.'); point != value.npos) value = value.substr(0, point);
  const bool number =
      !value.empty() && value.size() <= 4 && std::ranges::all_of(value, is_ascii_digit);
  return number ? std::string(value) : std::string();
}

HtmlRenderer::HtmlRenderer(RenderContext& context, const RenderOptions& options, bool in_markdown)
    : context_(context), options_(options), in_markdown_(in_markdown) {}

std::string HtmlRenderer::render(const Node& node) {
  this->node(node);
  return std::move(out_);
}

std::string HtmlRenderer::render_children(const Node& node) {
  children(node);
  return std::move(out_);
}

void HtmlRenderer::children(const Node& node) {
  for (const auto& child : node.children) this->node(child);
}

void HtmlRenderer::node(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kText:
      return in_pre_ > 0 ? preformatted(node.text) : text(node.text);
    case Node::Kind::kElement:
      return element(node);
    case Node::Kind::kComment:
    case Node::Kind::kInstruction:
      return context_.approximate_once(node, "comments are left out");
  }
}

void HtmlRenderer::text(std::string_view text) {
  const auto escaped = escaped_html(text);
  for (const char c : escaped) {
    if (!is_xml_space(c)) {
      out_ += c;
    } else if (!out_.empty() && out_.back() != '\n' && out_.back() != ' ') {
      out_ += ' ';
    }
  }
}

void HtmlRenderer::preformatted(std::string_view text) {
  const auto escaped = escaped_html(text);
  for (const char c : escaped) {
    if (c == '\n' && in_markdown_) {
      out_ += "&#10;";
    } else {
      out_ += c;
    }
  }
}

void HtmlRenderer::element(const Node& node) {
  if (block_element(node) || inline_element(node)) return;
  children(node);
}

void HtmlRenderer::wrapped(std::string_view name, const Node& node, std::string_view attributes) {
  out_.append("<").append(name).append(attributes).append(">");
  children(node);
  while (in_pre_ == 0 && out_.ends_with('\n')) out_.pop_back();
  out_.append("</").append(name).append(">");
}

void HtmlRenderer::block(std::string_view name, const Node& node, std::string_view attributes) {
  if (in_pre_ > 0) return wrapped(name, node, attributes);
  end_block();
  out_.append("<").append(name).append(attributes).append(">");
  children(node);
  while (out_.ends_with('\n') || out_.ends_with(' ')) out_.pop_back();
  out_.append("</").append(name).append(">\n");
}

bool HtmlRenderer::block_element(const Node& node) {
  if (const auto name = block_name(tag_of(node)); !name.empty()) {
    block(name, node);
    return true;
  }
  switch (tag_of(node)) {
    case Tag::kParagraph:
      paragraph(node);
      return true;
    case Tag::kHeading:
      heading(node);
      return true;
    case Tag::kList:
      list("ul", node);
      return true;
    case Tag::kOrderedList:
      list("ol", node);
      return true;
    case Tag::kTable:
      table_part("table", node);
      return true;
    case Tag::kPreformatted:
      ++in_pre_;
      if (in_pre_ == 1) end_block();
      wrapped(in_pre_ > 1 ? "span" : "pre", node);
      if (--in_pre_ == 0) end_block();
      return true;
    case Tag::kRule:
      end_block();
      out_ += "<hr>\n";
      children(node);
      return true;
    case Tag::kDetails:
      details(node);
      return true;
    case Tag::kTaskList:
      block("ul", node, " class=\"tasks\"");
      return true;
    case Tag::kTask:
      task(node);
      return true;
    case Tag::kLayout:
      layout(node);
      return true;
    case Tag::kAdfExtension:
      if (const auto* shown = shown_of_adf(node)) {
        block("div", *shown);
      } else if (strays_of_adf(node).empty()) {
        context_.approximate(node, "an extension without content is left out");
      }
      for (const auto* stray : strays_of_adf(node)) this->node(*stray);
      return true;
    default:
      return false;
  }
}

bool HtmlRenderer::inline_element(const Node& node) {
  const auto tag = tag_of(node);
  if (const auto name = inline_name(tag); !name.empty()) {
    wrapped(name, node);
    return true;
  }
  switch (tag) {
    case Tag::kBreak:
      out_ += "<br>";
      children(node);
      return true;
    case Tag::kSpan:
    case Tag::kBig:
      if (value_of(node, "style").find("color") != std::string_view::npos ||
          node.attribute("color") != nullptr) {
        context_.approximate_once(node, "colours of text are left out");
      }
      children(node);
      return true;
    case Tag::kAnchor:
      anchor_element(node);
      return true;
    case Tag::kLink:
      link(node);
      return true;
    case Tag::kPicture:
      picture(node);
      return true;
    case Tag::kImage:
      image(node);
      return true;
    case Tag::kTime:
      time(node);
      return true;
    case Tag::kEmoticon:
      text(emoji_text(node));
      children(node);
      return true;
    case Tag::kHidden:
    case Tag::kTemplate:
    case Tag::kPlaceholder:
      hidden(node);
      return true;
    case Tag::kMacro:
      macro(node);
      return true;
    default:
      return false;
  }
}

void HtmlRenderer::hidden(const Node& node) {
  if (node.is("script") || node.is("style")) {
    context_.approximate(node, fmt::format("<{}> is left out", node.name));
  } else if (tag_of(node) == Tag::kTemplate) {
    context_.approximate_once(node, "parts of a template are left out");
  } else if (tag_of(node) == Tag::kPlaceholder) {
    context_.approximate(
        node, fmt::format("the placeholder '{}' is left out", trimmed(raw_text_of(node))));
  }
}

void HtmlRenderer::paragraph(const Node& node) {
  // What a <p> cannot hold would end it.
  const bool breaks = std::ranges::any_of(node.children, breaks_line);
  block(breaks ? "div" : "p", node, alignment_class(node));
}

std::string HtmlRenderer::id_attribute(std::string_view anchor) {
  const auto id = anchor_id(anchor);
  if (!ids_ || id.empty() || !used_ids_.insert(id).second) return {};
  return fmt::format(" id=\"{}\"", escaped_line(id));
}

void HtmlRenderer::id(std::string_view anchor) {
  if (const auto attribute = id_attribute(anchor); !attribute.empty()) {
    out_ += fmt::format("<a{}></a>", attribute);
  }
}

void HtmlRenderer::heading(const Node& node) {
  const auto attribute = ids_ ? id_attribute(context_.anchor_of(node)) : std::string();
  const bool breaks = std::ranges::any_of(node.children, breaks_line);
  if (breaks) {
    block("div", node,
          fmt::format(" role=\"heading\" aria-level=\"{}\"{}", heading_level(node), attribute));
  } else {
    block(node.name, node, attribute);
  }
}

void HtmlRenderer::list(std::string_view name, const Node& node) {
  end_block();
  out_.append("<").append(name);
  if (const auto start = number_of(value_of(node, "start")); name == "ol" && !start.empty()) {
    out_ += fmt::format(" start=\"{}\"", start);
  }
  out_ += ">\n";
  for (const auto& child : node.children) {
    if (child.is_text() ? is_blank(child) : !child.is_element()) continue;
    if (child.is("li") || tag_of(child) == Tag::kHidden) {
      this->node(child);
      continue;
    }
    out_ += "<li>";
    this->node(child);
    out_ += "</li>\n";
  }
  out_.append("</").append(name).append(">\n");
}

// A table, rows, or a row: what does not belong there comes in a row and a cell of its own.
void HtmlRenderer::table_part(std::string_view name, const Node& node) {
  end_block();
  out_.append("<").append(name).append(">");
  if (name != "tr") out_ += '\n';
  for (const auto& child : node.children) {
    if (child.is_text() ? is_invisible(child.text) : !child.is_element()) continue;
    if (!fits_in_table(name, child)) {
      out_ += name == "tr" ? "<td>" : "<tr><td>";
      this->node(child);
      out_ += name == "tr" ? "</td>" : "</td></tr>\n";
    } else if (is_cell(child)) {
      cell(child.name, child);
    } else if (tag_of(child) == Tag::kRow) {
      table_part("tr", child);
    } else if (tag_of(child) == Tag::kRows) {
      table_part(child.name, child);
    } else if (tag_of(child) == Tag::kCaption) {
      block("caption", child);
    } else {
      this->node(child);
    }
  }
  out_.append("</").append(name).append(">\n");
}

void HtmlRenderer::cell(std::string_view name, const Node& node) {
  std::string attributes;
  for (const std::string_view span : {"colspan", "rowspan"}) {
    const auto number = number_of(value_of(node, span));
    if (!number.empty() && number != "1") attributes += fmt::format(" {}=\"{}\"", span, number);
  }
  const auto scope = value_of(node, "scope");
  if (name == "th" && (scope == "row" || scope == "col" || scope == "rowgroup")) {
    attributes += fmt::format(" scope=\"{}\"", scope);
  }
  if (node.attribute("data-highlight-colour") != nullptr) {
    context_.approximate_once(node, "colours of cells are left out");
  }
  const auto* only = only_paragraph(node);
  const auto aligned = alignment_class(node);
  attributes += only != nullptr && aligned.empty() ? alignment_class(*only) : aligned;
  wrapped(name, only != nullptr ? *only : node, attributes);
}

void HtmlRenderer::details(const Node& node) {
  end_block();
  out_ += "<details>";
  const auto* summary = child_of(node, "summary");
  if (summary != nullptr) wrapped("summary", *summary);
  out_ += '\n';
  for (const auto& child : node.children) {
    if (&child != summary) this->node(child);
  }
  end_block();
  out_ += "</details>\n";
}

void HtmlRenderer::task(const Node& node) {
  const auto* status = child_of(node, "ac:task-status");
  const bool done = status != nullptr && trimmed(raw_text_of(*status)) == "complete";
  end_block();
  out_ += done ? "<li class=\"task done\"><input type=\"checkbox\" disabled checked> "
               : "<li class=\"task\"><input type=\"checkbox\" disabled> ";
  for (const auto& child : node.children) {
    if (child.is("ac:task-body")) {
      children(child);
    } else {
      this->node(child);
    }
  }
  while (out_.ends_with('\n')) out_.pop_back();
  out_ += "</li>\n";
}

void HtmlRenderer::layout(const Node& node) {
  auto kind = std::string(node.name.substr(3));  // ac:
  if (node.is("ac:layout-section")) {
    static constexpr std::string_view kTypes[] = {"single",           "two_equal",
                                                  "two_left_sidebar", "two_right_sidebar",
                                                  "three_equal",      "three_with_sidebars"};
    const auto type = value_of(node, "ac:type");
    if (std::ranges::find(kTypes, type) != std::end(kTypes)) kind += " " + std::string(type);
  }
  block("div", node, fmt::format(" class=\"{}\"", kind));
}

Rendering to_html(std::string_view body, const Surroundings& surroundings,
                  const RenderOptions& options) {
  const auto document = read_forgiving(body);
  RenderContext context(document, surroundings, RenderContext::Form::kHtml);
  HtmlRenderer renderer(context, options, false);
  Rendering rendering;
  if (is_lines_of_text(document)) {
    std::string text;
    for (const auto& part : document.root().children) {
      if (part.is_text()) text += part.text;
    }
    rendering.text = "<pre class=\"wiki-markup\">\n" + escaped_html(text) + "</pre>";
    context.approximate(document.root(), "wiki markup is shown as text");
  } else {
    rendering.text = renderer.render_children(document.root());
  }
  const auto first = rendering.text.find_first_not_of(" \n");
  rendering.text.erase(0, std::min(first, rendering.text.size()));
  rendering.text.erase(rendering.text.find_last_not_of(" \n") + 1);
  if (!rendering.text.empty()) rendering.text += '\n';
  rendering.approximations = context.take_approximations();
  return rendering;
}

}  // namespace storage_format
