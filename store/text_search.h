#pragma once

// What the index of texts is asked, and what it answers; see Reader::search. The words of a query
// may be anything: they never reach FTS5 but as quoted strings. Plain values; any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/records.h"

namespace store {

struct TextTerm {
  std::string text;     // words, which must stand in this order
  bool prefix = false;  // the last of them begins so
  bool title_only = false;
};

struct TextCondition {
  enum class Field { kSpace, kStatus, kAuthor, kUpdated, kCreated };
  Field field = Field::kSpace;
  bool negated = false;
  std::vector<Id> space_ids;
  // Statuses; or account ids and parts of names, without regard to case: of who made the page or
  // wrote its current version (of an older version: of who wrote that).
  std::vector<std::string> values;
  std::optional<Time> from;  // from here on
  std::optional<Time> to;    // and before this
};

struct TextQuery {
  std::vector<std::vector<TextTerm>> all;  // one of each; empty: every page
  std::vector<TextTerm> none;
  std::vector<TextCondition> conditions;
  bool history = false;       // older versions, in their index, in the place of the current ones
  std::string sort = "rank";  // rank (best first), modified (newest first), title
  std::int64_t limit = 20;    // -1 = all
  // The titles of then (Reader::observed_since), of the pages that were there, in the place of the
  // texts of now; conditions are those of then as well. Not with `history`.
  std::optional<Time> as_of;
};

// A text on one line, in pieces; true: what was searched for.
using MarkedText = std::vector<std::pair<std::string, bool>>;

struct TextHit {
  Id page_id = 0;
  std::optional<std::int32_t> version;  // of an older one
  Time modified{};                      // the page, or that version
  double rank = 0;                      // more is better; 0 where no word was searched for
  MarkedText title;
  MarkedText snippet;  // from the text, around what was found
};

struct TextHits {
  std::vector<TextHit> hits;
  std::int64_t total = 0;  // without the limit
};

}  // namespace store
