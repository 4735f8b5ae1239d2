// The edit queue beside the service's syncs.

#include "daemon/cli/service_jobs.h"

#include <fmt/format.h>

#include "daemon/cli/service_run.h"

namespace cli {

namespace {

// What is under way when the end comes may take so long; then it is looked into by the next life.
constexpr std::chrono::seconds kGrace{5};
constexpr std::chrono::hours kTryTokenAgain{1};

}  // namespace

Service::Jobs::Jobs(boost::asio::io_context& io, edits::JobRunnerDeps deps,
                    edits::JobRunnerOptions options)
    : group(io), runner(deps, std::move(options)) {}

void Service::start_jobs() {
  edits::JobRunnerOptions options;
  options.max_concurrency = static_cast<int>(config_.http.max_concurrency);
  options.max_attempts = static_cast<int>(config_.jobs.max_attempts);
  options.site_url = config_.site.url;
  const edits::JobRunnerDeps deps{session_.io(),   session_.client(), session_.governor(),
                                  *writer_,        *reader_,          session_.reader_thread(),
                                  session_.clock()};
  jobs_ = std::make_unique<Jobs>(session_.io(), deps, std::move(options));
  auto work = [](Service& self, Jobs& jobs) -> base::Awaitable<void> {
    struct End {
      Service& self;
      Jobs& jobs;
      ~End() {
        jobs.ended = true;
        self.attention();
      }
    };
    const End end{self, jobs};
    auto result = co_await jobs.runner.run();
    jobs.result.emplace(std::move(result));
  };
  jobs_->group.spawn(work(*this, *jobs_));
}

void Service::stop_jobs() {
  if (jobs_) jobs_->runner.stop();
}

base::Awaitable<void> Service::stopped_jobs() {
  if (!jobs_) co_return;
  stop_jobs();
  const auto limit = session_.clock().steady() + kGrace;
  while (!jobs_->ended && session_.clock().steady() < limit) {
    co_await changed_.wait_for(std::chrono::milliseconds(100));
  }
  if (!jobs_->ended) {
    base::daemon_log().warn("edits under way are given up, and looked into by the next run jobs={}",
                            jobs_->runner.under_way());
    jobs_->runner.cancel();
  }
  std::string what;
  try {
    co_await jobs_->group.join();
  } catch (const std::exception& e) {
    what = e.what();
  }
  if (!what.empty()) base::daemon_log().error("the queue ended badly: {}", what);
  jobs_.reset();
}

// What the queue has come to know of the credentials is true for the syncs as well.
void Service::look_at_jobs() {
  if (!jobs_) return;
  if (jobs_->ended && !stopping_) {
    const store::Error ended(store::ErrorKind::kBug, "jobs_ended",
                             "cannot go on: the queue has ended by itself",
                             "This is a defect: please report it.");
    fatal_ = jobs_->result && !*jobs_->result ? jobs_->result->error() : ended;
    return;
  }
  const auto now = session_.clock().steady();
  const bool held = !jobs_->runner.held().empty();
  if (held && !refused_) {
    refused_ = Refused{now, now + kTryTokenAgain};
    refused_for_jobs_ = true;
  } else if (!held && refused_ && refused_for_jobs_) {
    refused_.reset();
    schedule_->ask();
  }
  if (!refused_) refused_for_jobs_ = false;
}

void Service::wake_jobs() {
  if (jobs_) jobs_->runner.wake();
}

std::string Service::status_of_jobs() const {
  if (!jobs_) return {};
  if (!jobs_->runner.held().empty()) return "edits are held: " + jobs_->runner.held();
  const auto& totals = jobs_->runner.totals();
  const auto sent = jobs_->runner.under_way();
  if (sent == 0 && totals.done + totals.failed + totals.conflicts == 0) return {};
  return fmt::format("edits: {} under way, {} done, {} failed, {} in conflict", sent, totals.done,
                     totals.failed, totals.conflicts);
}

}  // namespace cli
