#include "daemon/cli/live_read.h"

#include <chrono>
#include <utility>

#include "daemon/cli/patient_run.h"
#include "daemon/cli/site_read.h"
#include "daemon/cli/site_session.h"

namespace cli {

namespace {

constexpr std::chrono::milliseconds kPatience{20'000};

using Answer = store::Result<querying::Json>;

base::Awaitable<store::Result<void>> take(base::Awaitable<Answer> reading, Answer& answer) {
  answer = co_await std::move(reading);
  if (!answer) co_return store::fail(answer.error());
  co_return store::Result<void>();
}

}  // namespace

base::Awaitable<Answer> read_patiently(SiteSession& session, std::string site_url,
                                       querying::ReadRequest request) {
  Answer answer;
  auto reading = read_site(session.client(), site_url, std::move(request));
  auto done = co_await patiently(session, site_url, kPatience, take(std::move(reading), answer));
  if (!done) co_return store::fail(std::move(done.error()));
  co_return answer;
}

Answer read_live(const GlobalOptions& globals, const querying::ReadRequest& request) {
  const auto config = load_config(globals);
  if (!config) return store::fail(config.error());
  auto session = SiteSession::make(*config, 0);
  if (!session) return store::fail(session.error());
  keep_wait_of(**session, mirror_path(globals, *config));
  Answer answer;
  auto reading = read_patiently(**session, config->site.url, request);
  auto done = (*session)->run(take(std::move(reading), answer));
  if (!done) return store::fail(std::move(done.error()));
  return answer;
}

}  // namespace cli
