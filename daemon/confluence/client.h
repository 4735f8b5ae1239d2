#pragma once

// The Confluence Cloud site, as typed calls. Sources: confluence REST API v2 (the OpenAPI document)
// and v1 `user/current`.
//
// Threads: the network thread; parsing runs on the pool. Ownership: refers to everything in Deps,
// all of which outlive it. Every call takes a permit from the governor first, obeys waits the site
// names, and retries passing faults of reads within RetryBudget. Errors: kRetryAfter when the
// budget is used up on answers (http_status and name say which: http_503, timed_out,
// malformed_json, body_cut, ...), kUnreachable when no connection was possible at all,
// kCredentialsBad when the site does not know us (401, a 403 on user/current, the unnamed v2 404
// `Not Found`), kItemBad for a named 404 and for what this one object causes, kSpaceBad with name
// "cursor_refused" for the 400 that means "restart the listing" (and "limit_refused" where a
// rewritten limit was refused), kCanceled.

#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "daemon/base/async.h"
#include "daemon/base/clock.h"
#include "daemon/confluence/auth.h"
#include "daemon/confluence/governor.h"
#include "daemon/confluence/listing.h"
#include "daemon/confluence/requests.h"
#include "daemon/confluence/scopes.h"
#include "daemon/http/client.h"
#include "store/records.h"

namespace confluence {

struct RetryBudget {
  int attempts = 6;                                   // answers that failed (429 is not counted)
  std::chrono::milliseconds unreachable_for{60'000};  // keep trying to connect for this long
};

// Pauses between the tries of one request: doubled from `first` to `longest`, give or take a third.
struct Backoff {
  std::chrono::milliseconds first{250};
  std::chrono::milliseconds longest{10'000};
};

struct Usage {
  std::int64_t requests = 0;  // that left, answered or not
  std::int64_t wire_bytes = 0;
  std::int64_t refused = 0;  // 429
  std::int64_t retried = 0;
};

// What became of a write.
struct WriteOutcome {
  enum class Kind {
    kApplied,  // the site says so
    kNotSent,  // it never left, or was turned away before it was processed
    kRefused,  // the site says no, for good
    kDenied,   // 401, 403, the unnamed 404: the credentials, or this page's permissions
    kUnknown,  // it may have been applied
  };
  Kind kind = Kind::kUnknown;
  int status = 0;                       // 0 = no answer
  std::optional<store::Page> page;      // applied: as the answer shows it, where it shows one
  std::optional<store::Error> error;    // not applied
  std::optional<store::Time> retry_at;  // 429: not before
  store::Observation observation = 0;   // taken when the answer came: what was asked later is
                                        // newer, what was asked earlier may be older
  store::Time received_at{};
};

class Client {
 public:
  struct Deps {
    http::Client& http;
    Governor& governor;
    Auth& auth;
    const base::Clock& clock;
    boost::asio::thread_pool& pool;
  };
  // `site_url`: of the site; where its API answers is the Auth's to know.
  Client(Deps deps, std::string site_url, store::Observation last_observation,
         std::chrono::milliseconds timeout, Backoff backoff = {});

  // v1 user/current: who the site takes us for.
  base::Awaitable<store::Result<Identity>> who_am_i();

  // Whether the credential has that scope, asked at the gateway. Of no use elsewhere: the site
  // itself knows no scopes.
  base::Awaitable<store::Result<bool>> has_scope(ScopeNeed need);

  // `target` is a path with query as requests.h builds it, or a `next` link exactly as the site
  // sent it.
  base::Awaitable<store::Result<Listing<store::Space>>> spaces(std::string target);
  base::Awaitable<store::Result<Listing<store::Page>>> pages(std::string target, Priority priority,
                                                             RetryBudget budget);
  // One row, as it was in that version: its title, body and version are of then.
  base::Awaitable<store::Result<Listing<store::Page>>> page_version(store::Id page_id,
                                                                    std::int32_t version);
  // Of children_target() or descendants_target().
  base::Awaitable<store::Result<Listing<store::Node>>> tree(std::string target);
  base::Awaitable<store::Result<Listing<store::PageVersion>>> versions(std::string target,
                                                                       RetryBudget budget);
  base::Awaitable<store::Result<Listing<store::Page>>> page(
      store::Id page_id, Priority priority,
      RetryBudget budget);  // one row, with body
  // One row; none where the site names it as something that it does not have. Of the type that was
  // asked for.
  base::Awaitable<store::Result<Listing<store::Node>>> node(std::string type, store::Id node_id);
  base::Awaitable<store::Result<Listing<std::string>>> labels(std::string target);  // names
  // At most 250 ids. One user for each that the site knows or does not know; a row that was bad is
  // in neither.
  base::Awaitable<store::Result<Listing<store::User>>> users(std::vector<std::string> account_ids);

  // Sends a write once, whatever comes of it. Waits for a permit first; a refusal for the rate
  // (kNotSent, 429) makes the governor wait, as for every request.
  // `as_user`: see Auth::sign.
  base::Awaitable<WriteOutcome> write(Write write, std::optional<store::Id> page_id,
                                      std::string as_user = {});
  // The pages that have a title (requests.h), all of them.
  base::Awaitable<store::Result<Listing<store::Page>>> pages_titled(store::Id space_id,
                                                                    std::string title);
  // The draft of a page, or the page itself where it has none.
  base::Awaitable<store::Result<Listing<store::Page>>> draft(store::Id page_id);

  const Usage& usage() const;

 private:
  struct Asked;
  struct Answer;
  struct Sent;
  class Tries;
  class ComingRefusal;

  // One request with its permit; once more where it was refused for a token that could be renewed.
  base::Awaitable<Sent> send_once(Asked& asked);
  // One answer of status 200, however many requests that took.
  base::Awaitable<store::Result<Answer>> exchange(Asked& asked, Tries& tries);
  // nullopt: try again. The pause between tries is over then.
  base::Awaitable<std::optional<store::Error>> after_failure(store::Error error, Tries& tries);
  template <typename Parsed, typename Parse>
  base::Awaitable<store::Result<Parsed>> ask(Asked asked, RetryBudget budget, Parse parse);
  template <typename Row, typename Parse>
  base::Awaitable<store::Result<Listing<Row>>> listing(Asked asked, RetryBudget budget,
                                                       Parse parse);
  base::Awaitable<store::Result<Listing<store::Page>>> one_page(Asked asked, store::Id page_id,
                                                                RetryBudget budget);
  // Finds out base_url_ where it is not known yet.
  base::Awaitable<store::Result<void>> find_base();
  bool obey_token_wait();
  base::Awaitable<store::Result<http::Request>> request_for(const Asked& asked);
  static WriteOutcome::Kind kind_of_unanswered(const Sent& sent);
  WriteOutcome read_outcome(http::Response response, const Asked& asked) const;

  Deps deps_;
  std::string site_url_;
  std::string base_url_;  // ROOT of the API notes; "" = not known yet
  store::Observation observation_;
  std::chrono::milliseconds timeout_;
  Backoff backoff_;
  std::minstd_rand random_;
  Usage usage_;
  // Refusals that are read as far as their head: the governor hears of them when they are whole,
  // and nothing may leave meanwhile.
  int refusals_coming_ = 0;
};

}  // namespace confluence
