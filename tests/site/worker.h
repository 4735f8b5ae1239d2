#pragma once

// Someone who works on the site without pause: edits, renames, moves, archives, trashes, restores,
// purges, deletes, restricts and adds pages at random. The same seed does the same to the same
// content.
//
// Threads: one at a time (Server::with_content() gives its callers turns).

#include <cstdint>

#include "tests/site/content.h"
#include "tests/site/random.h"

namespace site {

class Worker {
 public:
  explicit Worker(std::uint64_t seed) : random_(seed) {}

  // What the site refuses is simply not done.
  void work(Content& content, int operations) {
    for (int i = 0; i < operations; ++i) work(content);
  }
  std::int64_t done() const { return done_; }

 private:
  void work(Content& content);
  void edit(Content& content, Index page);
  void move(Content& content, Index page);
  void add(Content& content, Index space);

  Random random_;
  std::int64_t done_ = 0;
};

// What a mirror that has seen the page before must call it: "" while it is there, else the reason
// of its tombstone.
inline const char* gone_reason(const Content& content, Index index) {
  const auto& page = content.pages()[index];
  if (page.status == Status::kPurged || !content.shown(index)) return "vanished";
  return page.status == Status::kDeleted ? "deleted" : "";
}

}  // namespace site
