#include "daemon/export/page_surroundings.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "daemon/export/digest.h"
#include "daemon/export/file_names.h"
#include "daemon/export/site_link.h"
#include "daemon/storage_format/anchors.h"
#include "daemon/storage_format/extract.h"
#include "store/fold.h"

namespace exporting {

namespace {

using storage_format::Reference;
using Below = storage_format::Surroundings::Below;
using Target = storage_format::Surroundings::Target;

// More than a reader looks through; a page that lists a whole site must not be as large as it.
constexpr std::size_t kMostBelow = 1000;
constexpr int kMostDepth = 64;

std::string with_anchor(std::string href, const std::string& anchor) {
  if (!anchor.empty()) href += "#" + percent_encoded(anchor);
  return href;
}

std::string token(char kind, store::Id id) { return kind + std::to_string(id); }

store::Id id_after_kind(std::string_view token) {
  store::Id id = 0;
  std::from_chars(token.data() + 1, token.data() + token.size(), id);
  return id;
}

}  // namespace

PageSurroundings::PageSurroundings(const SiteCatalog& catalog, store::Reader& reader,
                                   const CatalogItem& page, const LinkStyle& style,
                                   std::optional<store::Time> as_of)
    : catalog_(catalog),
      reader_(reader),
      page_(page),
      style_(style),
      folder_(folder_of(page.path)),
      as_of_(as_of) {}

const CatalogSpace* PageSurroundings::space_of(std::string_view key) const {
  const auto* space = catalog_.space_of_key(key);
  if (space == nullptr) {
    asked_.insert("k" + short_hash(store::fold_case(key)));
  } else {
    asked_.insert(token('s', space->row.id));
  }
  return space;
}

const CatalogItem* PageSurroundings::page_of(const Reference& reference) const {
  if (reference.content_id) {
    asked_.insert(token('p', *reference.content_id));
    const auto* item = catalog_.item(*reference.content_id);
    return item != nullptr && item->is_page ? item : nullptr;
  }
  if (reference.title.empty() && reference.space_key.empty()) return &page_;
  auto space_id = page_.space_id;
  if (!reference.space_key.empty()) {
    const auto* space = space_of(reference.space_key);
    if (space == nullptr) return nullptr;
    space_id = space->row.id;
  }
  if (reference.title.empty()) return nullptr;
  const auto* page = catalog_.page_titled(space_id, reference.title);
  if (page == nullptr) {
    asked_.insert("t" + short_hash(SiteCatalog::title_key(space_id, reference.title)));
  } else {
    asked_.insert(token('p', page->id));
  }
  return page;
}

Target PageSurroundings::target_of(const CatalogItem& page, const std::string& anchor) const {
  Target target;
  target.title = page.title;
  if (page.exported) {
    target.href =
        with_anchor(relative_href(folder_, page.path + style_.extension), anchor_in(page, anchor));
  } else if (!catalog_.site_url().empty()) {
    target.href = with_anchor(catalog_.site_url() + "/wiki" + page.web_path, anchor);
  }
  return target;
}

Target PageSurroundings::target_of(const CatalogSpace& space) const {
  Target target;
  target.title = space.row.name.empty() ? space.row.key : space.row.name;
  if (!space.path.empty() && !style_.space_page.empty()) {
    target.href = relative_href(folder_, joined(space.path, style_.space_page));
    return target;
  }
  if (space.row.homepage_id) {
    asked_.insert(token('p', *space.row.homepage_id));
    const auto* home = catalog_.item(*space.row.homepage_id);
    if (home != nullptr && home->is_page && home->exported) {
      target.href = target_of(*home, "").href;
      return target;
    }
  }
  if (!catalog_.site_url().empty()) {
    target.href = catalog_.site_url() + "/wiki" + space.row.web_path;
  }
  return target;
}

std::string PageSurroundings::anchor_in(const CatalogItem& page, const std::string& anchor) const {
  if (anchor.empty()) return {};
  const auto body = body_of(page);
  if (!body) return anchor;
  const auto content = storage_format::extract(*body);
  const auto id = storage_format::Anchors(content).find(anchor);
  if (!id) return anchor;
  if (!style_.markdown) return *id;
  const auto slugs = storage_format::github_slugs(content);
  for (std::size_t at = 0; at < content.headings.size() && at < slugs.size(); ++at) {
    if (content.headings[at].anchor == *id) return slugs[at];
  }
  return *id;
}

// Where the site itself would look for it.
Target PageSurroundings::site_target(const Reference& reference) const {
  Target target;
  target.title = reference.title;
  if (catalog_.site_url().empty()) return target;
  std::string key = reference.space_key;
  if (key.empty()) {
    const auto* space = catalog_.space(page_.space_id);
    if (space == nullptr) return target;
    key = space->row.key;
  }
  const auto wiki = catalog_.site_url() + "/wiki";
  if (reference.content_id) {
    target.href = fmt::format("{}/pages/viewpage.action?pageId={}", wiki, *reference.content_id);
  } else if (reference.kind == Reference::Kind::kSpace) {
    target.href = wiki + "/spaces/" + percent_encoded(key);
  } else {
    target.href = wiki + "/display/" + percent_encoded(key) + "/";
    if (!reference.posting_day.empty()) target.href += percent_encoded(reference.posting_day) + "/";
    target.href += percent_encoded(reference.title);
  }
  target.href = with_anchor(std::move(target.href), reference.anchor);
  return target;
}

std::optional<Target> PageSurroundings::find_url(const Reference& reference) const {
  const auto link = read_link(reference.url, catalog_.site_url());
  Reference named;
  named.anchor = link.anchor;
  if (link.of_site && (link.content_id || !link.title.empty())) {
    named.content_id = link.content_id;
    named.space_key = link.space_key;
    named.title = link.title;
    if (const auto* page = page_of(named)) {
      auto target = target_of(*page, link.anchor);
      if (!page->exported) target.href = link.url;
      return target;
    }
  } else if (link.of_site && !link.space_key.empty()) {
    if (const auto* space = space_of(link.space_key)) return target_of(*space);
  }
  Target target;
  target.href = link.url;
  return target;
}

std::optional<Target> PageSurroundings::find(const Reference& reference) const {
  switch (reference.kind) {
    case Reference::Kind::kPage:
    case Reference::Kind::kContent: {
      const auto* page = page_of(reference);
      return page != nullptr ? target_of(*page, reference.anchor) : site_target(reference);
    }
    case Reference::Kind::kBlogPost:
      return site_target(reference);
    case Reference::Kind::kAttachment: {
      const auto* owner = page_of(reference);
      Target target;
      target.title = reference.file_name;
      if (owner != nullptr && !catalog_.site_url().empty()) {
        target.href = fmt::format("{}/wiki/download/attachments/{}/{}", catalog_.site_url(),
                                  owner->id, percent_encoded(reference.file_name));
      }
      return target;
    }
    case Reference::Kind::kUrl:
      return find_url(reference);
    case Reference::Kind::kUser: {
      Target target;
      target.title = user_name(reference.account_id).value_or("");
      if (!catalog_.site_url().empty() && !reference.account_id.empty()) {
        target.href = catalog_.site_url() + "/wiki/people/" + percent_encoded(reference.account_id);
      }
      return target;
    }
    case Reference::Kind::kSpace: {
      const auto* space = space_of(reference.space_key);
      return space != nullptr ? target_of(*space) : site_target(reference);
    }
    case Reference::Kind::kShortcut:
      break;
  }
  return std::nullopt;
}

std::optional<std::string> PageSurroundings::user_name(std::string_view account_id) const {
  asked_.insert("u" + short_hash(account_id));
  return catalog_.user_name(account_id);
}

void PageSurroundings::add_below(const CatalogItem& item, int depth, std::size_t& left,
                                 std::vector<Below>& out) const {
  for (const auto index : item.below) {
    const auto& child = catalog_.items()[index];
    Below below;
    if (left == 0) {
      below.page.title = fmt::format("… ({} in all)", item.below.size());
      out.push_back(std::move(below));
      return;
    }
    --left;
    below.page = child.is_page ? target_of(child, "") : Target{{}, child.title};
    if (depth > 1) add_below(child, depth - 1, left, below.children);
    out.push_back(std::move(below));
  }
}

std::vector<Below> PageSurroundings::below(const Reference& reference, int depth) const {
  std::vector<Below> found;
  const auto* page = page_of(reference);
  if (page == nullptr) return found;
  asked_.insert(token('b', page->id));
  auto left = kMostBelow;
  add_below(*page, depth <= 0 || depth > kMostDepth ? kMostDepth : depth, left, found);
  return found;
}

std::optional<std::string> PageSurroundings::body_of(const Reference& reference) const {
  const auto* page = page_of(reference);
  return page == nullptr ? std::nullopt : body_of(*page);
}

std::optional<std::string> PageSurroundings::body_of(const CatalogItem& page) const {
  if (error_) return std::nullopt;
  asked_.insert(token('i', page.id));
  auto row = reader_.page(page.id, /*with_body=*/true, as_of_);
  if (!row) {
    error_ = row.error();
    return std::nullopt;
  }
  if (!*row || !(*row)->body) return std::nullopt;
  return std::move((*row)->body->text);
}

std::string PageSurroundings::asked() const {
  std::string text;
  for (const auto& each : asked_) {
    if (!text.empty()) text += ' ';
    text += each;
  }
  return text;
}

std::string answers_to(std::string_view asked, const SiteCatalog& catalog) {
  Digest digest;
  while (!asked.empty()) {
    const auto blank = asked.find(' ');
    const auto question = asked.substr(0, blank);
    asked.remove_prefix(blank == std::string_view::npos ? asked.size() : blank + 1);
    if (question.size() < 2) continue;
    digest.add(question);
    const std::string hash(question.substr(1));
    const auto* item = catalog.item(id_after_kind(question));
    switch (question[0]) {
      case 'p':
        digest.add(item == nullptr ? std::string() : catalog.outside_of(*item));
        break;
      case 'b':
        digest.add(item == nullptr ? std::string() : catalog.below_of(*item));
        break;
      case 'i':
        digest.add(item == nullptr ? std::optional<store::Sha256>() : item->body);
        break;
      case 's': {
        const auto* space = catalog.space(id_after_kind(question));
        digest.add(space == nullptr ? std::string() : catalog.outside_of(*space));
        break;
      }
      case 'k':
        digest.add(std::int64_t{catalog.has_space_key(hash)});
        break;
      case 't':
        digest.add(std::int64_t{catalog.has_title(hash)});
        break;
      case 'u':
        digest.add(catalog.user_with(hash));
        break;
      default:
        break;
    }
  }
  return digest.hex();
}

}  // namespace exporting
