#include "store/batch.h"

namespace store {
namespace {

std::size_t size_of(const Page& page) {
  return sizeof(Page) + page.title.size() + page.web_path.size() + page.version.message.size() +
         (page.body ? page.body->text.size() : 0);
}

std::size_t size_of(const PageHistory& history) {
  std::size_t size = sizeof(PageHistory);
  for (const PageVersion& version : history.versions) {
    size += sizeof(PageVersion) + version.version.message.size();
    if (version.body) size += version.body->text.size();
    if (version.encoded) size += version.encoded->data.size();
  }
  return size;
}

std::size_t size_of(const Space& space) {
  return sizeof(Space) + space.name.size() + (space.description ? space.description->size() : 0);
}

std::size_t size_of(const TextUpdate& update) {
  std::size_t size = 0;
  for (const PageText& page : update.pages) {
    size += sizeof(PageText) + page.title.size() + page.text.size();
  }
  for (const VersionTexts& versions : update.versions) {
    for (const VersionText& text : versions.texts) {
      size += sizeof(VersionText) + text.title.size() + text.text.size();
    }
  }
  return size;
}

}  // namespace

std::size_t Batch::bytes() const {
  std::size_t size = sizeof(Batch);
  for (const Space& space : spaces) size += size_of(space);
  for (const Page& page : pages) size += size_of(page);
  for (const Node& node : nodes) size += sizeof(Node) + node.title.size();
  for (const PageHistory& history : histories) size += size_of(history);
  size += users.size() * sizeof(User) +
          (gone_pages.size() + gone_spaces.size() + gone_nodes.size()) * sizeof(Gone);
  if (vanished) size += vanished->page_ids.size() * sizeof(Id);
  for (const SpaceLabels& set : space_labels) {
    size += sizeof(SpaceLabels) + set.labels.size() * sizeof(std::string);
  }
  for (const WalkState& walk : walks) {
    size += sizeof(WalkState) + walk.next_link.size() + walk.space_ids.size() * sizeof(Id);
  }
  for (const auto& [key, value] : meta) size += key.size() + value.size();
  for (const JobUpdate& job : jobs) {
    size += sizeof(JobUpdate) + job.reason.size() + job.error.size() + job.result.size();
    for (const JobImage& image : job.images) size += sizeof(JobImage) + image.body.size();
  }
  size += size_of(texts);
  return size;
}

}  // namespace store
