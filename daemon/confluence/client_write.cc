#include <algorithm>

#include "daemon/base/log.h"
#include "daemon/confluence/client.h"
#include "daemon/confluence/client_impl.h"
#include "daemon/confluence/parse.h"

namespace confluence {

namespace {

using Kind = WriteOutcome::Kind;

Kind kind_of(const http::Response& response, const store::Error& error) {
  if (is_race(response) || response.status >= 500 || response.status == 408) {
    return Kind::kUnknown;
  }
  if (response.status == 429) return Kind::kNotSent;
  // Another address answers: nothing of ours was processed here, and no job is to blame.
  if (response.status >= 300 && response.status < 400) return Kind::kNotSent;
  switch (error.kind) {
    case store::ErrorKind::kCredentialsBad:
      return Kind::kDenied;
    case store::ErrorKind::kRetryAfter:  // the edge or a proxy spoke
      return Kind::kUnknown;
    default:
      return Kind::kRefused;
  }
}

store::Error unreadable(const Subject& subject, const std::string& cause) {
  return store::Error(store::ErrorKind::kRetryAfter, "unreadable_answer",
                      cannot_read(subject, "the answer cannot be read: " + cause),
                      "it is looked into");
}

}  // namespace

WriteOutcome::Kind Client::kind_of_unanswered(const Sent& sent) {
  if (sent.left) return Kind::kUnknown;
  if (!sent.unsigned_request) return Kind::kNotSent;
  switch (sent.error->kind) {
    case store::ErrorKind::kCredentialsBad:
      return Kind::kDenied;
    case store::ErrorKind::kUsage:
      return Kind::kRefused;
    default:
      return Kind::kNotSent;
  }
}

WriteOutcome Client::read_outcome(http::Response response, const Asked& asked) const {
  WriteOutcome outcome;
  outcome.status = response.status;
  if (response.status < 200 || response.status >= 300) {
    outcome.error = error_of(response, asked.subject);
    outcome.kind = kind_of(response, *outcome.error);
    return outcome;
  }
  const bool shows_page = asked.subject.shows_page;
  if (response.status == 204 || !shows_page) {
    // A login page or an empty 200 to what answers 204 or a small document says nothing.
    const bool plausible = response.status == 204 || response.body.find('{') == 0;
    outcome.kind = plausible ? Kind::kApplied : Kind::kUnknown;
    if (!plausible)
      outcome.error = unreadable(asked.subject, "it is not what this request answers");
    return outcome;
  }
  auto parsed = parse_page(std::move(response.body), false);
  if (!parsed || parsed->rows.empty()) {
    outcome.kind = Kind::kUnknown;
    outcome.error = unreadable(asked.subject, parsed ? parsed->bad_rows.front().reason
                                                     : std::move(parsed.error().message));
    return outcome;
  }
  outcome.kind = Kind::kApplied;
  outcome.page = std::move(parsed->rows.front());
  return outcome;
}

base::Awaitable<WriteOutcome> Client::write(Write write, std::optional<store::Id> page_id,
                                            std::string as_user) {
  Asked asked(std::move(write.method), std::move(write.target), Priority::kWrite);
  asked.body = std::move(write.body);
  asked.as_user = std::move(as_user);
  asked.repeatable = false;
  asked.subject.page_id = page_id;
  asked.subject.verb = "write";
  asked.subject.shows_page = asked.method != "DELETE" && asked.target.starts_with("/wiki/api/v2/");
  Sent sent;
  auto based = co_await find_base();
  if (based) {
    asked.subject.url = base_url_ + asked.target;
    sent = co_await send_once(asked);
  } else {
    sent.error = std::move(based.error());
    sent.unsigned_request = true;
  }
  WriteOutcome outcome;
  if (sent.error) {
    outcome.kind = kind_of_unanswered(sent);
    outcome.error = std::move(sent.error);
  } else {
    outcome = read_outcome(std::move(sent.response), asked);
    if (outcome.status == 429) outcome.retry_at = deps_.governor.status().closed_until;
  }
  outcome.observation = ++observation_;
  outcome.received_at = deps_.clock.now();
  co_return outcome;
}

base::Awaitable<store::Result<Listing<store::Page>>> Client::pages_titled(store::Id space_id,
                                                                          std::string title) {
  auto target = page_titled_target(space_id, title);
  Listing<store::Page> all;
  while (!target.empty()) {
    auto found = co_await pages(std::move(target), Priority::kWrite, RetryBudget());
    if (!found) co_return found;
    std::move(found->rows.begin(), found->rows.end(), std::back_inserter(all.rows));
    std::move(found->bad_rows.begin(), found->bad_rows.end(), std::back_inserter(all.bad_rows));
    // The oldest of the answers: what it says holds for all.
    if (all.observation == 0) all.observation = found->observation;
    all.received_at = found->received_at;
    all.server_time = found->server_time;
    target = std::move(found->next);
  }
  co_return all;
}

}  // namespace confluence
