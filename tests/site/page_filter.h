#pragma once

// Which pages can be read, and which of them a listing wants. Used by the page routes alone.

#include <optional>
#include <string>
#include <vector>

#include "tests/site/content.h"

namespace site {

constexpr unsigned bit(Status status) { return 1U << static_cast<unsigned>(status); }

// Shown to the account, and no longer too new to be read.
inline bool readable(const Content& content, Index page) {
  const Millis hidden_until = content.pages()[page].hidden_until;
  return content.shown(page) && (hidden_until == 0 || now_millis() >= hidden_until);
}

struct PageFilter {
  bool matches(const Content& content, Index page) const;

  unsigned statuses = bit(Status::kCurrent) | bit(Status::kArchived);
  std::optional<std::string> title;  // folded
  std::optional<std::string> subtype;
  std::optional<Index> label;
  bool root_only = false;
  bool takes_ids = false;
  bool some_spaces = false;                 // only those in `spaces`, even if that is empty
  std::vector<Index> spaces;                // ascending
  std::optional<std::vector<Index>> pages;  // only these
};

}  // namespace site
