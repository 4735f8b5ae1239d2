#include "tests/site/answer.h"

#include <cmath>
#include <mutex>
#include <shared_mutex>

#include "tests/site/gateway.h"
#include "tests/site/random.h"
#include "tests/site/text.h"

namespace site {
namespace {

// Faults that stand in for the answer or break it; the others only change listings.
constexpr auto kLastFailure = static_cast<std::size_t>(Fault::kRefusedCursor);

std::string digits(double number) { return std::to_string(static_cast<std::int64_t>(number)); }

Response log_in_page() {
  Response response;
  response.content_type = "text/html;charset=utf-8";
  response.body =
      "<!DOCTYPE html><html><head><title>Log in with Atlassian account</title></head></html>";
  return response;
}

Response too_many_requests() { return v2_error(429, "TOO_MANY_REQUESTS", "Rate limit exceeded"); }

void add_rate_headers(Response& response, const Verdict& verdict, std::uint32_t reset_s) {
  auto& headers = response.headers;
  headers.emplace_back("X-RateLimit-Limit", digits(verdict.limit));
  headers.emplace_back("X-RateLimit-Remaining", digits(verdict.remaining));
  headers.emplace_back("X-RateLimit-Reset",
                       to_iso8601_seconds(now_millis() + 999 + Millis{reset_s} * 1000));
  if (verdict.near_limit) headers.emplace_back("X-RateLimit-NearLimit", "true");
}

Answer refuse(const Verdict& verdict, const Settings& settings) {
  Answer answer;
  answer.response = too_many_requests();
  if (settings.rate_headers != RateHeaders::kNothing) {
    answer.response.headers.emplace_back("Retry-After", std::to_string(verdict.retry_after_s));
    answer.announced = std::chrono::seconds(verdict.retry_after_s);
  }
  if (settings.rate_headers == RateHeaders::kFull) {
    add_rate_headers(answer.response, verdict, verdict.retry_after_s);
    answer.response.headers.emplace_back("RateLimit-Reason", "confluence-burst-based");
  }
  return answer;
}

// A race inside Confluence: nothing was stored.
Response lost_race() {
  return v2_error(409, "CONFLICT",
                  "org.hibernate.StaleObjectStateException: Row was updated or deleted by another "
                  "transaction (or unsaved-value mapping was incorrect); nested exception is "
                  "org.springframework.orm.ObjectOptimisticLockingFailureException: "
                  "OptimisticLockException");
}

// The faults of writes that answer before the request is looked at.
std::optional<Answer> refuse_write_by_fault(Fault fault) {
  Answer answer;
  switch (fault) {
    case Fault::kHtml200:
      answer.response = log_in_page();
      return answer;
    case Fault::kNoAnswer:
      answer.fault = fault;
      return answer;
    case Fault::kRace500:
      answer.response =
          v2_error(500, "INTERNAL_SERVER_ERROR",
                   "org.springframework.transaction.UnexpectedRollbackException: Transaction "
                   "rolled back because it has been marked as rollback-only");
      return answer;
    case Fault::kRace409:
    case Fault::kFresh409:
      answer.response = lost_race();
      return answer;
    default:
      return std::nullopt;
  }
}

// Faults that answer before the request is looked at; nullopt: not one of those.
std::optional<Answer> refuse_by_fault(Fault fault, const Settings& settings) {
  Answer answer;
  auto& headers = answer.response.headers;
  const std::uint32_t wait_s = settings.retry_after_s;
  switch (fault) {
    case Fault::k429:
      answer.response = too_many_requests();
      headers.emplace_back("Retry-After", std::to_string(wait_s));
      answer.announced = std::chrono::seconds(wait_s);
      return answer;
    case Fault::k429NoRetryAfter:
      answer.response = too_many_requests();
      headers.emplace_back("X-Failure-Category", "FAILURE CLIENT RATE LIMITED");
      headers.emplace_back("X-RateLimit-Limit", "360000");
      if (settings.rate_headers == RateHeaders::kFull) {
        headers.emplace_back("X-RateLimit-Reset",
                             to_iso8601_seconds(now_millis() + 999 + Millis{wait_s} * 1000));
      }
      return answer;
    case Fault::k429HttpDate: {
      answer.response = too_many_requests();
      // The next whole second after the wait, as the form has no smaller unit.
      const Millis now = now_millis();
      const Millis until = (now + Millis{wait_s} * 1000 + 999) / 1000 * 1000;
      headers.emplace_back("Retry-After", to_http_date(until));
      answer.announced = std::chrono::milliseconds(until - now);
      return answer;
    }
    case Fault::k500:
      answer.response = v2_error(500, "INTERNAL_SERVER_ERROR", "Internal Server Error");
      return answer;
    case Fault::k502Html:
      answer.response = html_page(502, "Bad Gateway");
      return answer;
    case Fault::k503RetryAfter:
      answer.response = html_page(503, "Service Unavailable");
      headers.emplace_back("Retry-After", std::to_string(wait_s));
      return answer;
    case Fault::kRefusedCursor:
      answer.response = bad_cursor();
      return answer;
    case Fault::kResetBefore:
      answer.fault = fault;
      return answer;
    default:
      return std::nullopt;
  }
}

// Breaks a good answer. What the wire breaks is left to the session.
void damage(Answer& answer, Fault fault) {
  std::string& body = answer.response.body;
  switch (fault) {
    case Fault::kTruncatedJson:
      body.resize(body.size() / 2);
      break;
    case Fault::kMalformedJson:
      body.insert(body.size() / 2, "\x01}{\",");
      break;
    case Fault::kEmpty200:
      body.clear();
      break;
    case Fault::kHtml200:
      answer.response = log_in_page();
      break;
    default:
      answer.fault = fault;
  }
}

// Breaks the answer to a write that was processed. False: an answer without a body cannot be broken
// like that.
bool break_write(Answer& answer, Fault fault, const Settings& settings) {
  Response& response = answer.response;
  switch (fault) {
    case Fault::kApplied500:
      response = v2_error(500, "INTERNAL_SERVER_ERROR", "Internal Server Error");
      return true;
    case Fault::kApplied502Html:
      response = html_page(502, "Bad Gateway");
      return true;
    case Fault::kApplied503:
    case Fault::kAppliedLater503:
      response = html_page(503, "Service Unavailable");
      response.headers.emplace_back("Retry-After", std::to_string(settings.retry_after_s));
      return true;
    case Fault::kAppliedReset:
    case Fault::kAppliedNoAnswer:
      answer.fault = fault;
      return true;
    case Fault::kEmpty200:
      response.status = 200;
      response.body.clear();
      return true;
    case Fault::kTruncatedJson:
    case Fault::kMalformedJson:
      if (response.status == 204) return false;
      damage(answer, fault);
      return true;
    default:
      damage(answer, fault);
      return true;
  }
}

// The fault that a test has laid out for this write, if one has.
std::optional<Fault> next_fault(State& state, const Route& route, Id page) {
  const std::scoped_lock lock(state.control_mutex);
  for (auto next = state.next_writes.begin(); next != state.next_writes.end(); ++next) {
    const bool fits =
        (next->page == 0 || next->page == page) && (next->what.empty() || next->what == route.kind);
    if (!fits) continue;
    if (next->skip > 0) {
      --next->skip;
      continue;
    }
    const Fault fault = next->fault;
    if (next->count <= 1) {
      state.next_writes.erase(next);
    } else {
      --next->count;
    }
    return fault;
  }
  return std::nullopt;
}

// The others change listings.
bool meets_writes(Fault fault) {
  const auto place = static_cast<std::size_t>(fault);
  return place < kLastFailure || place >= kFirstWriteFault;
}

bool is_fresh(const State& state, Id id, const Settings& settings) {
  const std::shared_lock lock(state.content_mutex);
  const Index page = state.content.find_page(id);
  return page != kNone &&
         now_millis() - state.content.pages()[page].created_at < Millis{settings.fresh_conflict_ms};
}

Id page_of(const Route& route) {
  return route.arguments.empty() ? 0 : parse_number(route.arguments[0]).value_or(0);
}

void add_beta_headers(Response& response, const Settings& settings) {
  response.headers.emplace_back("Beta-Retry-After", std::to_string(settings.retry_after_s));
  response.headers.emplace_back("X-Beta-RateLimit-Remaining", "0");
  response.headers.emplace_back("X-Beta-RateLimit-NearLimit", "true");
  response.headers.emplace_back("Beta-RateLimit-Policy", "\"global-app-quota\";q=65000;w=3600");
}

}  // namespace

Draw draw_for(State& state, const Request& request, std::optional<Fault>& fault) {
  const std::scoped_lock lock(state.control_mutex);
  Draw draw;
  draw.settings = state.settings;
  draw.dice = state.dice.next() >> 1U;
  const bool has_cursor = request.query.has("cursor");
  for (std::size_t i = 0; i <= kLastFailure && !fault; ++i) {
    const auto candidate = static_cast<Fault>(i);
    if (candidate == Fault::kRefusedCursor && !has_cursor) continue;
    if (state.dice.chance(draw.settings[candidate])) fault = candidate;
  }
  const bool writes = request.method != "GET" && request.method != "HEAD";
  for (std::size_t i = kFirstWriteFault; writes && i < kFaultCount && !fault; ++i) {
    if (state.dice.chance(draw.settings.faults[i])) fault = static_cast<Fault>(i);
  }
  draw.short_page = state.dice.chance(draw.settings[Fault::kShortPage]);
  draw.empty_page = state.dice.chance(draw.settings[Fault::kEmptyPage]);
  draw.repeated_row = state.dice.chance(draw.settings[Fault::kRepeatedRow]);
  draw.lost_next = state.dice.chance(draw.settings[Fault::kLostNext]);
  draw.beta_headers = state.dice.chance(draw.settings[Fault::kBetaHeaders]);
  return draw;
}

namespace {

// Who comes in, and by which scheme.
struct Entrant {
  Admission admission;
  Index user = 0;
};

Entrant entrant_of(State& state, const Request& request, const Route& route) {
  Entrant entrant;
  if (const auto who = connect_caller(state, request)) {
    entrant.admission.caller = who->caller;
    if (!who->why.empty()) entrant.admission.refusal = html_page(401, "Unauthorized", who->why);
    entrant.user = who->user;
  } else {
    entrant.admission = admit(state, request, route);
  }
  return entrant;
}

// What a request gets once the rate limit let it through.
Answer read_answer(State& state, const Request& request, const Route& route, const Draw& draw,
                   std::optional<Fault> fault) {
  if (fault && static_cast<std::size_t>(*fault) >= kFirstWriteFault) fault.reset();
  Answer answer;
  if (fault) {
    if (auto refusal = refuse_by_fault(*fault, draw.settings)) {
      answer = std::move(*refusal);
      answer.early = true;
      answer.played = fault;
      return answer;
    }
  }
  Entrant entrant = entrant_of(state, request, route);
  auto& admission = entrant.admission;
  const Writer writer{0, true, entrant.user};
  answer.response = admission.refusal
                        ? std::move(*admission.refusal)
                        : Api(state, request, route, draw, writer).answer(admission.caller);
  if (fault && answer.response.status == 200) {
    answer.played = fault;
    damage(answer, *fault);
  }
  return answer;
}

// The same for a write: what goes wrong after processing hides refusals too, as a proxy does.
Answer write_answer(State& state, const Request& request, const Route& route, const Draw& draw,
                    std::optional<Fault> fault, std::uint64_t entry) {
  const Id page = page_of(route);
  if (const auto next = next_fault(state, route, page)) fault = next;
  if (fault && !meets_writes(*fault)) fault.reset();
  if (fault == Fault::kFresh409 && !is_fresh(state, page, draw.settings)) fault.reset();
  Answer answer;
  if (fault) {
    auto refusal = refuse_write_by_fault(*fault);
    if (!refusal) refusal = refuse_by_fault(*fault, draw.settings);
    if (refusal) {
      refusal->early = true;
      refusal->played = fault;
      return std::move(*refusal);
    }
  }
  Entrant entrant = entrant_of(state, request, route);
  if (entrant.admission.refusal) {
    answer.response = std::move(*entrant.admission.refusal);
    return answer;
  }
  const Caller caller = entrant.admission.caller;
  const Writer writer{entry, true, entrant.user};
  if (fault == Fault::kAppliedLater503) {
    answer.later = [&state, request, route, draw, writer, caller] {
      Api(state, request, route, draw, writer).answer(caller);
    };
  } else {
    answer.response = Api(state, request, route, draw, writer).answer(caller);
  }
  if (fault && break_write(answer, *fault, draw.settings)) answer.played = fault;
  return answer;
}

}  // namespace

Answer make_answer(State& state, const Request& request, const Route& route, const Draw& draw,
                   std::optional<Fault> fault) {
  std::uint64_t entry = 0;
  if (route.writes) {
    entry = state.writes.begin(request.method, route.kind, true, page_of(route));
    state.traffic.count_write(route.kind);
  }
  Answer answer;
  const Verdict verdict = state.traffic.take(draw.settings);
  if (!verdict.allowed) {
    answer = refuse(verdict, draw.settings);
    answer.write = entry;
    return answer;
  }
  answer = route.writes ? write_answer(state, request, route, draw, fault, entry)
                        : read_answer(state, request, route, draw, fault);
  answer.write = entry;
  if (answer.played) {
    state.traffic.played(*answer.played);
    if (route.writes) state.writes.played(entry, to_string(*answer.played));
  }
  if (answer.early) return answer;
  if (verdict.limit > 0 && draw.settings.rate_headers == RateHeaders::kFull) {
    add_rate_headers(answer.response, verdict, 1);
  }
  if (draw.beta_headers) {
    state.traffic.played(Fault::kBetaHeaders);
    add_beta_headers(answer.response, draw.settings);
  }
  return answer;
}

Response others_write(State& state, std::string_view method, std::string_view target,
                      std::string_view json) {
  Request request;
  request.method = method;
  parse_target(target, request);
  request.content_type = "application/json";
  request.body = json;
  const Route route = find_route(request);
  if (!route.writes) return v2_error(405, "METHOD_NOT_ALLOWED", "Not a write");
  Draw draw;
  Writer writer{0, false, 0};
  {
    const std::scoped_lock lock(state.control_mutex);
    draw.settings = state.settings;
    draw.dice = state.dice.next() >> 1U;
  }
  {
    const std::shared_lock lock(state.content_mutex);
    const auto users = state.content.users().size();
    if (users > 1) writer.author = static_cast<Index>(1 + draw.dice % (users - 1));
  }
  writer.entry = state.writes.begin(method, route.kind, false, page_of(route));
  Response response = Api(state, request, route, draw, writer).answer(Caller::kUser);
  state.writes.answered(writer.entry, response.status, true);
  return response;
}

std::string head_of(const Response& response, std::size_t length, bool keep_alive,
                    std::uint64_t dice, std::int64_t date_ahead_s) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
  head += reason_of(response.status);
  const auto add = [&](std::string_view name, std::string_view value) {
    head += "\r\n";
    head += name;
    head += ": ";
    head += value;
  };
  add("Date", to_http_date(now_millis() + date_ahead_s * 1000));
  add("Server", "AtlassianEdge");
  if (response.status != 204) {
    add("Content-Type", response.content_type);
    add("Content-Length", std::to_string(length));
  }
  add("Connection", keep_alive ? "keep-alive" : "close");
  std::string trace;
  for (const std::uint64_t part : {mix(dice), mix(dice + 1)}) {
    trace += to_hex({reinterpret_cast<const char*>(&part), sizeof part});
  }
  add("atl-traceid", trace);
  for (const std::size_t place : {8U, 13U, 18U, 23U}) trace.insert(place, 1, '-');
  add("atl-request-id", trace);
  for (const auto& [name, value] : response.headers) add(name, value);
  return head + "\r\n\r\n";
}

}  // namespace site
