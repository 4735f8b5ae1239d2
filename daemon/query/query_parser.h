#pragma once

// The language of `search`:
//
//   deploy rollback        pages that have both words, in any case, with or without diacritics
//   "roll back"            the words in that order; so is what holds together, as in e-mail
//   roll*  "roll ba"*      words that begin so; phrases whose last word does
//   -draft  NOT draft      none of that
//   a OR b c               OR joins its neighbours: (a or b) and c; AND may be written and says
//   nothing title:word             in the title; also with a phrase or a star space:KEY
//   status:archived  author:ann         of the page; "" where a value has blanks
//   updated:>2026-01-01  created:2025..2026-03     > >= < <= FROM..TO or a year, month, day, time
//   (UTC) label:                 refused: labels of pages are not mirrored
//
// Pure: any bytes in, no I/O, no exception; time linear in the text, which has at most
// kLongestQuery bytes. Every place is a byte of the text. Any thread.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/error.h"
#include "store/records.h"

namespace querying {

inline constexpr std::size_t kLongestQuery = 4096;
inline constexpr std::size_t kMostTerms = 64;

struct Term {
  std::string text;  // has at least one letter or digit, and no quote
  bool prefix = false;
  bool title_only = false;
  std::size_t at = 0;
};

struct Condition {
  enum class Field { kSpace, kStatus, kAuthor, kUpdated, kCreated };
  struct Value {
    std::string text;
    std::size_t at = 0;
  };

  Field field = Field::kSpace;
  bool negated = false;
  std::vector<Value> any;           // of a space, status or author: one of them
  std::optional<store::Time> from;  // of a time: from here on
  std::optional<store::Time> to;    // and before this
};

struct SearchQuery {
  std::vector<std::vector<Term>> all;  // one of each
  std::vector<Term> none;
  std::vector<Condition> conditions;
};

struct QueryFault {
  std::size_t at = 0;
  std::string what;  // "unknown field 'foo'"
  std::string hint;
};

struct ParsedQuery {
  SearchQuery query;  // of use only without a fault
  std::optional<QueryFault> fault;
};

ParsedQuery parse_query(std::string_view text);

// kUsage "bad_query", with a caret under the fault.
store::Error query_error(std::string_view text, const QueryFault& fault);

// That of a text, if there is any.
std::optional<store::Error> query_fault(std::string_view text);

}  // namespace querying
