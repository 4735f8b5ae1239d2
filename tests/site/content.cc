#include "tests/site/content.h"

#include <algorithm>

#include "tests/site/generator.h"
#include "tests/site/random.h"
#include "tests/site/words.h"

namespace site {
namespace {

constexpr std::uint64_t kMetaSalt = 0x6d657461ULL;
constexpr std::uint64_t kHoleSalt = 0x686f6c65ULL;
constexpr std::uint64_t kTitleSalt = 0x7469746cULL;
constexpr std::uint64_t kLabelSalt = 0x6c61626cULL;

}  // namespace

std::string_view to_string(Status status) {
  switch (status) {
    case Status::kCurrent:
      return "current";
    case Status::kArchived:
      return "archived";
    case Status::kTrashed:
      return "trashed";
    case Status::kDeleted:
      return "deleted";
    case Status::kPurged:
      return "purged";
    case Status::kDraft:
      return "draft";
  }
  return "current";
}

std::optional<Status> parse_status(std::string_view text) {
  for (const Status status :
       {Status::kCurrent, Status::kArchived, Status::kTrashed, Status::kDeleted}) {
    if (text == to_string(status)) return status;
  }
  return std::nullopt;
}

std::string_view to_string(ContentType type) {
  switch (type) {
    case ContentType::kPage:
      return "page";
    case ContentType::kFolder:
      return "folder";
    case ContentType::kWhiteboard:
      return "whiteboard";
    case ContentType::kDatabase:
      return "database";
    case ContentType::kEmbed:
      return "embed";
    case ContentType::kNull:
      break;
  }
  return "";
}

Content::Content(const ContentOptions& options) : options_(options) {
  Generator(*this).run();
  page_by_id_.reserve(pages_.size());
  for (Index i = 0; i < pages_.size(); ++i) page_by_id_.emplace(pages_[i].id, i);
  for (Index i = 0; i < containers_.size(); ++i) container_by_id_.emplace(containers_[i].id, i);
  for (Index i = 0; i < spaces_.size(); ++i) space_by_id_.emplace(spaces_[i].id, i);
  for (Index i = 0; i < users_.size(); ++i) user_by_id_.emplace(users_[i].account_id, i);
  order_ = std::make_unique<PageOrder>(pages_, spaces_.size());
}

Content::~Content() = default;

namespace {
template <typename Map, typename Key>
Index find_in(const Map& map, const Key& key) {
  const auto found = map.find(key);
  return found == map.end() ? kNone : found->second;
}
}  // namespace

Index Content::find_page(Id id) const {
  const Index page = find_in(page_by_id_, id);
  return page != kNone && pages_[page].status == Status::kPurged ? kNone : page;
}
Index Content::find_container(Id id) const {
  const Index container = find_in(container_by_id_, id);
  const bool purged = container != kNone && containers_[container].status == Status::kPurged;
  return purged ? kNone : container;
}
Index Content::find_space(Id id) const { return find_in(space_by_id_, id); }
Index Content::find_user(std::string_view account_id) const {
  return find_in(user_by_id_, std::string(account_id));
}

Id Content::id_of(Index parent, ContentType type) const {
  if (type == ContentType::kNull) return 0;
  return type == ContentType::kPage ? pages_[parent].id : containers_[parent].id;
}
Id Content::parent_id(const Page& page) const { return id_of(page.parent, page.parent_type); }
Id Content::parent_id(const Container& container) const {
  return id_of(container.parent, container.parent_type);
}

const Content::Overrides* Content::overrides(Index page) const {
  const auto found = overrides_.find(page);
  return found == overrides_.end() ? nullptr : &found->second;
}

bool Content::generated_hole(const Page& page, std::int32_t number) const {
  // Some pages lost a version or two to somebody who deleted it; the current version cannot be
  // deleted.
  if (page.generated_version < 3 || number >= page.generated_version) return false;
  if (hash_of(page.seed, kHoleSalt) % 12 != 0) return false;
  return hash_of(page.seed, kHoleSalt, static_cast<std::uint64_t>(number)) % 3 == 0;
}

Version Content::generated_version(const Page& page, std::int32_t number, Millis created_at) const {
  Random random(hash_of(page.seed, kMetaSalt, static_cast<std::uint64_t>(number)));
  Version version;
  version.number = number;
  version.created_at = created_at;
  version.author = static_cast<Index>(random.below(users_.size()));
  if (number == 1) {
    version.author = page.author;
    return version;  // a new page has neither message nor flag
  }
  if (random.chance(0.35)) {
    version.message = version_messages()[random.below(version_messages().size())];
  }
  version.minor_edit = random.chance(0.15);
  return version;
}

std::vector<Version> Content::versions(Index index) const {
  const Page& page = pages_[index];
  const Overrides* changes = overrides(index);
  std::vector<Version> result;
  Millis time = page.created_at;
  for (std::int32_t number = 1; number <= page.generated_version; ++number) {
    if (number > 1) time += Generator::version_gap(page, number);
    if (generated_hole(page, number)) continue;
    result.push_back(generated_version(page, number, time));
  }
  if (changes != nullptr) {
    result.insert(result.end(), changes->added.begin(), changes->added.end());
    std::erase_if(result, [&](const Version& v) {
      return std::find(changes->removed.begin(), changes->removed.end(), v.number) !=
             changes->removed.end();
    });
  }
  return result;
}

std::optional<Version> Content::version(Index page, std::int32_t number) const {
  for (Version& version : versions(page)) {
    if (version.number == number) return std::move(version);
  }
  return std::nullopt;
}

Version Content::current_version(Index index) const {
  const Page& page = pages_[index];
  const Overrides* changes = overrides(index);
  if (changes != nullptr && !changes->added.empty()) return changes->added.back();
  return generated_version(page, page.version, page.modified_at);
}

void Content::append_body(std::string& out, Index index, std::int32_t version,
                          BodyForm form) const {
  const Page& page = pages_[index];
  if (const Overrides* changes = overrides(index); changes != nullptr) {
    // A body that was set holds until the next one that was set.
    const auto next = changes->bodies.upper_bound(version);
    if (next != changes->bodies.begin()) {
      const std::string& text = std::prev(next)->second;
      if (form == BodyForm::kJson) {
        append_escaped(out, text);
      } else {
        out += text;
      }
      return;
    }
  }
  site::append_body(out, {page.seed, version, page.body_bytes}, form);
}

std::string Content::body(Index page, std::int32_t version) const {
  std::string text;
  append_body(text, page, version, BodyForm::kStorage);
  return text;
}

std::string Content::title_at(Index index, std::int32_t version) const {
  const Page& page = pages_[index];
  std::string original = page.title;
  if (const Overrides* changes = overrides(index); changes != nullptr && !changes->titles.empty()) {
    // titles holds the title before the first change under 0.
    return std::prev(changes->titles.upper_bound(version))->second;
  }
  if (page.generated_version > 2 && hash_of(page.seed, kTitleSalt) % 20 == 0 &&
      version <= page.generated_version / 2) {
    return "Draft of page " + std::to_string(page.id);
  }
  return original;
}

std::vector<Index> Content::labels_of(Index page) const {
  std::vector<Index> found;
  for (Index label = 0; label < labels_.size(); ++label) {
    if (hash_of(pages_[page].seed, kLabelSalt, label) % 24 == 0) found.push_back(label);
  }
  return found;
}

Id Content::fresh_id(std::uint64_t seed) const {
  Random random(seed);
  Id id = 0;
  while (id == 0 || page_by_id_.contains(id) || container_by_id_.contains(id) ||
         space_by_id_.contains(id)) {
    id = static_cast<Id>(32'769 + random.below(9'999'999'999));
  }
  return id;
}

bool Content::remove_version(Index index, std::int32_t number) {
  if (number == pages_[index].version || !version(index, number)) return false;
  overrides_[index].removed.push_back(number);
  return true;
}

}  // namespace site
