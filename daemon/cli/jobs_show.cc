#include "daemon/cli/jobs_show.h"

#include <fmt/format.h>

#include "daemon/cli/json_fields.h"
#include "daemon/cli/progress_line.h"
#include "daemon/cli/queue_access.h"
#include "daemon/cli/report.h"
#include "daemon/cli/table.h"
#include "daemon/cli/terminal.h"
#include "daemon/storage_format/diff.h"

namespace cli {

namespace {

using store::JobState;

using serve::Json;

std::string with(const char* words, const std::string& value) {
  return value.empty() ? value : fmt::format(fmt::runtime(words), value);
}

std::string state_of(const Json& job) {
  return text(job, "state") + (is_set(job, "notTried") ? " (not tried)" : "");
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

void print_batches(const Json& answer, const GlobalOptions& globals, std::ostream& out,
                   std::ostream& err) {
  Table table(
      {{"BATCH", true}, {"SUBMITTED"}, {"BY"}, {"JOBS", true}, {"STATES"}, {"NAME", false, true}});
  for (const auto& batch : part(answer, "batches")) {
    table.add({text(batch, "batch"), text(batch, "submittedAt"), text(batch, "submittedBy"),
               with_thousands(number(batch, "jobs")), states_in_words(batch), text(batch, "name")});
  }
  table.print(out, terminal_of(out).columns);
  if (table.empty() && !globals.quiet) err << "the queue is empty\n";
}

void print_jobs(const Json& answer, const GlobalOptions& globals, const JobsListArgs& args,
                std::ostream& out, std::ostream& err) {
  Table table({{"JOB", true},
               {"STATE"},
               {"ACTION"},
               {"PAGE", true},
               {"LINE", true},
               {"ATTEMPTS", true},
               {"TITLE"},
               {"ERROR", false, true}});
  const auto& jobs = part(answer, "jobs");
  for (const auto& job : jobs) {
    const auto page = text(job, "pageId");
    table.add({text(job, "jobId"), state_of(job), text(job, "action"), page.empty() ? "-" : page,
               text(job, "line"), text(job, "attempts"), text(job, "title"), text(job, "error")});
  }
  table.print(out, terminal_of(out).columns);
  if (table.empty() && !globals.quiet) err << "nothing found\n";
  if (static_cast<std::int64_t>(jobs.size()) == args.limit && !globals.quiet) {
    err << "there may be more: --limit N\n";
  }
}

std::string diff_of(const Json& job) {
  if (text(job, "state") != to_string(store::JobState::kConflict) || !job.contains("theirs")) {
    return {};
  }
  const auto ours = text(job, "body");
  const auto theirs = text(job["theirs"], "body");
  if (!job.contains("base")) return storage_format::readable_diff(theirs, ours);
  return storage_format::readable_diff3(text(job["base"], "body"), ours, theirs);
}

std::string sent_of(const Json& job) {
  return text(job, "sentAt") + with(", as version {}", text(job, "sentVersion"));
}

std::string parent_of(const Json& job) {
  const auto page = text(job, "parentId");
  return page.empty() ? with("what job {} creates", text(job, "parentJob")) : page;
}

// "job 7, which is failed: ..."
std::string prior_of(const Json& job, const Json& other) {
  const auto state = store::parse_job_state(text(other, "state"));
  const bool bad = state && *state != store::JobState::kDone &&
                   (store::is_end(*state) || is_set(job, "notTried"));
  return fmt::format("job {}, which is {}{}", text(other, "jobId"), text(other, "state"),
                     bad ? ": not tried until that is retried and done" : "");
}

void print_job(const Json& job, std::ostream& out) {
  const auto line = [&out](const char* name, const std::string& value) {
    if (!value.empty()) out << fmt::format("{:<12} {}\n", name, printable(value));
  };
  line("job", fmt::format("{} (batch {}, line {}{})", text(job, "jobId"), text(job, "batch"),
                          text(job, "line"), with(", ref {}", text(job, "ref"))));
  line("action", text(job, "action") + (text(job, "status") == "draft" ? " (draft)" : ""));
  line("state", state_of(job));
  line("page", text(job, "pageId"));
  line("title", text(job, "title"));
  line("parent", parent_of(job));
  line("undoes", with("job {}", text(job, "undoOf")));
  line("message", text(job, "message") + (is_set(job, "minorEdit") ? " (minor edit)" : ""));
  line("submitted", text(job, "createdAt"));
  line("as user", text(job, "asUser"));
  line("made from", with("version {}", text(job, "version")));
  line("on conflict", text(job, "onConflict"));
  line("attempts", text(job, "attempts"));
  line("not before", text(job, "notBefore"));
  line("sent", sent_of(job));
  line("mark", text(job, "mark"));
  line("error", text(job, "error"));
  line("result", text(job, "result"));
  for (const auto& other : part(job, "after")) line("after", prior_of(job, other));
  for (const auto& event : part(job, "events")) {
    out << printable(fmt::format("{}  {:<9} {}", text(event, "at"), text(event, "state"),
                                 text(event, "reason")))
        << "\n";
  }
  const auto diff = diff_of(job);
  if (!diff.empty()) out << "\n" << printable_lines(diff);
}

}  // namespace

std::string states_in_words(const Json& batch) {
  std::string words;
  for (const auto& [state, count] : part(batch, "states").items()) {
    if (!count.is_number_integer()) continue;
    words += fmt::format("{}{} {}", words.empty() ? "" : ", ",
                         with_thousands(count.get<std::int64_t>()), state);
  }
  const auto stuck = number(batch, "notTried");
  if (stuck > 0) words += fmt::format(" ({} not tried)", with_thousands(stuck));
  return words;
}

int run_jobs_list(const GlobalOptions& globals, const JobsListArgs& args, std::ostream& out,
                  std::ostream& err) {
  QueueAccess access(globals);
  const bool batches = !args.batch && args.states.empty();
  const auto reply = batches ? access.batches(args.limit) : access.jobs(filter_of(args));
  if (const auto error = serve::error_of(reply.body)) return report(*error, err);
  if (globals.json) {
    out << serve::to_line(reply.body);
  } else if (batches) {
    print_batches(reply.body, globals, out, err);
  } else {
    print_jobs(reply.body, globals, args, out, err);
  }
  return 0;
}

int run_jobs_show(const GlobalOptions& globals, store::JobId id, std::ostream& out,
                  std::ostream& err) {
  const auto reply = QueueAccess(globals).job(id);
  if (const auto error = serve::error_of(reply.body)) return report(*error, err);
  if (globals.json) {
    out << serve::to_line(reply.body);
  } else {
    print_job(reply.body, out);
  }
  return 0;
}

}  // namespace cli
