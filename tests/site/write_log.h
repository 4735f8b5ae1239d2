#pragma once

// Every write that reached the site and what became of it, so that a test can prove that something
// was applied once, and that nobody's change was lost: requests of the API in the order in which
// the site took them up, and between them the changes that others made (Server::others_write(), the
// control endpoint, with_content(), churn).
//
// Entries are never dropped: about half a kilobyte for each. An entry changes until its request has
// been answered (and, under the fault applied-later-503, until the write has been applied). A
// request whose body did not arrive is not there. Thread-safe; takes its lock last.

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/site/content.h"

namespace site {

struct WriteEntry {
  std::uint64_t number = 0;  // 1, 2, ... as they came
  Millis at = 0;
  std::string method;  // POST, PUT, DELETE; "" for changes that were no request
  std::string what;  // create, update, title, delete, move; others: add, edit, move, status, draft
  bool own = true;   // the account's, through the API; false: somebody else's
  Id page = 0;       // of a create that was refused: 0
  bool applied = false;
  std::uint64_t applied_number = 0;  // 1, 2, ... as they were applied; 0 = not
  std::optional<PageState> before;   // what was applied: nothing for a create ...
  std::optional<PageState> after;    // ... status purged for a page that is gone for good
  std::string message;               // of the version, as received
  std::string received_sha256;       // of the body's value, as received; "" = there was none
  std::string stored_sha256;         // of the storage value, once applied; "" = no body was stored
  int status = 0;                    // that was answered, 0 = none (yet)
  std::string fault;                 // that was played, "" = none
  bool whole = false;  // all of the answer left; set a moment after the client may have read it
};

std::string to_json_line(const WriteEntry& entry);  // with its newline

class WriteLog {
 public:
  // A request; its number.
  std::uint64_t begin(std::string_view method, std::string_view what, bool own, Id page);
  void received(std::uint64_t number, std::string_view body_sha256, std::string_view message);
  // The caller holds the content's lock, alone.
  void applied(std::uint64_t number, Id page, const std::optional<PageState>& before,
               const PageState& after, std::string stored_sha256);
  void played(std::uint64_t number, std::string_view fault);
  void answered(std::uint64_t number, int status, bool whole);
  // A change that was no request. The caller holds the content's lock, alone.
  void other(std::string_view what, Id page, const std::optional<PageState>& before,
             const PageState& after, std::string stored_sha256);

  std::vector<WriteEntry> entries() const;
  void clear();  // numbers go on

 private:
  WriteEntry* find(std::uint64_t number);

  mutable std::mutex mutex_;
  std::vector<WriteEntry> entries_;
  std::uint64_t first_ = 1;  // number of entries_[0]
  std::uint64_t applied_ = 0;
};

}  // namespace site
