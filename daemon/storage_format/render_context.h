#pragma once

// What both renderers, Markdown and HTML, share: where links lead, the anchors of the page, and the
// list of what was approximated. One context serves one rendering, on one thread; it keeps
// references to what it was made of.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "daemon/storage_format/anchors.h"
#include "daemon/storage_format/document.h"
#include "daemon/storage_format/extract.h"
#include "daemon/storage_format/macro.h"
#include "daemon/storage_format/render.h"
#include "daemon/storage_format/surroundings.h"

namespace storage_format {

class RenderContext {
 public:
  enum class Form { kMarkdown, kHtml };

  RenderContext(const Document& document, const Surroundings& surroundings, Form form);

  // Said once for each place; `what` may hold anything.
  void approximate(const Node& node, std::string_view what);
  // Said once for the page, at its first place.
  void approximate_once(const Node& node, std::string_view what);
  std::vector<Approximation> take_approximations();

  struct Way {
    std::string href;     // safe to be written (url.h); "" = none
    std::string text;     // what names the target: its title
    std::string refused;  // an address that is not safe, to be shown as text
  };
  // Where a reference leads; tells what is not known.
  Way way_to(const Reference& reference, const Node& node);
  std::string mention(const Reference& user, const Node& node);  // "@Name"

  const Content& content();                                   // of the page, but for `fault`
  std::string anchor_of(const Node& heading);                 // "" = none
  std::optional<std::string> local(std::string_view anchor);  // "#..." of an anchor of this page

  // The body of an excerpt that is included: what it holds lives as long as this is not destroyed.
  struct Excerpt {
    Document document;
    const Node* node = nullptr;
  };
  // nullopt: not known, not there, or one too many.
  std::optional<Excerpt> excerpt_of(const Macro& macro, const Reference& page);
  // Whether so many entries more of generated lists (toc, children, attachments) are still within
  // what one page gets: a page may ask for its lists a thousand times.
  bool may_list(std::size_t entries);
  void share_excerpts(const RenderContext& other) { excerpts_left_ = other.excerpts_left_; }
  // What another page's context counted and had to tell, at the place of `node`.
  void take_over(RenderContext& included, const Node& node);

  // What a macro that is an address leads to: view-file, include, iframe, profile, ...; nullopt for
  // any other, and where it names nothing.
  std::optional<Way> way_of(const Macro& macro);
  Reference diagram_file(
      const Macro& macro);  // the picture of drawio, gliffy; without a name: none
  std::vector<Surroundings::Below> pages_below(const Macro& macro);  // of children, pagetree
  static std::string safe(std::string_view url);                     // "" where it is not

  const Surroundings& surroundings() const { return surroundings_; }
  Form form() const { return form_; }
  const Document& document() const { return document_; }

 private:
  void prepare();

  const Document& document_;
  const Surroundings& surroundings_;
  Form form_;
  std::vector<std::pair<std::size_t, std::string>> approximations_;
  std::optional<Content> content_;
  std::optional<Anchors> anchors_;
  std::unordered_map<std::size_t, std::size_t> heading_at_;  // offset to index
  std::unordered_map<std::string, std::string> slugs_;       // by anchor
  std::unordered_map<std::string, bool> said_;
  int excerpts_left_ = 50;
  std::size_t entries_left_ = 20'000;
};

std::size_t entries_in(const std::vector<Surroundings::Below>& pages);  // those below them as well

// References in a body that is shown on another page, as they are meant there.
class IncludedSurroundings : public Surroundings {
 public:
  IncludedSurroundings(const Surroundings& outer, const Reference& page)
      : outer_(outer), page_(page) {}

  std::optional<Target> find(const Reference& reference) const override;
  std::optional<std::string> user_name(std::string_view account_id) const override;
  std::vector<Below> below(const Reference& page, int depth) const override;
  std::string jira_issue(std::string_view key) const override;

 private:
  Reference meant(Reference reference) const;

  const Surroundings& outer_;
  const Reference& page_;
};

}  // namespace storage_format
