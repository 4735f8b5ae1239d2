#include "daemon/cli/live_read.h"

#include <chrono>
#include <utility>

#include "daemon/cli/patient_run.h"
#include "daemon/cli/site_read.h"
#include "daemon/cli/site_session.h"

namespace cli {

namespace {

constexpr std::chrono::milliseconds kPatience{20'000};

base::Awaitable<store::Result<void>> take(base::Awaitable<store::Result<querying::Json>> reading,
                                          querying::Json& answer) {
  auto read = co_await std::move(reading);
  if (!read) co_return store::fail(std::move(read.error()));
  answer = std::move(*read);
  co_return store::Result<void>();
}

}  // namespace

store::Result<querying::Json> read_live(const GlobalOptions& globals,
                                        const querying::ReadRequest& request) {
  const auto config = load_config(globals);
  if (!config) return store::fail(config.error());
  auto session = SiteSession::make(*config, 0);
  if (!session) return store::fail(session.error());
  keep_wait_of(**session, mirror_path(globals, *config));
  querying::Json answer;
  auto reading = read_site((*session)->client(), config->site.url, request);
  auto done =
      run_patiently(**session, config->site.url, kPatience, take(std::move(reading), answer));
  if (!done) return store::fail(done.error());
  return answer;
}

}  // namespace cli
