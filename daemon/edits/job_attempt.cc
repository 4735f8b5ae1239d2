#include "daemon/edits/job_attempt.h"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/base/log.h"
#include "daemon/storage_format/normal_form.h"

namespace edits {

using confluence::WriteOutcome;
using store::JobAction;
using store::JobState;
using store::JobUpdate;

namespace {

std::string_view what_of(const store::Job& job) { return store::to_string(job.action); }

std::string words_of(const WriteOutcome& outcome) {
  return outcome.error ? outcome.error->message : fmt::format("HTTP {}", outcome.status);
}

bool names_title(const WriteOutcome& outcome) {
  const auto words = words_of(outcome);
  return words.find("title") != std::string::npos || words.find("TITLE") != std::string::npos;
}

}  // namespace

base::Awaitable<void> JobRunner::Attempt::run() {
  if (job_.state == JobState::kInDoubt) {
    co_await look();
    co_return;
  }
  auto planned = co_await plan();
  if (planned) co_await send(std::move(*planned));
}

JobUpdate JobRunner::Attempt::step(State to, std::string reason) const {
  return JobUpdate(job_.id, {job_.state}, to, std::move(reason));
}

store::Batch JobRunner::Attempt::own_batch() const {
  return store::Batch(0, runner_.deps_.clock.now());
}

store::Batch JobRunner::Attempt::batch_of(const WriteOutcome& outcome) const {
  return store::Batch(outcome.observation, outcome.received_at);
}

store::Batch JobRunner::Attempt::batch_of(const confluence::Listing<Page>& listing) const {
  store::Batch batch(listing.observation, listing.received_at);
  for (const auto& page : listing.rows) {
    if (page.status != "draft") batch.pages.push_back(page);
  }
  return batch;
}

base::Awaitable<bool> JobRunner::Attempt::commit(store::Batch batch, JobUpdate update) {
  const auto to = update.to;
  batch.jobs.push_back(std::move(update));
  auto committed = co_await base::commit(runner_.deps_.writer, std::move(batch));
  if (!committed) {
    runner_.fail(committed.error());
    co_return false;
  }
  const bool moved = !committed->jobs_moved.empty();
  if (moved) job_.state = to;
  co_return moved;
}

base::Awaitable<void> JobRunner::Attempt::finish(store::Batch batch, State state,
                                                 std::string reason, std::string error,
                                                 std::string result,
                                                 std::optional<store::Id> page_id,
                                                 std::vector<store::JobImage> images) {
  auto update = step(state, reason);
  update.error = error;
  update.result = std::move(result);
  update.page_id = page_id;
  update.images = std::move(images);
  const bool moved = co_await commit(std::move(batch), std::move(update));
  if (!moved) co_return;
  runner_.looks_.erase(job_.id);
  runner_.futile_.erase(job_.id);
  auto& totals = runner_.totals_;
  const auto page = page_id.value_or(job_.page_id.value_or(0));
  if (state == JobState::kDone) {
    ++totals.done;
    base::edits_log().info("{} done job_id={} page_id={} {}", what_of(job_), job_.id, page, reason);
    co_return;
  }
  ++(state == JobState::kConflict  ? totals.conflicts
     : state == JobState::kInDoubt ? totals.in_doubt
                                   : totals.failed);
  base::edits_log().warn("{} {} job_id={} page_id={}: {}", what_of(job_), store::to_string(state),
                         job_.id, page, error.empty() ? reason : error);
}

base::Awaitable<void> JobRunner::Attempt::fail_job(std::string error) {
  co_await finish(own_batch(), JobState::kFailed, "failed", std::move(error));
}

base::Awaitable<void> JobRunner::Attempt::conflict(store::Batch batch, const Page& theirs,
                                                   std::optional<store::JobImage> base,
                                                   std::string reason) {
  std::vector<store::JobImage> images;
  images.push_back(image_of("theirs", theirs));
  if (base) images.push_back(std::move(*base));
  auto error = reason + "; 'jobs show' has the three-way diff, 'jobs retry --on-conflict' goes on";
  co_await finish(std::move(batch), JobState::kConflict, std::move(reason), std::move(error), {},
                  std::nullopt, std::move(images));
}

std::chrono::milliseconds JobRunner::Attempt::pause_after(int failures) const {
  const auto& options = runner_.options_;
  const auto factor = 1LL << std::clamp(failures - 1, 0, 20);
  return std::min<std::chrono::milliseconds>(options.longest_pause, options.first_pause * factor);
}

// Back into the queue until a time.
base::Awaitable<void> JobRunner::Attempt::wait(std::chrono::milliseconds pause, std::string reason,
                                               bool count) {
  auto update = step(JobState::kWaiting, reason);
  update.not_before = runner_.deps_.clock.now() + pause;
  update.error = std::move(reason);
  update.uncount = !count;
  co_await commit(own_batch(), std::move(update));
}

base::Awaitable<void> JobRunner::Attempt::send(Plan plan) {
  if (runner_.stopping_) co_return;
  if (job_.attempts >= runner_.options_.max_attempts) {
    const auto last = job_.error.empty() ? std::string("every attempt failed") : job_.error;
    co_await fail_job(fmt::format("given up after {} attempts: {}", job_.attempts, last));
    co_return;
  }
  sent_ = plan.outgoing.content;
  auto write = write_of(job_, plan.outgoing);
  auto claim =
      step(JobState::kSending, plan.reason.empty()
                                   ? fmt::format("attempt {}", job_.attempts + 1)
                                   : fmt::format("attempt {}: {}", job_.attempts + 1, plan.reason));
  claim.attempt = true;
  claim.sent_version = plan.outgoing.version;
  claim.images = std::move(plan.images);
  const bool claimed = co_await commit(own_batch(), std::move(claim));
  if (!claimed) co_return;
  ++job_.attempts;
  job_.sent_version = plan.outgoing.version;
  if (!job_.sent_at) job_.sent_at = runner_.deps_.clock.now();
  ++runner_.totals_.sent;
  auto outcome = co_await runner_.deps_.client.write(std::move(write), job_.page_id, job_.as_user);
  if (outcome.status != 0 && outcome.status < 500) runner_.well();
  switch (outcome.kind) {
    case WriteOutcome::Kind::kApplied:
      co_await applied(std::move(outcome));
      break;
    case WriteOutcome::Kind::kNotSent:
      co_await not_sent(outcome);
      break;
    case WriteOutcome::Kind::kUnknown:
      co_await unknown(outcome);
      break;
    case WriteOutcome::Kind::kDenied:
      co_await denied(outcome);
      break;
    case WriteOutcome::Kind::kRefused:
      co_await refused(outcome);
      break;
  }
}

base::Awaitable<void> JobRunner::Attempt::not_sent(const WriteOutcome& outcome) {
  const auto now = runner_.deps_.clock.now();
  auto pause = pause_after(job_.attempts);
  if (outcome.status == 429) {
    const auto until = outcome.retry_at.value_or(now);
    pause = std::max(std::chrono::milliseconds(1),
                     std::chrono::duration_cast<std::chrono::milliseconds>(until - now));
  } else {
    runner_.unwell(words_of(outcome));
  }
  co_await wait(pause, words_of(outcome), /*count=*/false);
}

base::Awaitable<void> JobRunner::Attempt::unknown(const WriteOutcome& outcome) {
  const auto words = words_of(outcome);
  if (is_draft_create(job_)) {
    co_await finish(own_batch(), JobState::kInDoubt, words,
                    words +
                        ": it may have been created, and the site lists no drafts; look for it "
                        "there, then retry or cancel it");
    co_return;
  }
  auto update = step(JobState::kInDoubt, words);
  update.not_before = runner_.deps_.clock.now();
  update.error = words;
  co_await commit(own_batch(), std::move(update));
}

namespace {

// What stands in the way of every job for any user, and not of one of them.
bool is_of_connection(const store::Error& error) {
  return error.name == "clock_wrong" || error.name == "app_refused" ||
         error.name == "no_act_as_user" || error.name == "app_not_installed";
}

}  // namespace

base::Awaitable<bool> JobRunner::Attempt::known_here() {
  auto who = co_await runner_.deps_.client.who_am_i();
  if (who && who->account_id == runner_.account_id_) co_return true;
  const store::Error changed(store::ErrorKind::kCredentialsBad, "identity_changed",
                             "the site takes us for another account than before");
  const auto& error = who ? changed : who.error();
  if (who || error.kind == store::ErrorKind::kCredentialsBad) {
    const bool first = runner_.held_.empty();
    runner_.hold(error);
    if (first) co_await runner_.note_held(error.message);
  }
  co_return false;
}

base::Awaitable<void> JobRunner::Attempt::denied(const WriteOutcome& outcome) {
  bool known = co_await known_here();
  if (known && outcome.error && is_of_connection(*outcome.error)) {
    // The app itself is known, and cannot sign for users: that is no job's fault either.
    const bool first = runner_.held_.empty();
    runner_.hold(*outcome.error);
    if (first) co_await runner_.note_held(outcome.error->message);
    known = false;
  }
  if (!known) {
    auto update = step(JobState::kQueued, "the site did not know us: " + words_of(outcome));
    update.uncount = true;
    co_await commit(own_batch(), std::move(update));
  } else if (outcome.error && outcome.error->name == "user_refused") {
    co_await fail_job(words_of(outcome) + " (the connection itself is good)");
  } else if (outcome.status == 403) {
    co_await fail_job(words_of(outcome) + " (the credentials are good: this account may not)");
  } else {
    // The token may have been changed meanwhile.
    co_await wait(pause_after(job_.attempts), words_of(outcome), /*count=*/true);
  }
}

base::Awaitable<void> JobRunner::Attempt::refused(const WriteOutcome& outcome) {
  const bool versioned =
      job_.action == JobAction::kUpdatePage || job_.action == JobAction::kRestorePage;
  if (outcome.status == 409 && versioned) {
    // An earlier attempt of ours may be what is in the way.
    if (job_.attempts > 1 || job_.action != JobAction::kUpdatePage || is_draft(job_)) {
      co_await look();
    } else {
      co_await refused_version();
    }
    co_return;
  }
  if (outcome.status == 404) {
    co_await refused_absent(outcome);
    co_return;
  }
  const bool create = job_.action == JobAction::kCreatePage && !is_draft(job_);
  if (create && (outcome.status == 400 || outcome.status == 409) &&
      (job_.attempts > 1 || names_title(outcome))) {
    co_await refused_create(outcome);
    co_return;
  }
  co_await fail_job(words_of(outcome));
}

// The first attempt met another version.
base::Awaitable<void> JobRunner::Attempt::refused_version() {
  auto found = co_await fetch();
  if (!found) co_return;
  if (!*found) {
    co_await fail_job("the page is gone, or not visible to this account");
    co_return;
  }
  auto kept = co_await base::commit(runner_.deps_.writer, batch_of(**found));
  if (!kept) {
    runner_.fail(kept.error());
    co_return;
  }
  Page now = std::move((*found)->rows.front());
  if (now.status != "current") {
    co_await fail_job(fmt::format("the page is {}", now.status));
    co_return;
  }
  if (now.version.number == job_.base_version) {
    co_await not_applied("the site met another version, which is not there any more");
    co_return;
  }
  auto planned = co_await plan_update_over(std::move(now));
  if (planned) co_await send(std::move(*planned));
}

base::Awaitable<bool> JobRunner::Attempt::is_fresh(std::optional<store::Id> page_id) {
  constexpr std::chrono::minutes kFresh{2};
  auto query = [id = page_id.value_or(0)](store::Reader& reader) { return reader.page(id, false); };
  auto row = co_await runner_.read(std::move(query));
  if (!row) runner_.fail(row.error());
  co_return row&&* row&& runner_.deps_.clock.now() - (*row)->created_at < kFresh;
}

// A named 404: gone, or not ours to change, or so new that it cannot be read yet.
base::Awaitable<void> JobRunner::Attempt::refused_absent(const WriteOutcome& outcome) {
  const auto subject = job_.action == JobAction::kCreatePage ? job_.parent_id : job_.page_id;
  const bool fresh = co_await is_fresh(subject);
  if (fresh) {
    co_await wait(runner_.options_.fresh_pause, words_of(outcome), /*count=*/true);
    co_return;
  }
  if (job_.action == JobAction::kCreatePage || is_draft(job_)) {
    co_await fail_job(words_of(outcome));
    co_return;
  }
  auto found = co_await fetch();
  if (!found) co_return;
  if (!*found) {
    co_await fail_job(words_of(outcome));
    co_return;
  }
  const Page& page = (*found)->rows.front();
  auto batch = batch_of(**found);
  if (job_.action == JobAction::kDeletePage && page.status != "current" &&
      page.status != "archived") {
    // An attempt of ours may have been late, but not lost.
    const bool before_us = job_.attempts <= 1;
    const std::string why =
        before_us ? "it was in the trash already" : "an earlier attempt had been applied";
    co_await finish(std::move(batch), JobState::kDone, why, {},
                    delete_result(page.id, outcome.status, before_us));
    co_return;
  }
  const auto why = page.status == "current"
                       ? words_of(outcome) + ": it can be read, so this account may not change it"
                       : fmt::format("the page is {}", page.status);
  co_await finish(std::move(batch), JobState::kFailed, why, why);
}

base::Awaitable<void> JobRunner::Attempt::refused_create(const WriteOutcome& outcome) {
  auto titled = co_await find_titled();
  if (!titled) co_return;
  auto batch = std::move(titled->batch);
  const auto verdict = std::move(titled->verdict);
  if (verdict.ours && job_.attempts > 1) {
    auto result = co_await result_of(*verdict.ours, false);
    co_await finish(std::move(batch), JobState::kDone, "an earlier attempt had created it", {},
                    std::move(result), verdict.ours->id);
    co_return;
  }
  const bool once_unknown = job_.attempts > 1;
  if (once_unknown && !verdict.taken_by) {
    co_await nothing_found("the title is taken by a page that cannot be read yet: " +
                           words_of(outcome));
    co_return;
  }
  auto error = words_of(outcome);
  if (verdict.taken_by) {
    error += fmt::format(" (page {}, {})", verdict.taken_by->id, verdict.taken_by->status);
  }
  co_await finish(std::move(batch), JobState::kFailed, error, error);
}

base::Awaitable<void> JobRunner::Attempt::applied(WriteOutcome outcome) {
  switch (job_.action) {
    case JobAction::kDeletePage:
      co_await applied_delete(outcome);
      break;
    case JobAction::kMovePage:
      co_await applied_move(outcome);
      break;
    default:
      co_await applied_page(std::move(outcome));
  }
}

base::Awaitable<void> JobRunner::Attempt::applied_page(WriteOutcome outcome) {
  Page page = std::move(*outcome.page);
  auto batch = batch_of(outcome);
  const bool restore = job_.action == JobAction::kRestorePage;
  if (job_.action == JobAction::kUpdatePage && !is_draft(job_) && job_.sent_version &&
      page.version.number < *job_.sent_version) {
    const auto why = fmt::format(
        "the site took the page out of the trash instead of writing it (version {}); 'jobs retry' "
        "writes it",
        page.version.number);
    batch.pages.push_back(std::move(page));
    co_await finish(std::move(batch), JobState::kFailed, why, why);
    co_return;
  }
  std::optional<confluence::Write> way;
  if (restore) way = co_await way_home(page);
  const bool misplaced = way.has_value();
  std::string misfortune;
  if (misplaced) {
    auto moved = co_await runner_.deps_.client.write(std::move(*way), page.id, job_.as_user);
    if (moved.kind != WriteOutcome::Kind::kApplied) {
      misfortune = "; its former place was not restored: " + words_of(moved);
    }
  }
  if (!is_draft(job_) && (!page.body || misplaced)) {
    // The answer does not show it; asked for again, for the mirror.
    confluence::RetryBudget budget;
    budget.attempts = 3;
    auto again = co_await runner_.deps_.client.page(page.id, confluence::Priority::kWrite, budget);
    if (again && !again->rows.empty() &&
        again->rows.front().version.number >= page.version.number) {
      page = again->rows.front();
      batch = batch_of(*again);
      batch.pages.clear();
    }
  }
  auto result = co_await result_of(page, false);
  const auto reason = fmt::format("version {}{}", page.version.number, misfortune);
  const auto id = page.id;
  if (!is_draft(job_)) batch.pages.push_back(std::move(page));
  co_await finish(std::move(batch), JobState::kDone, reason, {}, std::move(result), id);
}

base::Awaitable<std::optional<confluence::Write>> JobRunner::Attempt::way_home(const Page& page) {
  if (page.parent_id == job_.parent_id) co_return std::nullopt;
  if (job_.parent_id) co_return confluence::move_page_write(page.id, *job_.parent_id);
  struct Known {
    std::optional<store::JobImage> before;
    std::optional<store::Id> homepage;
  };
  auto query = [job = job_.undo_of.value_or(0),
                space = page.space_id](store::Reader& reader) -> store::Result<Known> {
    Known known;
    auto image = reader.job_image(job, "before");
    if (!image) return store::fail(image.error());
    known.before = std::move(*image);
    auto spaces = reader.spaces();
    if (!spaces) return store::fail(spaces.error());
    for (const auto& row : *spaces) {
      if (row.id == space) known.homepage = row.homepage_id;
    }
    return known;
  };
  auto known = co_await runner_.read(std::move(query));
  if (!known) {
    runner_.fail(known.error());
    co_return std::nullopt;
  }
  if (!known->before) co_return std::nullopt;
  const auto parent = known->before->parent_id;
  if (parent && page.parent_id != parent) {
    co_return confluence::move_page_write(page.id, *parent);
  }
  const bool to_top = !parent && known->homepage && *known->homepage != page.id;
  if (to_top) co_return confluence::move_page_after_write(page.id, *known->homepage);
  co_return std::nullopt;
}

base::Awaitable<void> JobRunner::Attempt::applied_delete(const WriteOutcome& outcome) {
  auto batch = batch_of(outcome);
  if (before_ && !is_draft(job_)) {
    // What the site shows of a page in the trash.
    Page page = *before_;
    page.status = "trashed";
    page.parent_id.reset();
    page.parent_type.reset();
    page.position.reset();
    page.body.reset();
    batch.pages.push_back(std::move(page));
  }
  co_await finish(std::move(batch), JobState::kDone, "deleted", {},
                  delete_result(job_.page_id.value_or(0), outcome.status, false));
  co_await relist_children();
}

// They have moved up: what Confluence does with them is nowhere promised, so it is asked.
base::Awaitable<void> JobRunner::Attempt::relist_children() {
  constexpr std::size_t kMostIds = 250;
  for (std::size_t at = 0; at < children_.size(); at += kMostIds) {
    confluence::PagesQuery query;
    const auto end = std::min(children_.size(), at + kMostIds);
    query.page_ids.assign(children_.begin() + static_cast<std::ptrdiff_t>(at),
                          children_.begin() + static_cast<std::ptrdiff_t>(end));
    query.statuses = {"current", "archived", "trashed"};
    query.bodies = false;
    auto listing = co_await runner_.deps_.client.pages(confluence::pages_target(query),
                                                       confluence::Priority::kHeadPoll,
                                                       confluence::RetryBudget());
    if (!listing) {
      base::edits_log().warn("the children of a deleted page were not read again: {}",
                             listing.error().message);
      co_return;
    }
    auto batch = batch_of(*listing);
    auto committed = co_await base::commit(runner_.deps_.writer, std::move(batch));
    if (!committed) runner_.fail(committed.error());
  }
}

base::Awaitable<void> JobRunner::Attempt::applied_move(const WriteOutcome& outcome) {
  auto batch = batch_of(outcome);
  std::string result;
  auto found = co_await runner_.deps_.client.page(
      job_.page_id.value_or(0), confluence::Priority::kWrite, confluence::RetryBudget());
  if (found && !found->rows.empty()) {
    batch = batch_of(*found);
    result = co_await result_of(found->rows.front(), false);
  }
  co_await finish(std::move(batch), JobState::kDone, "moved", {}, std::move(result));
}

base::Awaitable<std::string> JobRunner::Attempt::result_of(const Page& page, bool noop) {
  auto query = [space = page.space_id](store::Reader& reader) {
    std::string key;
    auto spaces = reader.spaces();
    if (!spaces) return key;
    for (const auto& row : *spaces) {
      if (row.id == space) key = row.key;
    }
    return key;
  };
  auto& keys = runner_.space_keys_;
  if (!keys.contains(page.space_id)) keys[page.space_id] = co_await runner_.read(std::move(query));
  ResultContext context;
  context.site_url = runner_.options_.site_url;
  context.space_key = keys[page.space_id];
  co_return page_result(page, context, noop);
}

}  // namespace edits
