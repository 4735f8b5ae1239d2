#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "daemon/storage_format/characters.h"
#include "daemon/storage_format/html_renderer.h"
#include "daemon/storage_format/references.h"
#include "daemon/storage_format/tag.h"

namespace storage_format {

namespace {

int small_number(std::string_view text, int otherwise) {
  int number = otherwise;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : otherwise;
}

}  // namespace

void HtmlRenderer::placeholder(const Macro& macro, std::string_view why) {
  text(" ");  // a site shows it apart from the text around it
  out_ += "<span class=\"macro\">";
  text(summary_of(macro));
  out_ += "</span>";
  text(" ");
  context_.approximate(macro.node(), fmt::format("macro '{}' {}", macro.name(), why));
}

void HtmlRenderer::rich_body(const Macro& macro) {
  if (macro.rich_body() != nullptr) children(*macro.rich_body());
}

// Of a macro whose bodies are shown as they are; both may be there.
void HtmlRenderer::bodies(const Macro& macro) {
  rich_body(macro);
  if (macro.plain_body() != nullptr) code(macro, "");
}

void HtmlRenderer::macro(const Node& node) {
  const Macro macro(node);
  const bool block = is_block_macro(macro);
  if (block) {
    end_block();
    block_macro(macro);
    end_block();
  } else {
    inline_macro(macro);
  }
  for (const auto* stray : macro.strays()) this->node(*stray);
}

void HtmlRenderer::box(const Macro& macro, std::string_view kind) {
  out_ += fmt::format("<div class=\"panel {}\" role=\"note\">\n", kind);
  const auto icon = macro.text("panelIconText");
  if (!macro.title().empty() || !icon.empty()) {
    out_ += "<p class=\"panel-title\">";
    text(icon);
    if (!icon.empty() && !macro.title().empty()) out_ += ' ';
    if (!macro.title().empty()) out_ += "<strong>" + escaped_line(macro.title()) + "</strong>";
    out_ += "</p>\n";
  }
  bodies(macro);
  end_block();
  out_ += "</div>\n";
}

void HtmlRenderer::code(const Macro& macro, std::string_view language) {
  end_block();
  if (!macro.title().empty()) {
    out_ += "<p class=\"code-title\"><strong>" + escaped_line(macro.title()) + "</strong></p>\n";
  }
  out_ += "<pre><code";
  if (!language.empty()) out_ += fmt::format(" class=\"language-{}\"", escaped_line(language));
  out_ += ">";
  preformatted(macro.plain_text());
  out_ += "</code></pre>\n";
}

void HtmlRenderer::block_macro(const Macro& macro) {
  using enum MacroFamily;
  switch (macro.family()) {
    case kCode:
      code(macro, language_of(macro));
      return rich_body(macro);
    case kNoFormat:
    case kWikiMarkup:
      code(macro, "");
      return rich_body(macro);
    case kAlert:
      return box(macro, macro.name());
    case kPanel:
      if (!macro.text("bgColor").empty()) {
        context_.approximate_once(macro.node(), "colours of panels are left out");
      }
      return box(macro, "plain");
    case kExpand: {
      const auto title = macro.text("title");
      out_ += fmt::format("<details><summary>{}</summary>\n",
                          escaped_line(title.empty() ? "Click here to expand..." : title));
      bodies(macro);
      end_block();
      out_ += "</details>\n";
      return;
    }
    case kToc:
      return toc(macro);
    case kChildren:
    case kPageTree:
      return below(macro);
    case kAttachments:
      return attachments(macro);
    case kExcerptInclude:
      return excerpt_include(macro);
    case kDetails:
      return bodies(macro);
    default:
      return media(macro);
  }
}

// Macros that have no form in HTML but their source, or an address.
void HtmlRenderer::media(const Macro& macro) {
  using enum MacroFamily;
  const bool source = macro.plain_body() != nullptr;
  const auto language = [&]() -> std::string_view {
    switch (macro.family()) {
      case kPlantUml:
        return "plantuml";
      case kMermaid:
        return "mermaid";
      case kMarkdown:
        return "markdown";
      case kHtml:
        return "html";
      case kMathBlock:
        return "math";
      case kOpenApi:
        return "yaml";
      default:
        return "";
    }
  }();
  if (!language.empty() && source) {
    context_.approximate(macro.node(), fmt::format("macro '{}' is shown as source", macro.name()));
    code(macro, language);
    return rich_body(macro);
  }
  if (macro.family() == kMathBlock && !macro.text("body").empty()) {
    out_ += "<pre><code class=\"language-math\">";
    preformatted(macro.text("body"));
    out_ += "</code></pre>\n";
    return;
  }
  if (macro.family() == kExcerpt && macro.flag("hidden")) {
    return context_.approximate(macro.node(), "a hidden excerpt is left out");
  }
  const bool shown = source || macro.rich_body() != nullptr;
  if (!shown) return inline_macro(macro);
  const bool known =
      macro.family() == kExcerpt || macro.family() == kUnwrap || macro.family() == kTab;
  if (!known) {
    context_.approximate(macro.node(),
                         fmt::format("of macro '{}' the content is shown", macro.name()));
  }
  if (!macro.title().empty() && macro.rich_body() != nullptr) {
    out_ += "<p><strong>" + escaped_line(macro.title()) + "</strong></p>\n";
  }
  rich_body(macro);
  if (source) code(macro, "");
}

void HtmlRenderer::toc(const Macro& macro) {
  const auto least = small_number(macro.text("minLevel"), 1);
  const auto most = small_number(macro.text("maxLevel"), 6);
  if (!context_.may_list(context_.content().headings.size())) {
    return context_.approximate(macro.node(), "one more table of contents is left out");
  }
  std::string items;
  for (const auto& heading : context_.content().headings) {
    if (heading.level < least || heading.level > most || heading.anchor.empty()) continue;
    items += fmt::format("<li class=\"level-{}\"><a href=\"#{}\">{}</a></li>\n", heading.level,
                         percent_encoded_part(heading.anchor), escaped_line(heading.text));
  }
  if (items.empty()) return;
  out_ += "<nav class=\"toc\"><ul>\n" + items + "</ul></nav>\n";
}

void HtmlRenderer::status(const Macro& macro) {
  static constexpr std::string_view kColours[] = {"grey",  "red",  "yellow",
                                                  "green", "blue", "purple"};
  const auto colour = lower_ascii(macro.text("colour"));
  const bool known = std::ranges::find(kColours, colour) != std::end(kColours);
  out_ += fmt::format("<span class=\"status {}\">{}</span>", known ? colour : "grey",
                      escaped_line(macro.text("title")));
}

void HtmlRenderer::jira(const Macro& macro) {
  const auto key = macro.text("key");
  if (!key.empty()) {
    RenderContext::Way way;
    way.href = context_.surroundings().jira_issue(key);
    if (!way.href.empty()) {
      Reference reference;
      reference.kind = Reference::Kind::kUrl;
      reference.url = way.href;
      way = context_.way_to(reference, macro.node());
    }
    way.text = key;
    return this->way(way, nullptr);
  }
  const auto query = macro.text("jqlQuery");
  if (query.empty()) return placeholder(macro, "has no form in HTML");
  out_ += "<code>Jira: " + escaped_line(query) + "</code>";
  context_.approximate(macro.node(), "a list of Jira issues is shown as its query");
}

void HtmlRenderer::below_list(const std::vector<Surroundings::Below>& pages) {
  out_ += "<ul>\n";
  for (const auto& page : pages) {
    out_ += "<li>";
    RenderContext::Way way;
    way.text = page.page.title;
    if (!page.page.href.empty()) {
      Reference reference;
      reference.kind = Reference::Kind::kUrl;
      reference.url = page.page.href;
      way.href = context_.safe(reference.url);
    }
    this->way(way, nullptr);
    if (!page.children.empty()) {
      out_ += '\n';
      below_list(page.children);
    }
    out_ += "</li>\n";
  }
  out_ += "</ul>\n";
}

void HtmlRenderer::below(const Macro& macro) {
  const auto pages = context_.pages_below(macro);
  if (pages.empty()) return placeholder(macro, "shows pages that are not known");
  if (!context_.may_list(entries_in(pages))) return placeholder(macro, "would be too long a list");
  below_list(pages);
}

void HtmlRenderer::attachments(const Macro& macro) {
  std::vector<Surroundings::Below> files;
  for (const auto& file : context_.surroundings().attachments()) files.push_back({file, {}});
  if (files.empty()) return placeholder(macro, "shows attachments that are not known");
  if (!context_.may_list(files.size())) return placeholder(macro, "would be too long a list");
  below_list(files);
}

void HtmlRenderer::excerpt_include(const Macro& macro) {
  const auto pages = macro.references("");
  if (pages.empty()) return placeholder(macro, "names no page");
  const auto& page = pages.front();
  out_ += "<p class=\"included\">";
  way(context_.way_to(page, macro.node()), nullptr);
  out_ += "</p>\n";
  constexpr int kDeepest = 3;
  const auto excerpt = excerpts_ < kDeepest ? context_.excerpt_of(macro, page) : std::nullopt;
  if (!excerpt) {
    return context_.approximate(macro.node(), "an excerpt of another page is linked, not shown");
  }
  const IncludedSurroundings surroundings(context_.surroundings(), page);
  RenderContext inner(excerpt->document, surroundings, context_.form());
  inner.share_excerpts(context_);
  HtmlRenderer renderer(inner, options_, in_markdown_);
  renderer.ids_ = false;
  renderer.excerpts_ = excerpts_ + 1;
  out_ += "<div class=\"excerpt\">\n" + renderer.render_children(*excerpt->node);
  context_.take_over(inner, macro.node());
  end_block();
  out_ += "</div>\n";
}

void HtmlRenderer::diagram(const Macro& macro) {
  const auto file = context_.diagram_file(macro);
  if (file.file_name.empty()) return placeholder(macro, "has no form in HTML");
  const auto display = macro.text("diagramDisplayName").empty() ? macro.text("displayName")
                                                                : macro.text("diagramDisplayName");
  show_image(file, display, "", "", macro.node());
}

void HtmlRenderer::inline_macro(const Macro& macro) {
  using enum MacroFamily;
  switch (macro.family()) {
    case kStatus:
      return status(macro);
    case kJira:
      return jira(macro);
    case kAnchor:
      return id(macro.text(""));
    case kMathInline:
      out_ += "<code class=\"language-math\">" + escaped_line(macro.text("body")) + "</code>";
      return;
    case kDrawIo:
    case kGliffy:
      return diagram(macro);
    case kExcerpt:
      if (macro.flag("hidden")) {
        return context_.approximate(macro.node(), "a hidden excerpt is left out");
      }
      return rich_body(macro);
    case kUnwrap:
      if (macro.rich_body() != nullptr) return rich_body(macro);
      break;
    default:
      break;
  }
  if (const auto way = context_.way_of(macro)) {
    text(" ");  // a site shows it apart from the text around it
    this->way(*way, nullptr);
    text(" ");
    if (macro.family() == kInclude) {
      context_.approximate(macro.node(), "an included page is linked, not shown");
    }
    return;
  }
  if (macro.rich_body() != nullptr) {
    context_.approximate(macro.node(),
                         fmt::format("of macro '{}' the content is shown", macro.name()));
    return rich_body(macro);
  }
  placeholder(macro, "has no form in HTML");
}

}  // namespace storage_format
