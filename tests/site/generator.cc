#include "tests/site/generator.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "tests/site/words.h"

namespace site {
namespace {

constexpr Millis kDay = 86'400'000;
constexpr Millis kFirstTime = 1'420'070'400'000;  // 2015-01-01
constexpr Millis kLastTime =
    1'759'276'800'000;  // 2025-10-01: later edits are newer than all of this
constexpr Millis kMaxGap = 20 * kDay;
constexpr std::uint64_t kGapSalt = 0x676170ULL;
constexpr std::uint64_t kNestSalt = 0x6e657374ULL;

std::string hex_digits(Random& random, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += "0123456789abcdef"[random.below(16)];
  return text;
}

std::string uuid(Random& random) {
  std::string text = hex_digits(random, 32);
  for (const std::size_t place : {8U, 13U, 18U, 23U}) text.insert(place, 1, '-');
  return text;
}

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string swap_case(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') {
      c = static_cast<char>(c - 0x20);
    } else if (c >= 'A' && c <= 'Z') {
      c = static_cast<char>(c + 0x20);
    }
  }
  return text;
}

template <typename T>
T pick(Random& random, std::span<const T> choices) {
  return choices[random.below(choices.size())];
}

}  // namespace

Generator::Generator(Content& content)
    : site_(content), random_(hash_of(content.options_.seed, 0x67656eULL)) {}

void Generator::run() {
  make_users();
  make_labels();
  make_spaces();
  const std::vector<std::uint32_t> counts = pages_per_space();
  site_.pages_.reserve(site_.options_.pages);
  for (Index space = 0; space < site_.spaces_.size(); ++space) {
    make_pages_of(space, counts[space]);
  }
  share_import_times();
  mark_case_pairs();
  mark_huge_body();
}

Id Generator::fresh_id() {
  // Five to ten digits, in no order whatever.
  static constexpr std::array<Id, 6> kCeilings = {999'999,       99'999'999,    999'999'999,
                                                  9'999'999'999, 9'999'999'999, 9'999'999'999};
  while (true) {
    const Id ceiling = kCeilings[random_.below(kCeilings.size())];
    const Id id = 32'769 + static_cast<Id>(random_.below(static_cast<std::uint64_t>(ceiling)));
    if (ids_.insert(id).second) return id;
  }
}

void Generator::make_users() {
  const std::uint32_t wanted = site_.options_.users;
  const std::uint32_t count =
      wanted != 0 ? wanted : std::clamp<std::uint32_t>(site_.options_.pages / 40, 12, 3000);
  static constexpr std::string_view kZones[] = {"Europe/Berlin", "America/New_York", "Asia/Tokyo",
                                                "UTC", "Asia/Kolkata"};
  for (std::uint32_t i = 0; i < count; ++i) {
    User user;
    const std::uint64_t kind = random_.below(10);
    user.account_id = kind < 6   ? "712020:" + uuid(random_)
                      : kind < 8 ? "557058:" + uuid(random_)
                                 : "5b10" + hex_digits(random_, 20);
    user.display_name = std::string(pick(random_, given_names())) + " " +
                        std::string(pick(random_, family_names()));
    user.status = "active";
    user.time_zone = pick<std::string_view>(random_, kZones);
    if (random_.chance(0.5)) user.email = "user" + std::to_string(i) + "@example.com";
    if (i % 17 == 3) user.status = "inactive";
    if (i % 17 == 5) {
      user.status = "closed";
      user.display_name = "Former user";
      user.email.clear();
      user.time_zone.clear();
    }
    if (i % 29 == 7) {
      user.app = true;
      user.display_name = "Automation for " + std::string(pick(random_, title_subjects()));
    }
    user.known = i % 23 != 11;
    site_.users_.push_back(std::move(user));
  }
}

void Generator::make_labels() {
  for (const std::string_view name : team_labels()) {
    Label label;
    label.id = fresh_id();
    label.name = name;
    site_.labels_.push_back(std::move(label));
  }
  std::sort(site_.labels_.begin(), site_.labels_.end(),
            [](const Label& a, const Label& b) { return a.id < b.id; });
}

void Generator::make_spaces() {
  static constexpr std::string_view kTypes[] = {
      "global", "global", "global", "global", "collaboration", "knowledge_base", "onboarding"};
  std::vector<Id> ids;
  for (std::uint32_t i = 0; i < site_.options_.spaces; ++i) ids.push_back(fresh_id());
  std::sort(ids.begin(), ids.end());
  for (std::uint32_t i = 0; i < site_.options_.spaces; ++i) {
    Space space;
    space.id = ids[i];
    const std::string number = std::to_string(i);
    space.name = std::string(space_names()[i % space_names().size()]);
    if (i >= space_names().size()) space.name += " " + number;
    space.author = static_cast<Index>(random_.below(site_.users_.size()));
    space.created_at = kFirstTime + static_cast<Millis>(random_.below(3000)) * kDay / 2;
    space.status = i % 11 == 4 ? "archived" : "current";
    if (i % 6 == 5) {
      space.type = "personal";
      space.key = "~7120" + hex_digits(random_, 28);
      space.name = site_.users_[space.author].display_name;
    } else {
      space.type = pick<std::string_view>(random_, kTypes);
      static constexpr std::string_view kStems[] = {"ENG", "DOC", "OPS", "CS",
                                                    "HR",  "FIN", "Kb",  "X"};
      space.key = std::string(kStems[i % 8]) + (i < 8 ? "" : number);
    }
    space.alias = i % 9 == 2 ? "alias-" + number : space.key;
    if (i % 4 != 3) {
      space.description = "All about " + std::string(pick(random_, title_subjects())) +
                          ". \"Quoted\" & <marked>; " +
                          std::string(pick(random_, foreign_sentences()));
    }
    if (i % 3 != 1) {
      space.icon_path = space.type == "personal"
                            ? "/wiki/aa-avatar/" + site_.users_[space.author].account_id
                            : "/wiki/download/attachments/" + std::to_string(fresh_id()) + "/" +
                                  percent_encode(space.key) + "?version=1&api=v2";
    }
    if (i % 5 != 3) {
      space.labels.push_back(static_cast<Index>(random_.below(site_.labels_.size())));
      if (i % 5 == 1) {
        const auto second = static_cast<Index>(random_.below(site_.labels_.size()));
        if (second != space.labels[0]) space.labels.push_back(second);
      }
      std::sort(space.labels.begin(), space.labels.end());
    }
    space.open_to_anonymous = i % 3 == 0;
    site_.spaces_.push_back(std::move(space));
  }
}

std::vector<std::uint32_t> Generator::pages_per_space() {
  const std::size_t spaces = site_.spaces_.size();
  const std::uint32_t pages = site_.options_.pages;
  std::vector<std::uint32_t> counts(spaces, 0);
  if (spaces == 0) return counts;
  std::vector<double> weights(spaces);
  double total = 0;
  for (std::size_t i = 0; i < spaces; ++i) {
    // Rank by hash, so that size has nothing to do with id; a few spaces stay empty.
    const auto rank = static_cast<double>(hash_of(site_.options_.seed, 77, i) % spaces);
    weights[i] = spaces >= 10 && i % 31 == 9 ? 0 : 1 / std::pow(rank + 1, 0.8);
    total += weights[i];
  }
  const double share = std::clamp(site_.options_.big_space_share, 0.0, 1.0);
  const std::size_t big = hash_of(site_.options_.seed, 78) % std::min<std::size_t>(spaces, 9);
  std::uint32_t left = pages;
  if (share > 0) {
    counts[big] = static_cast<std::uint32_t>(std::lround(share * pages));
    left -= counts[big];
    total -= weights[big];
    weights[big] = 0;
  }
  const std::uint32_t spread = left;
  for (std::size_t i = 0; i < spaces && total > 0; ++i) {
    const auto part = static_cast<std::uint32_t>(weights[i] / total * spread);
    counts[i] += part;
    left -= part;
  }
  // What rounding left over goes round the spaces that have weight, or to the big one.
  for (std::size_t i = 0; left > 0; i = (i + 1) % spaces) {
    if (weights[i] > 0 || (total <= 0 && i == big)) {
      ++counts[i];
      --left;
    }
  }
  return counts;
}

Page Generator::make_page(Index space, std::uint32_t nth) {
  const ContentOptions& options = site_.options_;
  Page page;
  page.id = fresh_id();
  page.seed = hash_of(options.seed, 0x70616765ULL, site_.pages_.size());
  page.space = space;
  page.author = static_cast<Index>(random_.below(site_.users_.size()));
  if (random_.chance(0.95)) page.owner = page.author;
  if (random_.chance(0.05))
    page.last_owner = static_cast<Index>(random_.below(site_.users_.size()));
  page.live_doc = random_.chance(0.04);
  const double fate = random_.unit();
  if (nth > 0 && fate < options.trashed_share) {
    page.status = Status::kTrashed;
  } else if (nth > 0 && fate < options.trashed_share + options.archived_share) {
    page.status = Status::kArchived;
  }
  if (options.max_versions > 1 && random_.chance(0.7)) {
    page.version = static_cast<std::int32_t>(2 + random_.below(options.max_versions - 1));
  }
  page.generated_version = page.version;
  const Millis span = kLastTime - kFirstTime - kMaxGap * page.version;
  page.created_at =
      kFirstTime +
      static_cast<Millis>(random_.unit() * static_cast<double>(std::max<Millis>(span, 1)));
  if (options.avg_body_bytes > 0 && !random_.chance(0.015)) {
    const double factor = std::min(random_.exponential(), 8.0);
    page.body_bytes = std::max<std::size_t>(
        1, static_cast<std::size_t>(factor * static_cast<double>(options.avg_body_bytes)));
  }
  return page;
}

Millis Generator::version_gap(const Page& page, std::int32_t number) {
  const std::uint64_t hash = hash_of(page.seed, kGapSalt, static_cast<std::uint64_t>(number));
  if (hash % 16 == 0) return 0;  // equal timestamps happen
  const double u = unit_of(hash);
  return static_cast<Millis>(u * u * static_cast<double>(kMaxGap));
}

std::string Generator::make_title(Index index) {
  const std::string number = std::to_string(index);
  std::string title;
  if (index % 13 == 6) {
    title = std::string(pick(random_, foreign_titles())) + " " + number;
  } else {
    title = std::string(pick(random_, title_subjects())) + " " +
            std::string(pick(random_, title_kinds())) + " " + number;
  }
  if (index % 389 == 17 || index % 389 == 18) {
    // As long as titles get: 255 characters, some of them of three bytes each.
    const std::string_view filler = index % 389 == 17 ? " and so on" : "長い題名の続き";
    for (std::size_t at = 0; code_points(title) < 255; ++at) {
      const std::size_t width = index % 389 == 17 ? 1 : 3;
      title += filler.substr(at * width % filler.size(), width);
    }
    if (title.back() == ' ') title.back() = '.';
  }
  return title;
}

void Generator::make_pages_of(Index space, std::uint32_t count) {
  const auto first = static_cast<Index>(site_.pages_.size());
  for (std::uint32_t nth = 0; nth < count; ++nth) {
    const auto index = static_cast<Index>(site_.pages_.size());
    Page page = make_page(space, nth);
    page.title = make_title(index);
    page.modified_at = page.created_at;
    for (std::int32_t number = 2; number <= page.version; ++number) {
      page.modified_at += version_gap(page, number);
    }
    site_.pages_.push_back(std::move(page));
    if (nth == 0) {
      site_.spaces_[space].homepage = index;
    } else {
      place(site_.pages_[index], first, index);
    }
  }
}

void Generator::place(Page& page, Index first, Index index) {
  if (page.status == Status::kTrashed) return;  // the trash has no tree
  // An earlier page that is not in the trash; near ones are likelier, which gives trees some depth.
  Index parent = first + static_cast<Index>(random_.below(index - first));
  if (random_.chance(0.4))
    parent = first + static_cast<Index>(random_.below(std::min(index - first, 12U)));
  while (site_.pages_[parent].status != Status::kCurrent)
    parent = parent > first ? parent - 1 : first;
  if (random_.chance(0.02)) return;  // at the root, beside the homepage
  const auto position =
      static_cast<std::int32_t>((site_.pages_[parent].children + 1) * 1000 + random_.below(999));
  page.position = random_.chance(0.1) ? -1 : position;
  if (random_.chance(0.02)) make_container(page.space, parent);
  if (!site_.containers_.empty() && site_.containers_.back().space == page.space &&
      random_.chance(0.1)) {
    // One of the space's containers: the newest ones are its own.
    Index container = static_cast<Index>(site_.containers_.size()) - 1;
    const Index back = static_cast<Index>(random_.below(4));
    if (container >= back && site_.containers_[container - back].space == page.space)
      container -= back;
    page.parent = container;
    page.parent_type = site_.containers_[container].type;
    return;
  }
  page.parent = parent;
  page.parent_type = ContentType::kPage;
  ++site_.pages_[parent].children;
}

void Generator::make_container(Index space, Index parent_page) {
  static constexpr ContentType kTypes[] = {
      ContentType::kFolder,     ContentType::kFolder,   ContentType::kFolder, ContentType::kFolder,
      ContentType::kWhiteboard, ContentType::kDatabase, ContentType::kEmbed};
  Container container;
  container.id = fresh_id();
  container.type = kTypes[site_.containers_.size() % std::size(kTypes)];
  container.space = space;
  container.parent = parent_page;
  container.parent_type = ContentType::kPage;
  container.title = std::string(pick(random_, title_subjects())) + " " +
                    std::string(to_string(container.type)) + " " +
                    std::to_string(site_.containers_.size());
  container.author = static_cast<Index>(random_.below(site_.users_.size()));
  container.created_at = container.modified_at = site_.pages_[parent_page].created_at;
  nest(container);
  site_.containers_.push_back(std::move(container));
}

// By hash, for the random numbers are of the pages: some lie in the folder that came before.
void Generator::nest(Container& container) const {
  const std::size_t nth = site_.containers_.size();
  const std::uint64_t hash = hash_of(site_.options_.seed, kNestSalt, nth);
  if (hash % 8 != 0) container.position = static_cast<std::int32_t>(nth * 1000 + hash % 999);
  if (nth == 0 || hash % 3 != 0) return;
  const Container& before = site_.containers_.back();
  if (before.space != container.space || before.type != ContentType::kFolder) return;
  container.parent = static_cast<Index>(nth - 1);
  container.parent_type = before.type;
}

void Generator::share_import_times() {
  // Runs of pages that one import brought at the very same millisecond.
  for (Index i = 0; i < site_.pages_.size(); ++i) {
    if (i % 100 < 94 || site_.pages_[i].version > 1) continue;
    site_.pages_[i].created_at = kFirstTime + static_cast<Millis>(i / 1000) * kDay;
    site_.pages_[i].modified_at = site_.pages_[i].created_at;
  }
}

void Generator::mark_case_pairs() {
  std::vector<Page>& pages = site_.pages_;
  const auto count = static_cast<Index>(pages.size());
  if (count < 2) return;
  for (Index nth = 0; nth < std::max<Index>(2, count / 150); ++nth) {
    const auto a = static_cast<Index>(hash_of(site_.options_.seed, 79, nth) % count);
    const auto b = static_cast<Index>(hash_of(site_.options_.seed, 80, nth) % count);
    // Titles are unique in a space without regard to case, but for what lies in its trash.
    const bool allowed =
        pages[a].space != pages[b].space ||
        (pages[a].status == Status::kTrashed) != (pages[b].status == Status::kTrashed);
    if (a == b || !allowed || pages[a].special_title || pages[b].special_title) continue;
    pages[b].title = nth % 3 == 0 ? pages[a].title : swap_case(pages[a].title);
    pages[a].special_title = pages[b].special_title = true;
  }
}

void Generator::mark_huge_body() {
  const std::size_t bytes = site_.options_.huge_body_bytes;
  if (bytes == 0) return;
  // A current page of few versions: a listing of versions would carry the body once for each.
  for (Page& page : site_.pages_) {
    if (page.status != Status::kCurrent || page.version > 2) continue;
    page.body_bytes = bytes;
    return;
  }
}

}  // namespace site
