#include "daemon/cli/action_command.h"

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <thread>

#include "daemon/cli/interrupt.h"
#include "daemon/cli/jobs_run.h"
#include "daemon/cli/jobs_submit.h"
#include "daemon/cli/jobs_watch.h"
#include "daemon/cli/live_read.h"
#include "daemon/cli/lookup.h"
#include "daemon/cli/queue_access.h"
#include "daemon/cli/report.h"
#include "daemon/cli/standstill.h"
#include "daemon/query/job_json.h"
#include "daemon/query/read_actions.h"
#include "daemon/serve/parameters.h"

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

std::int64_t number_in(const Json& json, const char* name) {
  return serve::number_in_path(json[name].get<std::string>()).value_or(0);
}

// Of the job as the queue tells it; nullopt: it goes on.
std::optional<int> print_end(const Json& job, std::ostream& out, std::ostream& err) {
  const auto state = store::parse_job_state(job["state"].get<std::string>());
  if (state == store::JobState::kDone) {
    out << to_line(job["result"]);
    return 0;
  }
  const bool left_to_a_person = state == store::JobState::kInDoubt && job["notBefore"].is_null();
  if (!state || (!store::is_end(*state) && !left_to_a_person)) return {};
  const auto error = job["error"].is_string() ? job["error"].get<std::string>() : std::string();
  const auto id = job["jobId"].get<std::string>();
  report(store::Error(store::ErrorKind::kStopped, "not_executed", error,
                      fmt::format("'confmirror jobs show {}'", id)),
         err);
  Json json;
  json["jobId"] = id;
  json["state"] = job["state"];
  json["error"] = error;
  out << to_line(json);
  return kFindings;
}

int wait_by_socket(QueueAccess& access, store::JobId id, std::ostream& out, std::ostream& err) {
  constexpr std::chrono::milliseconds kLookAgain{200};
  const Interrupt interrupt;
  Standstill standstill(err);
  while (true) {
    const auto job = access.job(id);
    if (const auto error = serve::error_of(job.body)) return report(*error, err);
    if (const auto code = print_end(job.body, out, err)) return *code;
    if (const auto canceled = Interrupt::check(); !canceled) {
      err << fmt::format("confmirror: job {} stays {}: 'confmirror jobs cancel {}' takes it back\n",
                         id, job.body["state"].get<std::string>(), id);
      return report(canceled.error(), err);
    }
    if (standstill.is_due()) {
      const auto status = access.status();
      if (const auto error = serve::error_of(status.body)) return report(*error, err);
      standstill.look(why_not_sent(status.body));
    }
    std::this_thread::sleep_for(kLookAgain);
  }
}

int refuse_read(const std::string& name, const Json& problems, const GlobalOptions& globals,
                std::ostream& out, std::ostream& err) {
  print_problems(name, problems, err);
  if (globals.json) {
    Json json;
    json["problems"] = problems;
    out << to_line(json);
  }
  return store::exit_code(store::ErrorKind::kUsage);
}

bool is_live(const querying::ReadRequest& request) {
  return std::visit([](const auto& asked) { return asked.live; }, request);
}

store::Result<querying::Json> answer_read(const GlobalOptions& globals, const std::string& name,
                                          const std::string& text,
                                          const querying::ReadRequest& request) {
  // The daemon's own requests and these count against one allowance.
  const bool live = is_live(request);
  const auto target = fmt::format("/v1/actions/{}{}", name, live ? "?live=1" : "");
  if (auto reply = QueueAccess(globals).ask("POST", target, text)) {
    if (auto error = serve::error_of(reply->body)) return store::fail(std::move(*error));
    return std::move(reply->body);
  }
  if (live) return read_live(globals, request);
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
  if (!parsed.request) {
    return refuse_read(args.name, querying::problems_json(parsed.problems), globals, out, err);
  }
  const auto answer = answer_read(globals, args.name, text, *parsed.request);
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
  QueueAccess access(globals);
  const auto reply =
      args.dry_run ? access.dry_run(args.name, text) : access.submit_action(args.name, text);
  if (reply.body.contains("problems")) {
    return refuse_batch(args.name, reply.body["problems"], globals, out, err);
  }
  if (const auto error = serve::error_of(reply.body)) return report(*error, err);
  if (!globals.quiet) print_problems(args.name, reply.body["notes"], err);
  if (args.dry_run) {
    print_dry_run(reply.body, globals, out);
    return 0;
  }
  if (!args.wait) {
    auto json = reply.body;
    json.erase("notes");
    out << to_line(json);
    return 0;
  }
  const auto id = number_in(reply.body, "jobId");
  // Who may not open the file sees by the socket how it goes.
  if (access.client() && !open_mirror(globals)) return wait_by_socket(access, id, out, err);
  const auto waited = wait_for(globals, number_in(reply.body, "batch"), err);
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
