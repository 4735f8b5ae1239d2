#include "daemon/cli/action_command.h"

#include <fmt/format.h>

#include "daemon/base/clock.h"
#include "daemon/cli/jobs_run.h"
#include "daemon/cli/jobs_submit.h"
#include "daemon/cli/jobs_watch.h"
#include "daemon/cli/live_read.h"
#include "daemon/cli/lookup.h"
#include "daemon/cli/report.h"
#include "daemon/edits/submission.h"
#include "daemon/query/read_actions.h"

namespace cli {

namespace {

// What became of the job; `waited`: of the waiting for it. A job that has not ended is named as
// well: it is queued, and whoever asked must not ask again.
int print_outcome(const GlobalOptions& globals, store::JobId id, const store::Result<void>& waited,
                  std::ostream& out, std::ostream& err) {
  auto reader = open_mirror(globals);
  if (!reader) return report(reader.error(), err);
  const auto job = (*reader)->job(id, false);
  if (!job) return report(job.error(), err);
  if (!*job) return kFindings;
  const auto state = (*job)->state;
  if (state == store::JobState::kDone) {
    out << (*job)->result << "\n";
    return 0;
  }
  const bool left_to_a_person = state == store::JobState::kInDoubt && !(*job)->not_before;
  store::Error error(store::ErrorKind::kStopped, "not_executed",
                     fmt::format("job {} is {}", id, to_string(state)),
                     fmt::format("'confmirror jobs show {}'", id));
  int code = kFindings;
  if (store::is_end(state) || left_to_a_person) {
    error.message = (*job)->error;
    report(error, err);
  } else {
    const auto why = why_not_sent(**reader);
    if (!waited) {
      error = waited.error();
    } else if (why && *why) {
      error = **why;
    }
    code = report(error, err);
    err << fmt::format("confmirror: job {} stays {}: 'confmirror jobs cancel {}' takes it back\n",
                       id, to_string(state), id);
  }
  Json json;
  json["jobId"] = std::to_string(id);
  json["state"] = to_string(state);
  json["error"] = error.message;
  out << to_line(json);
  return code;
}

// Whoever executes: this process, or the one that does already.
store::Result<void> wait_for(const GlobalOptions& globals, store::BatchId batch,
                             std::ostream& err) {
  AwaitOptions options;
  options.leave_when_unattended = true;  // a sync holds the mirror too, and executes nothing
  while (true) {
    auto executed = execute_batch(globals, batch, err);
    if (executed || executed.error().kind != store::ErrorKind::kBusy) return executed;
    const auto awaited = await_batch(globals, batch, options, err);
    if (!awaited) return store::fail(awaited.error());
    if (*awaited == Awaited::kEnded) return {};
  }
}

int refuse_read(const std::string& name, const std::vector<input::Problem>& problems,
                const GlobalOptions& globals, std::ostream& out, std::ostream& err) {
  print_problems(name, problems, err);
  if (globals.json) {
    Json json;
    json["problems"] = problems_json(problems);
    out << to_line(json);
  }
  return store::exit_code(store::ErrorKind::kUsage);
}

bool is_live(const querying::ReadRequest& request) {
  return std::visit([](const auto& asked) { return asked.live; }, request);
}

store::Result<querying::Json> answer_read(const GlobalOptions& globals,
                                          const querying::ReadRequest& request) {
  if (is_live(request)) return read_live(globals, request);
  auto reader = open_mirror(globals);
  if (!reader) return store::fail(reader.error());
  return querying::answer(**reader, request);
}

int run_read_action(const GlobalOptions& globals, const ActionArgs& args, const std::string& text,
                    std::ostream& out, std::ostream& err) {
  if (args.wait || args.dry_run) {
    return report(store::Error(store::ErrorKind::kUsage, "not_a_write",
                               fmt::format("cannot use {} with {}: it writes nothing",
                                           args.wait ? "--wait" : "--dry-run", args.name)),
                  err);
  }
  const auto parsed = querying::parse_read(args.name, text, args.live);
  if (!parsed.request) return refuse_read(args.name, parsed.problems, globals, out, err);
  const auto answer = answer_read(globals, *parsed.request);
  if (!answer) return report(answer.error(), err);
  out << querying::to_line(*answer);
  return 0;
}

int run_write_action(const GlobalOptions& globals, const ActionArgs& args, const std::string& text,
                     std::ostream& out, std::ostream& err) {
  if (args.live) {
    return report(
        store::Error(
            store::ErrorKind::kUsage, "not_a_read",
            fmt::format("cannot use --live with {}: every write goes to the site", args.name)),
        err);
  }
  const auto action = store::parse_job_action(args.name);
  const auto config = jobs_config(globals);
  if (!config) return report(config.error(), err);
  auto reader = open_mirror(globals);
  if (!reader) return report(reader.error(), err);
  edits::CheckOptions options;
  options.max_deletes = config->max_deletes;
  options.on_conflict =
      store::parse_on_conflict(config->on_conflict).value_or(store::OnConflict::kFail);
  options.can_impersonate = can_impersonate(globals);
  auto checked = edits::check_batch(
      edits::parse_action(action.value_or(store::JobAction::kUpdatePage), text), **reader, options);
  if (!checked) return report(checked.error(), err);
  if (!checked->problems.empty()) {
    return refuse_batch(args.name, checked->problems, globals, out, err);
  }
  if (!globals.quiet) print_problems(args.name, checked->notes, err);
  if (args.dry_run) {
    Json more;
    more["notes"] = problems_json(checked->notes);
    const auto printed = print_dry_run(checked->jobs, **reader, globals, more, out);
    return printed ? 0 : report(printed.error(), err);
  }
  const auto path = resolve_mirror_path(globals);
  if (!path) return report(path.error(), err);
  auto queue = store::JobQueue::open(*path);
  if (!queue) return report(queue.error(), err);
  // An action that is asked for twice is meant twice.
  auto submission =
      edits::make_submission("action " + args.name, text, std::move(checked->jobs), true);
  const auto accepted = (*queue)->submit(submission, base::SystemClock().now());
  if (!accepted) return report(accepted.error(), err);
  const auto id = accepted->job_ids.front();
  if (!args.wait) {
    Json json;
    json["jobId"] = std::to_string(id);
    json["batch"] = std::to_string(accepted->batch_id);
    json["state"] = "queued";
    out << to_line(json);
    return 0;
  }
  const auto waited = wait_for(globals, accepted->batch_id, err);
  return print_outcome(globals, id, waited, out, err);
}

}  // namespace

int run_action(const GlobalOptions& globals, const ActionArgs& args, std::istream& in,
               std::ostream& out, std::ostream& err) {
  std::string text = args.json;
  if (text == "-") {
    auto read = read_input("-", in);
    if (!read) return report(read.error(), err);
    text = std::move(*read);
  }
  return querying::is_read_action(args.name) ? run_read_action(globals, args, text, out, err)
                                             : run_write_action(globals, args, text, out, err);
}

}  // namespace cli
