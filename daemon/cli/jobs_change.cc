#include "daemon/cli/jobs_change.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "daemon/base/clock.h"
#include "daemon/cli/jobs_submit.h"
#include "daemon/cli/jobs_watch.h"
#include "daemon/cli/lookup.h"
#include "daemon/cli/report.h"
#include "daemon/cli/row_json.h"
#include "daemon/edits/submission.h"
#include "daemon/edits/undo.h"

namespace cli {

namespace {

using Changed = store::JobQueue::Changed;

store::Error nothing_named(const char* verb) {
  return store::Error(store::ErrorKind::kUsage, "no_jobs",
                      fmt::format("cannot {}: no job is named", verb),
                      "give job numbers, or --batch N; 'confmirror jobs list' lists them");
}

store::Result<std::unique_ptr<store::JobQueue>> open_queue(const GlobalOptions& globals) {
  const auto path = resolve_mirror_path(globals);
  if (!path) return store::fail(path.error());
  return store::JobQueue::open(*path);
}

// Those that were named, and those of the batch that are in one of these states; each once.
store::Result<std::vector<store::JobId>> chosen(const GlobalOptions& globals,
                                                const JobsChangeArgs& args, const char* verb,
                                                std::vector<store::JobState> states) {
  auto ids = args.jobs;
  if (!args.batch && ids.empty()) return store::fail(nothing_named(verb));
  if (args.batch) {
    auto reader = open_mirror(globals);
    if (!reader) return store::fail(reader.error());
    const auto batch = find_batch(**reader, args.batch, verb);
    if (!batch) return store::fail(batch.error());
    store::JobFilter filter;
    filter.batch_id = batch->id;
    filter.states = std::move(states);
    const auto jobs = (*reader)->jobs(filter);
    if (!jobs) return store::fail(jobs.error());
    for (const auto& job : *jobs) ids.push_back(job.id);
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
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

int print_changed(const Changed& changed, const char* what, const GlobalOptions& globals,
                  std::ostream& out, std::ostream& err) {
  if (globals.json) {
    Json json;
    json[what] = Json::array();
    for (const auto id : changed.changed) json[what].push_back(std::to_string(id));
    json["refused"] = refused_json(changed.refused);
    out << to_line(json);
  } else {
    out << fmt::format("{} job{} {}\n", changed.changed.size(),
                       changed.changed.size() == 1 ? "" : "s", what);
    for (const auto& [id, why] : changed.refused) {
      err << fmt::format("confmirror: job {} is not {}: {}\n", id, what, why);
    }
  }
  return changed.refused.empty() ? 0 : kFindings;
}

}  // namespace

int run_jobs_retry(const GlobalOptions& globals, const JobsChangeArgs& args, std::ostream& out,
                   std::ostream& err) {
  using State = store::JobState;
  // Those that a person decided about stay so, unless they are named.
  const auto ids = chosen(globals, args, "retry", {State::kFailed, State::kConflict});
  if (!ids) return report(ids.error(), err);
  auto queue = open_queue(globals);
  if (!queue) return report(queue.error(), err);
  const auto policy = store::parse_on_conflict(args.on_conflict);
  const auto changed =
      (*queue)->retry(*ids, policy, "retried by " + edits::submitter(), base::SystemClock().now());
  if (!changed) return report(changed.error(), err);
  return print_changed(*changed, "queued again", globals, out, err);
}

int run_jobs_cancel(const GlobalOptions& globals, const JobsChangeArgs& args, std::ostream& out,
                    std::ostream& err) {
  using State = store::JobState;
  const auto ids =
      chosen(globals, args, "cancel", {State::kQueued, State::kWaiting, State::kBlocked});
  if (!ids) return report(ids.error(), err);
  auto queue = open_queue(globals);
  if (!queue) return report(queue.error(), err);
  const auto changed =
      (*queue)->cancel(*ids, "canceled by " + edits::submitter(), base::SystemClock().now());
  if (!changed) return report(changed.error(), err);
  return print_changed(*changed, "canceled", globals, out, err);
}

int run_jobs_undo(const GlobalOptions& globals, const JobsChangeArgs& args, std::ostream& out,
                  std::ostream& err) {
  const auto config = jobs_config(globals);
  if (!config) return report(config.error(), err);
  auto ids = chosen(globals, args, "undo", {store::JobState::kDone});
  if (!ids) return report(ids.error(), err);
  auto reader = open_mirror(globals);
  if (!reader) return report(reader.error(), err);
  auto plan = edits::plan_undo(**reader, *ids);
  if (!plan) return report(plan.error(), err);
  for (const auto& [id, why] : plan->left_out) {
    if (!globals.quiet) err << fmt::format("confmirror: job {} is not undone: {}\n", id, why);
  }
  Json more;
  more["leftOut"] = refused_json(plan->left_out);
  if (plan->jobs.empty()) {
    if (globals.json) {
      Json json;
      json["queued"] = false;
      json["jobs"] = Json::array();
      json["leftOut"] = more["leftOut"];
      out << to_line(json);
    }
    if (!globals.quiet) err << "there is nothing to undo\n";
    return plan->left_out.empty() ? 0 : kFindings;
  }
  const auto deletes = std::count_if(plan->jobs.begin(), plan->jobs.end(), [](const auto& job) {
    return job.action == store::JobAction::kDeletePage;
  });
  if (deletes > args.max_deletes.value_or(config->max_deletes)) {
    return report(
        store::Error(store::ErrorKind::kUsage, "too_many_deletes",
                     fmt::format("cannot undo: {} pages that were created would be deleted, more "
                                 "than the {} that a batch may delete",
                                 deletes, args.max_deletes.value_or(config->max_deletes)),
                     fmt::format("if that is meant, --max-deletes {}", deletes)),
        err);
  }
  if (args.dry_run) {
    const auto printed = print_dry_run(plan->jobs, **reader, globals, more, out);
    return printed ? 0 : report(printed.error(), err);
  }
  std::string content = "undo";
  for (const auto id : *ids) content += fmt::format(" {}", id);
  const auto name = args.batch ? fmt::format("undo of batch {}", *args.batch)
                               : fmt::format("undo of {} jobs", ids->size());
  auto submission = edits::make_submission(name, content, std::move(plan->jobs), args.again);
  submission.undo_of = args.batch;
  auto queue = open_queue(globals);
  if (!queue) return report(queue.error(), err);
  const auto accepted = (*queue)->submit(submission, base::SystemClock().now());
  if (!accepted) return report(accepted.error(), err);
  const auto printed = print_accepted(*accepted, **reader, globals, more, out);
  return printed ? 0 : report(printed.error(), err);
}

int run_jobs_pause(const GlobalOptions& globals, const std::string& reason, std::ostream& out,
                   std::ostream& err) {
  auto queue = open_queue(globals);
  if (!queue) return report(queue.error(), err);
  auto why = "by " + edits::submitter();
  if (!reason.empty()) why += ": " + printable(reason);
  const auto paused = (*queue)->pause(why, base::SystemClock().now());
  if (!paused) return report(paused.error(), err);
  if (globals.json) {
    Json json;
    json["paused"] = true;
    json["reason"] = why;
    out << to_line(json);
  } else if (!globals.quiet) {
    out << "the queue is paused: what is under way is finished, nothing else is sent; 'confmirror "
           "jobs resume' ends that\n";
  }
  return 0;
}

int run_jobs_resume(const GlobalOptions& globals, std::ostream& out, std::ostream& err) {
  auto queue = open_queue(globals);
  if (!queue) return report(queue.error(), err);
  const auto resumed = (*queue)->resume();
  if (!resumed) return report(resumed.error(), err);
  if (globals.json) {
    Json json;
    json["paused"] = false;
    out << to_line(json);
  } else if (!globals.quiet) {
    out << "the queue goes on\n";
  }
  return 0;
}

}  // namespace cli
