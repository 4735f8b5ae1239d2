// How pages change: what Content refuses, and what a change does to the tree and to the orders.

#include <algorithm>

#include "tests/site/content.h"
#include "tests/site/random.h"

namespace site {
namespace {

constexpr std::uint64_t kAddedSalt = 0x61646465ULL;
constexpr std::uint64_t kAuthorSalt = 0x6d657461ULL;

}  // namespace

PageState Content::state_of(Index index) const {
  const Page& page = pages_[index];
  return {page.status, page.version, page.title, parent_id(page), spaces_[page.space].id};
}

Index Content::someone_else(std::uint64_t hash) const {
  return users_.size() < 2 ? 0 : static_cast<Index>(1 + hash % (users_.size() - 1));
}

bool Content::can_hold(Index parent, ContentType type, Index index) const {
  if (parent == kNone || type == ContentType::kNull) return true;
  const bool is_page = type == ContentType::kPage;
  const Status status = is_page ? pages_[parent].status : containers_[parent].status;
  const Index space = is_page ? pages_[parent].space : containers_[parent].space;
  if (space != pages_[index].space || status != Status::kCurrent) return false;
  while (type != ContentType::kNull) {
    const bool page = type == ContentType::kPage;
    if (page && parent == index) return false;
    type = page ? pages_[parent].parent_type : containers_[parent].parent_type;
    parent = page ? pages_[parent].parent : containers_[parent].parent;
  }
  return true;
}

Index Content::add(const NewPage& wanted) {
  if (!wanted.draft && (wanted.title.empty() || title_taken(wanted.space, wanted.title))) {
    return kNone;
  }
  Space& space = spaces_[wanted.space];
  Index parent = wanted.parent;
  ContentType type = wanted.parent_type;
  if (parent == kNone) {
    type = ContentType::kPage;
    if (!wanted.root_level) parent = space.homepage;
  }
  const auto index = static_cast<Index>(pages_.size());
  Page page;
  page.seed = hash_of(options_.seed, kAddedSalt, index);
  page.id = fresh_id(page.seed);
  page.title = wanted.title;
  page.created_at = page.modified_at = wanted.at.value_or(now_millis());
  page.space = wanted.space;
  page.author = page.owner = wanted.author.value_or(someone_else(page.seed));
  if (wanted.draft) page.status = Status::kDraft;
  const Id id = page.id;
  pages_.push_back(std::move(page));
  if (parent != kNone && !can_hold(parent, type, index)) {
    pages_.pop_back();
    return kNone;
  }
  page_by_id_.emplace(id, index);
  overrides_[index].bodies[1] = wanted.body;
  order_->add(index);
  add_title(index);
  if (parent != kNone) {
    attach(index, parent, type);
  } else if (space.homepage == kNone && !wanted.draft) {
    space.homepage = index;
  }
  if (listener_) listener_("add", index, nullptr);
  return index;
}

bool Content::edit(Index index, const Edit& edit) {
  return tell("edit", index, [&] { return do_edit(index, edit); });
}

bool Content::do_edit(Index index, const Edit& edit) {
  Page& page = pages_[index];
  if (page.status == Status::kTrashed || page.status == Status::kPurged ||
      page.status == Status::kDraft) {
    return false;
  }
  if (edit.title && fold_case(*edit.title) != fold_case(page.title) &&
      title_taken(page.space, *edit.title)) {
    return false;
  }
  Overrides& changes = overrides_[index];
  Version version;
  version.number = page.version + 1;
  version.created_at = std::max(edit.at.value_or(now_millis()), page.modified_at);
  version.message = edit.message;
  version.minor_edit = edit.minor_edit;
  version.author = edit.author.value_or(
      someone_else(hash_of(page.seed, kAuthorSalt, static_cast<std::uint64_t>(version.number))));
  if (edit.title && *edit.title != page.title) {
    if (changes.titles.empty()) changes.titles[0] = page.title;
    changes.titles[version.number] = *edit.title;
  }
  if (edit.body) changes.bodies[version.number] = *edit.body;
  changes.added.push_back(version);
  change(index, [&](Page& changed) {
    changed.version = version.number;
    changed.modified_at = version.created_at;
    if (edit.title) changed.title = *edit.title;
  });
  return true;
}

const PageDraft* Content::draft_of(Index page) const {
  const auto found = drafts_.find(page);
  return found == drafts_.end() ? nullptr : &found->second;
}

bool Content::write_draft(Index index, const PageDraft& draft) {
  return tell("draft", index, [&] {
    const Status status = pages_[index].status;
    if (status == Status::kCurrent) {
      drafts_[index] = draft;
      return true;
    }
    if (status != Status::kDraft) return false;
    overrides_[index].bodies[1] = draft.body;
    change(index, [&](Page& page) {
      page.title = draft.title;
      page.modified_at = std::max(draft.at, page.modified_at);
    });
    return true;
  });
}

bool Content::drop_draft(Index index) {
  return tell("draft", index, [&] { return drafts_.erase(index) > 0; });
}

bool Content::publish(Index index, std::int32_t number, const Edit& edit) {
  return tell("status", index, [&] {
    const std::string& title = edit.title ? *edit.title : pages_[index].title;
    if (pages_[index].status != Status::kDraft || title.empty() ||
        title_taken(pages_[index].space, title, index)) {
      return false;
    }
    Overrides& changes = overrides_[index];
    std::string body = edit.body ? *edit.body : changes.bodies[1];
    changes.bodies = {{number, std::move(body)}};
    Version version;
    version.number = number;
    version.created_at = std::max(edit.at.value_or(now_millis()), pages_[index].modified_at);
    version.message = edit.message;
    version.author = edit.author.value_or(pages_[index].author);
    changes.added = {version};
    change(index, [&](Page& page) {
      page.status = Status::kCurrent;
      page.generated_version = 0;  // what was saved as a draft is no version
      page.version = number;
      page.modified_at = version.created_at;
      if (edit.title) page.title = *edit.title;
    });
    return true;
  });
}

void Content::set_owner(Index index, Index user) {
  Page& page = pages_[index];
  if (page.owner == user) return;
  page.last_owner = page.owner;
  page.owner = user;
}

bool Content::reparent(Index index, Index new_parent) {
  return tell("move", index, [&] { return do_reparent(index, new_parent); });
}

bool Content::do_reparent(Index index, Index new_parent) {
  const Page& page = pages_[index];
  if (page.status == Status::kTrashed || page.status == Status::kPurged) return false;
  if (!can_hold(new_parent, ContentType::kPage, index)) return false;
  detach(index);
  if (new_parent != kNone) attach(index, new_parent, ContentType::kPage);
  return true;
}

bool Content::move_to_space(Index index, Index space) {
  return tell("move", index, [&] { return do_move_to_space(index, space); });
}

bool Content::do_move_to_space(Index index, Index space) {
  const Page& page = pages_[index];
  if (page.status == Status::kTrashed || page.status == Status::kPurged ||
      page.status == Status::kDraft || page.children > 0 || page.special_title ||
      page.space == space || spaces_[space].homepage == kNone ||
      spaces_[page.space].homepage == index) {
    return false;
  }
  for (const Container& container : containers_) {
    if (container.parent_type == ContentType::kPage && container.parent == index) return false;
  }
  detach(index);
  change(index, [&](Page& moved) { moved.space = space; });
  return do_reparent(index, spaces_[space].homepage);
}

bool Content::set_status(Index index, Status status) {
  return tell("status", index, [&] { return do_set_status(index, status); });
}

bool Content::do_set_status(Index index, Status status) {
  Page& page = pages_[index];
  if (page.status == status || page.status == Status::kPurged || status == Status::kDraft) {
    return false;
  }
  if (page.status == Status::kDraft && status != Status::kPurged) return false;
  const bool was_gone = page.status == Status::kTrashed || page.status == Status::kDeleted;
  if (status == Status::kTrashed || status == Status::kDeleted || status == Status::kPurged) {
    if (spaces_[page.space].homepage == index) return false;
    if (!was_gone) {
      page.former_parent = page.parent;
      page.former_parent_type = page.parent_type;
    }
    lift_children(index, ContentType::kPage, page.parent, page.parent_type);
    detach(index);
    drafts_.erase(index);
  }
  if (status == Status::kPurged) {
    order_->remove(index);
    remove_title(index);
  }
  page.status = status;
  if (was_gone && status == Status::kCurrent) put_back(index);
  return true;
}

// Restored pages: what was lifted out of one stays where it is.
void Content::put_back(Index index) {
  const Page& page = pages_[index];
  Index parent = page.former_parent;
  ContentType type = page.former_parent_type;
  if (parent == kNone || type == ContentType::kNull || !can_hold(parent, type, index)) {
    parent = spaces_[page.space].homepage;
    type = ContentType::kPage;
  }
  if (parent != kNone && parent != index) attach(index, parent, type);
}

bool Content::move_tree(Index index, Index space) {
  std::vector<Index> pages = {index};
  std::vector<Index> nodes;
  const auto add_nodes = [&](Index parent, ContentType type) {
    for (Index node = 0; node < containers_.size(); ++node) {
      const Container& container = containers_[node];
      if (container.parent_type == type && container.parent == parent) nodes.push_back(node);
    }
  };
  for (std::size_t page = 0, node = 0; page < pages.size() || node < nodes.size();) {
    const bool is_page = page < pages.size();
    const Index parent = is_page ? pages[page++] : nodes[node++];
    const ContentType type = is_page ? ContentType::kPage : containers_[parent].type;
    const std::vector<Index>& below = children_of(parent, type);
    pages.insert(pages.end(), below.begin(), below.end());
    add_nodes(parent, type);
  }
  for (const Index page : pages) {
    if (pages_[page].status != Status::kDraft && title_taken(space, pages_[page].title, page)) {
      return false;
    }
  }
  for (const Index page : pages) change(page, [&](Page& moved) { moved.space = space; });
  for (const Index node : nodes) containers_[node].space = space;
  return true;
}

bool Content::move_beside(Index index, Index target, MoveTo where) {
  return tell("move", index, [&] {
    for (Index up = target; up != kNone;) {
      if (up == index) return false;
      Index next = pages_[up].parent;
      ContentType type = pages_[up].parent_type;
      while (type != ContentType::kPage && type != ContentType::kNull) {
        type = containers_[next].parent_type;
        next = containers_[next].parent;
      }
      up = type == ContentType::kPage ? next : kNone;
    }
    const Index space = pages_[target].space;
    if (spaces_[pages_[index].space].homepage == index) return false;
    if (pages_[index].space != space && !move_tree(index, space)) return false;
    detach(index);
    if (where == MoveTo::kAppend) {
      attach(index, target, ContentType::kPage);
    } else if (pages_[target].parent_type != ContentType::kNull) {
      attach(index, pages_[target].parent, pages_[target].parent_type);
      place_beside(index, target, where);
    }  // else: at the root, which has no order
    return true;
  });
}

}  // namespace site
