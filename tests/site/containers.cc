// What happens to folders, whiteboards, databases and embeds.

#include <algorithm>

#include "tests/site/content.h"
#include "tests/site/random.h"

namespace site {
namespace {

constexpr std::uint64_t kContainerSalt = 0x636f6e74ULL;

}  // namespace

std::vector<bool> Content::named_containers() const {
  std::vector<bool> named(containers_.size(), false);
  std::vector<Index> fresh;
  const auto name = [&](Index parent, ContentType type) {
    if (type == ContentType::kNull || type == ContentType::kPage || named[parent]) return;
    named[parent] = true;
    // Of one that is not shown nobody learns the parent.
    if (container_shown(parent)) fresh.push_back(parent);
  };
  for (Index page = 0; page < pages_.size(); ++page) {
    const Status status = pages_[page].status;
    const bool there = status == Status::kCurrent || status == Status::kArchived;
    if (there && shown(page)) name(pages_[page].parent, pages_[page].parent_type);
  }
  while (!fresh.empty()) {
    const Container& container = containers_[fresh.back()];
    fresh.pop_back();
    name(container.parent, container.parent_type);
  }
  return named;
}

bool Content::put_into(Index index, Index container) {
  return tell("move", index, [&] { return do_put_into(index, container); });
}

bool Content::do_put_into(Index index, Index container) {
  const Page& page = pages_[index];
  const Container& target = containers_[container];
  if (page.status == Status::kTrashed || page.status == Status::kPurged ||
      spaces_[page.space].homepage == index || !can_hold(container, target.type, index)) {
    return false;
  }
  detach(index);
  attach(index, container, target.type);
  return true;
}

Index Content::add_container(const NewContainer& wanted) {
  const auto index = static_cast<Index>(containers_.size());
  Container container;
  container.id = fresh_id(hash_of(options_.seed, kContainerSalt, index));
  container.type = wanted.type;
  container.space = wanted.space;
  container.parent = wanted.parent;
  container.parent_type = wanted.parent_type;
  container.title = wanted.title;
  container.author = static_cast<Index>(static_cast<std::size_t>(container.id) % users_.size());
  container.created_at = container.modified_at = now_millis();
  container_by_id_.emplace(container.id, index);
  containers_.push_back(std::move(container));
  return index;
}

bool Content::rename_container(Index index, const std::string& title) {
  Container& container = containers_[index];
  if (container.status != Status::kCurrent) return false;
  container.title = title;
  ++container.version;
  container.modified_at = std::max(now_millis(), container.modified_at);
  return true;
}

bool Content::set_container_status(Index index, Status status) {
  Container& container = containers_[index];
  if (container.status == status || container.status == Status::kPurged) return false;
  if (status != Status::kCurrent && status != Status::kArchived) {
    lift_children(index, container.type, container.parent, container.parent_type);
    container.parent = kNone;
    container.parent_type = ContentType::kNull;
    container.position = -1;
  }
  container.status = status;
  return true;
}

}  // namespace site
