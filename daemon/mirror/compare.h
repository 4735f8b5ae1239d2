#pragma once

// Pure: what a mirror and its site differ in, record by record. No I/O, no time of its own; any
// thread.
//
// One cause is one difference: a page that is a version behind is only that, one that is in another
// space is not said to have another parent as well, nor one with another parent to stand at another
// position. A live page of the mirror and one that the site shows as `deleted` are a difference, a
// tombstone and a page that the site does not show are none.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/reader.h"
#include "store/records.h"

namespace mirror {

// In the order in which they are reported.
enum class DifferenceKind : std::uint8_t {
  kMissingSpace,
  kExtraSpace,
  kSpaceKey,
  kSpaceName,
  kSpaceType,
  kSpaceStatus,
  kSpaceAlias,
  kSpaceHomepage,
  kMissingPage,
  kExtraPage,
  kTombstoneAlive,
  kStaleVersion,
  kVersionAhead,
  kStatus,
  kTitle,
  kSpace,
  kParent,
  kPosition,
  kModifiedAt,
  kModifiedBy,
  kMessage,
  kMinorEdit,
  kAuthor,
  kOwner,
  kBodyDue,
  kBody,
  kDamagedBody,
};
inline constexpr std::size_t kDifferenceKinds = 27;

// `missing_page`: for scripts, never changed.
std::string_view to_string(DifferenceKind kind);
// For people, in a few words.
std::string_view describe(DifferenceKind kind);

struct Difference {
  DifferenceKind kind{};
  store::Id page_id = 0;  // 0: of the space itself
  store::Id space_id = 0;
  std::string space_key;
  std::string title;  // of the page, or the name of the space
  std::string in_mirror;
  std::string on_site;
  std::string note;  // what else is known: why it is in quarantine, for example
};

// What the mirror holds of one page.
struct MirrorPage {
  std::optional<store::PageRow> row;       // nullopt: nothing
  std::optional<store::Sha256> text_hash;  // of the text that lies there, where it was read
};

// Everything of a page that is compared, but for its body: equal for equal pages, and for others
// with a chance of 2^-64.
std::uint64_t facts_of(const store::Page& page);

// `site`: nullptr where the site does not show it. Bodies are compared where the site's came along.
// space_key is that of the mirror's row.
std::vector<Difference> compare_page(const MirrorPage& mirror, const store::Page* site);
// Either may be nullptr.
std::vector<Difference> compare_space(const store::SpaceRow* mirror, const store::Space* site);

// Whether nothing was written to the mirror about this page between the two times it was read.
bool same_row(const MirrorPage& one, const MirrorPage& another);

// When a run began, by the site's clock: `began` by ours, unless an answer that was asked for and
// received at these times contradicts it. Its Date header counts whole seconds.
store::Time by_clock_of_site(store::Time began, store::Time asked_at, store::Time received_at,
                             std::optional<store::Time> date);

}  // namespace mirror
