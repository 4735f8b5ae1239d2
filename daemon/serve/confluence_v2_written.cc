// What became of a write, as Confluence would answer it.

#include <charconv>
#include <utility>

#include "daemon/serve/confluence_v2.h"
#include "daemon/serve/confluence_v2_render.h"
#include "daemon/serve/confluence_v2_write.h"
#include "daemon/serve/offline_drafts.h"

namespace serve {
namespace {

using store::Job;
using store::JobState;

constexpr const char* kTitleTaken =
    "A page with this title already exists: A page already exists with the same TITLE in this "
    "space";

Response of_problems(const WriteResult& result) {
  std::string text;
  for (const auto& problem : result.problems) {
    const bool clash =
        problem.field == "title" && problem.text.find("titles are unique") != std::string::npos;
    if (clash) return v2_error(400, kTitleTaken, problem.text);
    if (!text.empty()) text += "; ";
    text += problem.field.empty() ? problem.text : problem.field + ": " + problem.text;
  }
  return v2_error(result.forbidden ? 403 : 400, std::move(text));
}

Response accepted(const Job& job, bool waited) {
  Response response;
  response.status = 202;
  const std::string place = "/v1/jobs/" + std::to_string(job.id);
  JsonText json(response.body);
  json.open();
  json.open("job");
  json.id("id", job.id);
  json.text("state", store::to_string(job.state));
  json.text("note", waited ? "the wait is over, the job goes on: look at it where Location says"
                           : "queued: look at it where Location says");
  json.close();
  json.open("_links");
  json.text("job", place);
  json.close();
  json.close();
  response.headers.emplace_back("Location", place);
  if (!waited) response.headers.emplace_back("Preference-Applied", "respond-async");
  return response;
}

// The site's own refusal is in a failed job's error: "... HTTP 400: <its text>".
Response of_failure(const Job& job) {
  const std::string id = std::to_string(job.page_id.value_or(0));
  const auto place = job.error.find("HTTP ");
  int status = 0;
  if (place != std::string::npos) {
    const char* begin = job.error.data() + place + 5;
    std::from_chars(begin, job.error.data() + job.error.size(), status);
  }
  if (status >= 400 && status < 500) {
    const auto text = job.error.find(": ", place);
    return v2_error(status, text == std::string::npos ? job.error : job.error.substr(text + 2),
                    job.error);
  }
  const auto says = [&](std::string_view words) {
    return job.error.find(words) != std::string::npos;
  };
  if (says("the page is gone") || says("the page is trashed")) {
    return v2_error(cannot_find("page", id));
  }
  if (says("the page is archived")) {
    return v2_error(400, "Cannot update archived page with id [" + id + "]");
  }
  if (says("title")) return v2_error(400, kTitleTaken, job.error);
  return v2_error(500, "Job " + std::to_string(job.id) + " failed", job.error);
}

store::Result<Response> of_conflict(const V2Write& write, const Job& job, store::Reader& reader) {
  auto row = reader.page(write.page_id.value_or(0), false);
  if (!row) return store::fail(row.error());
  if (!*row || !write.provided) return v2_error(409, job.error);
  return v2_error(409,
                  "Version must be incremented when updating a page. Current Version: [" +
                      std::to_string((*row)->version.number) + "]. Provided version: [" +
                      std::to_string(*write.provided) + "]",
                  job.error);
}

store::Result<Response> page_written(const Ask& ask, const Job& job, store::Reader& reader) {
  const store::Id id = job.page_id.value_or(0);
  auto row = reader.page(id, true);
  if (!row) return store::fail(row.error());
  if (!*row || job.status == "draft") {
    auto draft = draft_row(reader, id);
    if (!draft) return store::fail(draft.error());
    if (*draft) row = std::move(draft);
  }
  if (!*row) {
    return v2_error(500, "Job " + std::to_string(job.id) + " is done, but page " +
                             std::to_string(id) + " is not in the mirror");
  }
  PageForm form;
  form.of_listing = false;
  form.body = true;
  form.base = ask.base();
  Response response;
  JsonText json(response.body);
  put_page(json, **row, form);
  note_synced_at(response, (*row)->synced_at);
  return response;
}

}  // namespace

store::Result<Response> v2_written(const Ask& ask, const V2Write& write, const WriteResult& result,
                                   bool waited, store::Reader& reader) {
  if (!result.problems.empty() || result.forbidden) return of_problems(result);
  if (!result.outcome) return v2_error(500, "Job " + std::to_string(result.job) + " is lost");
  const Job& job = *result.outcome;
  switch (job.state) {
    case JobState::kDone:
      if (write.action == "delete_page") return Response(204, "", "");
      return page_written(ask, job, reader);
    case JobState::kConflict:
      return of_conflict(write, job, reader);
    case JobState::kFailed:
      return of_failure(job);
    case JobState::kCanceled:
      return v2_error(503, "Job " + std::to_string(job.id) + " was canceled before it was sent");
    default:
      break;
  }
  if (is_settled(job)) {
    return v2_error(500, "Job " + std::to_string(job.id) + " is left to a person", job.error);
  }
  return accepted(job, waited);
}

}  // namespace serve
