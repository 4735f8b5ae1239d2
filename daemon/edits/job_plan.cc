#include <fmt/format.h>

#include "daemon/edits/job_attempt.h"

namespace edits {

using store::JobAction;
using store::JobState;

namespace {

std::string not_current(const store::Page& page) {
  if (page.status == "trashed") return "the page is in the trash: take it out there, then retry";
  if (page.status == "archived") return "the page is archived: unarchive it there, then retry";
  return fmt::format("the page is {}", page.status);
}

}  // namespace

base::Awaitable<JobRunner::Attempt::Planned> JobRunner::Attempt::plan() {
  switch (job_.action) {
    case JobAction::kUpdatePage:
      if (is_draft(job_)) co_return co_await plan_draft_update();
      co_return co_await plan_update();
    case JobAction::kDeletePage:
      co_return co_await plan_delete();
    case JobAction::kRestorePage:
      co_return co_await plan_restore();
    case JobAction::kMovePage:
      co_return co_await plan_move();
    case JobAction::kCreatePage:
      break;
  }
  Plan plan;
  plan.outgoing.content = content_of(job_);
  co_return plan;
}

base::Awaitable<JobRunner::Attempt::Planned> JobRunner::Attempt::plan_update() {
  const auto base = job_.base_version.value_or(0);
  struct Known {
    std::optional<store::PageRow> row;
    bool draft = false;
  };
  auto query = [id = job_.page_id.value_or(0)](store::Reader& reader) -> store::Result<Known> {
    Known known;
    auto row = reader.page(id, true);
    if (!row) return store::fail(row.error());
    known.row = std::move(*row);
    if (!known.row) {
      auto draft = reader.is_our_draft(id);
      if (!draft) return store::fail(draft.error());
      known.draft = *draft;
    }
    return known;
  };
  auto known = co_await runner_.read(std::move(query));
  if (!known) {
    runner_.fail(known.error());
    co_return Planned();
  }
  const bool as_known = known->row && !known->row->gone_at && known->row->status == "current" &&
                        known->row->version.number == base && known->row->body;
  std::optional<Page> now;
  if (as_known) {
    now = static_cast<const Page&>(*known->row);
  } else {
    auto asked = known->draft ? fetch_draft() : fetch();
    auto found = co_await std::move(asked);
    if (!found) co_return Planned();
    if (!*found) {
      co_await fail_job("the page is gone, or not visible to this account");
      co_return Planned();
    }
    now = (*found)->rows.front();
    auto kept = co_await base::commit(runner_.deps_.writer, batch_of(**found));
    if (!kept) {
      runner_.fail(kept.error());
      co_return Planned();
    }
  }
  if (now->status != "current" && !known->draft) {
    co_await fail_job(not_current(*now));
    co_return Planned();
  }
  if (now->version.number != base) co_return co_await plan_update_over(std::move(*now));
  Plan plan;
  plan.outgoing.content = content_of(job_);
  plan.outgoing.version = base + 1;
  if (is_noop(job_, plan.outgoing.content, *now)) {
    auto result = co_await result_of(*now, true);
    co_await finish(own_batch(), JobState::kDone, "nothing to change: not sent", {},
                    std::move(result));
    co_return Planned();
  }
  plan.images.push_back(image_of("before", *now));
  co_return plan;
}

base::Awaitable<std::optional<std::string>> JobRunner::Attempt::base_body() {
  auto query = [id = job_.page_id.value_or(0), version = job_.base_version.value_or(0)](
                   store::Reader& reader) { return reader.version_body(id, version); };
  auto body = co_await runner_.read(std::move(query));
  if (!body) {
    runner_.fail(body.error());
    co_return std::nullopt;
  }
  co_return std::move(*body);
}

// Another version is there than the one that the edit was made from.
base::Awaitable<JobRunner::Attempt::Planned> JobRunner::Attempt::plan_update_over(Page theirs) {
  if (carries_mark(theirs.version, job_)) {
    auto result = co_await result_of(theirs, false);
    co_await finish(own_batch(), JobState::kDone, "an earlier attempt had been applied", {},
                    std::move(result));
    co_return Planned();
  }
  auto base = co_await base_body();
  auto query = [id = job_.page_id.value_or(0), number = job_.base_version.value_or(0)](
                   store::Reader& reader) -> store::Result<std::optional<std::string>> {
    auto versions = reader.versions(id);
    if (!versions) return store::fail(versions.error());
    for (const auto& version : *versions) {
      if (version.version.number == number) return version.title;
    }
    return std::optional<std::string>();
  };
  auto base_title = co_await runner_.read(std::move(query));
  if (!base_title) {
    runner_.fail(base_title.error());
    co_return Planned();
  }
  auto resolution = resolve_conflict(job_, *base_title, base, theirs);
  if (resolution.kind == Resolution::Kind::kConflict) {
    std::optional<store::JobImage> image;
    if (base) {
      image.emplace();
      image->kind = "base";
      image->version = job_.base_version.value_or(0);
      image->status = job_.status;
      image->title = base_title->value_or("");  // "" = not known
      image->body = std::move(*base);
    }
    co_await conflict(own_batch(), theirs, std::move(image), std::move(resolution.reason));
    co_return Planned();
  }
  if (resolution.kind == Resolution::Kind::kAlreadyThere) {
    auto result = co_await result_of(theirs, true);
    co_await finish(own_batch(), JobState::kDone, std::move(resolution.reason), {},
                    std::move(result));
    co_return Planned();
  }
  Plan plan;
  plan.outgoing.content = std::move(resolution.content);
  plan.outgoing.version = theirs.version.number + 1;
  plan.reason = std::move(resolution.reason);
  plan.images.push_back(image_of("before", theirs));
  store::JobImage sent;
  sent.kind = "sent";
  sent.version = *plan.outgoing.version;
  sent.status = job_.status;
  sent.title = plan.outgoing.content.title;
  sent.body = plan.outgoing.content.body;
  plan.images.push_back(std::move(sent));
  co_return plan;
}

base::Awaitable<JobRunner::Attempt::Planned> JobRunner::Attempt::plan_draft_update() {
  auto found = co_await fetch_draft();
  if (!found) co_return Planned();
  if (!*found) {
    co_await fail_job("the page is gone, or not visible to this account");
    co_return Planned();
  }
  const Page& now = (*found)->rows.front();
  const bool published = now.status == "current";
  if (published && now.version.number != job_.base_version.value_or(0) &&
      job_.on_conflict == store::OnConflict::kFail) {
    const auto why = fmt::format("version {} is there, the draft was made from {}",
                                 now.version.number, job_.base_version.value_or(0));
    co_await conflict(batch_of(**found), now, std::nullopt, why);
    co_return Planned();
  }
  Plan plan;
  plan.outgoing.content = content_of(job_);
  plan.outgoing.version = 1;
  if (is_noop(job_, plan.outgoing.content, now)) {
    auto result = co_await result_of(now, true);
    co_await finish(own_batch(), JobState::kDone, "nothing to change: not sent", {},
                    std::move(result));
    co_return Planned();
  }
  plan.images.push_back(image_of("before", now));
  co_return plan;
}

base::Awaitable<JobRunner::Attempt::Planned> JobRunner::Attempt::plan_delete() {
  struct Known {
    std::optional<store::PageRow> row;
    std::vector<store::Id> children;
  };
  auto query = [id = job_.page_id.value_or(0)](store::Reader& reader) -> store::Result<Known> {
    Known known;
    auto row = reader.page(id, true);
    if (!row) return store::fail(row.error());
    auto children = reader.children(id);
    if (!children) return store::fail(children.error());
    known.row = std::move(*row);
    known.children = std::move(*children);
    return known;
  };
  auto known = co_await runner_.read(std::move(query));
  if (!known) {
    runner_.fail(known.error());
    co_return Planned();
  }
  Plan plan;
  if (is_draft(job_) || !known->row) co_return plan;
  if (known->row->status == "trashed" && !known->row->gone_at) {
    // An attempt that was looked for in vain may have been late, but not lost.
    const bool before_us = job_.attempts == 0;
    const std::string why =
        before_us ? "it was in the trash already" : "an earlier attempt had been applied";
    co_await finish(own_batch(), JobState::kDone, why, {},
                    delete_result(known->row->id, 0, before_us));
    co_return Planned();
  }
  if (job_.base_version && known->row->version.number != *job_.base_version &&
      job_.on_conflict == store::OnConflict::kFail) {
    const auto why = fmt::format("version {} is there, the delete was meant for {}",
                                 known->row->version.number, *job_.base_version);
    co_await conflict(own_batch(), *known->row, std::nullopt, why);
    co_return Planned();
  }
  auto image = image_of("before", *known->row);
  image.children = known->children;
  plan.images.push_back(std::move(image));
  children_ = std::move(known->children);
  before_ = static_cast<const Page&>(*known->row);
  co_return plan;
}

base::Awaitable<JobRunner::Attempt::Planned> JobRunner::Attempt::plan_restore() {
  auto found = co_await fetch();
  if (!found) co_return Planned();
  if (!*found) {
    co_await fail_job("the page is not in the trash any more");
    co_return Planned();
  }
  const Page& now = (*found)->rows.front();
  if (now.status != "trashed") {
    auto result = co_await result_of(now, true);
    co_await finish(batch_of(**found), JobState::kDone, "it is out of the trash already", {},
                    std::move(result));
    co_return Planned();
  }
  Plan plan;
  plan.outgoing.content = content_of(job_);
  plan.outgoing.content.title = now.title;
  if (now.body) plan.outgoing.content.body = now.body->text;
  plan.outgoing.content.representation = "storage";
  plan.outgoing.version = now.version.number + 1;
  plan.images.push_back(image_of("before", now));
  co_return plan;
}

base::Awaitable<JobRunner::Attempt::Planned> JobRunner::Attempt::plan_move() {
  auto found = co_await fetch();
  if (!found) co_return Planned();
  if (!*found) {
    co_await fail_job("the page is gone, or not visible to this account");
    co_return Planned();
  }
  const Page& now = (*found)->rows.front();
  if (now.status != "current" && now.status != "archived") {
    co_await fail_job(not_current(now));
    co_return Planned();
  }
  if (now.parent_id == job_.parent_id) {
    auto result = co_await result_of(now, true);
    co_await finish(batch_of(**found), JobState::kDone, "it is there already: not sent", {},
                    std::move(result));
    co_return Planned();
  }
  Plan plan;
  plan.images.push_back(image_of("before", now));
  co_return plan;
}

base::Awaitable<JobRunner::Attempt::Found> JobRunner::Attempt::fetch() {
  auto asked = runner_.deps_.client.page(job_.page_id.value_or(0), confluence::Priority::kWrite,
                                         confluence::RetryBudget());
  co_return co_await found(std::move(asked));
}

base::Awaitable<JobRunner::Attempt::Found> JobRunner::Attempt::fetch_draft() {
  auto asked = runner_.deps_.client.draft(job_.page_id.value_or(0));
  co_return co_await found(std::move(asked));
}

base::Awaitable<JobRunner::Attempt::Found> JobRunner::Attempt::found(
    base::Awaitable<store::Result<confluence::Listing<Page>>> asked) {
  auto listing = co_await std::move(asked);
  if (listing && !listing->rows.empty()) co_return std::optional(std::move(*listing));
  if (!listing && listing.error().name == "http_404") {
    co_return std::optional<confluence::Listing<Page>>();
  }
  const store::Error unreadable(store::ErrorKind::kRetryAfter, "bad_row",
                                "the site's answer about the page cannot be read");
  const auto error = listing ? unreadable : listing.error();
  co_await put_off(error);
  co_return store::fail(error);
}

}  // namespace edits
