#include "daemon/cli/jobs_show.h"

#include <fmt/format.h>

#include "daemon/cli/lookup.h"
#include "daemon/cli/progress_line.h"
#include "daemon/cli/report.h"
#include "daemon/cli/table.h"
#include "daemon/cli/terminal.h"
#include "daemon/storage_format/diff.h"

namespace cli {

namespace {

using store::JobState;

std::string state_of(const store::Job& job) {
  return std::string(to_string(job.state)) + (job.stuck ? " (not tried)" : "");
}

Json result_json(const std::string& result) {
  auto json = Json::parse(result, nullptr, false);
  return json.is_discarded() ? Json(nullptr) : json;
}

store::Result<void> list_batches(store::Reader& reader, const GlobalOptions& globals,
                                 const JobsListArgs& args, std::ostream& out, std::ostream& err) {
  const auto batches = reader.job_batches(static_cast<std::size_t>(args.limit));
  if (!batches) return store::fail(batches.error());
  if (globals.json) {
    Json json;
    json["batches"] = Json::array();
    for (const auto& batch : *batches) json["batches"].push_back(batch_json(batch));
    out << to_line(json);
    return {};
  }
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
  store::JobFilter filter;
  filter.batch_id = args.batch;
  filter.limit = args.limit;
  for (const auto& state : args.states) {
    if (const auto parsed = store::parse_job_state(state)) filter.states.push_back(*parsed);
  }
  const auto jobs = reader.jobs(filter);
  if (!jobs) return store::fail(jobs.error());
  if (globals.json) {
    Json json;
    json["jobs"] = Json::array();
    for (const auto& job : *jobs) json["jobs"].push_back(job_json(job));
    out << to_line(json);
    return {};
  }
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

struct Shown {
  store::Job job;
  std::vector<store::Job> before;
  std::vector<store::JobEvent> events;
  std::optional<store::JobImage> base;
  std::optional<store::JobImage> theirs;
};

store::Result<Shown> find_job(store::Reader& reader, store::JobId id) {
  auto job = reader.job(id, true);
  if (!job) return store::fail(job.error());
  if (!*job) {
    return store::fail(store::ErrorKind::kUsage, "unknown_job",
                       fmt::format("cannot show job {}: there is none of that number", id),
                       "'confmirror jobs list' lists the batches");
  }
  Shown shown;
  shown.job = std::move(**job);
  auto before = reader.jobs_before(id);
  if (!before) return store::fail(before.error());
  for (const auto other : *before) {
    auto row = reader.job(other, false);
    if (!row) return store::fail(row.error());
    if (*row) shown.before.push_back(std::move(**row));
  }
  auto events = reader.job_events(id);
  if (!events) return store::fail(events.error());
  shown.events = std::move(*events);
  for (auto* const image : {&shown.base, &shown.theirs}) {
    auto found = reader.job_image(id, image == &shown.base ? "base" : "theirs");
    if (!found) return store::fail(found.error());
    *image = std::move(*found);
  }
  return shown;
}

std::string diff_of(const Shown& shown) {
  if (shown.job.state != JobState::kConflict || !shown.theirs) return {};
  if (!shown.base) return storage_format::readable_diff(shown.theirs->body, shown.job.body);
  return storage_format::readable_diff3(shown.base->body, shown.job.body, shown.theirs->body);
}

void print_job(const Shown& shown, std::ostream& out) {
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

Json shown_json(const Shown& shown) {
  const auto& job = shown.job;
  auto json = job_json(job);
  json["mark"] = job.mark;
  json["parentId"] = job.parent_id ? Json(std::to_string(*job.parent_id)) : Json(nullptr);
  json["parentJob"] = job.parent_job ? Json(std::to_string(*job.parent_job)) : Json(nullptr);
  json["undoOf"] = job.undo_of ? Json(std::to_string(*job.undo_of)) : Json(nullptr);
  json["asUser"] = job.as_user.empty() ? Json(nullptr) : Json(job.as_user);
  json["message"] = job.message;
  json["minorEdit"] = job.minor_edit;
  json["sentAt"] = job.sent_at ? Json(store::to_iso8601(*job.sent_at)) : Json(nullptr);
  json["sentVersion"] = job.sent_version ? Json(*job.sent_version) : Json(nullptr);
  json["representation"] = job.representation;
  json["body"] = job.body;
  json["after"] = Json::array();
  for (const auto& other : shown.before) {
    json["after"].push_back({{"jobId", std::to_string(other.id)},
                             {"state", to_string(other.state)},
                             {"notTried", other.stuck}});
  }
  json["events"] = Json::array();
  for (const auto& event : shown.events) {
    json["events"].push_back({{"at", store::to_iso8601(event.at)},
                              {"state", to_string(event.state)},
                              {"reason", event.reason}});
  }
  if (shown.base) {
    json["base"] = {
        {"version", shown.base->version}, {"title", shown.base->title}, {"body", shown.base->body}};
  }
  if (shown.theirs) {
    json["theirs"] = {{"version", shown.theirs->version},
                      {"title", shown.theirs->title},
                      {"authorId", shown.theirs->author_id},
                      {"body", shown.theirs->body}};
  }
  return json;
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

Json batch_json(const store::JobBatchRow& batch) {
  Json json;
  json["batch"] = std::to_string(batch.id);
  json["name"] = batch.name;
  json["submittedBy"] = batch.submitted_by;
  json["submittedAt"] = store::to_iso8601(batch.submitted_at);
  if (batch.undo_of) json["undoOf"] = std::to_string(*batch.undo_of);
  json["jobs"] = batch.jobs;
  json["notTried"] = batch.stuck;
  json["ended"] = batch.ended();
  json["states"] = Json::object();
  for (const auto& [state, count] : batch.states)
    json["states"][std::string(to_string(state))] = count;
  return json;
}

Json job_json(const store::Job& job) {
  Json json;
  json["jobId"] = std::to_string(job.id);
  json["batch"] = std::to_string(job.batch_id);
  json["line"] = job.line;
  json["ref"] = job.ref ? Json(*job.ref) : Json(nullptr);
  json["action"] = to_string(job.action);
  json["state"] = to_string(job.state);
  json["notTried"] = job.stuck;
  json["pageId"] = job.page_id ? Json(std::to_string(*job.page_id)) : Json(nullptr);
  json["title"] = job.title;
  json["status"] = job.status;
  json["version"] = job.base_version ? Json(*job.base_version) : Json(nullptr);
  json["onConflict"] = to_string(job.on_conflict);
  json["attempts"] = job.attempts;
  json["notBefore"] = job.not_before ? Json(store::to_iso8601(*job.not_before)) : Json(nullptr);
  json["createdAt"] = store::to_iso8601(job.created_at);
  json["updatedAt"] = store::to_iso8601(job.updated_at);
  json["error"] = job.error.empty() ? Json(nullptr) : Json(job.error);
  json["result"] = job.result.empty() ? Json(nullptr) : result_json(job.result);
  return json;
}

int run_jobs_list(const GlobalOptions& globals, const JobsListArgs& args, std::ostream& out,
                  std::ostream& err) {
  auto reader = open_mirror(globals);
  if (!reader) return report(reader.error(), err);
  const bool jobs = args.batch || !args.states.empty();
  const auto listed = jobs ? list_jobs(**reader, globals, args, out, err)
                           : list_batches(**reader, globals, args, out, err);
  return listed ? 0 : report(listed.error(), err);
}

int run_jobs_show(const GlobalOptions& globals, store::JobId id, std::ostream& out,
                  std::ostream& err) {
  auto reader = open_mirror(globals);
  if (!reader) return report(reader.error(), err);
  auto shown = find_job(**reader, id);
  if (!shown) return report(shown.error(), err);
  if (!globals.json) {
    print_job(*shown, out);
    return 0;
  }
  out << to_line(shown_json(*shown));
  return 0;
}

}  // namespace cli
