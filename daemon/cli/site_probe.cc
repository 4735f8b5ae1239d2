#include "daemon/cli/site_probe.h"

#include <fmt/format.h>

#include "daemon/cli/site_session.h"

namespace cli {

namespace {

constexpr int kMostListings = 40;  // 10,000 spaces
constexpr std::chrono::milliseconds kLook{50};

store::Error wait_error(const std::string& url, store::Time until, const std::string& reason) {
  return store::Error(store::ErrorKind::kRetryAfter, "site_wait",
                      fmt::format("cannot ask '{}': it asks to wait until {} ({})", url,
                                  store::to_iso8601(until), reason),
                      "its limit is used up; try again then");
}

class Probe {
 public:
  Probe(const config::Config& config, SiteSession& session, std::chrono::milliseconds patience)
      : config_(config), session_(session), patience_(patience) {}

  store::Result<SiteView> run() {
    session_.background().spawn(watch_waits());
    auto outcome = session_.run(ask());
    if (too_long_) return store::fail(*too_long_);
    if (!outcome) return store::fail(outcome.error());
    return std::move(view_);
  }

 private:
  base::Awaitable<store::Result<void>> ask() {
    auto who = co_await session_.client().who_am_i();
    if (!who) co_return store::fail(who.error());
    view_.identity = std::move(*who);
    view_.answered_at = session_.clock().now();
    auto counted = co_await count_spaces();
    if (!counted) {
      if (counted.error().kind == store::ErrorKind::kCanceled) co_return counted;
      view_.spaces_error = counted.error();
    }
    co_return store::Result<void>();
  }

  base::Awaitable<store::Result<void>> count_spaces() {
    confluence::SpacesQuery query;
    query.details = false;
    std::string target = confluence::spaces_target(query);
    for (int listings = 0; !target.empty(); ++listings) {
      if (listings == kMostListings) {
        view_.more = true;
        break;
      }
      auto listing = co_await session_.client().spaces(target);
      if (!listing) co_return store::fail(listing.error());
      for (const auto& space : listing->rows) {
        ++view_.spaces;
        if (config::admits(config_.mirror, space.key, space.type)) ++view_.admitted;
      }
      view_.spaces += static_cast<std::int64_t>(listing->bad_rows.size());
      target = std::move(listing->next);
    }
    co_return store::Result<void>();
  }

  base::Awaitable<void> watch_waits() {
    while (true) {
      const auto status = session_.governor().status();
      if (status.closed_until && *status.closed_until - session_.clock().now() > patience_) {
        too_long_ = wait_error(config_.site.url, *status.closed_until, status.closed_reason);
        session_.cancel();
        co_return;
      }
      co_await base::sleep_for(kLook);
    }
  }

  const config::Config& config_;
  SiteSession& session_;
  std::chrono::milliseconds patience_;
  SiteView view_;
  std::optional<store::Error> too_long_;
};

}  // namespace

store::Result<SiteView> probe_site(const config::Config& config, base::Secret token,
                                   const ProbeOptions& options) {
  auto session = SiteSession::make_with(config, std::move(token), 0);
  if (!session) return store::fail(session.error());
  std::error_code ignored;
  if (std::filesystem::exists(options.mirror, ignored)) {
    // A mirror that cannot be read has no wait to keep; what is wrong with it is not asked here.
    if (auto reader = store::Reader::open(options.mirror)) (*session)->restore_wait(**reader);
  }
  return Probe(config, **session, options.patience).run();
}

}  // namespace cli
