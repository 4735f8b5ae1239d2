#include "daemon/cli/queue_access.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "daemon/base/clock.h"
#include "daemon/cli/jobs_submit.h"
#include "daemon/cli/lookup.h"
#include "daemon/edits/submission.h"
#include "daemon/query/status.h"

namespace cli {

namespace {

using serve::error_reply;
using serve::Reply;

std::string text_of(const std::optional<std::int64_t>& number) {
  return number ? std::to_string(*number) : std::string();
}

std::string text_of(bool flag) { return flag ? "1" : ""; }

std::string text_of(const std::optional<store::OnConflict>& policy) {
  return policy ? std::string(to_string(*policy)) : std::string();
}

std::string query_of_batch(const serve::SubmitOptions& options) {
  return query_of(std::vector<std::pair<std::string, std::string>>{
      {"name", options.name},
      {"again", text_of(options.again)},
      {"dry_run", text_of(options.dry_run)},
      {"max_deletes", text_of(options.max_deletes)},
      {"on_conflict", text_of(options.on_conflict)}});
}

std::string body_of(const serve::Chosen& chosen,
                    std::optional<store::OnConflict> policy = std::nullopt) {
  serve::Json json = serve::Json::object();
  if (!chosen.jobs.empty()) {
    json["jobs"] = serve::Json::array();
    for (const auto id : chosen.jobs) json["jobs"].push_back(std::to_string(id));
  }
  if (chosen.batch) json["batch"] = std::to_string(*chosen.batch);
  if (policy) json["onConflict"] = to_string(*policy);
  return json.dump();
}

}  // namespace

std::optional<Reply> QueueAccess::ask(const std::string& method, const std::string& target,
                                      const std::string& body,
                                      const ServiceClient::Headers& headers) {
  if (!client_) return {};
  auto reply = client_->ask(method, target, body, headers);
  if (!reply) return error_reply(reply.error());
  if (reply->status != 403) return std::move(*reply);
  // Whoever may do it to the file needs no leave of the daemon.
  const auto path = resolve_mirror_path(globals_);
  const int wanted = method == "GET" ? R_OK : W_OK;
  if (path && ::access(path->c_str(), wanted) == 0) return {};
  return std::move(*reply);
}

Reply QueueAccess::on_file(const Local& call, bool writes) {
  const auto config = jobs_config(globals_);
  if (!config) return error_reply(config.error());
  const auto path = resolve_mirror_path(globals_);
  if (!path) return error_reply(path.error());
  auto reader = open_mirror(globals_);
  if (!reader) return error_reply(reader.error());
  std::unique_ptr<store::JobQueue> queue;
  if (writes) {
    auto opened = store::JobQueue::open(*path);
    if (!opened) return error_reply(opened.error());
    queue = std::move(*opened);
  }
  serve::BackendOptions options;
  options.max_deletes = config->max_deletes;
  options.on_conflict =
      store::parse_on_conflict(config->on_conflict).value_or(store::OnConflict::kFail);
  options.can_impersonate = can_impersonate(globals_);
  serve::Caller caller;
  caller.name = edits::submitter();
  caller.may_read = caller.may_submit = caller.may_write_as_any = true;
  const serve::QueueCalls calls(**reader, options, caller, base::SystemClock().now());
  return call(calls, queue.get());
}

Reply QueueAccess::status() {
  if (auto reply = ask("GET", "/v1/status")) return std::move(*reply);
  const auto path = resolve_mirror_path(globals_);
  if (!path) return error_reply(path.error());
  auto reader = store::Reader::open(*path);
  if (!reader) return error_reply(reader.error());
  const auto json = querying::status_json(**reader, *path);
  if (!json) return error_reply(json.error());
  return {200,
          serve::Json::parse(json->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace))};
}

// The service gives at most so many at a time.
std::optional<Reply> QueueAccess::ask_list(const List& list, const Parameters& parameters,
                                           std::int64_t limit) {
  constexpr std::int64_t kPart = 1000;
  std::optional<Reply> all;
  std::string next;
  while (true) {
    const auto have = all ? static_cast<std::int64_t>(all->body[list.name].size()) : 0;
    auto asked = parameters;
    asked.emplace_back(list.cursor, next);
    asked.emplace_back("limit", std::to_string(limit < 0 ? kPart : std::min(kPart, limit - have)));
    auto reply = ask("GET", list.path + query_of(asked));
    if (!reply || reply->status != 200) return reply;
    const auto more = reply->body.find("next");
    next = more != reply->body.end() && more->is_string() ? more->get<std::string>() : "";
    reply->body.erase("next");
    if (!all) {
      all = std::move(reply);
    } else {
      for (auto& row : reply->body[list.name]) all->body[list.name].push_back(std::move(row));
    }
    const bool enough =
        limit >= 0 && static_cast<std::int64_t>(all->body[list.name].size()) >= limit;
    if (next.empty() || enough) return all;
  }
}

Reply QueueAccess::batches(std::int64_t limit) {
  if (auto reply = ask_list({"/v1/batches", "batches", "before"}, {}, limit)) {
    return std::move(*reply);
  }
  return on_file([limit](const auto& calls, auto*) { return calls.batches(limit); }, false);
}

Reply QueueAccess::batch(std::optional<store::BatchId> id) {
  if (id && *id > 0) {
    if (auto reply = ask("GET", fmt::format("/v1/batches/{}", *id))) return std::move(*reply);
  }
  if (id) return on_file([id](const auto& calls, auto*) { return calls.batch(*id); }, false);
  auto newest = batches(1);
  if (serve::error_of(newest.body)) return newest;
  auto& rows = newest.body["batches"];
  if (!rows.empty()) return {200, std::move(rows.front())};
  return error_reply(store::Error(store::ErrorKind::kUsage, "no_batches",
                                  "cannot show a batch: the queue is empty",
                                  "'confmirror jobs submit FILE'"));
}

Reply QueueAccess::jobs(const store::JobFilter& filter) {
  std::string states;
  for (const auto state : filter.states) states += std::string(to_string(state)) + ",";
  const Parameters parameters = {{"batch", text_of(filter.batch_id)}, {"state", states}};
  if (auto reply = ask_list({"/v1/jobs", "jobs", "after"}, parameters, filter.limit)) {
    return std::move(*reply);
  }
  return on_file([&filter](const auto& calls, auto*) { return calls.jobs(filter); }, false);
}

Reply QueueAccess::job(store::JobId id) {
  if (id > 0) {
    if (auto reply = ask("GET", fmt::format("/v1/jobs/{}", id))) return std::move(*reply);
  }
  return on_file([id](const auto& calls, auto*) { return calls.job(id); }, false);
}

Reply QueueAccess::submit(const std::string& text, const serve::SubmitOptions& options) {
  if (auto reply = ask("POST", "/v1/jobs" + query_of_batch(options), text))
    return std::move(*reply);
  return on_file([&](const auto& calls, auto* queue) { return calls.submit(queue, text, options); },
                 !options.dry_run);
}

Reply QueueAccess::submit_action(const std::string& action, const std::string& json) {
  const ServiceClient::Headers headers = {{"Prefer", "respond-async"}};
  if (auto reply = ask("POST", "/v1/actions/" + action, json, headers)) return std::move(*reply);
  const auto kind = store::parse_job_action(action).value_or(store::JobAction::kUpdatePage);
  return on_file(
      [&](const auto& calls, auto* queue) { return calls.submit_action(*queue, kind, json); },
      true);
}

Reply QueueAccess::dry_run(const std::string& action, const std::string& json) {
  const auto target = fmt::format("/v1/actions/{}?dry_run=1", action);
  if (auto reply = ask("POST", target, json)) return std::move(*reply);
  const auto kind = store::parse_job_action(action).value_or(store::JobAction::kUpdatePage);
  return on_file([&](const auto& calls, auto*) { return calls.dry_run(kind, json); }, false);
}

Reply QueueAccess::retry(const serve::Chosen& chosen, std::optional<store::OnConflict> policy) {
  if (auto reply = ask("POST", "/v1/jobs/retry", body_of(chosen, policy))) {
    return std::move(*reply);
  }
  return on_file(
      [&](const auto& calls, auto* queue) { return calls.retry(*queue, chosen, policy); }, true);
}

Reply QueueAccess::cancel(const serve::Chosen& chosen) {
  if (auto reply = ask("POST", "/v1/jobs/cancel", body_of(chosen))) return std::move(*reply);
  return on_file([&](const auto& calls, auto* queue) { return calls.cancel(*queue, chosen); },
                 true);
}

Reply QueueAccess::undo(const serve::Chosen& chosen, const serve::SubmitOptions& options) {
  if (auto reply = ask("POST", "/v1/jobs/undo" + query_of_batch(options), body_of(chosen))) {
    return std::move(*reply);
  }
  return on_file([&](const auto& calls, auto* queue) { return calls.undo(queue, chosen, options); },
                 !options.dry_run);
}

Reply QueueAccess::pause(const std::string& reason) {
  serve::Json json = serve::Json::object();
  if (!reason.empty()) json["reason"] = reason;
  if (auto reply = ask("POST", "/v1/jobs/pause", json.dump())) return std::move(*reply);
  return on_file([&](const auto& calls, auto* queue) { return calls.pause(*queue, reason); }, true);
}

Reply QueueAccess::resume() {
  if (auto reply = ask("POST", "/v1/jobs/resume")) return std::move(*reply);
  return on_file([](const auto& calls, auto* queue) { return calls.resume(*queue); }, true);
}

}  // namespace cli
