#include "daemon/storage_format/render_context.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "daemon/storage_format/characters.h"
#include "daemon/storage_format/extractor.h"
#include "daemon/storage_format/forgiving.h"
#include "daemon/storage_format/references.h"
#include "daemon/storage_format/tag.h"
#include "daemon/storage_format/url.h"

namespace storage_format {

namespace {

// One line that a terminal may show.
std::string printable_line(std::string_view text) {
  constexpr std::size_t kLongest = 300;
  std::string line;
  while (!text.empty() && line.size() < kLongest) {
    const auto size = character_size(text);
    const auto character = first_character(text);
    const bool control = character < 0x20 || (character >= 0x7F && character < 0xA0);
    if (size == 0 || control || (character >= 0x2028 && character <= 0x202E) ||
        (character >= 0x2066 && character <= 0x2069)) {
      line += ' ';
    } else {
      line += text.substr(0, size);
    }
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return text.empty() ? line : line + "...";
}

const Node* find_excerpt(const Node& node, std::string_view name) {
  for (const auto& child : node.children) {
    if (!child.is_element()) continue;
    if (tag_of(child) == Tag::kMacro) {
      const Macro macro(child);
      const auto own = macro.text("name");
      const bool wanted = name.empty() || own == name || macro.text("MultiExcerptName") == name;
      if (macro.family() == MacroFamily::kExcerpt && wanted && macro.rich_body() != nullptr) {
        return macro.rich_body();
      }
    }
    if (const auto* found = find_excerpt(child, name)) return found;
  }
  return nullptr;
}

}  // namespace

RenderContext::RenderContext(const Document& document, const Surroundings& surroundings, Form form)
    : document_(document), surroundings_(surroundings), form_(form) {}

void RenderContext::approximate(const Node& node, std::string_view what) {
  approximations_.emplace_back(node.begin, printable_line(what));
}

void RenderContext::approximate_once(const Node& node, std::string_view what) {
  if (said_.try_emplace(std::string(what), true).second) approximate(node, what);
}

std::vector<Approximation> RenderContext::take_approximations() {
  std::ranges::stable_sort(approximations_, {}, &std::pair<std::size_t, std::string>::first);
  PositionCursor positions(document_.source());
  std::vector<Approximation> all;
  for (auto& [offset, what] : approximations_) {
    all.push_back({positions.at(offset), std::move(what)});
  }
  return all;
}

void RenderContext::take_over(RenderContext& included, const Node& node) {
  share_excerpts(included);
  for (const auto& one : included.take_approximations()) {
    approximate(node, "in the excerpt: " + one.what);
  }
}

void RenderContext::prepare() {
  if (content_) return;
  content_.emplace();
  content_->text = Extractor(document_, &*content_).run();
  anchors_.emplace(*content_);
  const auto slugs = github_slugs(*content_);
  for (std::size_t at = 0; at < content_->headings.size(); ++at) {
    heading_at_.emplace(content_->headings[at].offset, at);
    slugs_.emplace(content_->headings[at].anchor, slugs[at]);
  }
}

const Content& RenderContext::content() {
  prepare();
  return *content_;
}

std::string RenderContext::anchor_of(const Node& heading) {
  prepare();
  const auto found = heading_at_.find(heading.begin);
  if (found == heading_at_.end()) return {};
  const auto& anchor = content_->headings[found->second].anchor;
  const auto slug = slugs_.find(anchor);
  return form_ == Form::kMarkdown && slug != slugs_.end() ? slug->second : anchor;
}

std::optional<std::string> RenderContext::local(std::string_view anchor) {
  prepare();
  const auto id = anchors_->find(anchor);
  if (!id) return std::nullopt;
  const auto slug = slugs_.find(*id);
  const bool heading = form_ == Form::kMarkdown && slug != slugs_.end();
  return "#" + percent_encoded_part(heading ? slug->second : *id);
}

RenderContext::Way RenderContext::way_to(const Reference& reference, const Node& node) {
  Way way{"", name_of(reference), ""};
  const bool here = reference.kind == Reference::Kind::kPage && reference.title.empty() &&
                    reference.space_key.empty() && !reference.anchor.empty();
  if (here) {
    if (auto href = local(reference.anchor)) {
      way.href = std::move(*href);
    } else {
      approximate(node, fmt::format("{} is not on this page", description_of(reference)));
    }
    return way;
  }
  if (const auto target = surroundings_.find(reference)) {
    if (!target->title.empty()) way.text = target->title;
    way.href = safe_url(target->href).value_or("");
    return way;
  }
  if (reference.kind != Reference::Kind::kUrl) {
    if (!name_of(reference).empty() || reference.kind == Reference::Kind::kContent) {
      approximate(node, fmt::format("{} is not known", description_of(reference)));
    }
    return way;
  }
  if (auto href = safe_url(reference.url)) {
    way.href = std::move(*href);
  } else {
    way.refused = reference.url;
    approximate(node, fmt::format("the address '{}' is shown as text", reference.url));
  }
  return way;
}

std::string RenderContext::mention(const Reference& user, const Node& node) {
  if (const auto name = surroundings_.user_name(user.account_id)) return "@" + *name;
  approximate(node, fmt::format("{} is not known", description_of(user)));
  return "@" + user.account_id;
}

std::optional<RenderContext::Excerpt> RenderContext::excerpt_of(const Macro& macro,
                                                                const Reference& page) {
  if (excerpts_left_ <= 0) return std::nullopt;
  --excerpts_left_;
  const auto body = surroundings_.body_of(page);
  if (!body) return std::nullopt;
  auto document = read_forgiving(*body);
  const auto name = macro.text("name");
  const auto* found =
      find_excerpt(document.root(), name.empty() ? macro.text("MultiExcerptName") : name);
  if (found == nullptr) return std::nullopt;
  return Excerpt{std::move(document), found};
}

bool RenderContext::may_list(std::size_t entries) {
  if (entries > entries_left_) return false;
  entries_left_ -= entries;
  return true;
}

std::string RenderContext::safe(std::string_view url) { return safe_url(url).value_or(""); }

std::optional<RenderContext::Way> RenderContext::way_of(const Macro& macro) {
  using enum MacroFamily;
  const auto family = macro.family();
  const bool address = family == kViewFile || family == kInclude || family == kEmbed ||
                       family == kProfile || family == kOpenApi || family == kMedia;
  if (!address) return std::nullopt;
  for (const auto* name : {"name", "", "url", "src", "user", "location"}) {
    const auto found = macro.references(name);
    if (found.empty()) continue;
    const auto& reference = found.front();
    if (reference.kind == Reference::Kind::kUser) {
      return Way{"", mention(reference, macro.node()), ""};
    }
    return way_to(reference, macro.node());
  }
  for (const auto* name : {"url", "src"}) {
    const auto url = macro.text(name);
    if (url.empty()) continue;
    Reference reference;
    reference.kind = Reference::Kind::kUrl;
    reference.url = url;
    return way_to(reference, macro.node());
  }
  return std::nullopt;
}

Reference RenderContext::diagram_file(const Macro& macro) {
  Reference file;
  file.kind = Reference::Kind::kAttachment;
  const auto name = macro.text(macro.family() == MacroFamily::kGliffy ? "name" : "diagramName");
  if (!name.empty()) file.file_name = std::string(name) + ".png";
  return file;
}

std::vector<Surroundings::Below> RenderContext::pages_below(const Macro& macro) {
  Reference page;
  const bool tree = macro.family() == MacroFamily::kPageTree;
  const auto* parameter = tree ? "root" : "page";
  if (const auto named = macro.references(parameter); !named.empty()) {
    page = named.front();
  } else if (const auto text = macro.text(parameter); text == "@home") {
    page.kind = Reference::Kind::kSpace;
  } else if (!text.empty() && !text.starts_with('@')) {
    page.title = text;
  }
  int depth = 1;
  if (tree || macro.flag("all")) {
    depth = 0;
  } else if (const auto text = macro.text("depth"); !text.empty()) {
    std::from_chars(text.data(), text.data() + text.size(), depth);
  }
  return surroundings_.below(page, std::max(depth, 0));
}

std::size_t entries_in(const std::vector<Surroundings::Below>& pages) {
  auto entries = pages.size();
  for (const auto& page : pages) entries += entries_in(page.children);
  return entries;
}

Reference IncludedSurroundings::meant(Reference reference) const {
  const bool placed = reference.kind == Reference::Kind::kPage ||
                      reference.kind == Reference::Kind::kBlogPost ||
                      reference.kind == Reference::Kind::kAttachment;
  if (!placed) return reference;
  if (reference.space_key.empty()) reference.space_key = page_.space_key;
  if (reference.title.empty()) reference.title = page_.title;
  return reference;
}

std::optional<Surroundings::Target> IncludedSurroundings::find(const Reference& reference) const {
  return outer_.find(meant(reference));
}

std::optional<std::string> IncludedSurroundings::user_name(std::string_view account_id) const {
  return outer_.user_name(account_id);
}

std::vector<Surroundings::Below> IncludedSurroundings::below(const Reference& page,
                                                             int depth) const {
  return outer_.below(meant(page), depth);
}

std::string IncludedSurroundings::jira_issue(std::string_view key) const {
  return outer_.jira_issue(key);
}

}  // namespace storage_format
