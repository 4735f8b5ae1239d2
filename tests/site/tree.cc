// Who lies in whom, and who has which title: the indexes that keep a change of one page from
// costing a look at all of them.

#include <algorithm>

#include "tests/site/content.h"

namespace site {
namespace {

constexpr std::int32_t kStep = 1000;  // between the positions of siblings

std::uint64_t key_of(Index parent, ContentType type) {
  return (static_cast<std::uint64_t>(type) << 32U) | parent;
}

void take_out(std::vector<Index>& list, Index page) {
  const auto found = std::find(list.begin(), list.end(), page);
  if (found == list.end()) return;
  *found = list.back();
  list.pop_back();
}

}  // namespace

void Content::index_titles() {
  if (titles_indexed_) return;
  titles_indexed_ = true;
  for (Index page = 0; page < pages_.size(); ++page) {
    if (pages_[page].status != Status::kPurged) add_title(page);
  }
}

void Content::add_title(Index page) {
  if (titles_indexed_) titles_[fold_case(pages_[page].title)].push_back(page);
}

void Content::remove_title(Index page) {
  if (!titles_indexed_) return;
  const auto found = titles_.find(fold_case(pages_[page].title));
  if (found == titles_.end()) return;
  take_out(found->second, page);
  if (found->second.empty()) titles_.erase(found);
}

bool Content::title_taken(Index space, std::string_view title, Index except, bool trashed_too) {
  index_titles();
  const auto found = titles_.find(fold_case(title));
  if (found == titles_.end()) return false;
  return std::any_of(found->second.begin(), found->second.end(), [&](Index other) {
    const Page& page = pages_[other];
    return other != except && page.space == space && page.status != Status::kPurged &&
           page.status != Status::kDraft && (page.status != Status::kTrashed || trashed_too);
  });
}

void Content::index_children() {
  if (children_indexed_) return;
  children_indexed_ = true;
  for (Index page = 0; page < pages_.size(); ++page) {
    const Page& child = pages_[page];
    if (child.parent_type != ContentType::kNull) {
      children_[key_of(child.parent, child.parent_type)].push_back(page);
    }
  }
}

std::vector<Index>& Content::children_of(Index parent, ContentType type) {
  index_children();
  return children_[key_of(parent, type)];
}

void Content::detach(Index index) {
  Page& page = pages_[index];
  if (page.parent_type == ContentType::kPage) --pages_[page.parent].children;
  if (page.parent_type != ContentType::kNull && children_indexed_) {
    take_out(children_of(page.parent, page.parent_type), index);
  }
  page.parent_type = ContentType::kNull;
  page.parent = kNone;
  page.position = -1;
}

void Content::attach(Index index, Index parent, ContentType type) {
  Page& page = pages_[index];
  page.parent = parent;
  page.parent_type = type;
  if (type == ContentType::kPage) {
    Page& above = pages_[parent];
    ++above.children;
    if (above.last_position < 0) {
      above.last_position = 0;
      for (const Index child : children_of(parent, type)) {
        above.last_position = std::max(above.last_position, pages_[child].position);
      }
    }
    page.position = above.last_position = above.last_position / kStep * kStep + kStep;
  }
  if (children_indexed_) children_of(parent, type).push_back(index);
}

void Content::lift_children(Index parent, ContentType type, Index heir, ContentType heir_type) {
  std::vector<Index> lifted = children_of(parent, type);
  std::sort(lifted.begin(), lifted.end());
  for (const Index child : lifted) {
    detach(child);
    if (heir_type == ContentType::kNull) continue;
    attach(child, heir, heir_type);
    pages_[child].position = -1;
  }
  for (Container& child : containers_) {
    if (child.parent_type != type || child.parent != parent) continue;
    child.parent = heir;
    child.parent_type = heir_type;
    child.position = -1;
  }
}

// All siblings are counted anew, as there may be no number left between two of them.
void Content::place_beside(Index index, Index target, MoveTo where) {
  std::vector<Index> siblings = children_of(pages_[target].parent, pages_[target].parent_type);
  std::erase(siblings, index);
  std::sort(siblings.begin(), siblings.end(), [&](Index a, Index b) {
    return std::pair(pages_[a].position, pages_[a].id) <
           std::pair(pages_[b].position, pages_[b].id);
  });
  auto place = std::find(siblings.begin(), siblings.end(), target);
  if (where == MoveTo::kAfter) ++place;
  siblings.insert(place, index);
  std::int32_t position = 0;
  for (const Index sibling : siblings) pages_[sibling].position = position += kStep;
  if (pages_[index].parent_type == ContentType::kPage) {
    pages_[pages_[index].parent].last_position = position;
  }
}

}  // namespace site
