#include "daemon/cli/service.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <csignal>
#include <random>

#include "config/token.h"
#include "daemon/cli/progress_line.h"
#include "daemon/cli/report.h"
#include "daemon/cli/scope.h"
#include "daemon/cli/sync_setup.h"

namespace cli {

using mirror::RunEnd;
using mirror::RunKind;

namespace {

constexpr std::chrono::seconds kIdlePause{15};
constexpr std::chrono::seconds kBusyPause{1};
constexpr std::chrono::seconds kLookAtFile{2};
constexpr std::chrono::minutes kLookAtCommand{5};
// A site that refused by mistake must not end the mirror for good.
constexpr std::chrono::hours kAskAgain{1};
// A run that does nothing for so long, and waits for nothing, hangs.
constexpr std::chrono::minutes kStall{10};

std::string_view name_of(RunKind kind) { return kind == RunKind::kFull ? "full" : "incremental"; }

std::string trouble_key(RunKind kind) { return fmt::format("trouble.{}", name_of(kind)); }

confluence::Usage difference(const confluence::Usage& now, const confluence::Usage& before) {
  confluence::Usage usage;
  usage.requests = now.requests - before.requests;
  usage.wire_bytes = now.wire_bytes - before.wire_bytes;
  usage.refused = now.refused - before.refused;
  usage.retried = now.retried - before.retried;
  return usage;
}

// What a new configuration says that only a restart can bring about.
std::string needs_restart(const config::Config& from, const config::Config& to) {
  if (from.site.url != to.site.url) return "site.url";
  if (from.mirror.path != to.mirror.path) return "mirror.path";
  return {};
}

}  // namespace

struct Service::Run {
  Run(boost::asio::io_context& io, RunKind run_kind, base::Clock::Steady now)
      : kind(run_kind), group(io), started(now) {}

  RunKind kind;
  mirror::TaskGroup group;
  base::Clock::Steady started;
  store::Time started_at{};
  confluence::Usage usage_before;
  std::unique_ptr<mirror::Crawl> crawl;
  std::optional<store::Result<void>> result;  // nothing: it was canceled
  bool stop_wanted = false;
  bool ended = false;
};

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
  notify_.ready();
  base::daemon_log().info("started mirror='{}' site={} interval={} reconcile_interval={}",
                          path_.string(), config_.site.url, in_words(config_.sync.interval),
                          in_words(config_.sync.reconcile_interval));
  while (!stopping_ && !fatal_) {
    woken_ = false;
    co_await conclude_ended();
    if (reload_wanted_) co_await reload();
    if (refused_) co_await look_at_token();
    if (!stopping_ && !fatal_) start_due();
    tell();
    if (!woken_ && !stopping_ && !fatal_) co_await changed_.wait_for(pause());
  }
  if (fatal_) stop();
  boost::system::error_code ignored;
  signals_.cancel(ignored);
  co_await stopped_runs();
  base::daemon_log().info("stopped");
  if (fatal_) co_return store::fail(*fatal_);
  co_return store::Result<void>();
}

void Service::stop() {
  if (std::exchange(stopping_, true)) return;
  notify_.stopping();
  if (on_stopping) on_stopping(fatal_ ? store::exit_code(fatal_->kind) : 0);
  stop_runs();
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
  if (refused) {
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

base::Awaitable<void> Service::reload() {
  reload_wanted_ = false;
  notify_.reloading();
  struct Read {
    store::Result<config::Config> config;
    std::optional<store::Error> token_error;
    std::string token;
  };
  auto work = [globals = globals_] {
    Read read{load_config(globals), {}, {}};
    if (!read.config) return read;
    auto token = config::read_token(read.config->site);
    if (token) {
      read.token = std::move(*token);
    } else {
      read.token_error = usage_error(token.error());
    }
    return read;
  };
  auto read = co_await base::run_on(errands_, std::move(work));
  base::Secret token(std::move(read.token));
  std::optional<store::Error> wrong;
  if (!read.config) {
    wrong = read.config.error();
  } else if (read.token_error) {
    wrong = read.token_error;
  } else if (const auto key = needs_restart(config_, *read.config); !key.empty()) {
    wrong.emplace(store::ErrorKind::kUsage, "needs_restart",
                  fmt::format("cannot change {} while the daemon runs", key), "restart it");
  } else if (!writer_state_.empty()) {
    wrong.emplace(store::ErrorKind::kSystem, "disk_full", "writing waits for the disk",
                  "reload again once there is room");
  } else {
    auto taken = co_await take_over(std::move(*read.config), std::move(token));
    if (!taken) wrong = taken.error();
  }
  if (wrong) {
    base::daemon_log().error("the configuration was not taken over, the old one stays: {}",
                             wrong->message);
  } else {
    base::daemon_log().info("the configuration was read again");
  }
  notify_.ready();
}

base::Awaitable<store::Result<void>> Service::take_over(config::Config config, base::Secret token) {
  if (config.site.auth != config_.site.auth) {
    co_return store::fail(store::ErrorKind::kUsage, "needs_restart",
                          "cannot change site.auth while the daemon runs", "restart it");
  }
  stop_runs();
  co_await stopped_runs();
  if (stopping_) co_return store::Result<void>();
  const bool reopens = config.mirror.history != config_.mirror.history;
  config_ = std::move(config);
  const auto& level = globals_.log_level.empty() ? config_.log.level : globals_.log_level;
  auto logging = base::configure_logging(level, config_.log.format);
  if (!logging) co_return logging;
  store::Result<void> planned;
  if (reopens) {
    // The policy takes effect on the whole file.
    session_.persist_waits_in(nullptr);
    auto reopen = [this] {
      auto closed = close();
      if (!closed) base::daemon_log().warn("closing the mirror: {}", closed.error().message);
      return open();
    };
    planned = co_await base::run_on(errands_, std::move(reopen));
  }
  session_.replace_token(std::move(token));
  if (planned) planned = plan();
  if (!planned) fatal_ = planned.error();
  refused_.reset();
  co_return planned;
}

base::Awaitable<void> Service::refresh_token() {
  auto work = [site = config_.site] { return config::read_token(site); };
  auto read = co_await base::run_on(errands_, std::move(work));
  if (!read) {
    // While it is being replaced there may be none; the one that we have still counts.
    if (repeats_.admit("token", session_.clock().steady())) {
      base::daemon_log().warn("{}: the token that was read before is used", read.error().message);
    }
    co_return;
  }
  const bool changed = session_.replace_token(base::Secret(std::move(*read)));
  if (!changed) co_return;
  base::daemon_log().info("the token has changed");
  if (!refused_) co_return;
  refused_.reset();
  schedule_->ask();
}

base::Awaitable<void> Service::look_at_token() {
  const auto now = session_.clock().steady();
  if (now >= refused_->again_at) {
    refused_.reset();
    schedule_->ask();
    co_return;
  }
  if (now < refused_->look_at) co_return;
  const bool command = !config_.site.token_command.empty();
  refused_->look_at = now + (command ? std::chrono::seconds(kLookAtCommand) : kLookAtFile);
  co_await refresh_token();
}

void Service::watch_workers() {
  const auto post_to = [](boost::asio::thread_pool& pool) {
    return [&pool](base::Watchdog::Done done) { boost::asio::post(pool, std::move(done)); };
  };
  watchdog_.watch("parser", post_to(session_.parse_pool()));
  watchdog_.watch("reader", post_to(session_.reader_thread()));
  auto write_nothing = [this](base::Watchdog::Done done) {
    auto on_commit = [done = std::move(done)](const store::Result<store::CommitInfo>&) { done(); };
    if (writer_) {
      writer_->submit(store::Batch(0, session_.clock().now()), std::move(on_commit));
    } else {
      done();
    }
  };
  watchdog_.watch("writer", std::move(write_nothing), [this] { return !writer_state_.empty(); });
  watchdog_.watch_condition("sync", [this] { return !stalled(); });
  if (const auto interval = base::Notify::watchdog_interval()) {
    beat_every_ = std::chrono::duration_cast<std::chrono::milliseconds>(*interval / 4);
  }
}

bool Service::stalled() {
  const auto now = session_.clock().steady();
  const auto& governor = session_.governor();
  std::int64_t moved = session_.client().usage().requests;
  bool waits = !governor.open() || governor.status().in_flight > 0 || !writer_state_.empty();
  for (const auto* const run : {&full_, &incremental_}) {
    if (!*run || !(*run)->crawl) continue;
    const auto& p = (*run)->crawl->progress();
    moved += p.pages_listed + p.pages_changed + p.histories_done + p.walks_done;
    waits = waits || p.waiting_for_turn > 0;
  }
  if (moved != moved_ || waits || (!full_ && !incremental_)) moved_at_ = now;
  moved_ = moved;
  return now - moved_at_ > kStall;
}

void Service::tell() {
  notify_.status(status());
  const auto now = session_.clock().steady();
  if (!beat_every_ || now < beat_at_) return;
  beat_at_ = now + *beat_every_ * 9 / 10;  // the pauses of the loop are as long
  const auto silent = watchdog_.beat();
  if (silent.empty() || !repeats_.admit("silent", now)) return;
  base::daemon_log().error("the watchdog is not fed: no word from {}", fmt::join(silent, ", "));
}

std::string Service::status_of(const Run& run) const {
  const auto governor = session_.governor().status();
  if (!run.crawl && governor.closed_until) {
    return fmt::format("{} sync: the site asks for a wait until {} ({})", name_of(run.kind),
                       store::to_iso8601(*governor.closed_until), governor.closed_reason);
  }
  if (!run.crawl) return fmt::format("{} sync: asking the site who we are", name_of(run.kind));
  ProgressView view;
  view.progress = run.crawl->progress();
  view.usage = difference(session_.client().usage(), run.usage_before);
  view.governor = governor;
  view.elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(session_.clock().steady() -
                                                                       run.started);
  view.now = session_.clock().now();
  return fmt::format("{} sync: {}", name_of(run.kind), progress_line(view, 0));
}

std::string Service::status() const {
  if (stopping_) return "stopping";
  std::string text;
  const auto add = [&text](const std::string& part) {
    text += (text.empty() ? "" : "; ") + printable(part);
  };
  if (!writer_state_.empty()) add(writer_state_);
  if (full_) add(status_of(*full_));
  if (incremental_) add(status_of(*incremental_));
  for (const auto& [kind, trouble] : trouble_) {
    add(fmt::format("{}trouble since {}: {}",
                    refused_ ? "credentials refused, no more is asked: " : "",
                    store::to_iso8601(trouble.since), trouble.what));
  }
  if (refused_) return text;
  if (full_ || incremental_) return text;
  if (synced_at_) add(fmt::format("synced at {}", store::to_iso8601(*synced_at_)));
  const auto now = session_.clock().steady();
  const auto next = schedule_->next(now);
  if (next != base::Clock::Steady::max()) {
    const auto away = std::chrono::duration_cast<std::chrono::milliseconds>(next - now);
    add(fmt::format("next sync at {}", store::to_iso8601(std::chrono::floor<std::chrono::seconds>(
                                           session_.clock().now() + away))));
  }
  return text;
}

}  // namespace cli
