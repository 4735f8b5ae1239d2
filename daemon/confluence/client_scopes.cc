#include "daemon/confluence/client.h"
#include "daemon/confluence/client_impl.h"
#include "daemon/confluence/text.h"

namespace confluence {

base::Awaitable<store::Result<bool>> Client::has_scope(ScopeNeed need) {
  auto based = co_await find_base();
  if (!based) co_return store::fail(std::move(based.error()));
  Asked asked(std::string(need.method), std::string(need.target), Priority::kWrite);
  asked.body = std::string(need.body);
  asked.small = true;
  asked.repeatable = !need.writes;
  asked.subject.url = base_url_ + asked.target;
  Tries tries(kIdentityBudget, backoff_);
  while (true) {
    auto sent = co_await send_once(asked);
    std::optional<store::Error> failure = std::move(sent.error);
    if (!failure) {
      const int status = sent.response.status;
      if (status == 429) continue;
      if (status < 400) co_return true;
      if (status == 401 && contains(sent.response.body, "scope does not match")) co_return false;
      failure = error_of(sent.response, asked.subject);
      if (status != 401 && failure->kind != store::ErrorKind::kRetryAfter) co_return true;
      // The edge's pages for a route that is not there: the scopes were looked at before.
      if (status == 404) co_return true;
    }
    auto final_error = co_await after_failure(std::move(*failure), tries);
    if (final_error) co_return store::fail(std::move(*final_error));
  }
}

}  // namespace confluence
