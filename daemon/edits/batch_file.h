#pragma once

// Pure: what is handed in, as jobs. A batch is JSON Lines or one JSON array of entries; an entry is
// an action's input with `action` beside it, and optionally `ref`, `after`, `parentRef`, `message`,
// `minorEdit`, `onConflict`, `notBefore`, `asUser`, for delete_page also `draft` (README.md, "The
// edit queue"). Everything in it is hostile until read: unknown and repeated fields, wrong types,
// bodies that are not well-formed are Problems, each with its line, and all of them are found, up
// to a bound. What can only be known from the mirror is batch_checks.h's business.
//
// Any thread; nothing throws. Lines count from 1; of an entry of an array it is the line where the
// entry begins.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/input/fields.h"
#include "store/jobs.h"

namespace edits {

using input::Problem;

struct Entry {
  store::JobSpec spec;  // of what the mirror knows, nothing yet
  std::string space_key;
  std::optional<std::string> parent_ref;
  std::vector<std::string> after_refs;
  bool has_policy = false;         // onConflict was given
  std::vector<std::string> notes;  // what was changed to make a body well-formed
};

struct Parsed {
  std::vector<Entry> entries;               // those without problems
  std::vector<Problem> problems;            // by line
  std::vector<std::string> refs_of_others;  // of entries that have problems
};

inline constexpr std::size_t kMostBatchBytes = std::size_t{1} << 30;
// What is behind that many is not looked at: it is no batch, and telling them costs memory.
inline constexpr std::size_t kMostProblems = 10'000;
inline constexpr std::size_t kLongestTitle = 255;    // code points
inline constexpr std::size_t kLongestMessage = 224;  // code points, so that the mark fits beside it

Parsed parse_batch(std::string_view text);
// The input of one action, without `action`, `ref`, `after` and `parentRef`.
Parsed parse_action(store::JobAction action, std::string_view json);

}  // namespace edits
