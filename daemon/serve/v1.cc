#include "daemon/serve/v1.h"

#include <fmt/format.h>

#include <utility>

#include "daemon/audit/audit.h"
#include "daemon/audit/formats.h"
#include "daemon/query/search.h"
#include "daemon/query/status.h"
#include "daemon/serve/openapi_json.h"  // made of openapi.json
#include "daemon/serve/v1_state.h"
#include "store/texts.h"

namespace serve {

namespace {

constexpr std::chrono::seconds kFiguresHold{5};
constexpr std::int64_t kHits = 20;
constexpr std::int64_t kMostHits = 250;

base::Awaitable<Response> tell_status(V1State state, Request request) {
  Query query(request);
  if (auto refused = query.refusal()) co_return to_response(*refused);
  std::function<store::Result<nlohmann::json>(store::Reader&)> work =
      [path = state->backend().options().mirror](store::Reader& reader) {
        return querying::status_json(reader, path);
      };
  auto status = co_await state->backend().read<nlohmann::json>(std::move(work));
  if (!status) co_return to_response(error_reply(status.error()));
  co_return Response(200, "application/json",
                     status->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

base::Awaitable<Response> sync(V1State state, Request request) {
  Query query(request);
  if (auto refused = query.refusal()) co_return to_response(*refused);
  if (!state->options.sync_now) {
    co_return to_response(
        error_reply(501, "no_syncs", "cannot synchronise here: the mirror is only read"));
  }
  auto summary = co_await state->options.sync_now();
  if (!summary) co_return to_response(error_reply(summary.error()));
  co_return Response(200, "application/json", to_line(*summary));
}

store::Result<Json> find_pages(store::Reader& reader, const querying::SearchRequest& asked,
                               const std::filesystem::path& mirror) {
  if (asked.history) {
    auto texts = store::TextReader::open(mirror);
    if (!texts) return store::fail(texts.error());
    const auto state = (*texts)->state();
    if (!state) return store::fail(state.error());
    if (!state->index_history) {
      return store::fail(
          store::ErrorKind::kUsage, "history_not_indexed",
          "cannot search older versions: they are not indexed",
          "set history = \"all\" in the table [search] of the configuration, and sync");
    }
  }
  const auto answer = querying::search(reader, asked);
  if (!answer) return store::fail(answer.error());
  return querying::search_json(*answer);
}

base::Awaitable<Response> search(V1State state, Request request) {
  Query query(request);
  querying::SearchRequest asked;
  asked.words = query.text("q");
  asked.space = query.text("space");
  asked.statuses = query.list("status");
  const auto sort = query.text("sort");
  if (!sort.empty()) asked.sort = sort;
  if (asked.sort != "rank" && asked.sort != "modified" && asked.sort != "title") {
    query.wrong("sort", "expected rank, modified or title");
  }
  for (const auto& status : asked.statuses) {
    const bool known = status == "current" || status == "archived" || status == "trashed" ||
                       status == "deleted" || status == "draft" || status == "any";
    if (!known) query.wrong("status", "expected current, archived, trashed, deleted, draft or any");
  }
  asked.limit = query.number("limit", 1, kMostHits).value_or(kHits);
  asked.history = query.flag("history");
  if (asked.words.empty()) query.wrong("q", "is missing: expected what is searched for");
  if (auto refused = query.refusal()) co_return to_response(*refused);
  std::function<store::Result<Json>(store::Reader&)> work =
      [asked, mirror = state->backend().options().mirror](store::Reader& reader) {
        return find_pages(reader, asked, mirror);
      };
  auto answer = co_await state->backend().read<Json>(std::move(work));
  if (!answer) co_return to_response(error_reply(answer.error()));
  co_return Response(200, "application/json", to_line(*answer));
}

std::string type_of(audit::Format format) {
  switch (format) {
    case audit::Format::kJson:
      return "application/json";
    case audit::Format::kCsv:
      return "text/csv; charset=utf-8";
    case audit::Format::kMarkdown:
      return "text/markdown; charset=utf-8";
    case audit::Format::kHtml:
      break;
  }
  return "text/html; charset=utf-8";
}

store::Result<std::string> run_audit(V1::State& state, const AuditQuery& asked,
                                     audit::Format format, store::Reader& reader) {
  auto options = state.options.audit_options(asked, reader);
  if (!options) return store::fail(options.error());
  options->progress = [&state](const audit::Progress&) -> store::Result<void> {
    if (!state.stopping) return {};
    return store::fail(store::ErrorKind::kCanceled, "stopping",
                       "cannot go on with the audit: the daemon stops");
  };
  const auto report = audit::run(reader, *options);
  if (!report) return store::fail(report.error());
  return audit::to_text(*report, format);
}

base::Awaitable<Response> audit_now(V1State state, Request request) {
  Query query(request);
  AuditQuery asked;
  asked.rules = query.list("rule");
  asked.spaces = query.list("space");
  asked.archived = query.flag("archived");
  const auto now = query.time("now");
  if (now) asked.now = store::to_iso8601(*now);
  const auto name = query.text("format");
  const auto format = audit::parse_format(name.empty() ? "json" : name);
  if (!format) query.wrong("format", "expected json, csv, markdown or html");
  if (auto refused = query.refusal()) co_return to_response(*refused);
  if (state->audit_runs) {
    auto busy = to_response(error_reply(503, "audit_runs", "an audit is under way already",
                                        "one at a time: try again when it has ended"));
    busy.headers.emplace_back("Retry-After", "10");
    co_return busy;
  }
  struct Running {
    explicit Running(V1::State& owner) : state(owner) { state.audit_runs = true; }
    ~Running() { state.audit_runs = false; }
    V1::State& state;
  };
  const Running running(*state);
  std::function<store::Result<std::string>(store::Reader&)> work =
      [state, asked, format = *format](store::Reader& reader) {
        return run_audit(*state, asked, format, reader);
      };
  auto report = co_await state->backend().read_long<std::string>(std::move(work));
  if (!report) co_return to_response(error_reply(report.error()));
  co_return Response(200, type_of(*format), std::move(*report));
}

base::Awaitable<store::Result<void>> look_at_mirror(V1State state) {
  const auto now = std::chrono::steady_clock::now();
  if (state->figures && now - state->figures_at < kFiguresHold) co_return store::Result<void>();
  std::function<store::Result<MirrorFigures>(store::Reader&)> work =
      [path = state->backend().options().mirror](store::Reader& reader) {
        return mirror_figures(reader, path);
      };
  auto figures = co_await state->backend().read<MirrorFigures>(std::move(work));
  if (!figures) {
    state->figures.reset();
    co_return store::fail(figures.error());
  }
  state->figures = std::move(*figures);
  state->figures_at = now;
  co_return store::Result<void>();
}

base::Awaitable<Response> tell_metrics(V1State state, Request) {
  const auto looked = co_await look_at_mirror(state);
  const auto* mirror = looked && state->figures ? &*state->figures : nullptr;
  const auto counts =
      state->options.server_counts ? state->options.server_counts() : ServerCounts();
  co_return Response(200, "text/plain; version=0.0.4; charset=utf-8",
                     state->metrics.text(mirror, state->options.live->get(), counts,
                                         state->backend().clock().now()));
}

// Why nobody should be sent here; for a probe that has no rights, so it names nothing.
base::Awaitable<Response> tell_readiness(V1State state, Request) {
  const auto looked = co_await look_at_mirror(state);
  Json json;
  json["ready"] = true;
  json["reasons"] = Json::array();
  if (!looked) {
    json["reasons"].push_back("the mirror cannot be read");
  } else if (state->figures->synced_at.empty()) {
    json["reasons"].push_back("no synchronisation has come to its end yet");
  }
  if (!state->options.live->get().writer_waits.empty()) {
    json["reasons"].push_back("the mirror cannot be written");
  }
  const bool ready = json["reasons"].empty();
  json["ready"] = ready;
  co_return Response(ready ? 200 : 503, "application/json", to_line(json));
}

base::Awaitable<Response> tell_health(Request) {
  Response response(200, "text/plain; charset=utf-8", "ok\n");
  co_return response;
}

base::Awaitable<Response> tell_openapi(Request) {
  Response response(200, "application/json", std::string(kOpenApi));
  co_return response;
}

}  // namespace

V1::V1(V1Options options) : state_(std::make_shared<State>(std::move(options))) {}
V1::~V1() { stop(); }

Metrics& V1::metrics() { return state_->metrics; }
void V1::stop() { state_->stopping = true; }

void V1::add_routes(Router& router) {
  const auto json_error = [](int status, const std::string& message) {
    return to_response(error_reply(status, fmt::format("http_{}", status), message));
  };
  router.errors_below("/", json_error);
  add_action_routes(router, state_);
  add_job_routes(router, state_->backend());
  add_event_routes(router, state_->backend());
  using Step = base::Awaitable<Response> (*)(V1State, Request);
  const std::pair<const char*, Step> reads[] = {{"/v1/status", tell_status},
                                                {"/v1/search", search},
                                                {"/v1/audit", audit_now},
                                                {"/metrics", tell_metrics}};
  for (const auto& [path, step] : reads) {
    router.add("GET", path, Needs::kRead,
               [state = state_, step = step](Request request, const Parameters&) {
                 return step(state, std::move(request));
               });
  }
  router.add("POST", "/v1/sync", Needs::kSubmit,
             [state = state_](Request request, const Parameters&) {
               return sync(state, std::move(request));
             });
  router.add("GET", "/readyz", Needs::kNothing,
             [state = state_](Request request, const Parameters&) {
               return tell_readiness(state, std::move(request));
             });
  router.add("GET", "/healthz", Needs::kNothing,
             [](Request request, const Parameters&) { return tell_health(std::move(request)); });
  router.add("GET", "/v1/openapi.json", Needs::kRead,
             [](Request request, const Parameters&) { return tell_openapi(std::move(request)); });
}

namespace {

base::Awaitable<Response> route_and_count(const Router& router, Metrics& metrics, Request request) {
  const auto begun = std::chrono::steady_clock::now();
  const auto method = request.method;
  const auto name = router.name_of(request);
  auto response = co_await router.route(std::move(request));
  metrics.count(method, name, response.status, std::chrono::steady_clock::now() - begun);
  co_return response;
}

}  // namespace

HttpServer::Handler measured(const Router& router, Metrics& metrics) {
  return [&router, &metrics](Request request) {
    return route_and_count(router, metrics, std::move(request));
  };
}

}  // namespace serve
