#pragma once

// What the parts of one crawl share. Owned by Crawl, referred to by its parts; network thread only
// (the functions given to read() run on the reader thread).

#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "daemon/base/async.h"
#include "daemon/base/clock.h"
#include "daemon/base/task_group.h"
#include "daemon/confluence/client.h"
#include "daemon/mirror/commit_slot.h"
#include "daemon/mirror/pace.h"
#include "daemon/mirror/progress.h"
#include "store/reader.h"
#include "store/writer.h"

namespace mirror {

enum class History { kNone, kMetadata, kBodies };

// How one large listing is kept from running alone at the end on one connection.
enum class SplitScheme {
  kNone,     // one walk, upwards
  kTwoEnds,  // a second walk with bodies, downwards, until they meet
  kScout,    // a second walk without bodies, downwards; what it names is fetched by ids on every
             // connection that is free
};

struct CrawlOptions {
  std::function<bool(const store::Space&)> admits;  // which spaces to keep
  std::vector<std::string> space_statuses{"current", "archived"};
  std::vector<std::string> page_statuses{"current", "archived", "trashed"};
  History history = History::kBodies;
  int history_depth = 0;  // newest versions to keep, 0 = all
  int max_concurrency = 8;
  std::chrono::seconds overlap{900};  // of the closing poll, in the site's time
  bool retry_quarantine = false;      // try now what is waiting in quarantine
  // Ask only for what changed since the last run, if the mirror lets that be known.
  bool incremental = false;
  bool closing_sweep = true;  // look at everything once more at the end, where that is cheap
  // Safety valve: a run that would call more pages gone than this, or a larger share of the mirror
  // (and more than a few), stops instead. Those in `accepted_vanished` do not count.
  double max_vanished_percent = 10;
  std::int64_t max_vanished_pages = 1000;
  std::unordered_set<store::Id> accepted_vanished;
  bool whole_site = true;       // `admits` says what the mirror keeps, not what this run looks at
  bool refetch_bodies = false;  // fetch every body, not only those whose version is new
  SplitScheme split = SplitScheme::kScout;
  // Listings of a full run an hour, once the mirror has been whole; 0 = as the site bears.
  std::int64_t requests_per_hour = 0;
  // Another run of this process that is under way: 0 = none. Only an incremental run may be beside
  // a full one.
  std::int64_t beside_run = 0;
  confluence::Usage usage_before;  // what the client had used when this run began
  std::string scope;  // what is crawled, in words; an interrupted crawl is only taken up again
                      // under the same scope
};

struct CrawlDeps {
  boost::asio::io_context& io;
  confluence::Client& client;
  confluence::Governor& governor;
  store::Writer& writer;
  store::Reader& reader;                    // used on reader_thread only
  boost::asio::thread_pool& reader_thread;  // of one thread
  boost::asio::thread_pool& pool;
  const base::Clock& clock;
};

// What quarantine calls things.
inline std::string page_subject(std::string_view page_id) {
  return std::string("page:").append(page_id);
}
inline std::string page_subject(store::Id page_id) { return page_subject(std::to_string(page_id)); }
inline std::string versions_subject(store::Id page_id) {
  return "versions:" + std::to_string(page_id);
}
// The id in a subject that is nothing but `prefix` and an id.
std::optional<store::Id> id_after(std::string_view subject, std::string_view prefix);

class Context {
 public:
  Context(CrawlDeps crawl_deps, CrawlOptions crawl_options)
      : deps(crawl_deps),
        options(std::move(crawl_options)),
        listings(deps.io),
        histories(deps.io),
        history_wanted(deps.io),
        backlog(std::make_shared<Backlog>(deps.io, options.max_concurrency)) {}

  CrawlDeps deps;
  CrawlOptions options;
  Progress progress;
  std::int64_t run_id = 0;
  std::string account_id;  // who the site took us for at the start
  std::unordered_set<store::Id> admitted_spaces;

  base::TaskGroup listings;   // walks, and bodies by id
  base::TaskGroup histories;  // version listings
  base::Signal history_wanted;
  std::shared_ptr<Backlog> backlog;   // of all slots
  std::int64_t history_arrivals = 0;  // pages that became due since the crawl began
  std::optional<store::Error> fatal;

  // Ends the whole crawl; the first reason stays.
  void fail(store::Error error);

  // What a failure means for the crawl as a whole. False: it has been ended. Dead credentials are
  // believed only when the identity canary is red too; and when nothing but failures came for a
  // while, the site is asked whether it answers at all.
  base::Awaitable<bool> survives(store::Error error);
  void succeeded() { failed_in_a_row_ = 0; }
  // nullopt if the site still takes us for who we are, else what is wrong.
  base::Awaitable<std::optional<store::Error>> canary();

  // Suspends until the budget of listings allows one more.
  base::Awaitable<void> turn();
  void set_budget(std::int64_t requests_per_hour) { pace_.set(requests_per_hour); }

  std::unique_ptr<CommitSlot> make_slot();
  // What is due in quarantine at this time is tried again.
  store::Time due_time() const {
    return options.retry_quarantine ? store::Time::max() : deps.clock.now();
  }
  store::Batch make_batch() const;  // for what no answer of the site brought

  // Runs `query(Reader&)` on the reader thread.
  template <typename Query>
  base::Awaitable<std::invoke_result_t<Query&, store::Reader&>> read(Query query) {
    auto work = [this, query = std::move(query)]() mutable { return query(deps.reader); };
    auto result = co_await base::run_on(deps.reader_thread, std::move(work));
    co_return result;
  }

  // Runs these in `listings`, all at once, and returns when all have ended.
  base::Awaitable<void> all(std::vector<base::Awaitable<void>> tasks) {
    return listings.all(std::move(tasks));
  }

  // The mirror's quarantine, kept here beside the table.
  void remember_quarantine(const std::vector<store::QuarantineRow>& rows);
  // Puts `subject` into quarantine and among the failures of this run; for an error that
  // survives() has let pass.
  base::Awaitable<void> quarantine(std::string subject, store::Error error);
  // `subject` is well: it leaves quarantine with this batch, if it is there.
  void release(store::Batch& batch, const std::string& subject);
  bool failed_now(const std::string& subject) const { return failures_.contains(subject); }
  // No listing of spaces or pages has failed in this run.
  bool listings_whole() const;
  const std::map<std::string, store::QuarantineRow>& in_quarantine() const { return quarantine_; }

 private:
  void show_failures();

  int failed_in_a_row_ = 0;
  Pace pace_;
  std::map<std::string, store::QuarantineRow> quarantine_;  // by subject
  std::map<std::string, std::string> failures_;             // of this run, by subject
  std::shared_ptr<int> alive_ = std::make_shared<int>();    // for commits that come back late
};

}  // namespace mirror
