#pragma once

// One job on its way through the site: prepared, sent, or looked into. For job_runner.cc and
// job_*.cc only. Network thread; refers to the runner, which outlives it.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/edits/job_runner.h"

namespace edits {

class JobRunner::Attempt {
 public:
  Attempt(JobRunner& runner, store::Job job) : runner_(runner), job_(std::move(job)) {}

  base::Awaitable<void> run();

 private:
  using Page = store::Page;
  using State = store::JobState;
  using Found = store::Result<std::optional<confluence::Listing<Page>>>;

  // What is to be done next; nothing: the job has taken its step.
  struct Plan {
    Outgoing outgoing;
    std::vector<store::JobImage> images;
    std::string reason;
  };
  using Planned = std::optional<Plan>;

  base::Awaitable<Planned> plan();
  base::Awaitable<Planned> plan_update();
  base::Awaitable<Planned> plan_update_over(Page theirs);
  base::Awaitable<Planned> plan_draft_update();
  base::Awaitable<Planned> plan_delete();
  base::Awaitable<Planned> plan_restore();
  base::Awaitable<Planned> plan_move();

  base::Awaitable<void> send(Plan plan);
  base::Awaitable<void> not_sent(const confluence::WriteOutcome& outcome);
  base::Awaitable<void> unknown(const confluence::WriteOutcome& outcome);
  base::Awaitable<void> denied(const confluence::WriteOutcome& outcome);
  base::Awaitable<void> refused(const confluence::WriteOutcome& outcome);
  base::Awaitable<void> refused_version();
  base::Awaitable<void> refused_absent(const confluence::WriteOutcome& outcome);
  base::Awaitable<void> refused_create(const confluence::WriteOutcome& outcome);
  base::Awaitable<void> applied(confluence::WriteOutcome outcome);
  base::Awaitable<void> applied_page(confluence::WriteOutcome outcome);
  base::Awaitable<void> applied_delete(const confluence::WriteOutcome& outcome);
  base::Awaitable<void> applied_move(const confluence::WriteOutcome& outcome);

  base::Awaitable<void> look();
  base::Awaitable<void> look_update();
  base::Awaitable<void> look_version(Page now, store::Batch batch);
  base::Awaitable<void> look_create();
  base::Awaitable<void> look_delete();
  base::Awaitable<void> look_restore();
  base::Awaitable<void> look_move();
  base::Awaitable<void> look_draft();
  base::Awaitable<void> not_applied(std::string why);
  base::Awaitable<void> nothing_found(std::string why);

  // The page, live; nothing in it where the site names it as absent. Other failures have been dealt
  // with (put_off) and give an error.
  base::Awaitable<Found> fetch();
  base::Awaitable<Found> fetch_draft();
  base::Awaitable<Found> found(base::Awaitable<store::Result<confluence::Listing<Page>>> asked);
  // The pages that have a create's title; nothing: that was put off.
  struct Titled {
    store::Batch batch;
    CreateVerdict verdict;
  };
  base::Awaitable<std::optional<Titled>> find_titled();
  base::Awaitable<void> put_off(const store::Error& error);
  // Whether the site knows us; else the queue is held.
  base::Awaitable<bool> known_here();
  base::Awaitable<std::optional<std::string>> base_body();
  base::Awaitable<std::string> result_of(const Page& page, bool noop);
  base::Awaitable<void> relist_children();
  // What puts a restored page back where it was; nothing: it is there, or that is not known.
  base::Awaitable<std::optional<confluence::Write>> way_home(const Page& page);

  store::JobUpdate step(State to, std::string reason) const;
  store::Batch batch_of(const confluence::Listing<Page>& listing) const;
  store::Batch batch_of(const confluence::WriteOutcome& outcome) const;
  store::Batch own_batch() const;
  // False: the job was no longer in that state, or the mirror cannot be written.
  base::Awaitable<bool> commit(store::Batch batch, store::JobUpdate update);
  base::Awaitable<void> finish(store::Batch batch, State state, std::string reason,
                               std::string error = {}, std::string result = {},
                               std::optional<store::Id> page_id = std::nullopt,
                               std::vector<store::JobImage> images = {});
  base::Awaitable<void> fail_job(std::string error);
  base::Awaitable<void> conflict(store::Batch batch, const Page& theirs,
                                 std::optional<store::JobImage> base, std::string reason);
  base::Awaitable<void> wait(std::chrono::milliseconds pause, std::string reason, bool count);
  std::chrono::milliseconds pause_after(int failures) const;
  // Made so short a time ago that it may not be readable yet.
  base::Awaitable<bool> is_fresh(std::optional<store::Id> page_id);

  JobRunner& runner_;
  store::Job job_;
  confluence::PageContent sent_;     // with the last attempt
  std::vector<store::Id> children_;  // of a page that was deleted
  std::optional<Page> before_;       // the page that was deleted, as it was
};

}  // namespace edits
