// Routes of the edit queue.

#include <fmt/format.h>

#include "daemon/serve/v1_state.h"

namespace serve {

namespace {

constexpr std::int64_t kListed = 50;
constexpr std::int64_t kMostListed = 1000;
constexpr std::int64_t kMostDeletes = 1'000'000'000;
constexpr std::size_t kMostNamed = 10'000;

base::Awaitable<Response> respond(Reply reply) { co_return to_response(reply); }

std::vector<store::JobState> states_of(Query& query) {
  std::vector<store::JobState> states;
  for (const auto& name : query.list("state")) {
    if (const auto state = store::parse_job_state(name)) {
      states.push_back(*state);
    } else {
      query.wrong("state", fmt::format("'{}' is no state of a job", name));
    }
  }
  return states;
}

// Says where the list goes on, as long as it may.
Reply with_next(Reply reply, const char* list, const char* id, std::int64_t limit) {
  if (reply.status != 200) return reply;
  const auto& rows = reply.body[list];
  const bool full = static_cast<std::int64_t>(rows.size()) >= limit;
  reply.body["next"] = full ? rows.back()[id] : Json(nullptr);
  return reply;
}

base::Awaitable<Response> list_jobs(Backend& backend, Request request) {
  Query query(request);
  store::JobFilter filter;
  filter.batch_id = query.number("batch", 1, INT64_MAX);
  filter.states = states_of(query);
  filter.after = query.number("after", 0, INT64_MAX).value_or(0);
  filter.limit = query.number("limit", 1, kMostListed).value_or(kListed);
  if (auto refused = query.refusal()) return respond(std::move(*refused));
  ReadCall call = [filter](const QueueCalls& calls) {
    return with_next(calls.jobs(filter), "jobs", "jobId", filter.limit);
  };
  return call_reading(backend, std::move(request.caller), std::move(call));
}

base::Awaitable<Response> list_batches(Backend& backend, Request request) {
  Query query(request);
  const auto before = query.number("before", 1, INT64_MAX);
  const auto limit = query.number("limit", 1, kMostListed).value_or(kListed);
  if (auto refused = query.refusal()) return respond(std::move(*refused));
  ReadCall call = [before, limit](const QueueCalls& calls) {
    return with_next(calls.batches(limit, before), "batches", "batch", limit);
  };
  return call_reading(backend, std::move(request.caller), std::move(call));
}

SubmitOptions submit_options(Query& query, const Caller& caller) {
  SubmitOptions options;
  options.name = query.text("name");
  if (options.name.empty()) options.name = "batch of " + caller.name;
  if (options.name.size() > 255) query.wrong("name", "expected at most 255 bytes");
  options.again = query.flag("again");
  options.dry_run = query.flag("dry_run");
  options.max_deletes = query.number("max_deletes", 0, kMostDeletes);
  options.on_conflict = query.policy("on_conflict");
  return options;
}

base::Awaitable<Response> submit_batch(Backend& backend, Request request) {
  Query query(request);
  auto options = submit_options(query, request.caller);
  if (auto refused = query.refusal()) return respond(std::move(*refused));
  auto text = std::make_shared<const std::string>(std::move(request.body));
  if (options.dry_run) {
    ReadCall look = [text, options](const QueueCalls& calls) {
      return calls.submit(nullptr, *text, options);
    };
    return call_reading(backend, std::move(request.caller), std::move(look));
  }
  WriteCall call = [text, options](const QueueCalls& calls, store::JobQueue& queue) {
    return calls.submit(&queue, *text, options);
  };
  return call_writing(backend, std::move(request.caller), std::move(call));
}

// {"jobs": ["1", 2], "batch": "3", "onConflict": "rebase"}; nothing at all is an empty one.
struct Named {
  Chosen chosen;
  std::optional<store::OnConflict> policy;
  std::vector<input::Problem> problems;
};

void read_jobs(input::Fields& fields, Named& named) {
  const auto* list = fields.find("jobs");
  if (list == nullptr) return;
  if (!list->is_array() || list->size() > kMostNamed) {
    fields.wrong("jobs", fmt::format("expected a list of at most {} numbers", kMostNamed));
    return;
  }
  for (const auto& one : *list) {
    std::optional<std::int64_t> id;
    if (one.is_number_unsigned()) id = one.get<std::int64_t>();
    if (one.is_string()) id = number_in_path(one.get_ref<const std::string&>());
    if (!id || *id <= 0) {
      fields.wrong("jobs", "expected numbers of jobs");
      return;
    }
    named.chosen.jobs.push_back(*id);
  }
}

Named read_named(const std::string& body) {
  Named named;
  if (body.empty()) return named;
  const auto json = input::parse_value(body, 1, named.problems);
  if (!json) return named;
  input::Fields fields(*json, 1);
  if (fields.is_object()) {
    fields.refuse_others({"jobs", "batch", "onConflict"}, "what is to be changed");
    read_jobs(fields, named);
    named.chosen.batch = fields.id("batch", false);
    if (const auto policy = fields.text("onConflict", false)) {
      named.policy = store::parse_on_conflict(*policy);
      if (!named.policy) fields.wrong("onConflict", "expected fail, rebase or overwrite");
    }
  }
  named.problems = fields.take_problems();
  return named;
}

enum class Change { kRetry, kCancel, kUndo };

base::Awaitable<Response> change(Backend& backend, Change what, const Named& named,
                                 const SubmitOptions& options, Caller caller) {
  if (!named.problems.empty()) return respond(problems_reply("the input", named.problems));
  if (what == Change::kUndo && options.dry_run) {
    ReadCall look = [named, options](const QueueCalls& calls) {
      return calls.undo(nullptr, named.chosen, options);
    };
    return call_reading(backend, std::move(caller), std::move(look));
  }
  WriteCall call = [what, named, options](const QueueCalls& calls, store::JobQueue& queue) {
    switch (what) {
      case Change::kRetry:
        return calls.retry(queue, named.chosen, named.policy);
      case Change::kCancel:
        return calls.cancel(queue, named.chosen);
      case Change::kUndo:
        break;
    }
    return calls.undo(&queue, named.chosen, options);
  };
  return call_writing(backend, std::move(caller), std::move(call));
}

base::Awaitable<Response> change_named(Backend& backend, Change what, Request request) {
  Query query(request);
  SubmitOptions options;
  if (what == Change::kUndo) options = submit_options(query, request.caller);
  if (auto refused = query.refusal()) return respond(std::move(*refused));
  return change(backend, what, read_named(request.body), options, std::move(request.caller));
}

base::Awaitable<Response> change_one(Backend& backend, Change what, Request request,
                                     const std::string& number) {
  const auto id = number_in_path(number);
  if (!id) return respond(error_reply(404, "unknown_job", "there is no job " + number));
  Query query(request);
  Named named;
  named.chosen.jobs.push_back(*id);
  if (what == Change::kRetry) named.policy = query.policy("on_conflict");
  if (auto refused = query.refusal()) return respond(std::move(*refused));
  return change(backend, what, named, SubmitOptions(), std::move(request.caller));
}

base::Awaitable<Response> undo_batch(Backend& backend, Request request, const std::string& number) {
  const auto id = number_in_path(number);
  if (!id) return respond(error_reply(404, "unknown_batch", "there is no batch " + number));
  Query query(request);
  auto options = submit_options(query, request.caller);
  if (auto refused = query.refusal()) return respond(std::move(*refused));
  Named named;
  named.chosen.batch = *id;
  return change(backend, Change::kUndo, named, options, std::move(request.caller));
}

base::Awaitable<Response> pause(Backend& backend, Request request) {
  std::vector<input::Problem> problems;
  std::string reason;
  if (!request.body.empty()) {
    const auto json = input::parse_value(request.body, 1, problems);
    if (json) {
      input::Fields fields(*json, 1);
      if (fields.is_object()) {
        fields.refuse_others({"reason"}, "a pause");
        reason = fields.text("reason", false).value_or("");
        if (reason.size() > 1000) fields.wrong("reason", "expected at most 1000 bytes");
      }
      problems = fields.take_problems();
    }
  }
  if (!problems.empty()) return respond(problems_reply("the input", problems));
  WriteCall call = [reason](const QueueCalls& calls, store::JobQueue& queue) {
    return calls.pause(queue, reason);
  };
  return call_writing(backend, std::move(request.caller), std::move(call));
}

base::Awaitable<Response> show(Backend& backend, Request request, const std::string& number,
                               bool batch) {
  const auto id = number_in_path(number);
  const char* name = batch ? "batch" : "job";
  if (!id) {
    return respond(error_reply(404, fmt::format("unknown_{}", name),
                               fmt::format("there is no {} {}", name, number)));
  }
  Query query(request);
  if (auto refused = query.refusal()) return respond(std::move(*refused));
  ReadCall call = [id = *id, batch](const QueueCalls& calls) {
    return batch ? calls.batch(id) : calls.job(id);
  };
  return call_reading(backend, std::move(request.caller), std::move(call));
}

const std::string& id_in(const Parameters& parameters) { return parameters.find("id")->second; }

}  // namespace

base::Awaitable<Response> call_reading(Backend& backend, Caller caller, ReadCall call) {
  std::function<store::Result<Reply>(store::Reader&)> work =
      [&backend, caller = std::move(caller), call = std::move(call)](store::Reader& reader) {
        const QueueCalls calls(reader, backend.options(), caller, backend.clock().now());
        return store::Result<Reply>(call(calls));
      };
  auto reply = co_await backend.read<Reply>(std::move(work));
  if (!reply) co_return to_response(error_reply(reply.error()));
  co_return to_response(*reply);
}

base::Awaitable<Response> call_writing(Backend& backend, Caller caller, WriteCall call) {
  std::function<store::Result<Reply>(store::Reader&, store::JobQueue&)> work =
      [&backend, caller = std::move(caller), call = std::move(call)](store::Reader& reader,
                                                                     store::JobQueue& queue) {
        const QueueCalls calls(reader, backend.options(), caller, backend.clock().now());
        return store::Result<Reply>(call(calls, queue));
      };
  auto reply = co_await backend.write<Reply>(std::move(work));
  if (!reply) co_return to_response(error_reply(reply.error()));
  co_return to_response(*reply);
}

void add_job_routes(Router& router, Backend& backend) {
  router.add("GET", "/v1/jobs", Needs::kRead, [&backend](Request request, const Parameters&) {
    return list_jobs(backend, std::move(request));
  });
  router.add("POST", "/v1/jobs", Needs::kSubmit, [&backend](Request request, const Parameters&) {
    return submit_batch(backend, std::move(request));
  });
  router.add("GET", "/v1/batches", Needs::kRead, [&backend](Request request, const Parameters&) {
    return list_batches(backend, std::move(request));
  });
  router.add("GET", "/v1/jobs/{id}", Needs::kRead,
             [&backend](Request request, const Parameters& parameters) {
               return show(backend, std::move(request), id_in(parameters), false);
             });
  router.add("GET", "/v1/batches/{id}", Needs::kRead,
             [&backend](Request request, const Parameters& parameters) {
               return show(backend, std::move(request), id_in(parameters), true);
             });
  const std::pair<const char*, Change> changes[] = {{"retry", Change::kRetry},
                                                    {"cancel", Change::kCancel}};
  for (const auto& [name, what] : changes) {
    router.add("POST", fmt::format("/v1/jobs/{{id}}/{}", name), Needs::kSubmit,
               [&backend, what = what](Request request, const Parameters& parameters) {
                 return change_one(backend, what, std::move(request), id_in(parameters));
               });
    router.add("POST", fmt::format("/v1/jobs/{}", name), Needs::kSubmit,
               [&backend, what = what](Request request, const Parameters&) {
                 return change_named(backend, what, std::move(request));
               });
  }
  router.add("POST", "/v1/jobs/undo", Needs::kSubmit,
             [&backend](Request request, const Parameters&) {
               return change_named(backend, Change::kUndo, std::move(request));
             });
  router.add("POST", "/v1/batches/{id}/undo", Needs::kSubmit,
             [&backend](Request request, const Parameters& parameters) {
               return undo_batch(backend, std::move(request), id_in(parameters));
             });
  router.add("POST", "/v1/jobs/pause", Needs::kSubmit,
             [&backend](Request request, const Parameters&) {
               return pause(backend, std::move(request));
             });
  router.add("POST", "/v1/jobs/resume", Needs::kSubmit,
             [&backend](Request request, const Parameters&) {
               WriteCall call = [](const QueueCalls& calls, store::JobQueue& queue) {
                 return calls.resume(queue);
               };
               return call_writing(backend, std::move(request.caller), std::move(call));
             });
}

}  // namespace serve
