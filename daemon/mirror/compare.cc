#include "daemon/mirror/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>

namespace mirror {

namespace {

struct KindText {
  std::string_view name;
  std::string_view words;
};

constexpr std::array<KindText, kDifferenceKinds> kKindTexts{{
    {"missing_space", "spaces of the site that the mirror lacks"},
    {"extra_space", "spaces of the mirror that the site does not show"},
    {"space_key", "spaces with another key"},
    {"space_name", "spaces with another name"},
    {"space_type", "spaces of another type"},
    {"space_status", "spaces with another status"},
    {"space_alias", "spaces with another alias"},
    {"space_homepage", "spaces with another homepage"},
    {"missing_page", "pages of the site that the mirror lacks"},
    {"extra_page", "pages of the mirror that the site does not show"},
    {"tombstone_alive", "pages that the mirror calls gone and the site shows"},
    {"stale_version", "pages of which the site has a newer version"},
    {"version_ahead", "pages of which the mirror has a newer version"},
    {"status", "pages with another status"},
    {"title", "pages with another title"},
    {"space", "pages in another space"},
    {"parent", "pages below another parent"},
    {"position", "pages at another position"},
    {"modified_at", "versions of another time"},
    {"modified_by", "versions of another author"},
    {"message", "versions with another message"},
    {"minor_edit", "versions that one calls a minor edit and the other does not"},
    {"author", "pages with another creator"},
    {"owner", "pages with another owner"},
    {"body_due", "pages whose body is still to be fetched"},
    {"body", "bodies that differ (SHA-256 of the storage value)"},
    {"damaged_body", "bodies in the mirror that are not what their SHA-256 says"},
}};

constexpr const char* kNotThere = "not there";
constexpr const char* kNothing = "none";
constexpr std::string_view kStatusDeleted = "deleted";

// Length before content: no two lists of fields look the same.
void add_field(std::string& text, std::string_view field) {
  fmt::format_to(std::back_inserter(text), "{}:", field.size());
  text += field;
}

void add_field(std::string& text, const std::optional<std::string>& field) {
  text += field ? '+' : '-';
  if (field) add_field(text, std::string_view(*field));
}

void add_field(std::string& text, const std::optional<std::int64_t>& field) {
  fmt::format_to(std::back_inserter(text), "{};", field ? std::to_string(*field) : kNothing);
}

template <typename T>
std::string value_text(const std::optional<T>& value) {
  if (!value) return kNothing;
  if constexpr (std::is_same_v<T, std::string>) {
    return *value;
  } else {
    return std::to_string(*value);
  }
}

std::string shown_parent(const store::Page& page) {
  if (!page.parent_id) return kNothing;
  return fmt::format("{} {}", page.parent_type.value_or("?"), *page.parent_id);
}

std::string shown_page(const store::Page& page) {
  return fmt::format("{}, version {}", page.status, page.version.number);
}

class PageDifferences {
 public:
  PageDifferences(const MirrorPage& mirror, const store::Page* site)
      : row_(mirror.row ? &*mirror.row : nullptr), text_hash_(mirror.text_hash), site_(site) {}

  std::vector<Difference> all() {
    const bool kept = row_ && !row_->gone_at;
    const bool shown_there = site_ && site_->status != kStatusDeleted;
    if (!kept && shown_there) {
      add(row_ ? DifferenceKind::kTombstoneAlive : DifferenceKind::kMissingPage,
          row_ ? fmt::format("{} since {}", row_->gone_reason, store::to_iso8601(*row_->gone_at))
               : kNotThere,
          shown_page(*site_));
    } else if (kept && !shown_there) {
      add(DifferenceKind::kExtraPage, shown_page(*row_),
          site_ ? std::string(kStatusDeleted) : kNotThere);
    } else if (kept) {
      compare();
    }
    return std::move(found_);
  }

 private:
  void add(DifferenceKind kind, std::string in_mirror, std::string on_site) {
    Difference difference;
    difference.kind = kind;
    const store::Page& known = site_ ? *site_ : *row_;
    difference.page_id = known.id;
    difference.space_id = known.space_id;
    difference.title = known.title;
    if (row_) difference.space_key = row_->space_key;
    difference.in_mirror = std::move(in_mirror);
    difference.on_site = std::move(on_site);
    found_.push_back(std::move(difference));
  }
  void expect_equal(DifferenceKind kind, const std::string& in_mirror, const std::string& on_site) {
    if (in_mirror != on_site) add(kind, in_mirror, on_site);
  }

  void compare() {
    const auto known = row_->version.number;
    const auto live = site_->version.number;
    if (known != live) {
      add(known < live ? DifferenceKind::kStaleVersion : DifferenceKind::kVersionAhead,
          std::to_string(known), std::to_string(live));
      return;
    }
    expect_equal(DifferenceKind::kStatus, row_->status, site_->status);
    expect_equal(DifferenceKind::kTitle, row_->title, site_->title);
    compare_place();
    compare_people_and_times();
    compare_body();
  }

  // Each implies those below it.
  void compare_place() {
    if (row_->space_id != site_->space_id) {
      add(DifferenceKind::kSpace, std::to_string(row_->space_id), std::to_string(site_->space_id));
    } else if (row_->status != site_->status) {
      return;  // the trash has no tree
    } else if (row_->parent_id != site_->parent_id || row_->parent_type != site_->parent_type) {
      add(DifferenceKind::kParent, shown_parent(*row_), shown_parent(*site_));
    } else {
      expect_equal(DifferenceKind::kPosition, value_text(row_->position),
                   value_text(site_->position));
    }
  }

  void compare_people_and_times() {
    const auto& known = row_->version;
    const auto& live = site_->version;
    if (known.created_at != live.created_at) {
      add(DifferenceKind::kModifiedAt, store::to_iso8601(known.created_at),
          store::to_iso8601(live.created_at));
    }
    expect_equal(DifferenceKind::kModifiedBy, known.author_id, live.author_id);
    expect_equal(DifferenceKind::kMessage, known.message, live.message);
    if (known.minor_edit != live.minor_edit) {
      add(DifferenceKind::kMinorEdit, known.minor_edit ? "yes" : "no",
          live.minor_edit ? "yes" : "no");
    }
    expect_equal(DifferenceKind::kAuthor, row_->author_id, site_->author_id);
    expect_equal(DifferenceKind::kOwner, value_text(row_->owner_id), value_text(site_->owner_id));
  }

  void compare_body() {
    const auto& live = site_->body;
    if (row_->body_due || !row_->body_hash) {
      add(DifferenceKind::kBodyDue, "not fetched", shown_page(*site_));
    } else if (text_hash_ && *text_hash_ != *row_->body_hash) {
      add(DifferenceKind::kDamagedBody, store::to_hex(*text_hash_),
          live ? store::to_hex(live->hash) : "not asked");
      found_.back().note = "stored SHA-256: " + store::to_hex(*row_->body_hash);
    } else if (live && live->hash != *row_->body_hash) {
      add(DifferenceKind::kBody, store::to_hex(*row_->body_hash), store::to_hex(live->hash));
    }
  }

  const store::PageRow* row_;
  const std::optional<store::Sha256>& text_hash_;
  const store::Page* site_;
  std::vector<Difference> found_;
};

}  // namespace

std::string_view to_string(DifferenceKind kind) {
  return kKindTexts.at(static_cast<std::size_t>(kind)).name;
}

std::string_view describe(DifferenceKind kind) {
  return kKindTexts.at(static_cast<std::size_t>(kind)).words;
}

std::uint64_t facts_of(const store::Page& page) {
  std::string text;
  text.reserve(256);
  add_field(text, std::string_view(page.status));
  add_field(text, std::string_view(page.title));
  add_field(text, std::optional(page.space_id));
  add_field(text, page.parent_id);
  add_field(text, page.parent_type);
  add_field(text, page.position);
  add_field(text, std::string_view(page.author_id));
  add_field(text, page.owner_id);
  add_field(text, std::optional<std::int64_t>(page.version.number));
  add_field(text, std::optional<std::int64_t>(page.version.created_at.time_since_epoch().count()));
  add_field(text, std::string_view(page.version.message));
  add_field(text, std::string_view(page.version.author_id));
  text += page.version.minor_edit ? '+' : '-';
  const auto hash = store::sha256(text);
  std::uint64_t facts = 0;
  std::memcpy(&facts, hash.data(), sizeof facts);
  return facts;
}

std::vector<Difference> compare_page(const MirrorPage& mirror, const store::Page* site) {
  return PageDifferences(mirror, site).all();
}

std::vector<Difference> compare_space(const store::SpaceRow* mirror, const store::Space* site) {
  std::vector<Difference> found;
  if (!mirror && !site) return found;
  const store::Space& known = site ? *site : *mirror;
  const auto add = [&](DifferenceKind kind, std::string in_mirror, std::string on_site) {
    Difference difference;
    difference.kind = kind;
    difference.space_id = known.id;
    difference.space_key = known.key;
    difference.title = known.name;
    difference.in_mirror = std::move(in_mirror);
    difference.on_site = std::move(on_site);
    found.push_back(std::move(difference));
  };
  if (!mirror) add(DifferenceKind::kMissingSpace, kNotThere, site->status);
  if (!site) add(DifferenceKind::kExtraSpace, mirror->status, kNotThere);
  if (!mirror || !site) return found;
  const auto expect_equal = [&](DifferenceKind kind, const std::string& in_mirror,
                                const std::string& on_site) {
    if (in_mirror != on_site) add(kind, in_mirror, on_site);
  };
  expect_equal(DifferenceKind::kSpaceKey, mirror->key, site->key);
  expect_equal(DifferenceKind::kSpaceName, mirror->name, site->name);
  expect_equal(DifferenceKind::kSpaceType, mirror->type, site->type);
  expect_equal(DifferenceKind::kSpaceStatus, mirror->status, site->status);
  expect_equal(DifferenceKind::kSpaceAlias, value_text(mirror->current_alias),
               value_text(site->current_alias));
  expect_equal(DifferenceKind::kSpaceHomepage, value_text(mirror->homepage_id),
               value_text(site->homepage_id));
  return found;
}

bool same_row(const MirrorPage& one, const MirrorPage& another) {
  if (one.row.has_value() != another.row.has_value()) return false;
  if (!one.row) return true;
  const auto& a = *one.row;
  const auto& b = *another.row;
  return a.synced_at == b.synced_at && a.gone_at == b.gone_at && a.body_due == b.body_due &&
         a.body_hash == b.body_hash && facts_of(a) == facts_of(b);
}

store::Time by_clock_of_site(store::Time began, store::Time asked_at, store::Time received_at,
                             std::optional<store::Time> date) {
  if (!date) return began;
  // The site's clock stood somewhere in this second at some time between the two.
  const auto least = *date - received_at;
  const auto most = *date + std::chrono::seconds(1) - asked_at;
  const auto zero = store::Time::duration::zero();
  const auto ahead = least > zero ? least : most < zero ? most : zero;
  return began + ahead;
}

}  // namespace mirror
