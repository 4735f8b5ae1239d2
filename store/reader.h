#pragma once

// Read-only view of a mirror file. Each Reader owns one read-only connection (WAL), used by one
// thread at a time; any number of Readers may exist beside the Writer and in other processes. No
// call holds a snapshot after it returns, except the for_each_* calls and in_snapshot() while they
// run their callback. All errors: kStoreBad (damaged, foreign, newer), kSystem (cannot open).

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "store/batch.h"
#include "store/jobs.h"
#include "store/records.h"
#include "store/text_search.h"

namespace store {

struct SpaceRow : Space {
  std::vector<std::string> labels;
  Time synced_at{};
  std::int64_t pages = 0;  // trashed ones included, gone ones not; of spaces() alone
};

struct PageRow : Page {  // body only where it was asked for
  std::string space_key;
  std::string author_name;       // of the creator; "" while unknown
  std::string modified_by_name;  // of version.author_id
  std::optional<Sha256> body_hash;
  std::int64_t body_bytes = 0;
  bool body_due = false;  // listed, body not fetched yet
  Time synced_at{};
  std::optional<Time> gone_at;  // set: a tombstone, with what was known last
  std::string gone_reason;      // deleted, vanished, excluded
  bool assumed = false;         // as of a time: something of it was not observed then
};

struct VersionRow : PageVersion {   // body only where it was asked for
  std::optional<Sha256> body_hash;  // nullopt: body not fetched (history = "metadata")
  std::int64_t body_bytes = 0;
  std::string author_name;
};

struct NodeRow : Node {
  std::string space_key;
  Time synced_at{};
  std::optional<Time> gone_at;  // set: a tombstone, with what was known last
  std::string gone_reason;      // deleted, vanished, excluded
};

// A page or a node by its place.
struct TreeRow {
  Id id = 0;
  std::string type;  // page, folder, ...
  std::string status;
  std::string title;
  std::optional<Id> parent_id;
  std::optional<std::int64_t> position;
};

// A node to be asked for.
struct DueNode {
  Id id = 0;
  std::string type;
  std::optional<Id> space_id;  // of what names it, or its own
  bool known = false;          // in the mirror, and no tombstone
};

struct BodyHashes {
  Sha256 stored{};   // what was noted when the body came
  Sha256 of_text{};  // of the text that lies there now
};

struct DuePage {
  Id page_id = 0;
  std::int32_t version = 0;
  Id space_id = 0;
};

struct Counts {
  std::int64_t spaces = 0;
  std::int64_t pages = 0;
  std::int64_t bodies_due = 0;   // pages whose body is still to be fetched
  std::int64_t history_due = 0;  // pages whose version listing is still to be fetched
  std::int64_t versions = 0;     // rows in page_versions, current ones included
  std::int64_t nodes = 0;        // folders, whiteboards, databases, embeds
  std::map<std::string, std::int64_t> pages_by_status;
};

struct QuarantineRow : QuarantineEntry {
  std::int64_t attempts = 0;
};

struct PageListing;  // store/listing.h
struct ChildRow;

struct PageFilter {
  std::optional<Id> space_id;
  std::vector<std::string> statuses;  // empty = all
  std::optional<std::string> title;   // exact, without regard to case
  std::string sort = "title";         // title, -title, id, -id, modified, -modified
  std::int64_t limit = -1;            // -1 = all
  std::int64_t offset = 0;
  bool with_bodies = false;
  // As the site was then: see the note at Reader::observed_since.
  std::optional<Time> as_of;
};

class Reader {
 public:
  static Result<std::unique_ptr<Reader>> open(const std::filesystem::path& path);
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  Result<std::optional<std::string>> meta(const std::string& key);
  Result<Counts> counts();
  Result<std::vector<SpaceRow>> spaces(std::optional<Time> as_of = {});  // of then, as they are now
  // The live space of that key first, then an alias, without regard to case.
  Result<std::optional<SpaceRow>> space_by_key(const std::string& key);
  Result<std::vector<PageRow>> pages(const PageFilter& filter);  // without those that are gone
  Result<std::int64_t> count_pages(const PageFilter& filter);    // whatever its limit and offset
  Result<std::optional<PageRow>> page(Id page_id, bool with_body, std::optional<Time> as_of = {});
  // Those of these that the mirror has, tombstones among them, by ascending id.
  Result<std::vector<PageRow>> pages_by_id(const std::vector<Id>& page_ids,
                                           bool with_bodies = false);
  // Of the bodies of these pages' current versions, as far as they are there. Two that differ are
  // damage, and no error here.
  Result<std::map<Id, BodyHashes>> body_hashes(const std::vector<Id>& page_ids);
  Result<std::vector<VersionRow>> versions(Id page_id);  // ascending, without bodies
  // nullopt: no such version, or its body was not fetched. The blob's hash is checked; a mismatch
  // is kStoreBad.
  Result<std::optional<std::string>> version_body(Id page_id, std::int32_t version);

  Result<std::optional<NodeRow>> node(Id node_id);

  // What has a place in the tree of a space: its pages, current and archived, and its nodes, in no
  // order; nodes always as they are now. And what is directly below one of them, by position.
  Result<std::vector<TreeRow>> tree(Id space_id, std::optional<Time> as_of = {});
  Result<std::vector<TreeRow>> below(Id parent_id);

  // Piece by piece, without what is gone (store/listing.h).
  Result<std::vector<PageRow>> list_pages(const PageListing& listing);
  Result<std::vector<SpaceRow>> list_spaces();                // by id, without the number of pages
  Result<std::optional<SpaceRow>> space(Id space_id);         // the same of one
  Result<std::vector<ChildRow>> list_children(Id parent_id);  // in no order
  // By id, those after `after`; `depth` levels, 10 at most. Costs what all of them do.
  Result<std::vector<ChildRow>> list_descendants(Id root_id, int depth, Id after,
                                                 std::size_t limit);
  // Those of these accounts that the mirror names, by account id.
  Result<std::vector<User>> users(const std::vector<std::string>& account_ids);
  // Whether there may be versions of the page that were not listed yet.
  Result<bool> is_history_due(Id page_id);

  // When the mirror first looked at the site; nullopt: never. Rows "as of" a time show title, place
  // and status as they were observed then, and the version of then. For a time before a page was
  // first observed they show the first place known and say so (`assumed`): only versions reach back
  // further. What was purged before the mirror began is in no answer.
  Result<std::optional<Time>> observed_since();

  // In the index of texts, which may lag behind the pages (store/texts.h); gone pages left out.
  Result<TextHits> search(const TextQuery& query);

  // For the crawl. Pages by ascending id after `after`, at most `limit`; quarantined subjects whose
  // next try is later than `now` are left out.
  Result<std::vector<DuePage>> bodies_due(Id after, std::size_t limit, Time now);
  Result<std::vector<DuePage>> history_due(Id after, std::size_t limit, Time now);
  // Pages of which nothing was observed after `since`; gone ones left out.
  Result<std::vector<DuePage>> unseen_pages(Observation since, Id after, std::size_t limit);
  // Tombstones of pages that have vanished since then.
  Result<std::vector<DuePage>> vanished_since(Time since);
  // What that run would have called gone; nullopt: of the newest run that has any.
  Result<VanishedCandidates> vanished_candidates(std::optional<std::int64_t> run_id);
  Result<std::vector<std::string>> unknown_users(std::size_t limit);  // account ids never asked for
  // Nodes that something in the mirror names as its parent and that are not known, or gone; those
  // of which nothing was observed after `since`; and those whose next try in quarantine has come.
  Result<std::vector<DueNode>> nodes_due(Observation since, Time now);
  // Which nodes are named as a parent by what was observed after `since` (tombstones left out).
  Result<std::unordered_set<Id>> nodes_named(Observation since);
  Result<std::vector<WalkState>> walks();
  Result<Observation> last_observation();
  Result<std::int64_t> next_run_id();
  Result<std::vector<RunUpdate>> runs(std::size_t limit);  // newest first
  // Those that have not ended, or have left walks behind; newest first.
  Result<std::vector<RunUpdate>> unfinished_runs();
  Result<std::vector<QuarantineRow>> quarantine();

  // The edit queue.
  Result<std::optional<Job>> job(JobId id, bool with_body);
  Result<std::vector<Job>> jobs(const JobFilter& filter);  // without bodies
  Result<std::vector<JobId>> jobs_before(JobId id);        // those that must be done before it
  Result<std::vector<JobEvent>> job_events(JobId id);      // oldest first
  // Those of the batch's jobs after that one, oldest first.
  Result<std::vector<BatchEvent>> batch_events(BatchId id, std::int64_t after, std::size_t limit);
  Result<std::optional<JobImage>> job_image(JobId id, const std::string& kind);
  Result<std::optional<JobBatchRow>> job_batch(BatchId id);
  // Newest first; `before`: of smaller numbers than that.
  Result<std::vector<JobBatchRow>> job_batches(std::size_t limit,
                                               std::optional<BatchId> before = {});
  Result<std::map<JobState, std::int64_t>> job_counts();  // by state, of all batches
  Result<std::optional<JobsPause>> jobs_pause();
  // What may be sent or looked into now, in order: neither its page nor, where that matters, its
  // parent is waited for by an earlier job.
  Result<std::vector<JobId>> ready_jobs(Time now, std::size_t limit);
  // When the next one may that only waits for its time.
  Result<std::optional<Time>> next_job_time(Time now);
  // Whether something will be sent or looked into, now or later, in that batch (nullopt: in any).
  Result<bool> jobs_left(std::optional<BatchId> batch);
  // The draft that this page is, made by a job and not published since.
  Result<bool> is_our_draft(Id page_id);
  // The last job that was done to it, with its body; nullopt: it is none of those.
  Result<std::optional<Job>> our_draft(Id page_id);
  // All of those: the last job that was done to each, with its body, by page id.
  Result<std::vector<Job>> our_drafts();
  // Pages whose parent it is, in their order; gone ones left out.
  Result<std::vector<Id>> children(Id page_id);
  // All of a space: id, title, status; gone ones left out.
  Result<void> for_each_title(
      Id space_id, const std::function<void(Id, std::string_view, std::string_view)>& visit);
  // Changes whenever another connection has written to the file.
  Result<std::int64_t> data_version();

  // For export, in the order of the JSON Lines form: nodes by id, pages by id, tombstones among
  // them; versions ascending. The callback returns false to stop, and may use this Reader: all it
  // reads is of the snapshot of the outermost for_each_*. Bodies are checked against their SHA-256.
  Result<void> for_each_page(const std::function<bool(const PageRow&)>& visit, bool with_bodies,
                             const std::vector<Id>& space_ids, std::optional<Time> as_of = {});
  Result<void> for_each_node(const std::function<bool(const NodeRow&)>& visit,
                             const std::vector<Id>& space_ids);
  Result<void> for_each_version(Id page_id, const std::function<bool(const VersionRow&)>& visit,
                                bool with_bodies);
  // What `work` reads by this Reader is of one snapshot.
  Result<void> in_snapshot(const std::function<Result<void>()>& work);
  // Everyone whom the mirror names; name and status as far as the site was asked.
  Result<void> for_each_user(const std::function<bool(const User&)>& visit);

 private:
  Result<std::vector<JobBatchRow>> batch_rows(const std::string& which,
                                              const std::vector<Id>& bounds);

  class Impl;
  class Search;  // reader_search.cc
  explicit Reader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace store
