#include "daemon/cli/service_texts.h"

#include <utility>

#include "daemon/cli/service_jobs.h"

namespace cli {

namespace {

// Other commits wait for one of these a fraction of a second.
constexpr std::size_t kBatchBytes = std::size_t{1} << 20;

}  // namespace

void Service::want_texts() {
  if (texts_) texts_->wanted = true;
}

// What jobs have written is in the mirror already.
void Service::start_texts() {
  if (!texts_) texts_ = std::make_unique<Texts>(session_.io());
  auto& texts = *texts_;
  if (jobs_ && jobs_->runner.totals().done != texts.jobs_done) {
    texts.jobs_done = jobs_->runner.totals().done;
    texts.wanted = true;
  }
  const bool crawls = full_ || incremental_;
  if (!texts.wanted || texts.running || crawls || !writer_state_.empty()) return;
  texts.wanted = false;
  texts.running = true;
  auto work = [](Service& self, Texts& of) -> base::Awaitable<void> {
    struct End {
      Service& self;
      Texts& of;
      ~End() {
        of.running = false;
        self.attention();
      }
    };
    const End end{self, of};
    querying::IndexOptions options;
    options.history = self.config_.search.history == "all";
    options.batch_bytes = kBatchBytes;
    options.going_on = [stop = of.stop](double) -> store::Result<void> {
      if (!*stop) return {};
      return store::fail(store::ErrorKind::kCanceled, "canceled", "interrupted");
    };
    auto index = [path = self.path_, writer = self.writer_.get(), options = std::move(options)] {
      return querying::index_texts(path, *writer, options);
    };
    const auto started = self.session_.clock().steady();
    auto indexed = co_await base::run_on(of.thread, std::move(index));
    self.texts_ended(indexed, started);
  };
  texts.group.spawn(work(*this, texts));
}

void Service::texts_ended(const store::Result<querying::IndexReport>& indexed,
                          base::Clock::Steady started) {
  if (indexed) {
    if (indexed->pages + indexed->versions == 0) return;
    const auto took =
        std::chrono::duration_cast<std::chrono::milliseconds>(session_.clock().steady() - started);
    base::daemon_log().info("indexed pages={} versions={} ms={}", indexed->pages, indexed->versions,
                            took.count());
    return;
  }
  const auto& error = indexed.error();
  if (error.kind == store::ErrorKind::kCanceled) return;
  if (error.kind == store::ErrorKind::kStoreBad) fatal_ = error;
  // The next run tries again; until then the search says what it lacks.
  base::daemon_log().warn("texts were not indexed: {}", error.message);
}

base::Awaitable<void> Service::stopped_texts() {
  if (!texts_) co_return;
  *texts_->stop = true;
  std::string what;
  try {
    co_await texts_->group.join();
  } catch (const std::exception& e) {
    what = e.what();
  }
  if (!what.empty()) base::daemon_log().error("the indexing ended badly: {}", what);
  texts_.reset();
}

}  // namespace cli
