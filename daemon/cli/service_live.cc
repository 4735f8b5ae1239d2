// The site, asked for a client of the local service: `"live": true`, and syncs that it wants now.

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <exception>

#include "daemon/cli/live_read.h"
#include "daemon/cli/service_run.h"
#include "daemon/cli/sync_summary.h"

namespace cli {

namespace {

using Answer = store::Result<querying::Json>;

// Whoever asks waits, and so do the syncs while these take the site's allowance.
constexpr std::size_t kMostAtOnce = 4;

// Whatever it ends with is for whoever asked: the others go on.
base::Awaitable<void> read_for(SiteSession& session, std::string site_url,
                               querying::ReadRequest request, base::Promise<Answer> promise) {
  try {
    auto answer = co_await read_patiently(session, std::move(site_url), std::move(request));
    promise.put(std::move(answer));
  } catch (...) {
    promise.put_failure(std::current_exception());
  }
}

base::Awaitable<Answer> ask_network(boost::asio::io_context& io,
                                    std::function<void(base::Promise<Answer>)> begin) {
  try {
    co_return co_await base::ask_loop<Answer>(io, std::move(begin));
  } catch (const boost::system::system_error& error) {
    if (error.code() != boost::asio::error::operation_aborted) throw;
  }
  co_return store::fail(store::ErrorKind::kCanceled, "stopping",
                        "cannot ask the site: the daemon stops, or takes over its settings",
                        "ask again in a moment");
}

}  // namespace

serve::SiteReader Service::site_reader() {
  return [this](querying::ReadRequest request) {
    std::function<void(base::Promise<Answer>)> begin =
        [this, request = std::move(request)](base::Promise<Answer> promise) {
          begin_live_read(request, std::move(promise));
        };
    return ask_network(session_.io(), std::move(begin));
  };
}

void Service::begin_live_read(const querying::ReadRequest& request, base::Promise<Answer> promise) {
  if (refused_) {
    promise.put(store::fail(store::ErrorKind::kCredentialsBad, "site_refuses",
                            "cannot read from the site: it does not know us",
                            "'confmirror check' says what is wrong with the credentials"));
  } else if (live_reads_ && live_reads_->running() >= kMostAtOnce) {
    promise.put(store::fail(store::ErrorKind::kBusy, "too_many_live_reads",
                            "cannot read from the site now: others are being answered from it",
                            "ask again in a moment, or the mirror, without \"live\""));
  } else if (live_reads_) {
    live_reads_->spawn(read_for(session_, config_.site.url, request, std::move(promise)));
  }
}

// Nothing may be under way where the session is wired anew, or goes.
base::Awaitable<void> Service::stopped_live_reads() {
  sync_askers_.clear();
  if (!live_reads_) co_return;
  live_reads_->cancel();
  std::string what;
  try {
    co_await live_reads_->join();
  } catch (const std::exception& error) {
    what = error.what();
  }
  if (!what.empty()) base::daemon_log().error("reading from the site ended badly: {}", what);
  live_reads_.reset();
}

serve::SyncNow Service::sync_asker() {
  return [this] {
    std::function<void(base::Promise<Answer>)> begin = [this](base::Promise<Answer> promise) {
      if (stopping_) return;
      sync_askers_.push_back({session_.clock().steady(), std::move(promise)});
      refused_.reset();
      schedule_->ask();
      attention();
    };
    return ask_network(session_.io(), std::move(begin));
  };
}

// Those who asked before it began; a run that was canceled is taken up again.
void Service::answer_askers(const Run& run) {
  const bool canceled =
      !run.result || (!*run.result && run.result->error().kind == store::ErrorKind::kCanceled);
  if (canceled) return;
  const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(
      session_.clock().steady() - run.started);
  for (auto& asker : sync_askers_) {
    if (asker.asked_at > run.started) continue;
    if (*run.result && run.crawl) {
      asker.promise.put(sync_summary(run.crawl->progress(),
                                     difference(session_.client().usage(), run.usage_before),
                                     elapsed, path_));
    } else if (!*run.result) {
      asker.promise.put(store::fail(run.result->error()));
    }
  }
  std::erase_if(sync_askers_,
                [&run](const SyncAsker& asker) { return asker.asked_at <= run.started; });
}

}  // namespace cli
