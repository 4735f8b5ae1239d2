#pragma once

// What one answer of the site (or one step of a run) changes in the mirror: applied whole, in one
// transaction, or not at all. Owned by whoever builds it, moved into Writer::submit. Knows its size
// in bytes, which is what the writer's group commit and the back-pressure count.

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "store/jobs.h"
#include "store/records.h"
#include "store/texts.h"

namespace store {

// Where one walk over a listing stands. Saved in the same transaction as the rows that it brought.
struct WalkState {
  std::int64_t walk_id = 0;    // unique in the mirror, given out by the crawl
  std::int64_t crawl_id = 0;   // the sync run that planned it (sync_runs.run_id)
  std::string kind;            // "bodies", "scout" (no bodies), ...: the mirror's word, opaque here
  std::vector<Id> space_ids;   // the filter; empty = the whole site
  std::string sort;            // "id", "-id", "-modified-date"
  std::string next_link;       // the site's next link as sent; empty before the first answer
  std::optional<Id> reached;   // the last page id that was committed
  std::int32_t page_size = 0;  // `limit` in use
  bool done = false;           // a done walk is kept until its crawl is finished
};

struct RunUpdate {
  std::int64_t run_id = 0;
  std::string kind;  // "full", "incremental"
  Time started_at{};
  std::optional<Time> finished_at;
  std::string outcome;  // running, done, partial, stopped, failed, interrupted
  std::int64_t requests = 0;
  std::int64_t bytes = 0;
  std::int64_t pages_changed = 0;
  std::string error;  // empty = none
};

// A page, a node or a space that the site no longer shows: a tombstone, if nothing newer was
// observed of it. It keeps what was known last.
struct Gone {
  Id id = 0;
  std::string reason;  // deleted, vanished, excluded
};

// What a run would have called gone, had a safety valve not stopped it.
struct VanishedCandidates {
  std::int64_t run_id = 0;
  std::vector<Id> page_ids;
};

struct Batch {
  Batch(Observation number, Time at) : observation(number), observed_at(at) {}

  Observation observation;  // of the request that brought the records
  Time observed_at;         // our clock when the answer was complete; becomes synced_at

  std::vector<Space> spaces;
  std::vector<Page> pages;
  std::vector<PageHistory> histories;
  std::vector<Node> nodes;
  std::vector<Gone> gone_pages;
  std::vector<Gone> gone_spaces;
  std::vector<Gone> gone_nodes;
  std::vector<User> users;
  std::vector<SpaceLabels> space_labels;
  std::vector<WalkState> walks;
  std::vector<QuarantineEntry> quarantined;  // attempts are counted by the store
  std::vector<std::string> released;         // subjects that leave quarantine
  std::vector<RunUpdate> runs;               // the last 10,000 are kept
  std::map<std::string, std::string>
      meta;  // site_url, account_id, rate-limit waits, ... (upsert; empty value deletes)
  std::optional<std::int64_t> drop_walks_of_crawl;
  // Those of the last 20 runs that stopped are kept.
  std::optional<VanishedCandidates> vanished;
  std::vector<JobUpdate> jobs;
  TextUpdate texts;  // for the search

  std::size_t bytes() const;
};

// What a commit did; counted per batch.
struct CommitInfo {
  std::int64_t pages_new = 0;
  std::int64_t pages_changed = 0;  // version, title, place, status or body differ from before
  std::int64_t bodies_written = 0;
  std::int64_t versions_new = 0;
  std::int64_t pages_gone = 0;
  std::int64_t history_due = 0;   // pages of this batch that now wait for their version listing
  std::vector<JobId> jobs_moved;  // those of Batch::jobs that were in one of their states
};

}  // namespace store
