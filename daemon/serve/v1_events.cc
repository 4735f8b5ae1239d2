// What happens to a batch, as server-sent events. Source:
// https://html.spec.whatwg.org/multipage/server-sent-events.html

#include <fmt/format.h>

#include "daemon/query/job_json.h"
#include "daemon/serve/v1_state.h"

namespace serve {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t kEventsAtOnce = 200;
constexpr milliseconds kLookEvery{200};
// A client that has gone is only seen when something is written to it, and what stands between may
// cut a connection on which nothing moves.
constexpr std::chrono::seconds kSignOfLife{15};

struct Look {
  Look() = default;
  store::JobBatchRow batch;
  std::vector<store::BatchEvent> events;
};

store::Result<Look> look_at(store::Reader& reader, store::BatchId id, std::int64_t after) {
  Look look;
  // The batch first: where it has ended, all its events are there.
  auto batch = batch_of(reader, id, "follow");
  if (!batch) return store::fail(batch.error());
  look.batch = std::move(*batch);
  auto events = reader.batch_events(id, after, kEventsAtOnce);
  if (!events) return store::fail(events.error());
  look.events = std::move(*events);
  return look;
}

// `id`: nothing where it is none of the queue's.
std::string event_text(const char* name, std::optional<std::int64_t> id, const Json& data) {
  auto text = id ? fmt::format("id: {}\n", *id) : std::string();
  return text + fmt::format("event: {}\ndata: {}\n", name, to_line(data));
}

Json event_json(const store::BatchEvent& event) {
  Json json;
  json["jobId"] = std::to_string(event.job_id);
  json["at"] = store::to_iso8601(event.at);
  json["state"] = to_string(event.state);
  json["reason"] = event.reason;
  return json;
}

// The rest of one client's stream.
class Following {
 public:
  Following(Backend& backend, store::BatchId batch, std::int64_t after)
      : backend_(backend), batch_(batch), after_(after) {}

  // What is new; "" = nothing is.
  std::string tell(const Look& look) {
    std::string text;
    for (const auto& event : look.events) {
      text += event_text("job", event.id, event_json(event));
      after_ = event.id;
    }
    const bool all = look.events.size() < kEventsAtOnce;
    if (look.events.empty() && !(all && look.batch.ended())) return text;
    ended_ = all && look.batch.ended();
    text += event_text(ended_ ? "end" : "batch", {}, querying::batch_json(look.batch));
    return text;
  }

  base::Awaitable<std::optional<std::string>> next() {
    const auto silent_until = std::chrono::steady_clock::now() + kSignOfLife;
    while (!ended_) {
      std::function<store::Result<Look>(store::Reader&)> work =
          [batch = batch_, after = after_](store::Reader& reader) {
            return look_at(reader, batch, after);
          };
      auto look = co_await backend_.read<Look>(std::move(work));
      if (!look) {
        ended_ = true;
        co_return event_text("error", {}, error_reply(look.error()).body);
      }
      auto text = tell(*look);
      if (!text.empty()) co_return text;
      if (std::chrono::steady_clock::now() >= silent_until) co_return ": still here\n\n";
      co_await base::sleep_for(kLookEvery);
    }
    co_return std::nullopt;
  }

 private:
  Backend& backend_;
  store::BatchId batch_;
  std::int64_t after_;
  bool ended_ = false;
};

base::Awaitable<Response> follow(Backend& backend, Request request, std::string number) {
  const auto id = number_in_path(number);
  if (!id) {
    co_return to_response(error_reply(404, "unknown_batch", "there is no batch " + number));
  }
  Query query(request);
  auto after = query.number("after", 0, INT64_MAX).value_or(0);
  if (auto refused = query.refusal()) co_return to_response(*refused);
  if (const auto last = request.header("last-event-id")) {
    after = number_in_path(std::string(*last)).value_or(after);
  }
  std::function<store::Result<Look>(store::Reader&)> work =
      [batch = *id, after](store::Reader& reader) { return look_at(reader, batch, after); };
  auto look = co_await backend.read<Look>(std::move(work));
  if (!look) co_return to_response(error_reply(look.error()));
  const auto following = std::make_shared<Following>(backend, *id, after);
  Response response(200, "text/event-stream", "retry: 2000\n\n" + following->tell(*look));
  response.chunks = [following] { return following->next(); };
  co_return response;
}

}  // namespace

void add_event_routes(Router& router, Backend& backend) {
  router.add("GET", "/v1/batches/{id}/events", Needs::kRead,
             [&backend](Request request, const Parameters& parameters) {
               return follow(backend, std::move(request), parameters.find("id")->second);
             });
}

}  // namespace serve
