#include "daemon/cli/patient_run.h"

#include <fmt/format.h>

#include <optional>
#include <system_error>
#include <utility>

#include "store/reader.h"

namespace cli {

namespace {

constexpr std::chrono::milliseconds kWaitLook{50};

store::Error wait_error(const std::string& url, store::Time until, const std::string& reason) {
  return store::Error(store::ErrorKind::kRetryAfter, "site_wait",
                      fmt::format("cannot ask '{}': it asks to wait until {} ({})", url,
                                  store::to_iso8601(until), reason),
                      "its limit is used up; try again then");
}

struct WaitWatch {
  SiteSession& session;
  const std::string& site_url;
  std::chrono::milliseconds patience;
  std::optional<store::Error> too_long;
};

base::Awaitable<void> watch_waits(WaitWatch& watch) {
  while (true) {
    const auto status = watch.session.governor().status();
    if (status.closed_until &&
        *status.closed_until - watch.session.clock().now() > watch.patience) {
      watch.too_long = wait_error(watch.site_url, *status.closed_until, status.closed_reason);
      watch.session.cancel();
      co_return;
    }
    co_await base::sleep_for(kWaitLook);
  }
}

}  // namespace

store::Result<void> run_patiently(SiteSession& session, const std::string& site_url,
                                  std::chrono::milliseconds patience,
                                  base::Awaitable<store::Result<void>> work) {
  WaitWatch watch{session, site_url, patience, std::nullopt};
  session.background().spawn(watch_waits(watch));
  auto outcome = session.run(std::move(work));
  if (watch.too_long) return store::fail(std::move(*watch.too_long));
  return outcome;
}

void keep_wait_of(SiteSession& session, const std::filesystem::path& mirror) {
  std::error_code ignored;
  if (!std::filesystem::exists(mirror, ignored)) return;
  // A mirror that cannot be read has no wait to keep; what is wrong with it is not asked here.
  if (auto reader = store::Reader::open(mirror)) session.restore_wait(**reader);
}

}  // namespace cli
