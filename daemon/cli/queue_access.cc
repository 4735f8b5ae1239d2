#include "daemon/cli/queue_access.h"

#include <fmt/format.h>
#include <unistd.h>

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

Reply QueueAccess::batches(std::int64_t limit) {
  const auto target = fmt::format("/v1/batches?limit={}", limit);
  if (auto reply = ask("GET", target)) {
    reply->body.erase("next");
    return std::move(*reply);
  }
  return on_file([limit](const auto& calls, auto*) { return calls.batches(limit); }, false);
}

Reply QueueAccess::jobs(const store::JobFilter& filter) {
  std::string states;
  for (const auto state : filter.states) states += std::string(to_string(state)) + ",";
  const auto query = query_of(
      std::vector<std::pair<std::string, std::string>>{{"batch", text_of(filter.batch_id)},
                                                       {"state", states},
                                                       {"limit", std::to_string(filter.limit)}});
  if (auto reply = ask("GET", "/v1/jobs" + query)) {
    reply->body.erase("next");
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
