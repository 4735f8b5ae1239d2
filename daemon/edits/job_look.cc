#include <fmt/format.h>

#include "daemon/base/log.h"
#include "daemon/edits/job_attempt.h"
#include "daemon/storage_format/normal_form.h"

namespace edits {

using store::JobAction;
using store::JobState;

base::Awaitable<void> JobRunner::Attempt::look() {
  if (is_draft(job_)) {
    co_await look_draft();
    co_return;
  }
  switch (job_.action) {
    case JobAction::kUpdatePage:
      co_await look_update();
      break;
    case JobAction::kCreatePage:
      co_await look_create();
      break;
    case JobAction::kDeletePage:
      co_await look_delete();
      break;
    case JobAction::kRestorePage:
      co_await look_restore();
      break;
    case JobAction::kMovePage:
      co_await look_move();
      break;
  }
}

// What could not be asked is asked later; nothing is known to have been written meanwhile.
base::Awaitable<void> JobRunner::Attempt::put_off(const store::Error& error) {
  if (error.kind == store::ErrorKind::kCanceled) co_return;
  const bool sent = job_.state == JobState::kSending || job_.state == JobState::kInDoubt;
  bool site_answers = false;
  if (error.kind != store::ErrorKind::kUnreachable) site_answers = co_await known_here();
  if (!site_answers) {
    if (runner_.held_.empty()) runner_.unwell(error.message);
  } else if (++runner_.futile_[job_.id] >= runner_.options_.max_attempts) {
    // The site is well, and this page cannot be had: asking on would never end.
    const State end = sent ? JobState::kInDoubt : JobState::kFailed;
    const auto words = error.message + (sent ? ": whether it was applied cannot be seen; look for "
                                               "it there, then retry or cancel it"
                                             : "");
    co_await finish(own_batch(), end, error.message, words);
    co_return;
  }
  auto update = step(sent ? JobState::kInDoubt : JobState::kWaiting, error.message);
  update.not_before = runner_.deps_.clock.now() + pause_after(++runner_.looks_[job_.id]);
  update.error = error.message;
  co_await commit(own_batch(), std::move(update));
}

// It may be sent again.
base::Awaitable<void> JobRunner::Attempt::not_applied(std::string why) {
  runner_.looks_.erase(job_.id);
  if (job_.attempts >= runner_.options_.max_attempts) {
    const auto last = job_.error.empty() ? why : job_.error;
    co_await fail_job(
        fmt::format("given up after {} attempts, none was applied: {}", job_.attempts, last));
    co_return;
  }
  auto update = step(JobState::kWaiting, "not applied: " + why);
  update.not_before =
      runner_.deps_.clock.now() +
      (job_.attempts > 1 ? pause_after(job_.attempts - 1) : std::chrono::milliseconds(0));
  update.error = job_.error;
  co_await commit(own_batch(), std::move(update));
}

// What was just made may not be seen at once.
base::Awaitable<void> JobRunner::Attempt::nothing_found(std::string why) {
  const auto& options = runner_.options_;
  if (++runner_.looks_[job_.id] >= options.fresh_looks) {
    co_await not_applied(std::move(why));
    co_return;
  }
  auto update = step(JobState::kInDoubt, std::move(why));
  update.not_before = runner_.deps_.clock.now() + options.fresh_pause;
  update.error = job_.error;
  co_await commit(own_batch(), std::move(update));
}

base::Awaitable<void> JobRunner::Attempt::look_update() {
  auto found = co_await fetch();
  if (!found) co_return;
  if (!*found) {
    const bool fresh = co_await is_fresh(job_.page_id);
    if (fresh) {
      co_await nothing_found("the page cannot be read yet");
      co_return;
    }
    co_await fail_job(
        "the page is gone, or not visible any more: whether the edit had been "
        "applied cannot be seen");
    co_return;
  }
  auto batch = batch_of(**found);
  co_await look_version(std::move((*found)->rows.front()), std::move(batch));
}

base::Awaitable<void> JobRunner::Attempt::look_version(Page now, store::Batch batch) {
  auto content = sent_;
  if (content.body.empty()) {
    content = content_of(job_);
    auto query = [id = job_.id](store::Reader& reader) { return reader.job_image(id, "sent"); };
    auto image = co_await runner_.read(std::move(query));
    if (!image) {
      runner_.fail(image.error());
      co_return;
    }
    if (*image) {
      content.title = (*image)->title;
      content.body = (*image)->body;
    }
  }
  const auto verdict = judge_update(job_, content, now, runner_.account_id_);
  if (verdict == Verdict::kApplied) {
    auto result = co_await result_of(now, false);
    co_await finish(std::move(batch), JobState::kDone,
                    fmt::format("version {} is ours", now.version.number), {}, std::move(result));
    co_return;
  }
  if (verdict == Verdict::kOverridden && now.version.number > job_.sent_version.value_or(0)) {
    // Ours may be among those that came before.
    auto target = confluence::versions_target(now.id, false);
    auto versions =
        co_await runner_.deps_.client.versions(std::move(target), confluence::RetryBudget());
    if (!versions) {
      co_await put_off(versions.error());
      co_return;
    }
    for (const auto& row : versions->rows) {
      if (!carries_mark(row.version, job_)) continue;
      auto result = co_await result_of(now, false);
      co_await finish(
          std::move(batch), JobState::kDone,
          fmt::format("version {} is ours, and others have written since", row.version.number), {},
          std::move(result));
      co_return;
    }
  }
  auto kept = co_await base::commit(runner_.deps_.writer, std::move(batch));
  if (!kept) {
    runner_.fail(kept.error());
    co_return;
  }
  if (verdict == Verdict::kImpossible) {
    co_await fail_job(fmt::format("not applied: the page is {}", now.status));
    co_return;
  }
  // Planned anew: it is sent once more, or it meets the other version there.
  co_await not_applied(fmt::format("version {} is there", now.version.number));
}

base::Awaitable<std::optional<JobRunner::Attempt::Titled>> JobRunner::Attempt::find_titled() {
  auto listing = co_await runner_.deps_.client.pages_titled(job_.space_id.value_or(0), job_.title);
  if (!listing) {
    co_await put_off(listing.error());
    co_return std::nullopt;
  }
  auto since = job_.sent_at.value_or(job_.created_at);
  if (listing->server_time) since += *listing->server_time - listing->received_at;
  Titled titled{batch_of(*listing), judge_create(job_, listing->rows, runner_.account_id_, since)};
  co_return titled;
}

base::Awaitable<void> JobRunner::Attempt::look_create() {
  auto titled = co_await find_titled();
  if (!titled) co_return;
  auto batch = std::move(titled->batch);
  const auto verdict = std::move(titled->verdict);
  if (verdict.ours) {
    auto result = co_await result_of(*verdict.ours, false);
    co_await finish(std::move(batch), JobState::kDone, "it had been created", {}, std::move(result),
                    verdict.ours->id);
    co_return;
  }
  if (verdict.taken_by) {
    const auto why = fmt::format("the title is taken by page {} ({})", verdict.taken_by->id,
                                 verdict.taken_by->status);
    co_await finish(std::move(batch), JobState::kFailed, why, why);
    co_return;
  }
  co_await nothing_found("no page of that title is there");
}

base::Awaitable<void> JobRunner::Attempt::look_delete() {
  auto found = co_await fetch();
  if (!found) co_return;
  if (!*found && runner_.looks_[job_.id] + 1 < runner_.options_.fresh_looks) {
    const bool fresh = co_await is_fresh(job_.page_id);
    if (fresh) {
      co_await nothing_found("the page cannot be read yet");
      co_return;
    }
  }
  auto batch = *found ? batch_of(**found) : own_batch();
  const bool gone = !*found || ((*found)->rows.front().status != "current" &&
                                (*found)->rows.front().status != "archived");
  if (!gone) {
    auto kept = co_await base::commit(runner_.deps_.writer, std::move(batch));
    if (!kept) runner_.fail(kept.error());
    co_await not_applied("the page is there");
    co_return;
  }
  auto query = [id = job_.id](store::Reader& reader) { return reader.job_image(id, "before"); };
  auto image = co_await runner_.read(std::move(query));
  if (image && *image) children_ = (*image)->children;
  const std::string why = *found ? "it is in the trash" : "it is not there any more";
  co_await finish(std::move(batch), JobState::kDone, why, {},
                  delete_result(job_.page_id.value_or(0), 0, false));
  co_await relist_children();
}

base::Awaitable<void> JobRunner::Attempt::look_restore() {
  auto found = co_await fetch();
  if (!found) co_return;
  if (!*found) {
    co_await fail_job("the page is not in the trash any more");
    co_return;
  }
  const Page& now = (*found)->rows.front();
  if (now.status == "trashed") {
    co_await not_applied("it is in the trash");
    co_return;
  }
  auto way = co_await way_home(now);
  if (way) {
    confluence::WriteOutcome outcome;
    outcome.kind = confluence::WriteOutcome::Kind::kApplied;
    outcome.status = 200;
    outcome.page = now;
    outcome.observation = (*found)->observation;
    outcome.received_at = (*found)->received_at;
    co_await applied_page(std::move(outcome));
    co_return;
  }
  auto result = co_await result_of(now, false);
  co_await finish(batch_of(**found), JobState::kDone, "it is out of the trash", {},
                  std::move(result));
}

base::Awaitable<void> JobRunner::Attempt::look_move() {
  auto found = co_await fetch();
  if (!found) co_return;
  if (!*found) {
    co_await fail_job("the page is gone, or not visible to this account");
    co_return;
  }
  const Page& now = (*found)->rows.front();
  if (now.parent_id != job_.parent_id) {
    co_await not_applied("it is not there");
    co_return;
  }
  auto result = co_await result_of(now, false);
  co_await finish(batch_of(**found), JobState::kDone, "it is there", {}, std::move(result));
}

// Of a draft whose id is known.
base::Awaitable<void> JobRunner::Attempt::look_draft() {
  auto found = co_await fetch_draft();
  if (!found) co_return;
  const bool discard = job_.action == JobAction::kDeletePage;
  const bool absent = !*found || (discard && (*found)->rows.front().status != "draft");
  if (absent && discard) {
    co_await finish(own_batch(), JobState::kDone, "the draft is not there any more", {},
                    delete_result(job_.page_id.value_or(0), 0, false));
    co_return;
  }
  if (absent) {
    co_await fail_job("the page is gone, or not visible to this account");
    co_return;
  }
  const Page& now = (*found)->rows.front();
  const bool ours = !discard && now.status == "draft" && now.title == job_.title && now.body &&
                    job_.representation == "storage" &&
                    storage_format::same_content(now.body->text, job_.body);
  if (ours) {
    auto result = co_await result_of(now, false);
    co_await finish(own_batch(), JobState::kDone, "the draft is ours", {}, std::move(result));
    co_return;
  }
  const std::string why = discard ? "the draft is there" : "another text is there";
  co_await not_applied(why);
}

}  // namespace edits
