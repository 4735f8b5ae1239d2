#include "daemon/query/status.h"

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace querying {

using PlainJson = nlohmann::json;

namespace {

constexpr std::size_t kRunsShown = 5;

struct MirrorStatus {
  std::string site_url;
  std::string wait_until;
  std::string wait_reason;
  std::string trouble_full;  // "since what"
  std::string trouble_incremental;
  std::string trouble_service;  // the daemon's local service lacks a listener
  std::string last_full_at;
  std::string token_expires;
  std::int64_t file_bytes = 0;
  store::Counts counts;
  std::vector<store::SpaceRow> spaces;
  std::vector<store::RunUpdate> runs;
  std::vector<store::QuarantineRow> quarantine;
  std::size_t open_walks = 0;
  std::map<store::JobState, std::int64_t> jobs;
  std::optional<store::JobsPause> jobs_pause;
};

template <typename T>
store::Result<void> take(store::Result<T> result, T& into) {
  if (!result) return store::fail(result.error());
  into = std::move(*result);
  return {};
}

store::Result<std::string> meta_or_empty(store::Reader& reader, const std::string& key) {
  auto value = reader.meta(key);
  if (!value) return store::fail(value.error());
  return value->value_or("");
}

// What is amiss: "since what".
std::vector<std::pair<std::string, std::string>> troubles(const MirrorStatus& status) {
  std::vector<std::pair<std::string, std::string>> all;
  if (!status.trouble_full.empty()) all.emplace_back("full", status.trouble_full);
  if (!status.trouble_incremental.empty())
    all.emplace_back("incremental", status.trouble_incremental);
  if (!status.trouble_service.empty()) all.emplace_back("service", status.trouble_service);
  return all;
}

PlainJson as_json(const MirrorStatus& status, const std::filesystem::path& path) {
  PlainJson json = {{"mirror", path.string()},
                    {"site_url", status.site_url},
                    {"file_bytes", status.file_bytes},
                    {"spaces", status.counts.spaces},
                    {"pages", status.counts.pages},
                    {"pages_by_status", status.counts.pages_by_status},
                    {"nodes", status.counts.nodes},
                    {"versions", status.counts.versions},
                    {"bodies_due", status.counts.bodies_due},
                    {"history_due", status.counts.history_due},
                    {"open_walks", status.open_walks}};
  if (!status.wait_until.empty()) {
    json["wait"] = {{"until", status.wait_until}, {"reason", status.wait_reason}};
  }
  if (!status.token_expires.empty()) json["token_expires_at"] = status.token_expires;
  if (!status.last_full_at.empty()) json["last_full_sync_at"] = status.last_full_at;
  json["trouble"] = PlainJson::array();
  for (const auto& [kind, text] : troubles(status)) {
    const auto blank = text.find(' ');
    json["trouble"].push_back({{"kind", kind},
                               {"since", text.substr(0, blank)},
                               {"message", blank == text.npos ? "" : text.substr(blank + 1)}});
  }
  json["freshness"] = PlainJson::array();
  for (const auto& space : status.spaces) {
    json["freshness"].push_back({{"space_id", std::to_string(space.id)},
                                 {"space_key", space.key},
                                 {"pages", space.pages},
                                 {"synced_at", store::to_iso8601(space.synced_at)}});
  }
  json["runs"] = PlainJson::array();
  for (const auto& run : status.runs) {
    json["runs"].push_back(
        {{"run_id", std::to_string(run.run_id)},
         {"kind", run.kind},
         {"started_at", store::to_iso8601(run.started_at)},
         {"finished_at",
          run.finished_at ? PlainJson(store::to_iso8601(*run.finished_at)) : PlainJson()},
         {"outcome", run.outcome},
         {"requests", run.requests},
         {"bytes", run.bytes},
         {"pages_changed", run.pages_changed},
         {"error", run.error}});
  }
  json["quarantine"] = PlainJson::array();
  for (const auto& row : status.quarantine) {
    json["quarantine"].push_back({{"subject", row.subject},
                                  {"reason", row.reason},
                                  {"attempts", row.attempts},
                                  {"next_try_at", store::to_iso8601(row.next_try_at)}});
  }
  json["jobs"] = PlainJson::object();
  for (const auto& [state, count] : status.jobs) {
    json["jobs"][std::string(to_string(state))] = count;
  }
  if (status.jobs_pause) {
    json["jobs_paused"] = {{"since", store::to_iso8601(status.jobs_pause->since)},
                           {"reason", status.jobs_pause->reason},
                           {"by_user", status.jobs_pause->by_user}};
  }
  return json;
}

store::Result<MirrorStatus> mirror_status(store::Reader& mirror,
                                          const std::filesystem::path& path) {
  MirrorStatus status;
  std::vector<store::WalkState> walks;
  const std::initializer_list<store::Result<void>> steps = {
      take(meta_or_empty(mirror, "site_url"), status.site_url),
      take(meta_or_empty(mirror, "rate_wait_until"), status.wait_until),
      take(meta_or_empty(mirror, "rate_wait_reason"), status.wait_reason),
      take(meta_or_empty(mirror, "trouble.full"), status.trouble_full),
      take(meta_or_empty(mirror, "trouble.incremental"), status.trouble_incremental),
      take(meta_or_empty(mirror, "trouble.service"), status.trouble_service),
      take(meta_or_empty(mirror, "last_full_sync_at"), status.last_full_at),
      take(meta_or_empty(mirror, "token_expires_at"), status.token_expires),
      take(mirror.counts(), status.counts),
      take(mirror.spaces(), status.spaces),
      take(mirror.runs(kRunsShown), status.runs),
      take(mirror.quarantine(), status.quarantine),
      take(mirror.walks(), walks),
      take(mirror.job_counts(), status.jobs),
      take(mirror.jobs_pause(), status.jobs_pause),
  };
  for (const auto& step : steps) {
    if (!step) return store::fail(step.error());
  }
  status.open_walks = static_cast<std::size_t>(
      std::count_if(walks.begin(), walks.end(), [](const auto& walk) { return !walk.done; }));
  std::error_code ignored;
  status.file_bytes = static_cast<std::int64_t>(std::filesystem::file_size(path, ignored));
  std::sort(status.spaces.begin(), status.spaces.end(), [](const auto& a, const auto& b) {
    return a.pages != b.pages ? a.pages > b.pages : a.id < b.id;
  });
  return status;
}

}  // namespace

store::Result<PlainJson> status_json(store::Reader& reader, const std::filesystem::path& path) {
  const auto status = mirror_status(reader, path);
  if (!status) return store::fail(status.error());
  return as_json(*status, path);
}

}  // namespace querying
