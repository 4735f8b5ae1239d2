#pragma once

// The rules of page_version and replaced_version. A version is told from another of the same number
// by when it was made: of two that differ, the one observed later stays in page_version and the
// other is kept in replaced_version. A body that came with the page itself counts more than one
// from a version listing. Bodies are given as blobs. Uses the Db's sticky errors (store/sqlite.h)
// and belongs to the Db's thread.

#include <optional>
#include <string>
#include <string_view>

#include "store/accounts.h"
#include "store/blobs.h"
#include "store/records.h"
#include "store/sqlite.h"

namespace store {

class Versions {
 public:
  Versions(Db& db, Blobs& blobs, Accounts& accounts);

  struct Seen {
    Id page_id = 0;
    const Version* version = nullptr;
    std::optional<std::string_view> title;
    Observation observation = 0;
    std::optional<Id> blob;
    bool of_page = false;  // the body came with the page itself
  };
  enum class Outcome { kNew, kKnown, kReplaced, kOlder };
  // The blob gains a reference where it is kept.
  Outcome see(const Seen& seen);
  // Into replaced_version at once: a newer answer has already said otherwise.
  void see_replaced(const Seen& seen);

  // The body of a version whose row exists and which moves out of page_body.
  void attach_body(Id page_id, std::int32_t number, Id blob, Observation observation);
  // The other way: page_body holds that version's body from now on.
  void detach_body(Id page_id, std::int32_t number);
  // A copy of the row goes to replaced_version with that body; the row stays for what follows.
  void keep_replaced_body(Id page_id, std::int32_t number, Id blob, Observation observation);
  // The site has no version above `number` any more.
  void replace_above(Id page_id, std::int32_t number);
  void name(Id page_id, std::int32_t number, std::string_view title);

  std::optional<Id> blob_of(Id page_id, std::int32_t number);
  std::optional<Time> created_at(Id page_id, std::int32_t number);
  // How many versions strictly between two numbers are known: observed at `floor` or later, and
  // with a body of their own where that is asked for.
  std::int64_t count_between(Id page_id, std::int32_t low, std::int32_t high, Observation floor,
                             bool with_bodies);
  // The blob of the next older version that has one: the best prefix.
  std::optional<Id> blob_below(Id page_id, std::int32_t number);

 private:
  struct Row {
    std::int32_t number = 0;
    Time created_at{};
    std::optional<Id> author;
    std::optional<std::string> message;
    bool minor_edit = false;
    std::optional<std::string> title;
    std::optional<Id> blob;
    std::optional<Observation> body_observation;
    bool of_page = false;
    Observation observation = 0;
  };
  static Row read_row(Query& query);
  Row make_row(const Seen& seen);
  std::optional<Row> find(Id page_id, std::int32_t number);
  bool insert(Id page_id, const Row& row);
  void update(Id page_id, const Row& row);
  void remove(Id page_id, std::int32_t number);
  void merge(Id page_id, Row old, Row seen);
  // False: that row was there already.
  bool archive(Id page_id, const Row& row, Observation observation);

  Db& db_;
  Blobs& blobs_;
  Accounts& accounts_;
  Stmt find_;
  Stmt above_;
  Stmt insert_;
  Stmt update_;
  Stmt remove_;
  Stmt archive_;
  Stmt set_body_;
  Stmt name_;
  Stmt blob_below_;
  Stmt count_between_;
};

}  // namespace store
