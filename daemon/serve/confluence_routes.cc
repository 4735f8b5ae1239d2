#include "daemon/serve/confluence_routes.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "daemon/query/freshness.h"
#include "daemon/serve/confluence_v1.h"
#include "daemon/serve/confluence_v2.h"
#include "daemon/serve/confluence_v2_write.h"

namespace serve {
namespace {

constexpr std::size_t kMostForTag = std::size_t{1} << 20;  // bytes; a digest takes its time
constexpr std::size_t kTagDigits = 32;

using ErrorOf = Response (*)(int status, std::string message);

bool has_header(const Response& response, std::string_view name) {
  return std::any_of(response.headers.begin(), response.headers.end(),
                     [&](const auto& header) { return header.first == name; });
}

bool matches(std::string_view known, const std::string& tag) {
  while (!known.empty()) {
    const auto comma = std::min(known.find(','), known.size());
    std::string_view one = known.substr(0, comma);
    known.remove_prefix(std::min(comma + 1, known.size()));
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    if (one.starts_with("W/")) one.remove_prefix(2);
    if (one == "*" || one == tag) return true;
  }
  return false;
}

void add_tag(const Request& request, Response& response) {
  if (response.status != 200 || response.body.size() > kMostForTag) return;
  const std::string hash = store::to_hex(store::sha256(response.body));
  const std::string tag = "\"" + hash.substr(0, kTagDigits) + "\"";
  response.headers.emplace_back("ETag", tag);
  const auto known = request.header("if-none-match");
  if (!known || !matches(*known, tag)) return;
  response.status = 304;
  response.body.clear();
}

// What every answer says of the mirror.
store::Result<void> finish(const Ask& ask, store::Reader& reader, Response& response) {
  if (!has_header(response, kSyncedAtHeader) && response.status < 400) {
    auto at = querying::synced_at_of(reader);
    if (!at) return store::fail(at.error());
    if (*at) response.headers.emplace_back(kSyncedAtHeader, **at);
  }
  if (ask.request.method == "GET" || ask.request.method == "HEAD") add_tag(ask.request, response);
  return {};
}

store::Result<Response> answer_in_snapshot(const Ask& ask, OfflineAnswer answer,
                                           store::Reader& reader) {
  store::Result<Response> response = Response();
  auto read = reader.in_snapshot([&]() -> store::Result<void> {
    response = answer(ask, reader);
    if (!response) return store::fail(response.error());
    return finish(ask, reader, *response);
  });
  if (!read) return store::fail(read.error());
  return response;
}

Response of_error(const store::Error& error, ErrorOf form) {
  return form(error.kind == store::ErrorKind::kBusy ? 503 : 500, error.message);
}

// Trees and lists in an order of their own may take their time.
bool takes_long(const Request& request) {
  const auto& last = request.segments.back();
  const auto sort = request.parameter("sort").value_or("id");
  return last == "descendants" || (last == "pages" && sort != "id" && sort != "-id") ||
         request.parameter("title").has_value();
}

Handle reading(Backend& backend, OfflineAnswer answer, ErrorOf form) {
  return [&backend, answer, form](Request request, Parameters path) -> base::Awaitable<Response> {
    const bool is_long = takes_long(request);
    auto ask = std::make_shared<const Ask>(std::move(request), std::move(path),
                                           backend.options().site_url);
    std::function<store::Result<Response>(store::Reader&)> work =
        [ask, answer](store::Reader& reader) { return answer_in_snapshot(*ask, answer, reader); };
    store::Result<Response> response = Response();
    if (is_long) {
      response = co_await backend.read_long<Response>(std::move(work));
    } else {
      response = co_await backend.read<Response>(std::move(work));
    }
    if (!response) co_return of_error(response.error(), form);
    co_return std::move(*response);
  };
}

Response v2_error_of(int status, std::string message) {
  return v2_error(status, std::move(message));
}
Response v1_error_of(int status, std::string message) {
  return v1_error(status, std::move(message));
}

Handle writing(Backend& backend, V2Translate translate) {
  return [&backend, translate](Request request, Parameters path) -> base::Awaitable<Response> {
    const Caller caller = request.caller;
    const Waiting waiting = waiting_of(request);
    auto ask = std::make_shared<const Ask>(std::move(request), std::move(path),
                                           backend.options().site_url);
    std::function<store::Result<V2Write>(store::Reader&)> look =
        [ask, translate](store::Reader& reader) { return translate(*ask, reader); };
    auto write = co_await backend.read<V2Write>(std::move(look));
    if (!write) co_return of_error(write.error(), v2_error_of);
    if (write->refused) co_return std::move(*write->refused);
    auto result = co_await write_action(backend, caller, write->action, write->json, waiting);
    if (!result) co_return of_error(result.error(), v2_error_of);
    auto wanted = std::make_shared<const V2Write>(std::move(*write));
    auto became = std::make_shared<const WriteResult>(std::move(*result));
    std::function<store::Result<Response>(store::Reader&)> tell =
        [ask, wanted, became, waited = waiting.wait](store::Reader& reader) {
          return v2_written(*ask, *wanted, *became, waited, reader);
        };
    auto response = co_await backend.read<Response>(std::move(tell));
    if (!response) co_return of_error(response.error(), v2_error_of);
    co_return std::move(*response);
  };
}

Handle missing(std::string_view what, ErrorOf form) {
  return [what, form](Request, Parameters) -> base::Awaitable<Response> {
    NoAnswer why = not_here(what);
    co_return form(why.status, std::move(why.title));
  };
}

void add_missing(Router& router, const std::vector<MissingRoute>& routes, ErrorOf form) {
  for (const auto& route : routes) {
    for (const auto* method : {"GET", "POST", "PUT", "DELETE"}) {
      router.add(method, std::string(route.path), Needs::kRead, missing(route.what, form));
    }
  }
}

// 404 and 405 of the router name the mirror: a client may have asked the site the same with
// success.
ErrorForm error_form(ErrorOf form) {
  return [form](int status, const std::string& message) {
    if (status != 404 && status != 405) return form(status, message);
    return form(status, "The offline mirror does not answer this: " + message);
  };
}

}  // namespace

void add_confluence_routes(Router& router, Backend& backend) {
  router.errors_below("/wiki", error_form(v1_error_of));
  router.errors_below("/wiki/api/v2", error_form(v2_error_of));
  for (const auto& route : v2_routes()) {
    router.add(std::string(route.method), std::string(route.path), Needs::kRead,
               reading(backend, route.answer, v2_error_of));
  }
  for (const auto& route : v1_routes()) {
    router.add(std::string(route.method), std::string(route.path), Needs::kRead,
               reading(backend, route.answer, v1_error_of));
  }
  add_missing(router, v2_missing(), v2_error_of);
  add_missing(router, v1_missing(), v1_error_of);
  const std::string page = "/wiki/api/v2/pages/{id}";
  router.add("POST", "/wiki/api/v2/pages", Needs::kSubmit, writing(backend, v2_create));
  router.add("PUT", page, Needs::kSubmit, writing(backend, v2_update));
  router.add("PUT", page + "/title", Needs::kSubmit, writing(backend, v2_update_title));
  router.add("DELETE", page, Needs::kSubmit, writing(backend, v2_delete));
}

}  // namespace serve
