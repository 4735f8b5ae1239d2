#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "daemon/storage_format/characters.h"
#include "daemon/storage_format/elements.h"
#include "daemon/storage_format/emoji.h"
#include "daemon/storage_format/html_renderer.h"
#include "daemon/storage_format/markdown_renderer.h"
#include "daemon/storage_format/references.h"
#include "daemon/storage_format/tag.h"
#include "daemon/storage_format/url.h"

namespace storage_format {

namespace {

// Text alone, through elements that only colour it; false where there is more.
bool add_plain_text(const Node& node, std::string& out) {
  return std::ranges::all_of(node.children, [&](const Node& child) {
    if (child.is_text()) {
      out += child.text;
      return true;
    }
    if (!child.is_element()) return true;
    const auto tag = tag_of(child);
    return (tag == Tag::kSpan || tag == Tag::kCode) && add_plain_text(child, out);
  });
}

const Style* style_of(Tag tag) {
  using StyleOfTag = std::pair<Tag, Style>;
  static constexpr auto kStyles = std::to_array<StyleOfTag>({{Tag::kStrong, Style::kStrong},
                                                             {Tag::kEmphasis, Style::kEmphasis},
                                                             {Tag::kStrike, Style::kStrike},
                                                             {Tag::kUnderline, Style::kUnderline},
                                                             {Tag::kSub, Style::kSub},
                                                             {Tag::kSup, Style::kSup},
                                                             {Tag::kSmall, Style::kSmall},
                                                             {Tag::kMark, Style::kMark}});
  const auto* const found = std::ranges::find(kStyles, tag, &StyleOfTag::first);
  return found == kStyles.end() ? nullptr : &found->second;
}

std::string table_alignment(const Node& cell) {
  const auto* paragraph = child_of(cell, "p");
  auto style = lower_ascii(value_of(cell, "style"));
  if (paragraph != nullptr) style += lower_ascii(value_of(*paragraph, "style"));
  std::erase(style, ' ');
  if (style.find("text-align:center") != style.npos) return ":-:";
  if (style.find("text-align:right") != style.npos) return "-:";
  return "---";
}

bool fits_in_line(const Node& node) {
  return !breaks_line(node) || (node.is("p") && std::ranges::none_of(node.children, breaks_line));
}

bool spans(const Node& cell) {
  return std::ranges::any_of(std::initializer_list<std::string_view>{"colspan", "rowspan"},
                             [&](std::string_view name) {
                               const auto value = trimmed(value_of(cell, name));
                               return !value.empty() && value != "1";
                             });
}

// The rows of a table that pipes can say; nothing where they cannot.
bool add_rows(const Node& node, std::vector<std::vector<const Node*>>& rows) {
  for (const auto& child : node.children) {
    if (child.is_text() ? is_invisible(child.text) : !child.is_element()) continue;
    const auto tag = tag_of(child);
    if (tag == Tag::kColumns && is_invisible(raw_text_of(child))) continue;
    if (tag == Tag::kRows) {
      if (!add_rows(child, rows)) return false;
      continue;
    }
    if (tag != Tag::kRow) return false;
    auto& row = rows.emplace_back();
    for (const auto& cell : child.children) {
      if (cell.is_text() ? is_invisible(cell.text) : !cell.is_element()) continue;
      if (!cell.is("td") && !cell.is("th")) return false;
      if (spans(cell) || !std::ranges::all_of(cell.children, fits_in_line)) return false;
      row.push_back(&cell);
    }
    if (row.empty() || row.size() != rows.front().size()) return false;
  }
  return true;
}

}  // namespace

bool MarkdownRenderer::inline_element(const Node& node) {
  const auto tag = tag_of(node);
  if (const auto* style = style_of(tag)) {
    styled(*style, node);
    return true;
  }
  switch (tag) {
    case Tag::kBreak:
      run_.hard_break();
      children(node);
      return true;
    case Tag::kCode:
      code(node);
      return true;
    case Tag::kInlineQuote:
      run_.text("“");
      children(node);
      run_.text("”");
      return true;
    case Tag::kSpan:
    case Tag::kBig:
      if (value_of(node, "style").find("color") != std::string_view::npos ||
          node.attribute("color") != nullptr) {
        context_.approximate_once(node, "colours of text are left out");
      }
      return false;
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
      run_.text(emoji_text(node));
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

void MarkdownRenderer::styled(Style style, const Node& node) {
  run_.open(style);
  children(node);
  run_.close();
}

void MarkdownRenderer::code(const Node& node) {
  std::string text;
  if (add_plain_text(node, text)) {
    if (!text.empty() && is_xml_space(text.front())) run_.text(" ");
    run_.code(text);
    if (!text.empty() && is_xml_space(text.back())) run_.text(" ");
  } else {
    styled(Style::kCode, node);
  }
}

void MarkdownRenderer::hidden(const Node& node) {
  if (node.is("script") || node.is("style")) {
    context_.approximate(node, fmt::format("<{}> is left out", node.name));
  } else if (tag_of(node) == Tag::kTemplate) {
    context_.approximate_once(node, "parts of a template are left out");
  } else if (tag_of(node) == Tag::kPlaceholder) {
    context_.approximate(
        node, fmt::format("the placeholder '{}' is left out", trimmed(raw_text_of(node))));
  }
}

void MarkdownRenderer::id(std::string_view anchor) {
  const auto id = anchor_id(anchor);
  if (id.empty() || run_.in_link()) return;
  auto value = escaped_line(id);
  for (auto at = value.find('|'); at != value.npos; at = value.find('|', at)) {
    value.replace(at, 1, "&#124;");  // would end a cell
  }
  run_.raw(fmt::format("<a id=\"{}\"></a>", value));
}

// A link with its body, or with the name of its target.
void MarkdownRenderer::way(const RenderContext::Way& way, const Node* body) {
  std::string plain;
  const bool only_text = body != nullptr && add_plain_text(*body, plain);
  const auto shown = trimmed(plain);
  const bool linked = !way.href.empty() && !run_.in_link();
  if (linked && only_text && shown == way.href && is_remote(way.href)) {
    return run_.raw("<" + way.href + ">");
  }
  const bool empty = body == nullptr || (only_text && is_invisible(plain));
  if (linked && empty && way.text == way.href && is_remote(way.href)) {
    return run_.raw("<" + way.href + ">");
  }
  if (linked) run_.open_link(link_tail(way.href, ""));
  if (empty) {
    run_.text(way.text.empty() ? way.href : way.text);
  } else {
    children(*body);
  }
  if (linked) run_.close();
  if (!way.refused.empty()) {
    run_.text(" ");
    run_.code(way.refused);
  }
}

void MarkdownRenderer::anchor_element(const Node& node) {
  id(value_of(node, node.attribute("id") != nullptr ? "id" : "name"));
  if (node.attribute("href") == nullptr) return children(node);
  const auto target = target_of_href(value_of(node, "href"));
  if (target == Reference()) return children(node);
  way(context_.way_to(target, node), &node);
}

void MarkdownRenderer::link(const Node& node) {
  const auto target = target_of_link(node);
  const auto* body = body_of_link(node);
  if (target.kind == Reference::Kind::kUser) {
    if (body != nullptr && !body->children.empty()) return children(*body);
    return run_.text(context_.mention(target, node));
  }
  way(context_.way_to(target, node), body);
}

void MarkdownRenderer::show_image(const Reference& source, std::string_view alt,
                                  std::string_view title, const Node& node) {
  auto way = context_.way_to(source, node);
  if (!alt.empty()) way.text = alt;
  if (way.href.empty()) {
    if (way.text.empty()) way.text = "image";
    run_.text(" ");
    this->way(way, nullptr);
    return run_.text(" ");
  }
  run_.raw("![" + escaped_markdown(way.text, RunPlace::kCell, false) + link_tail(way.href, title));
}

void MarkdownRenderer::picture(const Node& node) {
  show_image(target_of_href(value_of(node, "src")), value_of(node, "alt"), value_of(node, "title"),
             node);
  children(node);
}

void MarkdownRenderer::image(const Node& node) {
  show_image(target_of_image(node), value_of(node, "ac:alt"), value_of(node, "ac:title"), node);
  for (const auto& child : node.children) {
    if (child.is("ac:caption")) {
      run_.separate();
      const bool outer = std::exchange(in_line_, true);
      styled(Style::kEmphasis, child);
      in_line_ = outer;
      run_.separate();
    } else {
      this->node(child);
    }
  }
}

void MarkdownRenderer::time(const Node& node) {
  if (is_invisible(raw_text_of(node))) {
    run_.text(value_of(node, "datetime"));
  } else {
    children(node);
  }
}

void MarkdownRenderer::table(const Node& node) {
  Rows rows;
  if (!add_rows(node, rows)) return html_table(node);
  if (!rows.empty()) pipe_table(rows);
}

void MarkdownRenderer::html_table(const Node& node) {
  RenderOptions options;
  options.remote_images = true;
  auto html = HtmlRenderer(context_, options, true).render(node);
  // An empty line would end the block, and what follows be read as Markdown.
  for (auto at = html.find("\n\n"); at != html.npos; at = html.find("\n\n", at)) html.erase(at, 1);
  out_.begin();
  out_.lines(html);
}

std::string MarkdownRenderer::cell(const Node& node, bool strong) {
  const bool outer = std::exchange(in_line_, true);
  if (strong) {
    styled(Style::kStrong, node);
  } else {
    children(node);
  }
  in_line_ = outer;
  const auto lines = take(RunPlace::kCell);
  return lines.empty() ? std::string() : lines.front();
}

void MarkdownRenderer::pipe_table(const Rows& rows) {
  const auto is_header = [](const Node* cell) { return cell->is("th"); };
  const bool headed = std::ranges::all_of(rows.front(), is_header);
  const auto columns = rows.front().size();
  std::string head = "|";
  std::string rule = "|";
  for (std::size_t column = 0; column < columns; ++column) {
    const auto alignment = table_alignment(*rows.front()[column]);
    const bool same = std::ranges::all_of(
        rows, [&](const auto& row) { return table_alignment(*row[column]) == alignment; });
    head += headed ? " " + cell(*rows.front()[column], false) + " |" : "  |";
    rule += " " + (same ? alignment : std::string("---")) + " |";
  }
  out_.begin();
  out_.line(head);
  out_.line(rule);
  for (std::size_t at = headed ? 1 : 0; at < rows.size(); ++at) {
    std::string line = "|";
    for (const auto* each : rows[at]) line += " " + cell(*each, is_header(each)) + " |";
    out_.line(line);
  }
}

}  // namespace storage_format
