#include "daemon/cli/jobs_change.h"

#include <fmt/format.h>

#include "daemon/cli/jobs_submit.h"
#include "daemon/cli/queue_access.h"
#include "daemon/cli/report.h"
#include "daemon/cli/row_json.h"

namespace cli {

namespace {

serve::Chosen chosen(const JobsChangeArgs& args) {
  serve::Chosen chosen;
  chosen.jobs = args.jobs;
  chosen.batch = args.batch;
  return chosen;
}

int print_changed(const serve::Reply& reply, const char* what, const GlobalOptions& globals,
                  std::ostream& out, std::ostream& err) {
  if (const auto error = serve::error_of(reply.body)) return report(*error, err);
  const auto& refused = reply.body["refused"];
  if (globals.json) {
    out << to_line(reply.body);
  } else {
    const auto count = reply.body[what].size();
    out << fmt::format("{} job{} {}\n", count, count == 1 ? "" : "s", what);
    for (const auto& one : refused) {
      err << printable(fmt::format("confmirror: job {} is not {}: {}",
                                   one["jobId"].get<std::string>(), what,
                                   one["reason"].get<std::string>()))
          << "\n";
    }
  }
  return refused.empty() ? 0 : kFindings;
}

}  // namespace

int run_jobs_retry(const GlobalOptions& globals, const JobsChangeArgs& args, std::ostream& out,
                   std::ostream& err) {
  const auto reply =
      QueueAccess(globals).retry(chosen(args), store::parse_on_conflict(args.on_conflict));
  return print_changed(reply, "queued again", globals, out, err);
}

int run_jobs_cancel(const GlobalOptions& globals, const JobsChangeArgs& args, std::ostream& out,
                    std::ostream& err) {
  return print_changed(QueueAccess(globals).cancel(chosen(args)), "canceled", globals, out, err);
}

int run_jobs_undo(const GlobalOptions& globals, const JobsChangeArgs& args, std::ostream& out,
                  std::ostream& err) {
  serve::SubmitOptions options;
  options.again = args.again;
  options.dry_run = args.dry_run;
  options.max_deletes = args.max_deletes;
  const auto reply = QueueAccess(globals).undo(chosen(args), options);
  if (const auto error = serve::error_of(reply.body)) return report(*error, err);
  const auto& left_out = reply.body["leftOut"];
  for (const auto& one : left_out) {
    if (globals.quiet) break;
    err << printable(fmt::format("confmirror: job {} is not undone: {}",
                                 one["jobId"].get<std::string>(), one["reason"].get<std::string>()))
        << "\n";
  }
  if (reply.body["jobs"].empty()) {
    if (globals.json) out << to_line(reply.body);
    if (!globals.quiet) err << "there is nothing to undo\n";
    return left_out.empty() ? 0 : kFindings;
  }
  if (args.dry_run) {
    print_dry_run(reply.body, globals, out);
  } else {
    print_accepted(reply.body, globals, out);
  }
  return 0;
}

int run_jobs_pause(const GlobalOptions& globals, const std::string& reason, std::ostream& out,
                   std::ostream& err) {
  const auto reply = QueueAccess(globals).pause(printable(reason));
  if (const auto error = serve::error_of(reply.body)) return report(*error, err);
  if (globals.json) {
    out << to_line(reply.body);
  } else if (!globals.quiet) {
    out << "the queue is paused: what is under way is finished, nothing else is sent; 'confmirror "
           "jobs resume' ends that\n";
  }
  return 0;
}

int run_jobs_resume(const GlobalOptions& globals, std::ostream& out, std::ostream& err) {
  const auto reply = QueueAccess(globals).resume();
  if (const auto error = serve::error_of(reply.body)) return report(*error, err);
  if (globals.json) {
    out << to_line(reply.body);
  } else if (!globals.quiet) {
    out << "the queue goes on\n";
  }
  return 0;
}

}  // namespace cli
