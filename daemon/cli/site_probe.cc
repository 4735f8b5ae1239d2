#include "daemon/cli/site_probe.h"

#include "daemon/cli/patient_run.h"
#include "daemon/cli/site_session.h"

namespace cli {

namespace {

constexpr int kMostListings = 40;  // 10,000 spaces

class Probe {
 public:
  Probe(const config::Config& config, SiteSession& session, const ProbeOptions& options)
      : config_(config),
        session_(session),
        patience_(options.patience),
        scopes_(options.scopes && has_scopes(config.site)) {}

  store::Result<SiteView> run() {
    auto outcome = run_patiently(session_, config_.site.url, patience_, ask());
    if (!outcome) return store::fail(outcome.error());
    return std::move(view_);
  }

 private:
  base::Awaitable<store::Result<void>> ask() {
    auto who = co_await session_.client().who_am_i();
    if (!who) {
      const bool scope = who.error().message.find("scope does not match") != std::string::npos;
      if (!scope || !scopes_) co_return store::fail(who.error());
      view_.identity_error = who.error();
      auto asked = co_await ask_scopes();
      co_return asked;
    }
    view_.identity = std::move(*who);
    view_.answered_at = session_.clock().now();
    auto counted = co_await count_spaces();
    if (!counted) {
      if (counted.error().kind == store::ErrorKind::kCanceled) co_return counted;
      view_.spaces_error = counted.error();
    }
    if (scopes_) {
      auto asked = co_await ask_scopes();
      if (!asked) co_return asked;
    }
    co_return store::Result<void>();
  }

  base::Awaitable<store::Result<void>> ask_scopes() {
    view_.scopes_asked = true;
    for (const auto& need : confluence::scope_needs()) {
      auto has = co_await session_.client().has_scope(need);
      if (!has) {
        if (has.error().kind == store::ErrorKind::kCanceled) co_return store::fail(has.error());
        view_.scopes_error = has.error();
        break;
      }
      if (!*has) view_.missing_scopes.push_back(need);
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

  const config::Config& config_;
  SiteSession& session_;
  std::chrono::milliseconds patience_;
  bool scopes_;
  SiteView view_;
};

}  // namespace

store::Result<SiteView> probe_site(const config::Config& config, base::Secret token,
                                   const ProbeOptions& options) {
  auto session = SiteSession::make_with(config, std::move(token), 0);
  if (!session) return store::fail(session.error());
  keep_wait_of(**session, options.mirror);
  return Probe(config, **session, options).run();
}

}  // namespace cli
