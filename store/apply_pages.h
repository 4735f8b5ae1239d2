#pragma once

// What an answer about pages or their versions does to page, page_body, page_state and (through
// Versions) page_version:
//
// 1. Of two answers about a page the one with the higher observation number rules, in whatever
//    order they come. An older one only adds what it knows of versions and bodies.
// 2. page_body, body_version and body_hash belong together; body_due says that they are not (yet)
//    of `version`.
// 3. A body that leaves page_body stays as the blob of its version.
// 4. history_version: everything up to it is known. A version that rises by one from there needs no
//    listing.
// 5. A number that drops, or comes again with another date, is another past (a restored site): the
//    answer is followed, what contradicts it goes to replaced_version, and listings observed before
//    count no more (history_floor).
// 6. A page that is gone keeps its row; what was observed of its state ends then, and begins again
//    when the page comes back.
// 7. What an answer does not change is not written, but for observation and observed_at.
//
// Uses the Db's sticky errors (store/sqlite.h) and belongs to the Db's thread.

#include <optional>
#include <string>
#include <vector>

#include "store/accounts.h"
#include "store/apply_versions.h"
#include "store/batch.h"
#include "store/blobs.h"
#include "store/sqlite.h"

namespace store {

enum class HistoryPolicy { kNone, kMetadata, kBodies };

class Pages {
 public:
  Pages(Db& db, Accounts& accounts, HistoryPolicy policy);

  void put(const Page& page, Observation observation, Time observed_at, CommitInfo& info);
  void put_gone(const Gone& gone, Observation observation, Time observed_at, CommitInfo& info);
  void put_history(const PageHistory& history, Observation observation, CommitInfo& info);

 private:
  struct Row {  // of the table
    Id id = 0;
    Id space_id = 0;
    std::string status;
    std::string title;
    std::optional<Id> parent_id;
    std::optional<std::string> parent_type;
    std::optional<std::int64_t> position;
    std::optional<Id> author;
    std::optional<Id> owner;
    std::optional<Id> last_owner;
    std::optional<std::string> subtype;
    Time created_at{};
    std::int32_t version = 0;
    Time modified_at{};
    std::string web_path;
    Observation observation = 0;
    Time observed_at{};
    Time state_since{};
    std::optional<Id> body_id;
    std::optional<std::int64_t> body_version;
    std::optional<Sha256> body_hash;
    std::int64_t body_bytes = 0;
    Observation body_observation = 0;
    bool body_due = false;
    std::int32_t history_version = 0;
    Observation history_floor = 0;
    bool history_due = false;
    bool gone = false;

    bool has_body_of(std::int32_t number) const { return body_version == number; }
    bool same_version(const Version& other) const {
      return version == other.number && modified_at == other.created_at;
    }
  };
  struct Answer;  // a Page with what the rules need beside it

  bool load(Id page_id, Row& row);
  void insert(const Answer& answer, CommitInfo& info);
  void put_newer(const Answer& answer, Row& row, CommitInfo& info);
  void put_older(const Answer& answer, Row& row, CommitInfo& info);
  void put_older_version(const Answer& answer, Row& row);
  void keep_state(Time observed_at, Row& row);
  void follow_version(const Answer& answer, Row& row, CommitInfo& info);
  void start_new_past(Row& row, Observation floor);
  // Given a body of row.version: false if nothing changed.
  bool put_body(const Answer& answer, Row& row, CommitInfo& info);
  void write_body(const Body& body, Row& row);
  void shelve_body(Row& row);
  std::string stored_body(const Row& row);
  Id blob_of_body(const Body& body, Id page_id, std::int32_t number);
  void settle_history(Row& row);
  bool knows_older_versions(const Row& row);
  void bind_row(Query& query, const Row& row);
  void update(const Row& row);
  void update_progress(const Row& row, const Row& before);

  // Row `index` of a listing as a blob, made where it is new.
  class Listing;

  Db& db_;
  Accounts& accounts_;
  HistoryPolicy policy_;
  Blobs blobs_;
  Versions versions_;
  Stmt load_;
  Stmt insert_;
  Stmt update_;
  Stmt touch_;
  Stmt update_progress_;
  Stmt insert_body_;
  Stmt update_body_;
  Stmt read_body_;
  Stmt insert_state_;
  Stmt put_gone_;
};

}  // namespace store
