#include "daemon/cli/service.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <csignal>
#include <random>

#include "daemon/cli/progress_line.h"
#include "daemon/cli/scope.h"
#include "daemon/cli/service_jobs.h"
#include "daemon/cli/service_run.h"
#include "daemon/cli/service_texts.h"
#include "daemon/cli/sync_setup.h"
#include "daemon/serve/connect_listener.h"

namespace cli {

using mirror::RunEnd;
using mirror::RunKind;

namespace {

constexpr std::chrono::seconds kIdlePause{15};
constexpr std::chrono::seconds kBusyPause{1};
// A site that refused by mistake must not end the mirror for good.
constexpr std::chrono::hours kAskAgain{1};

std::string trouble_key(RunKind kind) { return fmt::format("trouble.{}", name_of(kind)); }

}  // namespace

Service::Service(const GlobalOptions& globals, config::Config config, SiteSession& session)
    : globals_(globals),
      config_(std::move(config)),
      path_(mirror_path(globals, config_)),
      session_(session),
      changed_(session.io()),
      signals_(session.io()) {}

Service::~Service() = default;

store::Result<void> Service::open() {
  store::Writer::Options options;
  options.history = config_.mirror.history;
  options.suspend_on_full = true;
  options.on_state = [this, alive = std::weak_ptr(alive_)](const std::string& state) {
    auto tell_loop = [this, alive, state] {
      if (!alive.expired()) writer_says(state);
    };
    boost::asio::post(session_.io(), std::move(tell_loop));
  };
  auto writer = store::Writer::open(path_, std::move(options));
  if (!writer) return store::fail(writer.error());
  writer_ = std::move(*writer);
  auto reader = store::Reader::open(path_);
  if (!reader) return store::fail(reader.error());
  reader_ = std::move(*reader);
  return expect_same_site("sync", *reader_, config_, path_);
}

store::Result<void> Service::close() {
  if (!writer_) return {};
  auto closed = writer_->close();
  writer_.reset();
  return closed;
}

void Service::attention() {
  woken_ = true;
  changed_.notify_all();
}

void Service::listen() {
  signals_.async_wait(
      [weak = std::weak_ptr(alive_)](const boost::system::error_code& error, int signal) {
        const auto alive = weak.lock();
        if (error || !alive) return;
        auto& self = **alive;
        if (signal == SIGHUP) {
          self.reload_wanted_ = true;
        } else {
          self.refused_.reset();
          self.schedule_->ask();
          self.wake_jobs();
        }
        self.attention();
        self.listen();
      });
}

void Service::writer_says(const std::string& state) {
  const bool waits = state.starts_with("suspended");
  if (waits) {
    base::daemon_log().error("{}: reading goes on, writing waits and is tried again", state);
  } else {
    base::daemon_log().warn("the mirror can be written again");
  }
  writer_state_ = waits ? state : std::string();
  if (waits && stopping_ && writer_) static_cast<void>(writer_->close());
  attention();
}

store::Result<void> Service::plan() {
  auto last_observation = reader_->last_observation();
  if (!last_observation) return store::fail(last_observation.error());
  auto wired = session_.rewire(config_, session_.token(), *last_observation);
  if (!wired) return wired;
  const auto now = session_.clock().now();
  const auto scope = crawl_options(config_, {}).scope;
  auto last = last_full_run(*reader_, scope, now);
  if (!last) return store::fail(last.error());
  if (auto recalled = recall_trouble(); !recalled) return recalled;
  session_.restore_wait(*reader_);
  session_.persist_waits_in(writer_.get());
  mirror::ScheduleOptions options;
  options.interval = config_.sync.interval;
  options.reconcile_interval = config_.sync.reconcile_interval;
  const std::optional<mirror::Schedule::Duration> age = last->age;
  schedule_.emplace(options, session_.clock().steady(), last->whole, age, std::random_device{}());
  return {};
}

// What an earlier life noted.
store::Result<void> Service::recall_trouble() {
  trouble_.clear();
  for (const auto kind : {RunKind::kFull, RunKind::kIncremental}) {
    auto noted = reader_->meta(trouble_key(kind));
    if (!noted) return store::fail(noted.error());
    const auto text = noted->value_or("");
    const auto blank = text.find(' ');
    const auto since = store::parse_iso8601(text.substr(0, blank));
    if (since && blank != text.npos) trouble_[kind] = {*since, text.substr(blank + 1)};
  }
  return {};
}

base::Awaitable<store::Result<void>> Service::run() {
  auto planned = plan();
  if (!planned) co_return planned;
  watch_workers();
  signals_.add(SIGHUP);
  signals_.add(SIGUSR1);
  listen();
  if (on_listening) on_listening();
  start_jobs();
  start_local();
  if (auto listening = start_connect(); !listening) fatal_ = listening.error();
  notify_.ready();
  base::daemon_log().info("started mirror='{}' site={} interval={} reconcile_interval={}",
                          path_.string(), config_.site.url, in_words(config_.sync.interval),
                          in_words(config_.sync.reconcile_interval));
  while (!stopping_ && !fatal_) {
    woken_ = false;
    co_await conclude_ended();
    look_at_jobs();
    if (reload_wanted_) co_await reload();
    if (refused_) co_await look_at_token();
    if (!stopping_ && !fatal_) start_due();
    if (!stopping_ && !fatal_) start_texts();
    tell();
    if (!woken_ && !stopping_ && !fatal_) co_await changed_.wait_for(pause());
  }
  if (fatal_) stop();
  boost::system::error_code ignored;
  signals_.cancel(ignored);
  co_await stopped_local();
  co_await stopped_runs();
  co_await stopped_jobs();
  co_await stopped_texts();
  co_await stopped_connect();
  base::daemon_log().info("stopped");
  if (fatal_) co_return store::fail(*fatal_);
  co_return store::Result<void>();
}

void Service::stop() {
  if (std::exchange(stopping_, true)) return;
  notify_.stopping();
  if (on_stopping) on_stopping(fatal_ ? store::exit_code(fatal_->kind) : 0);
  stop_runs();
  stop_jobs();
  if (local_) local_->stop();
  // What waits for a disk that is full would wait for ever; it is fetched again.
  if (writer_ && !writer_state_.empty()) static_cast<void>(writer_->close());
  attention();
}

std::chrono::milliseconds Service::pause() const {
  const auto now = session_.clock().steady();
  const bool busy = full_ || incremental_;
  std::chrono::milliseconds longest = busy ? kBusyPause : kIdlePause;
  if (beat_every_) longest = std::min(longest, *beat_every_);
  if (refused_) {
    return std::clamp(std::chrono::ceil<std::chrono::milliseconds>(refused_->look_at - now),
                      std::chrono::milliseconds(20), longest);
  }
  const auto next = schedule_->next(now);
  // What is due and was not started waits for a full run that has not said its number yet.
  if (next <= now || next - now >= longest) return longest;
  return std::chrono::ceil<std::chrono::milliseconds>(next - now);
}

void Service::start_due() {
  if (refused_) return;
  const auto now = session_.clock().steady();
  const auto kind = schedule_->due(now);
  if (!kind) return;
  if (full_ && (!full_->crawl || full_->crawl->run_id() == 0)) return;
  auto& place = *kind == RunKind::kFull ? full_ : incremental_;
  place = std::make_unique<Run>(session_.io(), *kind, now);
  place->started_at = session_.clock().now();
  place->usage_before = session_.client().usage();
  schedule_->started(*kind, now);
  moved_at_ = now;
  place->group.spawn(sync(*place));
}

base::Awaitable<void> Service::sync(Run& run) {
  struct End {
    Service& self;
    Run& run;
    ~End() {
      run.ended = true;
      self.attention();
    }
  };
  const End end{*this, run};
  run.result = co_await sync_once(run);
}

base::Awaitable<store::Result<void>> Service::sync_once(Run& run) {
  if (config_.site.token_command.empty()) co_await refresh_token();
  auto who = co_await session_.client().who_am_i();
  if (!who) {
    co_await record_failure(run, who.error());
    co_return store::fail(who.error());
  }
  std::map<std::string, std::string> site{{"site_url", config_.site.url}};
  co_await note(std::move(site));
  const mirror::CrawlDeps deps{
      session_.io(), session_.client(),        session_.governor(),   *writer_,
      *reader_,      session_.reader_thread(), session_.parse_pool(), session_.clock()};
  auto options = crawl_options(config_, {});
  options.incremental = run.kind == RunKind::kIncremental;
  options.usage_before = run.usage_before;
  if (options.incremental && full_ && full_->crawl) {
    options.beside_run = full_->crawl->run_id();
    options.history = mirror::History::kNone;  // that one brings them
  }
  run.crawl = std::make_unique<mirror::Crawl>(deps, std::move(options), std::move(*who));
  if (run.stop_wanted) run.crawl->stop();
  co_return co_await run.crawl->run();
}

// A run that ended before the crawl began is one all the same.
base::Awaitable<void> Service::record_failure(const Run& run, const store::Error& error) {
  auto query = [this] { return reader_->next_run_id(); };
  auto run_id = co_await base::run_on(session_.reader_thread(), std::move(query));
  if (!run_id) co_return;
  const auto used = difference(session_.client().usage(), run.usage_before);
  store::RunUpdate row;
  row.run_id = *run_id;
  if (full_ && full_->crawl) row.run_id = std::max(row.run_id, full_->crawl->run_id() + 1);
  row.kind = name_of(run.kind);
  row.started_at = run.started_at;
  row.finished_at = session_.clock().now();
  row.outcome = "failed";
  row.requests = used.requests;
  row.bytes = used.wire_bytes;
  row.error = error.message;
  store::Batch batch(0, session_.clock().now());
  batch.runs.push_back(std::move(row));
  auto written = co_await base::commit(*writer_, std::move(batch));
  if (!written) base::daemon_log().warn("a run was not recorded: {}", written.error().message);
}

base::Awaitable<void> Service::conclude_ended() {
  if (incremental_ && incremental_->ended) co_await conclude(incremental_);
  if (full_ && full_->ended) co_await conclude(full_);
}

base::Awaitable<void> Service::conclude(std::unique_ptr<Run>& place) {
  const auto run = std::move(place);
  want_texts();
  std::string what;
  try {
    co_await run->group.join();
  } catch (const std::exception& e) {
    what = e.what();
  }
  if (!what.empty()) {
    run->result = store::fail(store::ErrorKind::kBug, "sync_bug",
                              fmt::format("cannot go on with the sync: {}", what),
                              "This is a defect: please report it.");
  }
  answer_askers(*run);
  const auto now = session_.clock().steady();
  if (!run->result) {
    schedule_->ended(run->kind, RunEnd::kFailed, now);
    co_return;
  }
  if (*run->result) {
    passed(*run);
    co_return;
  }
  const auto& error = run->result->error();
  const bool valve = error.kind == store::ErrorKind::kStopped;
  schedule_->ended(run->kind, valve ? RunEnd::kStopped : RunEnd::kFailed, now);
  failed(*run, error);
}

void Service::passed(const Run& run) {
  const auto& p = run.crawl->progress();
  const bool full = run.kind == RunKind::kFull;
  const bool whole = !full || p.whole;
  schedule_->ended(run.kind, whole ? RunEnd::kDone : RunEnd::kFailed, session_.clock().steady());
  synced_at_ = session_.clock().now();
  const bool news =
      full || p.pages_changed > 0 || p.pages_gone > 0 || p.quarantined > 0 || !trouble_.empty();
  const auto used = difference(session_.client().usage(), run.usage_before);
  base::daemon_log().log(
      news ? spdlog::level::info : spdlog::level::debug,
      "synced run_id={} kind={} seconds={:.1f} requests={} bytes={} pages_changed={} pages_gone={} "
      "versions_new={} quarantined={}",
      run.crawl->run_id(), name_of(run.kind),
      std::chrono::duration<double>(session_.clock().steady() - run.started).count(), used.requests,
      used.wire_bytes, p.pages_changed, p.pages_gone, p.versions_new, p.quarantined);
  trouble(RunKind::kIncremental, {});
  if (full && whole) trouble(RunKind::kFull, {});
  if (!whole) trouble(RunKind::kFull, p.failures.empty() ? "a listing failed" : p.failures.front());
}

void Service::failed(const Run& run, const store::Error& error) {
  const auto run_id = run.crawl ? run.crawl->run_id() : 0;
  const bool refused = error.kind == store::ErrorKind::kCredentialsBad &&
                       error.name != "identity_changed";  // that is another token, and good
  if (error.kind == store::ErrorKind::kCanceled) return;
  if (error.kind == store::ErrorKind::kStoreBad || error.kind == store::ErrorKind::kSystem) {
    fatal_ = error;
    return;
  }
  const auto now = session_.clock().steady();
  if (refused && installed_at_ && run.started <= *installed_at_) {
    schedule_->ask();  // the installation came while the run asked
  } else if (refused) {
    refused_ = Refused{now, now + kAskAgain};
    base::daemon_log().error("{}: nothing more is asked until the token changes run_id={}",
                             error.message, run_id);
  } else if (error.kind == store::ErrorKind::kStopped) {
    base::daemon_log().error("{} ({}) run_id={}", error.message, error.hint, run_id);
  } else if (const auto left_out = repeats_.admit(error.name, now)) {
    base::daemon_log().warn(
        "the sync did not come to its end: {} run_id={} status={} others_left_out={}",
        error.message, run_id, error.http_status, *left_out);
  }
  trouble(run.kind, error.message);
}

void Service::trouble(RunKind kind, std::string what) {
  const auto found = trouble_.find(kind);
  const bool known = found != trouble_.end();
  if (known ? found->second.what == what : what.empty()) return;
  std::map<std::string, std::string> meta;
  if (what.empty()) {
    trouble_.erase(found);
    meta[trouble_key(kind)] = "";
  } else {
    auto& noted = trouble_[kind];
    if (!known) noted.since = session_.clock().now();
    noted.what = std::move(what);
    meta[trouble_key(kind)] = fmt::format("{} {}", store::to_iso8601(noted.since), noted.what);
  }
  submit_note(std::move(meta));
}

// Not waited for: the loop must go on while the disk is full.
void Service::submit_note(std::map<std::string, std::string> meta) {
  store::Batch batch(0, session_.clock().now());
  batch.meta = std::move(meta);
  writer_->submit(std::move(batch), [](const store::Result<store::CommitInfo>& written) {
    if (!written) base::daemon_log().warn("a note was not written: {}", written.error().message);
  });
}

base::Awaitable<void> Service::note(std::map<std::string, std::string> meta) {
  store::Batch batch(0, session_.clock().now());
  batch.meta = std::move(meta);
  auto written = co_await base::commit(*writer_, std::move(batch));
  if (!written && written.error().kind == store::ErrorKind::kStoreBad) fatal_ = written.error();
}

void Service::stop_runs() {
  for (const auto* const run : {&full_, &incremental_}) {
    if (!*run) continue;
    (*run)->stop_wanted = true;
    if ((*run)->crawl) {
      (*run)->crawl->stop();
    } else {
      (*run)->group.cancel();
    }
  }
}

base::Awaitable<void> Service::stopped_runs() {
  while (full_ || incremental_) {
    woken_ = false;
    co_await conclude_ended();
    tell();
    if (!woken_ && (full_ || incremental_)) co_await changed_.wait_for(kBusyPause);
  }
}

}  // namespace cli
