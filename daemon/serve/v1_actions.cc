// The connector's six actions: the same JSON in and out as `confmirror action`.

#include <fmt/format.h>

#include "daemon/query/job_json.h"
#include "daemon/query/read_actions.h"
#include "daemon/serve/v1_state.h"
#include "daemon/serve/write_action.h"

namespace serve {

namespace {

bool asks_the_site(const querying::ReadRequest& request) {
  return std::visit([](const auto& asked) { return asked.live; }, request);
}

base::Awaitable<store::Result<Json>> read_mirror(Backend& backend, querying::ReadRequest request) {
  std::function<store::Result<Json>(store::Reader&)> work =
      [asked = std::move(request)](store::Reader& reader) {
        return querying::answer(reader, asked);
      };
  co_return co_await backend.read<Json>(std::move(work));
}

base::Awaitable<Response> read_action(V1State state, Request request, std::string name) {
  Query query(request);
  const bool live = query.flag("live");
  if (auto refused = query.refusal()) co_return to_response(*refused);
  auto parsed = querying::parse_read(name, request.body, live);
  if (!parsed.request) co_return to_response(problems_reply(name, parsed.problems));
  auto answer = store::Result<Json>();
  if (!asks_the_site(*parsed.request)) {
    answer = co_await read_mirror(state->backend(), std::move(*parsed.request));
  } else if (state->options.read_site) {
    answer = co_await state->options.read_site(std::move(*parsed.request));
  } else {
    co_return to_response(
        error_reply(501, "not_live", "cannot read from the site here: the mirror answers"));
  }
  if (!answer) co_return to_response(error_reply(answer.error()));
  co_return Response(200, "application/json", to_line(*answer));
}

// What a job that came to no good end is to whoever asked for it.
int status_of_end(const store::Job& job) {
  if (job.state == store::JobState::kConflict) return 409;
  return job.state == store::JobState::kInDoubt ? 502 : 422;
}

Response answer_of(const WriteResult& result) {
  const auto& job = *result.outcome;
  Response response(200, "application/json", "");
  response.headers.emplace_back("Location", fmt::format("/v1/jobs/{}", result.job));
  if (job.state == store::JobState::kDone) {
    response.body = job.result + "\n";
    return response;
  }
  Json json;
  if (is_settled(job)) {
    auto reply = error_reply(status_of_end(job), "not_executed", job.error,
                             fmt::format("'confmirror jobs show {}'", job.id));
    json = std::move(reply.body);
    response.status = reply.status;
  } else {
    response.status = 202;
    response.headers.emplace_back("Retry-After", "1");
  }
  json["jobId"] = std::to_string(result.job);
  json["batch"] = std::to_string(result.batch);
  json["state"] = to_string(job.state);
  json["notes"] = querying::problems_json(result.notes);
  response.body = to_line(json);
  return response;
}

base::Awaitable<Response> do_write(Backend& backend, Request request, std::string name) {
  Query query(request);
  const bool dry_run = query.flag("dry_run");
  if (auto refused = query.refusal()) co_return to_response(*refused);
  if (dry_run) {
    const auto action = store::parse_job_action(name).value_or(store::JobAction::kUpdatePage);
    ReadCall call = [action, json = request.body](const QueueCalls& calls) {
      return calls.dry_run(action, json);
    };
    co_return co_await call_reading(backend, std::move(request.caller), std::move(call));
  }
  const auto waiting = waiting_of(request);
  auto result = co_await write_action(backend, std::move(request.caller), name,
                                      std::move(request.body), waiting);
  if (!result) co_return to_response(error_reply(result.error()));
  if (!result->problems.empty()) {
    auto reply = problems_reply(name, result->problems);
    if (result->forbidden) reply.status = 403;
    co_return to_response(reply);
  }
  if (!result->outcome) {
    co_return to_response(
        error_reply(500, "job_gone", fmt::format("job {} is not there", result->job)));
  }
  auto response = answer_of(*result);
  if (!waiting.wait) response.headers.emplace_back("Preference-Applied", "respond-async");
  co_return response;
}

}  // namespace

void add_action_routes(Router& router, const V1State& state) {
  for (const auto* name : {"get_spaces", "get_pages", "get_page"}) {
    router.add("POST", fmt::format("/v1/actions/{}", name), Needs::kRead,
               [state, name = std::string(name)](Request request, const Parameters&) {
                 return read_action(state, std::move(request), name);
               });
  }
  for (const auto* name : {"create_page", "update_page", "delete_page"}) {
    router.add("POST", fmt::format("/v1/actions/{}", name), Needs::kSubmit,
               [state, name = std::string(name)](Request request, const Parameters&) {
                 return do_write(state->backend(), std::move(request), name);
               });
  }
}

}  // namespace serve
