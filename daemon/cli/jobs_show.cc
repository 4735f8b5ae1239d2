#include "daemon/cli/jobs_show.h"

#include <fmt/format.h>

#include "daemon/cli/lookup.h"
#include "daemon/cli/progress_line.h"
#include "daemon/cli/queue_access.h"
#include "daemon/cli/report.h"
#include "daemon/cli/table.h"
#include "daemon/cli/terminal.h"
#include "daemon/query/job_json.h"
#include "daemon/storage_format/diff.h"

namespace cli {

namespace {

using store::JobState;

std::string state_of(const store::Job& job) {
  return std::string(to_string(job.state)) + (job.stuck ? " (not tried)" : "");
}

store::JobFilter filter_of(const JobsListArgs& args) {
  store::JobFilter filter;
  filter.batch_id = args.batch;
  filter.limit = args.limit;
  for (const auto& state : args.states) {
    if (const auto parsed = store::parse_job_state(state)) filter.states.push_back(*parsed);
  }
  return filter;
}

int print_json(const serve::Reply& reply, std::ostream& out, std::ostream& err) {
  if (const auto error = serve::error_of(reply.body)) return report(*error, err);
  out << to_line(reply.body);
  return 0;
}

store::Result<void> list_batches(store::Reader& reader, const GlobalOptions& globals,
                                 const JobsListArgs& args, std::ostream& out, std::ostream& err) {
  const auto batches = reader.job_batches(static_cast<std::size_t>(args.limit));
  if (!batches) return store::fail(batches.error());
  Table table(
      {{"BATCH", true}, {"SUBMITTED"}, {"BY"}, {"JOBS", true}, {"STATES"}, {"NAME", false, true}});
  for (const auto& batch : *batches) {
    table.add({std::to_string(batch.id), store::to_iso8601(batch.submitted_at), batch.submitted_by,
               with_thousands(batch.jobs), states_in_words(batch), batch.name});
  }
  table.print(out, terminal_of(out).columns);
  if (table.empty() && !globals.quiet) err << "the queue is empty\n";
  return {};
}

store::Result<void> list_jobs(store::Reader& reader, const GlobalOptions& globals,
                              const JobsListArgs& args, std::ostream& out, std::ostream& err) {
  const auto jobs = reader.jobs(filter_of(args));
  if (!jobs) return store::fail(jobs.error());
  Table table({{"JOB", true},
               {"STATE"},
               {"ACTION"},
               {"PAGE", true},
               {"LINE", true},
               {"ATTEMPTS", true},
               {"TITLE"},
               {"ERROR", false, true}});
  for (const auto& job : *jobs) {
    table.add({std::to_string(job.id), state_of(job), std::string(to_string(job.action)),
               job.page_id ? std::to_string(*job.page_id) : "-", std::to_string(job.line),
               std::to_string(job.attempts), job.title, job.error});
  }
  table.print(out, terminal_of(out).columns);
  if (table.empty() && !globals.quiet) err << "nothing found\n";
  if (static_cast<std::int64_t>(jobs->size()) == args.limit && !globals.quiet) {
    err << "there may be more: --limit N\n";
  }
  return {};
}

std::string diff_of(const querying::JobInFull& shown) {
  if (shown.job.state != JobState::kConflict || !shown.theirs) return {};
  if (!shown.base) return storage_format::readable_diff(shown.theirs->body, shown.job.body);
  return storage_format::readable_diff3(shown.base->body, shown.job.body, shown.theirs->body);
}

void print_job(const querying::JobInFull& shown, std::ostream& out) {
  const auto& job = shown.job;
  const auto line = [&out](const char* name, const std::string& value) {
    if (!value.empty()) out << fmt::format("{:<12} {}\n", name, printable(value));
  };
  line("job", fmt::format("{} (batch {}, line {}{})", job.id, job.batch_id, job.line,
                          job.ref ? ", ref " + *job.ref : ""));
  line("action", std::string(to_string(job.action)) + (job.status == "draft" ? " (draft)" : ""));
  line("state", state_of(job));
  line("page", job.page_id ? std::to_string(*job.page_id) : "");
  line("title", job.title);
  line("parent", job.parent_id    ? std::to_string(*job.parent_id)
                 : job.parent_job ? fmt::format("what job {} creates", *job.parent_job)
                                  : "");
  line("undoes", job.undo_of ? fmt::format("job {}", *job.undo_of) : "");
  line("message", job.message + (job.minor_edit ? " (minor edit)" : ""));
  line("submitted", store::to_iso8601(job.created_at));
  line("as user", job.as_user);
  line("made from", job.base_version ? fmt::format("version {}", *job.base_version) : "");
  line("on conflict", std::string(to_string(job.on_conflict)));
  line("attempts", std::to_string(job.attempts));
  line("not before", job.not_before ? store::to_iso8601(*job.not_before) : "");
  line("sent", job.sent_at
                   ? store::to_iso8601(*job.sent_at) +
                         (job.sent_version ? fmt::format(", as version {}", *job.sent_version) : "")
                   : "");
  line("mark", job.mark);
  line("error", job.error);
  line("result", job.result);
  for (const auto& other : shown.before) {
    const bool bad = other.state != JobState::kDone && (store::is_end(other.state) || job.stuck);
    line("after", fmt::format("job {}, which is {}{}", other.id, to_string(other.state),
                              bad ? ": not tried until that is retried and done" : ""));
  }
  for (const auto& event : shown.events) {
    out << printable(fmt::format("{}  {:<9} {}", store::to_iso8601(event.at),
                                 to_string(event.state), event.reason))
        << "\n";
  }
  const auto diff = diff_of(shown);
  if (!diff.empty()) out << "\n" << printable_lines(diff);
}

}  // namespace

std::string states_in_words(const store::JobBatchRow& batch) {
  std::string words;
  for (const auto& [state, count] : batch.states) {
    words +=
        fmt::format("{}{} {}", words.empty() ? "" : ", ", with_thousands(count), to_string(state));
  }
  if (batch.stuck > 0) words += fmt::format(" ({} not tried)", with_thousands(batch.stuck));
  return words;
}

int run_jobs_list(const GlobalOptions& globals, const JobsListArgs& args, std::ostream& out,
                  std::ostream& err) {
  if (globals.json) {
    QueueAccess access(globals);
    const bool whole = !args.batch && args.states.empty();
    return print_json(whole ? access.batches(args.limit) : access.jobs(filter_of(args)), out, err);
  }
  auto reader = open_mirror(globals);
  if (!reader) return report(reader.error(), err);
  const bool jobs = args.batch || !args.states.empty();
  const auto listed = jobs ? list_jobs(**reader, globals, args, out, err)
                           : list_batches(**reader, globals, args, out, err);
  return listed ? 0 : report(listed.error(), err);
}

int run_jobs_show(const GlobalOptions& globals, store::JobId id, std::ostream& out,
                  std::ostream& err) {
  if (globals.json) return print_json(QueueAccess(globals).job(id), out, err);
  auto reader = open_mirror(globals);
  if (!reader) return report(reader.error(), err);
  const auto shown = querying::find_job(**reader, id);
  if (!shown) return report(shown.error(), err);
  print_job(*shown, out);
  return 0;
}

}  // namespace cli
