#include "daemon/query/mirror_surroundings.h"

#include <algorithm>
#include <utility>

#include "store/fold.h"

namespace querying {

namespace {

using storage_format::Reference;
using storage_format::Surroundings;

constexpr std::size_t kMostBelow = 10'000;  // of one macro
constexpr int kDeepestBelow = 50;

// For a fragment: everything but what RFC 3986 leaves alone.
std::string escaped(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    if (plain) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4U];
    out += kHex[byte & 15U];
  }
  return out;
}

}  // namespace

std::string MirrorSurroundings::address(const std::string& web_path,
                                        const std::string& anchor) const {
  if (web_path.empty()) return {};
  auto href = site_url_ + "/wiki" + web_path;
  if (!anchor.empty()) href += "#" + escaped(anchor);
  return href;
}

const MirrorSurroundings::Titles& MirrorSurroundings::titles_of(store::Id space_id) const {
  const auto [found, added] = titles_.try_emplace(space_id);
  if (!added) return found->second;
  auto& titles = found->second;
  const auto read = reader_.for_each_title(
      space_id, [&titles](store::Id id, std::string_view title, std::string_view status) {
        // A page that is there before one in the trash of the same title.
        const auto folded = store::fold_case(std::string(title));
        if (status == "current") titles[folded] = id;
        titles.emplace(folded, id);
      });
  if (!read && !error_) error_ = read.error();
  return titles;
}

std::optional<store::SpaceRow> MirrorSurroundings::space_of(const std::string& key) const {
  const auto found = spaces_.find(key);
  if (found != spaces_.end()) return found->second;
  auto read = kept(reader_.space_by_key(key));
  auto& space = spaces_[key];
  if (read) space = std::move(*read);
  return space;
}

std::optional<store::Id> MirrorSurroundings::page_id_of(const Reference& reference) const {
  if (reference.content_id) return reference.content_id;
  if (reference.title.empty()) {
    return reference.space_key.empty() ? std::optional(page_.id) : std::nullopt;
  }
  auto space_id = page_.space_id;
  if (!reference.space_key.empty()) {
    const auto space = space_of(reference.space_key);
    if (!space) return std::nullopt;
    space_id = space->id;
  }
  const auto& titles = titles_of(space_id);
  const auto found = titles.find(store::fold_case(reference.title));
  return found == titles.end() ? std::nullopt : std::optional(found->second);
}

std::optional<store::PageRow> MirrorSurroundings::page_of(const Reference& reference,
                                                          bool with_body) const {
  const auto id = page_id_of(reference);
  if (!id) return std::nullopt;
  auto page = kept(reader_.page(*id, with_body));
  return page ? std::move(*page) : std::nullopt;
}

std::optional<Surroundings::Target> MirrorSurroundings::find_space(
    const Reference& reference) const {
  const auto space = space_of(reference.space_key);
  if (!space) return std::nullopt;
  return Target{address(space->web_path, reference.anchor), space->name};
}

std::optional<Surroundings::Target> MirrorSurroundings::find(const Reference& reference) const {
  switch (reference.kind) {
    case Reference::Kind::kPage:
    case Reference::Kind::kContent: {
      // A place in the page itself stays in what is shown.
      const bool itself = reference.kind == Reference::Kind::kPage && reference.title.empty() &&
                          reference.space_key.empty();
      if (itself) return Target{"#" + escaped(reference.anchor), ""};
      const auto page = page_of(reference, false);
      if (!page) return std::nullopt;
      return Target{address(page->web_path, reference.anchor), page->title};
    }
    case Reference::Kind::kSpace:
      return find_space(reference);
    case Reference::Kind::kUrl: {
      if (!reference.url.starts_with('/') || reference.url.starts_with("//")) {
        return std::nullopt;  // as it is written
      }
      return Target{site_url_ + reference.url, ""};
    }
    case Reference::Kind::kAttachment: {
      const auto page = page_of(reference, false);
      if (!page) return std::nullopt;
      return Target{site_url_ + "/wiki/download/attachments/" + std::to_string(page->id) + "/" +
                        escaped(reference.file_name),
                    reference.file_name};
    }
    default:
      return std::nullopt;
  }
}

std::optional<std::string> MirrorSurroundings::user_name(std::string_view account_id) const {
  if (!users_) {
    users_.emplace();
    const auto read = reader_.for_each_user([this](const store::User& user) {
      if (user.display_name) users_->emplace(user.account_id, *user.display_name);
      return true;
    });
    if (!read && !error_) error_ = read.error();
  }
  const auto found = users_->find(std::string(account_id));
  return found == users_->end() ? std::nullopt : std::optional(found->second);
}

void MirrorSurroundings::add_below(store::Id id, int depth, int level, std::size_t& left,
                                   std::vector<Below>& out) const {
  if ((depth > 0 && level > depth) || level > kDeepestBelow) return;
  const auto rows = kept(reader_.below(id));
  if (!rows) return;
  for (const auto& row : *rows) {
    if (left == 0) return;
    --left;
    Below child;
    child.page.title = row.title;
    if (row.type == "page") {
      const auto page = kept(reader_.page(row.id, false));
      if (page && *page) child.page.href = address((*page)->web_path, "");
    }
    add_below(row.id, depth, level + 1, left, child.children);
    out.push_back(std::move(child));
  }
}

std::vector<Surroundings::Below> MirrorSurroundings::below(const Reference& page, int depth) const {
  std::vector<Below> out;
  auto id = page_id_of(page);
  if (!id && page.title.empty()) {
    const auto space = space_of(page.space_key);
    if (space) id = space->homepage_id;
  }
  std::size_t left = kMostBelow;
  if (id) add_below(*id, depth, 1, left, out);
  return out;
}

std::optional<std::string> MirrorSurroundings::body_of(const Reference& page) const {
  const auto found = page_of(page, true);
  if (!found || !found->body || found->status != "current") return std::nullopt;
  return found->body->text;
}

}  // namespace querying
