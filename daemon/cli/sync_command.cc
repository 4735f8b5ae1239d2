#include "daemon/cli/sync_command.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <optional>

#include "config/config.h"
#include "daemon/base/log.h"
#include "daemon/cli/long_task.h"
#include "daemon/cli/progress_line.h"
#include "daemon/cli/report.h"
#include "daemon/cli/scope.h"
#include "daemon/cli/service_client.h"
#include "daemon/cli/site_session.h"
#include "daemon/cli/sync_setup.h"
#include "daemon/cli/sync_summary.h"
#include "daemon/mirror/crawl.h"
#include "daemon/query/indexer.h"
#include "store/lock.h"

namespace cli {

namespace {

constexpr std::chrono::milliseconds kLiveInterval{200};
constexpr std::chrono::milliseconds kPipeInterval{10'000};
constexpr std::chrono::hours kLongestSync{24};

std::size_t terminal_width() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 80;
}

struct OwnUsage {
  double cpu_seconds = 0;
  std::int64_t peak_memory_bytes = 0;
};

OwnUsage own_usage() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  OwnUsage own;
  own.cpu_seconds = seconds(used.ru_utime) + seconds(used.ru_stime);
  own.peak_memory_bytes = std::int64_t{used.ru_maxrss} * 1024;
  return own;
}

double seconds_since(std::chrono::steady_clock::time_point then) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - then).count();
}

mirror::SplitScheme split_of(const std::string& scheme) {
  if (scheme == "none") return mirror::SplitScheme::kNone;
  return scheme == "ends" ? mirror::SplitScheme::kTwoEnds : mirror::SplitScheme::kScout;
}

// Everything of one run, in the order in which it may go away.
class SyncRun {
 public:
  SyncRun(const GlobalOptions& globals, const SyncArgs& args, std::ostream& out, std::ostream& err)
      : globals_(globals), args_(args), out_(out), err_(err) {}

  int run();

 private:
  store::Result<void> open();
  store::Result<void> open_writer();
  store::Result<void> open_reader();
  store::Result<void> read_accepted();
  // Whether it is enough, for now, to ask for what changed.
  store::Result<bool> only_changes(const std::string& scope);
  base::Awaitable<store::Result<void>> sync();
  base::Awaitable<void> show_progress(std::chrono::milliseconds interval, bool live);
  ProgressView view() const;
  store::Result<void> index(const store::Result<void>& outcome);
  int finish(const store::Result<void>& outcome);
  serve::Json summary() const;

  const GlobalOptions& globals_;
  const SyncArgs& args_;
  std::ostream& out_;
  std::ostream& err_;
  config::Config config_;
  std::filesystem::path path_;
  std::optional<store::MirrorLock> lock_;
  std::unique_ptr<store::Reader> reader_;
  std::unique_ptr<store::Writer> writer_;
  std::unique_ptr<SiteSession> session_;
  std::vector<store::Id> accepted_vanished_;
  std::unique_ptr<mirror::Crawl> crawl_;
  querying::IndexReport indexed_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::optional<std::chrono::steady_clock::time_point> synced_;  // what follows is the index
  bool line_shown_ = false;
};

store::Result<void> SyncRun::open_writer() {
  store::Writer::Options options;
  options.history = config_.mirror.history;
  auto writer = store::Writer::open(path_, options);
  if (!writer) return store::fail(writer.error());
  writer_ = std::move(*writer);
  return {};
}

store::Result<void> SyncRun::open_reader() {
  auto reader = store::Reader::open(path_);
  if (!reader && reader.error().name == "mirror_older") {
    // The writer brings the schema forward; what the mirror says stays as it is.
    if (auto opened = open_writer(); !opened) return opened;
    reader = store::Reader::open(path_);
  }
  if (!reader) return store::fail(reader.error());
  reader_ = std::move(*reader);
  return {};
}

store::Result<void> SyncRun::read_accepted() {
  if (!args_.accept_vanished) return {};
  std::optional<std::int64_t> run_id;
  if (*args_.accept_vanished > 0) run_id = *args_.accept_vanished;
  store::VanishedCandidates accepted;
  if (reader_) {
    auto read = reader_->vanished_candidates(run_id);
    if (!read) return store::fail(read.error());
    accepted = std::move(*read);
  }
  if (accepted.page_ids.empty()) {
    return store::fail(
        store::ErrorKind::kUsage, "nothing_to_accept",
        run_id ? fmt::format("cannot accept what run {} listed: it did not stop for vanished pages",
                             *run_id)
               : std::string("cannot accept vanished pages: no run has stopped for any"),
        "'confmirror status' names the runs; without --accept-vanished, sync as usual");
  }
  accepted_vanished_ = std::move(accepted.page_ids);
  return {};
}

store::Result<bool> SyncRun::only_changes(const std::string& scope) {
  if (args_.full || args_.reconcile || args_.accept_vanished || !args_.spaces.empty()) return false;
  auto last = last_full_run(*reader_, scope, session_->clock().now());
  if (!last) return store::fail(last.error());
  return last->age && *last->age < config_.sync.reconcile_interval;
}

store::Result<void> SyncRun::open() {
  auto config = load_config(globals_);
  if (!config) return store::fail(config.error());
  config_ = std::move(*config);
  path_ = mirror_path(globals_, config_);
  auto lock = store::MirrorLock::acquire(path_);
  if (!lock) return store::fail(lock.error());
  lock_.emplace(std::move(*lock));

  store::Observation last_observation = 0;
  std::error_code ignored;
  if (std::filesystem::exists(path_, ignored)) {
    if (auto opened = open_reader(); !opened) return opened;
    if (auto same = expect_same_site("sync", *reader_, config_, path_); !same) return same;
    auto observation = reader_->last_observation();
    if (!observation) return store::fail(observation.error());
    last_observation = *observation;
  }
  if (auto accepted = read_accepted(); !accepted) return accepted;
  auto session = SiteSession::make(config_, last_observation);
  if (!session) return store::fail(session.error());
  session_ = std::move(*session);
  if (reader_) session_->restore_wait(*reader_);
  return {};
}

base::Awaitable<store::Result<void>> SyncRun::sync() {
  // Before anything is created or changed: does the site know us?
  auto who = co_await session_->client().who_am_i();
  if (!who) co_return store::fail(who.error());

  if (!writer_) {
    if (auto opened = open_writer(); !opened) co_return opened;
  }
  if (!reader_) {
    if (auto opened = open_reader(); !opened) co_return opened;
  }
  session_->persist_waits_in(writer_.get());
  store::Batch site(0, session_->clock().now());
  site.meta["site_url"] = config_.site.url;
  auto committed = co_await base::commit(*writer_, std::move(site));
  if (!committed) co_return store::fail(committed.error());

  const mirror::CrawlDeps deps{
      session_->io(), session_->client(),        session_->governor(),   *writer_,
      *reader_,       session_->reader_thread(), session_->parse_pool(), session_->clock()};
  auto options = crawl_options(config_, args_.spaces);
  options.retry_quarantine = args_.full;
  options.refetch_bodies = args_.full;
  options.split = split_of(args_.split);
  auto incremental = only_changes(options.scope);
  if (!incremental) co_return store::fail(incremental.error());
  options.incremental = *incremental;
  options.accepted_vanished.insert(accepted_vanished_.begin(), accepted_vanished_.end());
  crawl_ = std::make_unique<mirror::Crawl>(deps, std::move(options), std::move(*who));
  session_->on_stop = [this] {
    err_ << (line_shown_ ? "\n" : "") << "confmirror: stopping; again to stop at once\n"
         << std::flush;
    line_shown_ = false;
    crawl_->stop();
  };
  co_return co_await crawl_->run();
}

ProgressView SyncRun::view() const {
  ProgressView view;
  if (crawl_) view.progress = crawl_->progress();
  view.usage = session_->client().usage();
  view.governor = session_->governor().status();
  view.elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(
      synced_.value_or(std::chrono::steady_clock::now()) - started_);
  view.now = session_->clock().now();
  return view;
}

base::Awaitable<void> SyncRun::show_progress(std::chrono::milliseconds interval, bool live) {
  while (true) {
    co_await base::sleep_for(interval);
    if (live) {
      err_ << "\r\033[K" << progress_line(view(), terminal_width() - 1) << std::flush;
      line_shown_ = true;
    } else {
      err_ << progress_line(view(), 0) << "\n" << std::flush;
    }
  }
}

int SyncRun::run() {
  auto opened = open();
  if (!opened) return report(opened.error(), err_);
  const bool live = isatty(STDERR_FILENO) == 1 && !globals_.no_progress && !globals_.quiet;
  if (!globals_.quiet && !globals_.no_progress) {
    session_->background().spawn(show_progress(live ? kLiveInterval : kPipeInterval, live));
  }
  auto outcome = session_->run(sync());
  if (line_shown_) err_ << "\r\033[K" << std::flush;
  session_->persist_waits_in(nullptr);
  synced_ = std::chrono::steady_clock::now();
  if (writer_) {
    auto indexed = index(outcome);
    if (!indexed && outcome) outcome = store::fail(indexed.error());
    auto closed = writer_->close();
    if (!closed && outcome) outcome = store::fail(closed.error());
  }
  return finish(outcome);
}

// Also of a run that did not come to its end: what it has brought can be searched.
store::Result<void> SyncRun::index(const store::Result<void>& outcome) {
  if (!outcome && (outcome.error().kind == store::ErrorKind::kCanceled ||
                   outcome.error().kind == store::ErrorKind::kStoreBad)) {
    return {};
  }
  LongTask task("indexing for the search", globals_, err_);
  querying::IndexOptions options;
  options.history = config_.search.history == "all";
  options.going_on = task.progress();
  auto indexed = querying::index_texts(path_, *writer_, options);
  if (!indexed) return store::fail(indexed.error());
  indexed_ = *indexed;
  return {};
}

int SyncRun::finish(const store::Result<void>& outcome) {
  int code = 0;
  if (crawl_) code = print_sync(summary(), globals_, out_, err_);
  return outcome ? code : report(outcome.error(), err_);
}

serve::Json SyncRun::summary() const {
  const auto now = view();
  auto json = sync_summary(now.progress, now.usage, now.elapsed, path_);
  json["indexed"] = indexed_.pages + indexed_.versions;
  json["index_seconds"] = seconds_since(*synced_);
  json["cpu_seconds"] = own_usage().cpu_seconds;
  json["peak_memory_bytes"] = own_usage().peak_memory_bytes;
  return json;
}

// What the daemon does by itself it can do now; all else needs the mirror to itself.
bool asks_for_no_more(const SyncArgs& args) {
  return args.spaces.empty() && !args.accept_vanished && !args.reconcile && !args.full;
}

int sync_by_daemon(const ServiceClient& client, const GlobalOptions& globals, std::ostream& out,
                   std::ostream& err) {
  if (!globals.quiet && !globals.no_progress) {
    err << "confmirror: the daemon synchronises; Ctrl-C ends the waiting, not that\n" << std::flush;
  }
  const auto reply = client.ask("POST", "/v1/sync", {}, {}, kLongestSync);
  if (!reply) return report(reply.error(), err);
  if (const auto error = serve::error_of(reply->body)) return report(*error, err);
  return print_sync(reply->body, globals, out, err);
}

}  // namespace

int run_sync(const GlobalOptions& globals, const SyncArgs& args, std::ostream& out,
             std::ostream& err) {
  if (asks_for_no_more(args)) {
    if (const auto client = ServiceClient::find(globals)) {
      return sync_by_daemon(*client, globals, out, err);
    }
  }
  return SyncRun(globals, args, out, err).run();
}

}  // namespace cli
