#include "tests/site/answer.h"

#include <cmath>

#include "tests/site/random.h"
#include "tests/site/text.h"

namespace site {
namespace {

// Faults that stand in for the answer or break it; the others only change listings.
constexpr auto kLastFailure = static_cast<std::size_t>(Fault::kRefusedCursor);

std::string digits(double number) { return std::to_string(static_cast<std::int64_t>(number)); }

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
      body =
          "<!DOCTYPE html><html><head><title>Log in with Atlassian account</title></head></html>";
      answer.response.content_type = "text/html;charset=utf-8";
      break;
    default:
      answer.fault = fault;
  }
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
  draw.short_page = state.dice.chance(draw.settings[Fault::kShortPage]);
  draw.empty_page = state.dice.chance(draw.settings[Fault::kEmptyPage]);
  draw.repeated_row = state.dice.chance(draw.settings[Fault::kRepeatedRow]);
  draw.lost_next = state.dice.chance(draw.settings[Fault::kLostNext]);
  draw.beta_headers = state.dice.chance(draw.settings[Fault::kBetaHeaders]);
  return draw;
}

Answer make_answer(State& state, const Request& request, const Route& route, const Draw& draw,
                   std::optional<Fault> fault) {
  const Verdict verdict = state.traffic.take(draw.settings);
  if (!verdict.allowed) return refuse(verdict, draw.settings);
  if (fault) {
    if (auto answer = refuse_by_fault(*fault, draw.settings)) {
      state.traffic.played(*fault);
      return *answer;
    }
  }
  Answer answer;
  answer.response = Api(state, request, route, draw).answer(identify(state, request.authorization));
  if (verdict.limit > 0 && draw.settings.rate_headers == RateHeaders::kFull) {
    add_rate_headers(answer.response, verdict, 1);
  }
  if (draw.beta_headers) {
    state.traffic.played(Fault::kBetaHeaders);
    add_beta_headers(answer.response, draw.settings);
  }
  if (fault && answer.response.status == 200) {
    state.traffic.played(*fault);
    damage(answer, *fault);
  }
  return answer;
}

std::string head_of(const Response& response, std::size_t length, bool keep_alive,
                    std::uint64_t dice) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
  head += reason_of(response.status);
  const auto add = [&](std::string_view name, std::string_view value) {
    head += "\r\n";
    head += name;
    head += ": ";
    head += value;
  };
  add("Date", to_http_date(now_millis()));
  add("Server", "AtlassianEdge");
  add("Content-Type", response.content_type);
  add("Content-Length", std::to_string(length));
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
