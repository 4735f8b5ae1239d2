#include "daemon/confluence/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "daemon/base/log.h"
#include "daemon/confluence/answer_rules.h"
#include "daemon/confluence/client_impl.h"
#include "daemon/confluence/parse.h"
#include "daemon/confluence/text.h"

namespace confluence {

namespace {

constexpr std::size_t kMostUsers = 250;
constexpr std::size_t kLargeWrite = 64u << 10;  // saving one of this size can take minutes
constexpr int kLargeWriteFactor = 2;
constexpr std::size_t kLargestSmallBody = 8u << 20;

bool has_parameter(std::string_view target, std::string_view parameter) {
  auto at = target.find('?');
  while (at != target.npos) {
    if (target.substr(at + 1, parameter.size()) == parameter) return true;
    at = target.find('&', at + 1);
  }
  return false;
}

// A new token has the scopes of the old one.
bool may_renew(const http::Response& response) {
  return response.status == 401 && !contains(response.body, "scope does not match");
}

std::optional<store::Id> leading_id(std::string_view text) {
  store::Id id = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  return error == std::errc() && id > 0 ? std::optional(id) : std::nullopt;
}

}  // namespace

Client::Client(Deps deps, std::string site_url, store::Observation last_observation,
               std::chrono::milliseconds timeout, Backoff backoff)
    : deps_(deps),
      site_url_(std::move(site_url)),
      observation_(last_observation),
      timeout_(timeout),
      backoff_(backoff),
      random_(std::random_device{}()) {}

const Usage& Client::usage() const { return usage_; }

base::Awaitable<store::Result<void>> Client::find_base() {
  if (!base_url_.empty()) co_return store::Result<void>();
  auto root = co_await deps_.auth.root(site_url_);
  if (!root) co_return store::fail(std::move(root.error()));
  base_url_ = std::move(*root);
  co_return store::Result<void>();
}

base::Awaitable<store::Result<http::Request>> Client::request_for(const Asked& asked) {
  http::Request request(asked.method, base_url_ + asked.target);
  request.headers.emplace_back("Accept", "application/json");
  if (!asked.body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  request.body = asked.body;
  request.repeatable = asked.repeatable;
  // Counted here, and not per answer: libcurl sends again what a dead connection swallowed.
  request.may_leave = [this] {
    if (refusals_coming_ > 0 || !deps_.governor.open()) return false;
    ++usage_.requests;
    return true;
  };
  request.limits.connect_timeout = std::min(request.limits.connect_timeout, timeout_);
  request.limits.idle_timeout = timeout_;
  request.limits.total_timeout = timeout_ * 10;
  if (!asked.repeatable && asked.body.size() >= kLargeWrite) {
    request.limits.idle_timeout *= kLargeWriteFactor;
  }
  if (asked.small) request.limits.max_body_bytes = kLargestSmallBody;
  auto signed_now = co_await deps_.auth.sign(request, asked.as_user);
  if (!signed_now) co_return store::fail(std::move(signed_now.error()));
  co_return request;
}

base::Awaitable<std::optional<store::Error>> Client::after_failure(store::Error error,
                                                                   Tries& tries) {
  if (error.kind != store::ErrorKind::kRetryAfter) co_return error;
  if (!tries.may_retry(error, deps_.clock.steady())) {
    if (http::is_unreachable(error.name)) {
      error.kind = store::ErrorKind::kUnreachable;
    }
    if (tries.failures() > 1) error.message += fmt::format(" ({} tries)", tries.failures());
    co_return error;
  }
  ++usage_.retried;
  const auto pause = tries.pause(random_);
  base::http_log().debug("tried again error={} failures={} pause_ms={}", error.name,
                         tries.failures(), pause.count());
  co_await base::sleep_for(pause);
  co_return std::nullopt;
}

// What gives out tokens asks for a wait: nothing can be signed before it is over.
bool Client::obey_token_wait() {
  const auto wait = deps_.auth.take_wait();
  if (!wait) return false;
  deps_.governor.restore(wait->until, wait->reason);
  return true;
}

base::Awaitable<Client::Sent> Client::send_once(Asked& asked) {
  bool renewed = false;
  while (true) {
    auto permit = co_await deps_.governor.acquire(asked.priority);
    Sent sent;
    auto request = co_await request_for(asked);
    const auto signed_at = deps_.clock.steady();
    if (!request) {
      permit.withdrawn();
      if (obey_token_wait()) continue;
      sent.error = std::move(request.error());
      sent.unsigned_request = true;
      co_return sent;
    }
    auto left = std::make_shared<bool>(false);
    request->may_leave = [left, allowed = std::move(request->may_leave)] {
      *left = allowed();
      return *left;
    };
    ComingRefusal refusal(refusals_coming_);
    refusal.watch(*request);
    sent.observation = ++observation_;
    auto response = co_await deps_.http.send(std::move(*request));
    sent.left = *left;
    if (!response) {
      const auto& error = response.error();
      const bool withheld = error.name == "withheld";
      if (withheld || error.kind == store::ErrorKind::kCanceled ||
          error.kind == store::ErrorKind::kBug) {
        permit.withdrawn();
      }
      if (withheld) continue;
      sent.error = std::move(response.error());
      co_return sent;
    }
    permit.answered(*response);
    usage_.wire_bytes += static_cast<std::int64_t>(response->wire_bytes);
    if (response->status == 429) ++usage_.refused;
    if (may_renew(*response) && !renewed && deps_.auth.renew(asked.as_user, signed_at)) {
      renewed = true;
      continue;
    }
    sent.response = std::move(*response);
    co_return sent;
  }
}

base::Awaitable<store::Result<Client::Answer>> Client::exchange(Asked& asked, Tries& tries) {
  while (true) {
    auto sent = co_await send_once(asked);
    std::optional<store::Error> failure = std::move(sent.error);
    if (!failure) {
      if (sent.response.status == 200) {
        Answer answer;
        answer.observation = sent.observation;
        answer.received_at = deps_.clock.now();
        answer.response = std::move(sent.response);
        co_return answer;
      }
      // Not a failure of ours to count: the governor waits as long as the site asks.
      if (sent.response.status == 429) continue;
      failure = error_of(sent.response, asked.subject);
    }
    auto final_error = co_await after_failure(std::move(*failure), tries);
    if (final_error) co_return store::fail(std::move(*final_error));
  }
}

template <typename Parsed, typename Parse>
base::Awaitable<store::Result<Parsed>> Client::ask(Asked asked, RetryBudget budget, Parse parse) {
  asked.subject.has_cursor = has_parameter(asked.target, "cursor=");
  Tries tries(budget, backoff_);
  while (true) {
    auto based = co_await find_base();
    if (!based) {
      auto final_error = co_await after_failure(std::move(based.error()), tries);
      if (final_error) co_return store::fail(std::move(*final_error));
      continue;
    }
    asked.subject.url = base_url_ + asked.target;
    auto answer = co_await exchange(asked, tries);
    if (!answer) co_return store::fail(std::move(answer.error()));
    auto parsed = co_await parse(std::move(*answer));
    if (parsed) co_return parsed;
    auto failure = std::move(parsed.error());
    failure.message = cannot_read(asked.subject, failure.message);
    auto final_error = co_await after_failure(std::move(failure), tries);
    if (final_error) co_return store::fail(std::move(*final_error));
  }
}

template <typename Row, typename Parse>
base::Awaitable<store::Result<Listing<Row>>> Client::listing(Asked asked, RetryBudget budget,
                                                             Parse parse) {
  const bool bodies = has_parameter(asked.target, "body-format=");
  auto read = [this, parse, bodies](Answer answer) -> base::Awaitable<store::Result<Listing<Row>>> {
    const auto body_bytes = answer.response.body.size();
    auto work = [parse, body = std::move(answer.response.body)]() mutable {
      return parse(std::move(body));
    };
    auto parsed = co_await base::run_on(deps_.pool, std::move(work));
    if (!parsed) co_return parsed;
    auto next =
        next_link(parsed->next, answer.response.headers.get_all("Link"), base_url_, site_url_);
    if (!next) co_return store::fail(std::move(next.error()));
    parsed->next = std::move(*next);
    // Parameters may get lost on the way into a next link; without this one the rest would come
    // without bodies.
    if (bodies && !parsed->next.empty() && !has_parameter(parsed->next, "body-format=")) {
      parsed->next += parsed->next.find('?') == std::string::npos ? '?' : '&';
      parsed->next += "body-format=storage";
    }
    parsed->observation = answer.observation;
    parsed->received_at = answer.received_at;
    if (const auto date = answer.response.headers.get("Date")) {
      parsed->server_time = parse_http_date(*date);
    }
    parsed->wire_bytes = answer.response.wire_bytes;
    parsed->body_bytes = body_bytes;
    parsed->elapsed = answer.response.elapsed;
    co_return parsed;
  };
  co_return co_await ask<Listing<Row>>(std::move(asked), budget, std::move(read));
}

base::Awaitable<store::Result<Identity>> Client::who_am_i() {
  Asked asked("GET", "/wiki/rest/api/user/current", Priority::kWrite);
  asked.small = true;
  auto read = [](Answer answer) -> base::Awaitable<store::Result<Identity>> {
    auto identity = parse_identity(answer.response.body);
    if (!identity) co_return identity;
    if (identity->account_id.empty()) {
      co_return store::fail(store::ErrorKind::kCredentialsBad, "anonymous",
                            "the site takes us for the anonymous user",
                            "check site.email and the API token (wrong, revoked or expired?)");
    }
    if (const auto date = answer.response.headers.get("Date")) {
      identity->server_time = parse_http_date(*date);
    }
    co_return identity;
  };
  co_return co_await ask<Identity>(std::move(asked), kIdentityBudget, std::move(read));
}

base::Awaitable<store::Result<Listing<store::Space>>> Client::spaces(std::string target) {
  Asked asked("GET", std::move(target), Priority::kHeadPoll);
  asked.small = true;
  auto parse = [](const std::string& body) { return parse_spaces(body); };
  co_return co_await listing<store::Space>(std::move(asked), RetryBudget{}, parse);
}

base::Awaitable<store::Result<Listing<store::Page>>> Client::pages(std::string target,
                                                                   Priority priority,
                                                                   RetryBudget budget) {
  Asked asked("GET", std::move(target), priority);
  const bool bodies = has_parameter(asked.target, "body-format=");
  auto parse = [bodies](std::string body) { return parse_pages(std::move(body), bodies); };
  co_return co_await listing<store::Page>(std::move(asked), budget, parse);
}

base::Awaitable<store::Result<Listing<store::PageVersion>>> Client::versions(std::string target,
                                                                             RetryBudget budget) {
  Asked asked("GET", std::move(target), Priority::kHistory);
  const bool bodies = has_parameter(asked.target, "body-format=");
  constexpr std::string_view kPages = "/pages/";
  if (const auto at = asked.target.find(kPages); at != std::string::npos) {
    asked.subject.page_id = leading_id(std::string_view(asked.target).substr(at + kPages.size()));
  }
  auto parse = [bodies](std::string body) { return parse_versions(std::move(body), bodies); };
  co_return co_await listing<store::PageVersion>(std::move(asked), budget, parse);
}

base::Awaitable<store::Result<Listing<store::Page>>> Client::page(store::Id page_id,
                                                                  Priority priority,
                                                                  RetryBudget budget) {
  Asked asked("GET", page_target(page_id), priority);
  co_return co_await one_page(std::move(asked), page_id, budget);
}

base::Awaitable<store::Result<Listing<store::Page>>> Client::draft(store::Id page_id) {
  Asked asked("GET", draft_target(page_id), Priority::kWrite);
  co_return co_await one_page(std::move(asked), page_id, RetryBudget());
}

base::Awaitable<store::Result<Listing<store::Page>>> Client::page_version(store::Id page_id,
                                                                          std::int32_t version) {
  Asked asked("GET", page_version_target(page_id, version), Priority::kHeadPoll);
  co_return co_await one_page(std::move(asked), page_id, RetryBudget());
}

base::Awaitable<store::Result<Listing<store::Node>>> Client::tree(std::string target) {
  Asked asked("GET", std::move(target), Priority::kHeadPoll);
  asked.small = true;
  auto parse = [](const std::string& body) { return parse_tree(body); };
  co_return co_await listing<store::Node>(std::move(asked), RetryBudget{}, parse);
}

base::Awaitable<store::Result<Listing<store::Page>>> Client::one_page(Asked asked,
                                                                      store::Id page_id,
                                                                      RetryBudget budget) {
  asked.subject.page_id = page_id;
  auto parse = [page_id](std::string body) -> store::Result<Listing<store::Page>> {
    auto parsed = parse_page(std::move(body), true);
    if (parsed && !parsed->rows.empty() && parsed->rows.front().id != page_id) {
      return store::fail(store::ErrorKind::kRetryAfter, "unexpected_document",
                         fmt::format("the answer is page {}", parsed->rows.front().id));
    }
    return parsed;
  };
  co_return co_await listing<store::Page>(std::move(asked), budget, parse);
}

base::Awaitable<store::Result<Listing<store::Node>>> Client::node(std::string type,
                                                                  store::Id node_id) {
  Asked asked("GET", node_target(type, node_id), Priority::kBodies);
  if (asked.target.empty()) {
    co_return store::fail(store::ErrorKind::kBug, "unknown_node_type",
                          fmt::format("cannot ask for '{}': no route for a {}", node_id, type));
  }
  asked.small = true;
  // An answer that it is absent counts as any other: by a number taken before it was asked for.
  const auto observation = ++observation_;
  auto parse = [type = std::move(type),
                node_id](const std::string& body) -> store::Result<Listing<store::Node>> {
    auto parsed = parse_node(body);
    if (!parsed || parsed->rows.empty()) return parsed;
    auto& row = parsed->rows.front();
    if (row.id != node_id) {
      return store::fail(store::ErrorKind::kRetryAfter, "unexpected_document",
                         fmt::format("the answer is {} {}", type, row.id));
    }
    row.type = type;
    return parsed;
  };
  auto found = co_await listing<store::Node>(std::move(asked), RetryBudget(), parse);
  if (found || found.error().name != "http_404") co_return found;
  Listing<store::Node> absent;
  absent.observation = observation;
  absent.received_at = deps_.clock.now();
  co_return absent;
}

base::Awaitable<store::Result<Listing<std::string>>> Client::labels(std::string target) {
  Asked asked("GET", std::move(target), Priority::kHeadPoll);
  asked.small = true;
  auto parse = [](const std::string& body) { return parse_labels(body); };
  co_return co_await listing<std::string>(std::move(asked), RetryBudget{}, parse);
}

base::Awaitable<store::Result<Listing<store::User>>> Client::users(
    std::vector<std::string> account_ids) {
  Asked asked("POST", "/wiki/api/v2/users-bulk", Priority::kHistory);
  if (account_ids.size() > kMostUsers) {
    co_return store::fail(
        store::ErrorKind::kBug, "too_many_ids",
        fmt::format("cannot look up {} users at once: at most {}", account_ids.size(), kMostUsers));
  }
  if (account_ids.empty()) co_return Listing<store::User>();
  asked.small = true;
  nlohmann::json document;
  document["accountIds"] = account_ids;
  asked.body = document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  auto parse = [](const std::string& body) { return parse_users(body); };
  auto found = co_await listing<store::User>(std::move(asked), RetryBudget{}, parse);
  if (!found) co_return found;

  std::unordered_set<std::string> unanswered(account_ids.begin(), account_ids.end());
  std::vector<store::User> users;
  for (auto& user : found->rows) {
    if (unanswered.erase(user.account_id) > 0) users.push_back(std::move(user));
  }
  for (const auto& bad : found->bad_rows) unanswered.erase(bad.id);
  for (auto& id : account_ids) {
    if (unanswered.erase(id) == 0) continue;
    store::User unknown;
    unknown.account_id = std::move(id);
    users.push_back(std::move(unknown));
  }
  found->rows = std::move(users);
  co_return found;
}

}  // namespace confluence
