#include "daemon/query/job_json.h"

#include <fmt/format.h>

#include <optional>
#include <utility>
#include <vector>

namespace querying {

using Json = nlohmann::ordered_json;

namespace {

Json result_json(const std::string& result) {
  auto json = Json::parse(result, nullptr, false);
  return json.is_discarded() ? Json(nullptr) : json;
}

Json in_full_json(const JobInFull& shown) {
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

store::Result<JobInFull> find_job(store::Reader& reader, store::JobId id) {
  auto job = reader.job(id, true);
  if (!job) return store::fail(job.error());
  if (!*job) {
    return store::fail(store::ErrorKind::kUsage, "unknown_job",
                       fmt::format("cannot show job {}: there is none of that number", id),
                       "'confmirror jobs list' lists the batches");
  }
  JobInFull shown;
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

Json problems_json(const std::vector<input::Problem>& problems) {
  auto json = Json::array();
  for (const auto& problem : problems) {
    Json one;
    one["line"] = problem.line;
    one["field"] = problem.field;
    one["text"] = problem.text;
    json.push_back(std::move(one));
  }
  return json;
}

store::Result<Json> job_in_full(store::Reader& reader, store::JobId id) {
  auto shown = find_job(reader, id);
  if (!shown) return store::fail(shown.error());
  return in_full_json(*shown);
}

}  // namespace querying
