#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "daemon/storage_format/characters.h"
#include "daemon/storage_format/html_renderer.h"
#include "daemon/storage_format/markdown_renderer.h"
#include "daemon/storage_format/references.h"
#include "daemon/storage_format/tag.h"

namespace storage_format {

namespace {

// GitHub's alerts, one for each of Confluence's boxes.
std::string_view alert_of(std::string_view macro) {
  if (macro == "note") return "[!IMPORTANT]";
  if (macro == "warning") return "[!WARNING]";
  if (macro == "tip") return "[!TIP]";
  return "[!NOTE]";
}

// Markdown of an author that cannot reach out of its own place: no HTML, no fence left open.
bool is_contained(std::string_view markdown) {
  bool fence = false;
  for (std::size_t at = 0; at < markdown.size();) {
    const auto end = std::min(markdown.find('\n', at), markdown.size());
    const auto line = trimmed(markdown.substr(at, end - at));
    if (line.starts_with("```")) fence = !fence;
    if (line.starts_with("~~~")) return false;
    at = end + 1;
  }
  if (fence) return false;
  for (auto at = markdown.find('<'); at != markdown.npos; at = markdown.find('<', at + 1)) {
    const char next = at + 1 < markdown.size() ? markdown[at + 1] : ' ';
    if (is_ascii_letter(next) || next == '/' || next == '!' || next == '?') return false;
  }
  auto lower = lower_ascii(markdown);
  std::erase_if(lower, [](char c) { return is_xml_space(c) || c == '\\'; });
  return lower.find("script:") == lower.npos && lower.find("data:") == lower.npos &&
         lower.find('&') == lower.npos;
}

// A formula that reads the same where nobody knows formulas: nothing in it is markup.
bool is_plain_formula(std::string_view tex) {
  const auto is_plain = [](char c) {
    return is_ascii_letter(c) || is_ascii_digit(c) || c == ' ' || c == '+' || c == '-' ||
           c == '=' || c == '/' || c == '^' || c == '.' || c == ',' || c == '(' || c == ')';
  };
  return !tex.empty() && std::ranges::all_of(tex, is_plain) && tex.front() != ' ' &&
         tex.back() != ' ' && lower_ascii(tex).find("www.") == tex.npos;
}

}  // namespace

void MarkdownRenderer::placeholder(const Macro& macro, std::string_view why) {
  run_.text(" ");
  run_.open(Style::kEmphasis);
  run_.text("[" + summary_of(macro) + "]");
  run_.close();
  run_.text(" ");
  context_.approximate(macro.node(), fmt::format("macro '{}' {}", macro.name(), why));
}

void MarkdownRenderer::macro(const Node& node) {
  const Macro macro(node);
  if (!is_block_macro(macro)) {
    inline_macro(macro);
    for (const auto* stray : macro.strays()) this->node(*stray);
    return;
  }
  flush();
  if (in_line_) {
    const auto plain = macro.plain_text();
    const bool shown = macro.rich_body() != nullptr || !is_invisible(plain);
    if (!macro.title().empty()) run_.text(macro.title());
    flush();
    if (macro.rich_body() != nullptr) children(*macro.rich_body());
    if (!is_invisible(plain)) run_.code(plain);
    if (!shown) inline_macro(macro);
  } else {
    block_macro(macro);
  }
  flush();
  for (const auto* stray : macro.strays()) this->node(*stray);
}

void MarkdownRenderer::block_macro(const Macro& macro) {
  using enum MacroFamily;
  switch (macro.family()) {
    case kCode:
      return code_macro(macro, language_of(macro));
    case kNoFormat:
    case kWikiMarkup:
      return code_macro(macro, "");
    case kAlert:
      return alert(macro);
    case kPanel:
      return panel(macro);
    case kExpand: {
      const auto title = macro.text("title");
      expand(escaped_line(title.empty() ? "Click here to expand..." : title));
      unwrap(macro);
      return end_expand();
    }
    case kToc:
      return;  // its headings are there
    case kChildren:
    case kPageTree:
      return below(macro, context_.pages_below(macro));
    case kAttachments: {
      std::vector<Surroundings::Below> files;
      for (auto& file : context_.surroundings().attachments()) files.push_back({file, {}});
      return below(macro, files);
    }
    case kExcerptInclude:
      return excerpt_include(macro);
    case kMathBlock:
      return math(macro, true);
    case kPlantUml:
      return source_macro(macro, "plantuml");
    case kMermaid:
      return source_macro(macro, "mermaid");
    case kHtml:
      return source_macro(macro, "html");
    case kOpenApi:
      return source_macro(macro, "yaml");
    case kMarkdown:
      return markdown(macro);
    default:
      return unwrap(macro);
  }
}

// A macro whose text is source in some language; without one, what its parameters say.
void MarkdownRenderer::source_macro(const Macro& macro, std::string_view language) {
  if (macro.plain_body() != nullptr) return code_macro(macro, language);
  if (!macro.text("data").empty()) {
    context_.approximate(macro.node(),
                         fmt::format("the source of macro '{}' is compressed", macro.name()));
    fenced(macro.text("data"), "");
    return;
  }
  if (macro.rich_body() != nullptr) return unwrap(macro);
  inline_macro(macro);
}

void MarkdownRenderer::code_macro(const Macro& macro, std::string_view language) {
  if (!macro.title().empty()) note(macro.title());
  const auto text = macro.plain_text();
  if (macro.plain_body() != nullptr || macro.rich_body() == nullptr) fenced(text, language);
  if (macro.rich_body() != nullptr) flow(*macro.rich_body());
}

// Bodies as they are, below the title.
void MarkdownRenderer::unwrap(const Macro& macro) {
  using enum MacroFamily;
  const auto family = macro.family();
  if (family == kExcerpt && macro.flag("hidden")) {
    return context_.approximate(macro.node(), "a hidden excerpt is left out");
  }
  const bool bodies = macro.rich_body() != nullptr || macro.plain_body() != nullptr;
  if (!bodies && family != kExpand && family != kDetails) return inline_macro(macro);
  const bool known = family == kExcerpt || family == kUnwrap || family == kTab ||
                     family == kExpand || family == kDetails;
  if (!known) {
    context_.approximate(macro.node(),
                         fmt::format("of macro '{}' the content is shown", macro.name()));
  }
  if (family != kExpand && !macro.title().empty()) note(macro.title());
  if (macro.rich_body() != nullptr) flow(*macro.rich_body());
  if (macro.plain_body() != nullptr) fenced(macro.plain_text(), "");
}

void MarkdownRenderer::alert(const Macro& macro) {
  out_.begin_quote();
  out_.begin();
  if (!out_.flat()) out_.line(alert_of(macro.name()));
  out_.line(comment_of("macro: " + macro.name()));
  if (!macro.title().empty()) note(macro.title());
  if (macro.rich_body() != nullptr) flow(*macro.rich_body());
  if (macro.plain_body() != nullptr) fenced(macro.plain_text(), "");
  out_.end_quote();
}

void MarkdownRenderer::panel(const Macro& macro) {
  if (!macro.text("bgColor").empty()) {
    context_.approximate_once(macro.node(), "colours of panels are left out");
  }
  out_.begin_quote();
  const auto icon = macro.text("panelIconText");
  if (!icon.empty() || !macro.title().empty()) {
    run_.text(icon);
    run_.text(" ");
    run_.open(Style::kStrong);
    run_.text(macro.title());
    run_.close();
    flush();
  }
  if (macro.rich_body() != nullptr) flow(*macro.rich_body());
  if (macro.plain_body() != nullptr) fenced(macro.plain_text(), "");
  out_.end_quote();
}

void MarkdownRenderer::markdown(const Macro& macro) {
  const auto text = macro.plain_text();
  if (is_invisible(text)) return unwrap(macro);
  if (!is_contained(text)) {
    context_.approximate(macro.node(), "Markdown with HTML in it is shown as source");
    return fenced(text, "markdown");
  }
  std::string clean;
  append_clean(clean, trimmed(text));
  out_.begin();
  out_.lines(clean);
}

void MarkdownRenderer::math(const Macro& macro, bool block) {
  auto tex = macro.plain_text();
  if (is_invisible(tex)) tex = macro.text("body");
  const auto formula = trimmed(tex);
  if (formula.empty()) {
    if (macro.rich_body() == nullptr) return placeholder(macro, "says nothing");
    return children(*macro.rich_body());
  }
  if (!block) {
    if (is_plain_formula(formula)) return run_.raw("$" + std::string(formula) + "$");
    const auto span = code_span(formula, RunPlace::kCell);
    // GitHub's other way to write one; where a tag is needed, or more than one `, it is code.
    const bool simple = span.starts_with('`') && !span.starts_with("``");
    return run_.raw(simple ? "$" + span + "$" : span);
  }
  if (!is_plain_formula(formula)) return fenced(formula, "math");
  out_.begin();
  out_.line("$$" + std::string(formula) + "$$");
}

void MarkdownRenderer::jira(const Macro& macro) {
  const auto key = macro.text("key");
  if (!key.empty()) {
    RenderContext::Way way;
    way.href = RenderContext::safe(context_.surroundings().jira_issue(key));
    way.text = key;
    return this->way(way, nullptr);
  }
  const auto query = macro.text("jqlQuery");
  if (query.empty()) return placeholder(macro, "has no form in Markdown");
  run_.code("Jira: " + std::string(query));
  context_.approximate(macro.node(), "a list of Jira issues is shown as its query");
}

void MarkdownRenderer::below(const Macro& macro, const std::vector<Surroundings::Below>& pages) {
  if (pages.empty()) return placeholder(macro, "shows what is not known");
  if (!context_.may_list(entries_in(pages))) return placeholder(macro, "would be too long a list");
  below_list(pages);
}

void MarkdownRenderer::below_list(const std::vector<Surroundings::Below>& pages) {
  auto list = out_.begin_list(false, true, 1);
  for (const auto& page : pages) {
    out_.begin_item(list);
    RenderContext::Way way;
    way.href = RenderContext::safe(page.page.href);
    way.text = page.page.title;
    this->way(way, nullptr);
    flush();
    if (!page.children.empty()) below_list(page.children);
    out_.end_item();
  }
}

void MarkdownRenderer::excerpt_include(const Macro& macro) {
  const auto pages = macro.references("");
  if (pages.empty()) return placeholder(macro, "names no page");
  const auto& page = pages.front();
  way(context_.way_to(page, macro.node()), nullptr);
  flush();
  constexpr int kDeepest = 3;
  const auto excerpt = excerpts_ < kDeepest ? context_.excerpt_of(macro, page) : std::nullopt;
  if (!excerpt) {
    return context_.approximate(macro.node(), "an excerpt of another page is linked, not shown");
  }
  const IncludedSurroundings surroundings(context_.surroundings(), page);
  RenderContext inner(excerpt->document, surroundings, context_.form());
  inner.share_excerpts(context_);
  MarkdownRenderer renderer(inner);
  renderer.excerpts_ = excerpts_ + 1;
  const auto text = renderer.render(*excerpt->node);
  context_.take_over(inner, macro.node());
  out_.begin();
  out_.lines(text);
}

void MarkdownRenderer::diagram(const Macro& macro) {
  const auto file = context_.diagram_file(macro);
  if (file.file_name.empty()) return placeholder(macro, "has no form in Markdown");
  const auto display = macro.text("diagramDisplayName").empty() ? macro.text("displayName")
                                                                : macro.text("diagramDisplayName");
  show_image(file, display, "", macro.node());
}

void MarkdownRenderer::inline_macro(const Macro& macro) {
  using enum MacroFamily;
  switch (macro.family()) {
    case kStatus:
      if (macro.text("title").empty()) return;
      run_.open(Style::kStrong);
      run_.text("[" + std::string(macro.text("title")) + "]");
      return run_.close();
    case kJira:
      return jira(macro);
    case kAnchor:
      return id(macro.text(""));
    case kMathInline:
      return math(macro, false);
    case kDrawIo:
    case kGliffy:
      return diagram(macro);
    case kExcerpt:
      if (macro.flag("hidden")) {
        return context_.approximate(macro.node(), "a hidden excerpt is left out");
      }
      break;
    default:
      break;
  }
  if (const auto way = context_.way_of(macro)) {
    if (macro.family() == kInclude) {
      context_.approximate(macro.node(), "an included page is linked, not shown");
    }
    run_.text(" ");  // a site shows it apart from the text around it
    this->way(*way, nullptr);
    return run_.text(" ");
  }
  const bool dynamic =
      macro.family() == kDynamic || macro.family() == kMedia || macro.family() == kDetailsSummary;
  if (macro.rich_body() != nullptr) {
    if (macro.family() == kUnknown || dynamic) {
      context_.approximate(macro.node(),
                           fmt::format("of macro '{}' the content is shown", macro.name()));
    }
    run_.text(" ");
    run_.text(macro.title());
    run_.text(" ");
    return children(*macro.rich_body());
  }
  if (macro.family() != kUnknown) return placeholder(macro, "has no form in Markdown");
  // Titles are there to be read; everything else is for who reads the source.
  run_.text(" ");
  run_.text(macro.title());
  run_.text(" ");
  run_.comment("macro: " + summary_of(macro));
  context_.approximate(macro.node(),
                       fmt::format("macro '{}' has no form in Markdown", macro.name()));
}

}  // namespace storage_format
