#include "daemon/serve/queue_calls.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "daemon/edits/batch_checks.h"
#include "daemon/edits/effects.h"
#include "daemon/edits/submission.h"
#include "daemon/edits/undo.h"
#include "daemon/query/job_json.h"
#include "daemon/serve/write_action.h"

namespace serve {

namespace {

using State = store::JobState;

Json ids_json(const std::vector<store::JobId>& ids) {
  auto json = Json::array();
  for (const auto id : ids) json.push_back(std::to_string(id));
  return json;
}

Json refused_json(const std::vector<std::pair<store::JobId, std::string>>& refused) {
  auto json = Json::array();
  for (const auto& [id, why] : refused) {
    Json one;
    one["jobId"] = std::to_string(id);
    one["reason"] = why;
    json.push_back(std::move(one));
  }
  return json;
}

Reply changed_reply(const store::Result<store::JobQueue::Changed>& changed, const char* what) {
  if (!changed) return error_reply(changed.error());
  Json json;
  json[what] = ids_json(changed->changed);
  json["refused"] = refused_json(changed->refused);
  return {200, std::move(json)};
}

}  // namespace

store::Result<store::JobBatchRow> batch_of(store::Reader& reader, store::BatchId id,
                                           const char* verb) {
  auto batch = reader.job_batch(id);
  if (!batch) return store::fail(batch.error());
  if (*batch) return std::move(**batch);
  return store::fail(store::ErrorKind::kUsage, "unknown_batch",
                     fmt::format("cannot {} batch {}: there is none of that number", verb, id),
                     "'confmirror jobs list' lists them");
}

Reply QueueCalls::batches(std::int64_t limit, std::optional<store::BatchId> before) const {
  const auto rows = reader_.job_batches(static_cast<std::size_t>(limit), before);
  if (!rows) return error_reply(rows.error());
  Json json;
  json["batches"] = Json::array();
  for (const auto& row : *rows) json["batches"].push_back(querying::batch_json(row));
  return {200, std::move(json)};
}

Reply QueueCalls::batch(store::BatchId id) const {
  const auto row = batch_of(reader_, id, "show");
  return row ? Reply(200, querying::batch_json(*row)) : error_reply(row.error());
}

Reply QueueCalls::jobs(const store::JobFilter& filter) const { return jobs_reply(reader_, filter); }

Reply jobs_reply(store::Reader& reader, const store::JobFilter& filter) {
  const auto rows = reader.jobs(filter);
  if (!rows) return error_reply(rows.error());
  Json json;
  json["jobs"] = Json::array();
  for (const auto& row : *rows) json["jobs"].push_back(querying::job_json(row));
  return {200, std::move(json)};
}

Reply QueueCalls::job(store::JobId id) const {
  auto json = querying::job_in_full(reader_, id);
  return json ? Reply(200, std::move(*json)) : error_reply(json.error());
}

Reply QueueCalls::accepted(const store::JobQueue::Accepted& accepted, const Json& more) const {
  const auto row = reader_.job_batch(accepted.batch_id);
  if (!row) return error_reply(row.error());
  Json json;
  json["batch"] = std::to_string(accepted.batch_id);
  json["queued"] = !accepted.known;
  json["submittedAt"] = *row ? store::to_iso8601((*row)->submitted_at) : std::string();
  json["jobs"] = ids_json(accepted.job_ids);
  for (const auto& [name, value] : more.items()) json[name] = value;
  return {accepted.known ? 200 : 201, std::move(json)};
}

namespace {

Reply effects_reply(const std::vector<store::JobSpec>& jobs, store::Reader& reader,
                    const Json& more) {
  auto effects = edits::effects_json(jobs, reader);
  if (!effects) return error_reply(effects.error());
  Json json;
  json["queued"] = false;
  for (const auto& [name, value] : more.items()) json[name] = value;
  json["jobs"] = std::move(*effects);
  return {200, std::move(json)};
}

}  // namespace

Reply QueueCalls::submit(store::JobQueue* queue, const std::string& text,
                         const SubmitOptions& options) const {
  edits::CheckOptions check;
  check.max_deletes = options.max_deletes.value_or(options_.max_deletes);
  check.on_conflict = options.on_conflict.value_or(options_.on_conflict);
  check.can_impersonate = options_.can_impersonate;
  auto checked = edits::check_batch(edits::parse_batch(text), reader_, check);
  if (!checked) return error_reply(checked.error());
  const auto what = fmt::format("'{}'", options.name);
  if (!checked->problems.empty()) return problems_reply(what, checked->problems);
  if (auto refused = refusal(what, checked->jobs)) return std::move(*refused);
  Json more;
  more["notes"] = querying::problems_json(checked->notes);
  if (options.dry_run || queue == nullptr) return effects_reply(checked->jobs, reader_, more);
  auto submission =
      edits::make_submission(options.name, text, std::move(checked->jobs), options.again);
  submission.submitted_by = caller_.name;
  const auto taken = queue->submit(submission, now_);
  return taken ? accepted(*taken, more) : error_reply(taken.error());
}

Reply QueueCalls::submit_action(store::JobQueue& queue, store::JobAction action,
                                const std::string& json) const {
  const auto queued = queue_action(reader_, queue, options_, caller_, action, json, now_);
  if (!queued) return error_reply(queued.error());
  if (!queued->problems.empty()) {
    auto reply = problems_reply(std::string(to_string(action)), queued->problems);
    if (queued->forbidden) reply.status = 403;
    return reply;
  }
  Json reply;
  reply["jobId"] = std::to_string(queued->job);
  reply["batch"] = std::to_string(queued->batch);
  reply["state"] = "queued";
  reply["notes"] = querying::problems_json(queued->notes);
  return {202, std::move(reply)};
}

Reply QueueCalls::dry_run(store::JobAction action, const std::string& json) const {
  edits::CheckOptions check;
  check.max_deletes = options_.max_deletes;
  check.on_conflict = options_.on_conflict;
  check.can_impersonate = options_.can_impersonate;
  const auto checked = edits::check_batch(edits::parse_action(action, json), reader_, check);
  if (!checked) return error_reply(checked.error());
  const std::string what(to_string(action));
  if (!checked->problems.empty()) return problems_reply(what, checked->problems);
  if (auto refused = refusal(what, checked->jobs)) return std::move(*refused);
  Json more;
  more["notes"] = querying::problems_json(checked->notes);
  return effects_reply(checked->jobs, reader_, more);
}

std::optional<Reply> QueueCalls::refusal(const std::string& what,
                                         const std::vector<store::JobSpec>& jobs) const {
  bool forbidden = false;
  const auto problems = refused_accounts(caller_, jobs, options_, forbidden);
  if (problems.empty()) return {};
  auto reply = problems_reply(what, problems);
  if (forbidden) reply.status = 403;
  return reply;
}

// Those that were named, and those of the batch that are in one of these states; each once.
store::Result<std::vector<store::JobId>> QueueCalls::ids_of(
    const Chosen& chosen, const char* verb, std::vector<store::JobState> states) const {
  auto ids = chosen.jobs;
  if (!chosen.batch && ids.empty()) {
    return store::fail(store::ErrorKind::kUsage, "no_jobs",
                       fmt::format("cannot {}: no job is named", verb),
                       "give job numbers, or --batch N; 'confmirror jobs list' lists them");
  }
  if (chosen.batch) {
    const auto batch = batch_of(reader_, *chosen.batch, verb);
    if (!batch) return store::fail(batch.error());
    store::JobFilter filter;
    filter.batch_id = batch->id;
    filter.states = std::move(states);
    const auto rows = reader_.jobs(filter);
    if (!rows) return store::fail(rows.error());
    for (const auto& row : *rows) ids.push_back(row.id);
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

Reply QueueCalls::retry(store::JobQueue& queue, const Chosen& chosen,
                        std::optional<store::OnConflict> policy) const {
  // Those that a person decided about stay so, unless they are named.
  const auto ids = ids_of(chosen, "retry", {State::kFailed, State::kConflict});
  if (!ids) return error_reply(ids.error());
  std::vector<store::JobSpec> jobs;
  for (const auto id : *ids) {
    auto job = reader_.job(id, false);
    if (!job) return error_reply(job.error());
    if (*job) jobs.push_back(std::move(**job));
  }
  if (auto refused = refusal("the jobs", jobs)) return std::move(*refused);
  return changed_reply(queue.retry(*ids, policy, "retried " + by(), now_), "queued again");
}

Reply QueueCalls::cancel(store::JobQueue& queue, const Chosen& chosen) const {
  const auto ids = ids_of(chosen, "cancel", {State::kQueued, State::kWaiting, State::kBlocked});
  if (!ids) return error_reply(ids.error());
  return changed_reply(queue.cancel(*ids, "canceled " + by(), now_), "canceled");
}

Reply QueueCalls::undo(store::JobQueue* queue, const Chosen& chosen,
                       const SubmitOptions& options) const {
  const auto ids = ids_of(chosen, "undo", {State::kDone});
  if (!ids) return error_reply(ids.error());
  auto plan = edits::plan_undo(reader_, *ids);
  if (!plan) return error_reply(plan.error());
  Json more;
  more["leftOut"] = refused_json(plan->left_out);
  if (plan->jobs.empty()) {
    Json json;
    json["queued"] = false;
    json["jobs"] = Json::array();
    json["leftOut"] = more["leftOut"];
    return {200, std::move(json)};
  }
  if (auto refused = refusal("what undoes them", plan->jobs)) return std::move(*refused);
  const auto deletes = std::count_if(plan->jobs.begin(), plan->jobs.end(), [](const auto& job) {
    return job.action == store::JobAction::kDeletePage;
  });
  const auto most = options.max_deletes.value_or(options_.max_deletes);
  if (deletes > most) {
    return error_reply(
        store::Error(store::ErrorKind::kUsage, "too_many_deletes",
                     fmt::format("cannot undo: {} pages that were created would be deleted, more "
                                 "than the {} that a batch may delete",
                                 deletes, most),
                     fmt::format("if that is meant, --max-deletes {}", deletes)));
  }
  if (options.dry_run || queue == nullptr) return effects_reply(plan->jobs, reader_, more);
  std::string content = "undo";
  for (const auto id : *ids) content += fmt::format(" {}", id);
  const auto name = chosen.batch ? fmt::format("undo of batch {}", *chosen.batch)
                                 : fmt::format("undo of {} jobs", ids->size());
  auto submission = edits::make_submission(name, content, std::move(plan->jobs), options.again);
  submission.submitted_by = caller_.name;
  submission.undo_of = chosen.batch;
  const auto taken = queue->submit(submission, now_);
  return taken ? accepted(*taken, more) : error_reply(taken.error());
}

Reply QueueCalls::pause(store::JobQueue& queue, const std::string& reason) const {
  auto why = by();
  if (!reason.empty()) why += ": " + reason;
  const auto paused = queue.pause(why, now_);
  if (!paused) return error_reply(paused.error());
  Json json;
  json["paused"] = true;
  json["reason"] = why;
  return {200, std::move(json)};
}

Reply QueueCalls::resume(store::JobQueue& queue) const {
  const auto resumed = queue.resume();
  if (!resumed) return error_reply(resumed.error());
  Json json;
  json["paused"] = false;
  return {200, std::move(json)};
}

}  // namespace serve
