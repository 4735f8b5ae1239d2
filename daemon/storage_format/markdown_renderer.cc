#include "daemon/storage_format/markdown_renderer.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "daemon/storage_format/characters.h"
#include "daemon/storage_format/elements.h"
#include "daemon/storage_format/extractor.h"
#include "daemon/storage_format/forgiving.h"
#include "daemon/storage_format/html_renderer.h"
#include "daemon/storage_format/references.h"
#include "daemon/storage_format/tag.h"

namespace storage_format {

namespace {

bool is_item_list(const Node& node) {
  return node.is("ul") || node.is("ol") || node.is("ac:task-list");
}

int start_of(const Node& list) {
  const auto text = value_of(list, "start");
  int start = 1;
  std::from_chars(text.data(), text.data() + text.size(), start);
  return std::clamp(start, 0, 999'999'999);
}

// An item that is one line, and perhaps a list of such: no empty line is needed in it.
bool is_tight_item(const Node& item);

bool is_tight_list(const Node& list) {
  if (list.is("ol") && start_of(list) != 1) return false;
  return std::ranges::all_of(list.children, [](const Node& child) {
    if (!child.is_element()) return is_blank(child) || !child.is_text();
    return is_tight_item(child);
  });
}

bool is_tight_item(const Node& item) {
  const auto* content = item.is("ac:task") ? child_of(item, "ac:task-body") : &item;
  if (content == nullptr) return false;
  if (!item.is("ac:task") && !item.is("li")) return false;
  const bool only_body = std::ranges::all_of(item.children, [&](const Node& child) {
    return &child == content || is_blank(child) || tag_of(child) == Tag::kHidden;
  });
  if (item.is("ac:task") && !only_body) return false;
  int paragraphs = 0;
  int lists = 0;
  bool line = false;
  for (const auto& child : content->children) {
    if (is_blank(child) || (!child.is_text() && !child.is_element())) continue;
    if (lists > 0) return false;
    if (is_item_list(child)) {
      if (!is_tight_list(child)) return false;
      ++lists;
    } else if (child.is("p")) {
      if (line || ++paragraphs > 1) return false;
      if (std::ranges::any_of(child.children, breaks_line)) return false;
    } else {
      if (paragraphs > 0 || breaks_line(child)) return false;
      line = true;
    }
  }
  return true;
}

bool is_plain(const Node& node) {
  return std::ranges::all_of(node.children, [](const Node& child) {
    if (!child.is_element()) return true;
    const auto tag = tag_of(child);
    const bool plain = tag == Tag::kSpan || tag == Tag::kCode || tag == Tag::kBreak;
    return plain && is_plain(child);
  });
}

}  // namespace

std::string MarkdownRenderer::render(const Node& root) {
  flow(root);
  return out_.take();
}

void MarkdownRenderer::children(const Node& node) {
  for (const auto& child : node.children) this->node(child);
}

void MarkdownRenderer::flow(const Node& node) {
  children(node);
  flush();
}

void MarkdownRenderer::node(const Node& node) {
  if (node.is_text()) {
    run_.text(node.text);
  } else if (node.is_element()) {
    element(node);
  } else {
    context_.approximate_once(node, "comments are left out");
  }
}

void MarkdownRenderer::flush() {
  if (in_line_) return run_.separate();
  const bool blank = run_.blank();
  const auto lines = take(RunPlace::kParagraph);
  if (blank) return;
  out_.begin(MarkdownWriter::Block::kLine);
  for (const auto& line : lines) out_.line(line);
}

// The run so far; what is open in it is open again for what follows.
std::vector<std::string> MarkdownRenderer::take(RunPlace place) {
  const auto opened = run_.opened();
  auto lines = run_.take(place);
  for (const auto& open : opened) {
    if (open.style == Style::kLink) {
      run_.open_link(open.tail);
    } else {
      run_.open(open.style);
    }
  }
  return lines;
}

void MarkdownRenderer::element(const Node& node) {
  if (is_block_tag(node)) return block(node);
  if (!inline_element(node)) children(node);
}

void MarkdownRenderer::block(const Node& node) {
  flush();
  if (in_line_ || !structure(node)) children(node);
  flush();
}

// Blocks that are more than lines of their own; false: what is in them is.
bool MarkdownRenderer::structure(const Node& node) {
  switch (tag_of(node)) {
    case Tag::kHeading:
      heading(node);
      return true;
    case Tag::kList:
    case Tag::kOrderedList:
      list(node);
      return true;
    case Tag::kDefinitions:
      definitions(node);
      return true;
    case Tag::kTable:
      table(node);
      return true;
    case Tag::kQuote:
      quote(node);
      return true;
    case Tag::kPreformatted:
      preformatted(node);
      return true;
    case Tag::kRule:
      out_.begin();
      out_.line(out_.after_marker() ? "___" : "---");
      children(node);
      return true;
    case Tag::kDetails:
      details(node);
      return true;
    case Tag::kTaskList:
      task_list(node);
      return true;
    case Tag::kTask: {
      auto list = out_.begin_list(false, false, 1);
      task(list, node);
      return true;
    }
    case Tag::kAdfExtension:
      if (const auto* shown = shown_of_adf(node)) {
        flow(*shown);
      } else if (strays_of_adf(node).empty()) {
        context_.approximate(node, "an extension without content is left out");
      }
      for (const auto* stray : strays_of_adf(node)) this->node(*stray);
      flush();
      return true;
    case Tag::kParagraph:
      if (value_of(node, "style").find("text-align") != std::string_view::npos) {
        context_.approximate_once(node, "alignment of paragraphs is left out");
      }
      return false;
    default:
      return false;
  }
}

void MarkdownRenderer::heading(const Node& node) {
  const bool outer = std::exchange(in_line_, true);
  children(node);
  in_line_ = outer;
  const bool blank = run_.blank();
  const auto lines = take(RunPlace::kHeading);
  if (blank) return;
  out_.begin();
  out_.line(std::string(static_cast<std::size_t>(heading_level(node)), '#') + " " + lines.front());
}

void MarkdownRenderer::list(const Node& node) {
  auto list = out_.begin_list(node.is("ol"), is_tight_list(node), start_of(node));
  for (const auto& child : node.children) {
    if (child.is_text() ? is_blank(child) : !child.is_element()) continue;
    if (tag_of(child) == Tag::kHidden) {
      hidden(child);
    } else {
      item(list, child);
    }
  }
}

void MarkdownRenderer::item(MarkdownWriter::List& list, const Node& node) {
  out_.begin_item(list);
  if (out_.flat()) context_.approximate_once(node, "lists are nested too deep and lie flat");
  if (node.is("li")) {
    flow(node);
  } else {
    this->node(node);
    flush();
  }
  out_.end_item();
}

void MarkdownRenderer::task_list(const Node& node) {
  auto list = out_.begin_list(false, is_tight_list(node), 1);
  for (const auto& child : node.children) {
    if (child.is("ac:task")) {
      task(list, child);
    } else if (child.is_text() ? !is_blank(child) : child.is_element()) {
      item(list, child);
    }
  }
}

void MarkdownRenderer::task(MarkdownWriter::List& list, const Node& node) {
  const auto* status = child_of(node, "ac:task-status");
  const bool done = status != nullptr && trimmed(raw_text_of(*status)) == "complete";
  out_.begin_item(list, done ? "[x] " : "[ ] ");
  flow(node);
  out_.end_item();
}

void MarkdownRenderer::definitions(const Node& node) {
  context_.approximate_once(node, "a list of definitions is shown as paragraphs");
  for (const auto& child : node.children) {
    if (child.is("dt")) {
      styled(Style::kStrong, child);
    } else {
      this->node(child);
    }
    flush();
  }
}

void MarkdownRenderer::quote(const Node& node) {
  out_.begin_quote();
  if (out_.flat()) context_.approximate_once(node, "quotes are nested too deep and lie flat");
  flow(node);
  out_.end_quote();
}

void MarkdownRenderer::fenced(std::string_view code, std::string_view info) {
  code = code.substr(0, code.find_last_not_of(" \t\r\n") + 1);
  while (code.starts_with('\n')) code.remove_prefix(1);
  std::string clean;
  append_clean(clean, code);
  out_.fence(clean, info);
}

void MarkdownRenderer::preformatted(const Node& node) {
  if (!is_plain(node)) {
    context_.approximate(node, "formatting of preformatted text is left out");
  }
  const auto text = Extractor(context_.document(), nullptr).preformatted(node);
  if (!is_invisible(text)) fenced(text, "");
}

void MarkdownRenderer::expand(std::string_view summary) {
  out_.begin();
  out_.line("<details><summary>" + std::string(summary) + "</summary>");
}

void MarkdownRenderer::end_expand() {
  out_.begin();
  out_.line("</details>");
}

void MarkdownRenderer::details(const Node& node) {
  const auto* summary = child_of(node, "summary");
  expand(summary == nullptr ? std::string() : escaped_line(trimmed(raw_text_of(*summary))));
  for (const auto& child : node.children) {
    if (&child != summary) this->node(child);
  }
  flush();
  end_expand();
}

void MarkdownRenderer::note(std::string_view text) {
  flush();
  run_.open(Style::kStrong);
  run_.text(text);
  run_.close();
  flush();
}

Rendering to_markdown(std::string_view body, const Surroundings& surroundings) {
  const auto document = read_forgiving(body);
  RenderContext context(document, surroundings, RenderContext::Form::kMarkdown);
  Rendering rendering;
  if (is_lines_of_text(document)) {
    std::string text;
    for (const auto& part : document.root().children) {
      if (part.is_text()) text += part.text;
    }
    MarkdownWriter writer;
    writer.fence(std::string_view(text).substr(0, text.find_last_not_of(" \t\n") + 1), "");
    rendering.text = writer.take();
    context.approximate(document.root(), "wiki markup is shown as text");
  } else {
    rendering.text = MarkdownRenderer(context).render(document.root());
  }
  rendering.approximations = context.take_approximations();
  return rendering;
}

}  // namespace storage_format
