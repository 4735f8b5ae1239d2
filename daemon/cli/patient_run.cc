#include "daemon/cli/patient_run.h"

#include <fmt/format.h>

#include <boost/asio/this_coro.hpp>
#include <exception>
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

// Work, and a look at the waits beside it; whichever ends first ends the other.
struct PatientWork {
  PatientWork(SiteSession& of, std::string url, std::chrono::milliseconds longest)
      : session(of), site_url(std::move(url)), patience(longest), group(of.io()) {}

  SiteSession& session;
  std::string site_url;
  std::chrono::milliseconds patience;
  base::TaskGroup group;
  std::optional<store::Result<void>> outcome;  // nothing: it was canceled
};

base::Awaitable<void> do_work(PatientWork& self, base::Awaitable<store::Result<void>> work) {
  auto result = co_await std::move(work);
  self.outcome = std::move(result);
  self.group.cancel();
}

base::Awaitable<void> watch_waits(PatientWork& self) {
  while (true) {
    const auto status = self.session.governor().status();
    if (status.closed_until && *status.closed_until - self.session.clock().now() > self.patience) {
      self.outcome =
          store::fail(wait_error(self.site_url, *status.closed_until, status.closed_reason));
      self.group.cancel();
      co_return;
    }
    co_await base::sleep_for(kWaitLook);
  }
}

}  // namespace

base::Awaitable<store::Result<void>> patiently(SiteSession& session, std::string site_url,
                                               std::chrono::milliseconds patience,
                                               base::Awaitable<store::Result<void>> work) {
  PatientWork self(session, std::move(site_url), patience);
  self.group.spawn(do_work(self, std::move(work)));
  self.group.spawn(watch_waits(self));
  std::exception_ptr failure;
  try {
    co_await self.group.join();
  } catch (...) {
    failure = std::current_exception();
  }
  if (failure) {
    // Both use this frame: they end before it does, also where it is itself canceled.
    self.group.cancel();
    co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
    co_await self.group.join();
    std::rethrow_exception(failure);
  }
  if (self.outcome) co_return std::move(*self.outcome);
  co_return store::fail(store::ErrorKind::kCanceled, "canceled", "interrupted");
}

store::Result<void> run_patiently(SiteSession& session, const std::string& site_url,
                                  std::chrono::milliseconds patience,
                                  base::Awaitable<store::Result<void>> work) {
  return session.run(patiently(session, site_url, patience, std::move(work)));
}

void keep_wait_of(SiteSession& session, const std::filesystem::path& mirror) {
  std::error_code ignored;
  if (!std::filesystem::exists(mirror, ignored)) return;
  // A mirror that cannot be read has no wait to keep; what is wrong with it is not asked here.
  if (auto reader = store::Reader::open(mirror)) session.restore_wait(**reader);
}

}  // namespace cli
