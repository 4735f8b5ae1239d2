#pragma once

// The daemon at work: syncs when the schedule says so, and goes on whatever the night brings.
//
// 1. One loop decides; a run of each kind does the work in a coroutine of its own. Everything that
//    happens (a run ends, a signal, a new token) only wakes the loop.
// 2. SIGUSR1: a sync now. SIGHUP: the configuration and the token are read again; what is wrong
//    with them is logged with file and line, and the old ones stay; site.url and mirror.path need a
//    restart. A run that is under way is stopped and taken up again under the new settings.
// 3. What passes (network, 5xx, maintenance) waits for the next run. Refused credentials end the
//    asking until the token changes, a signal says so, or kAskAgain is over. A safety valve stops
//    one run, not the daemon. A full disk suspends the writer; readers go on. Damage, and what only
//    a restart can heal, end run() with an error.
// 4. `trouble.full` and `trouble.incremental` in the mirror's meta say since when what is amiss
// with
//    runs of that kind, for `status`; a run of it that succeeds ends that, a full one both.
// 5. The edit queue is executed beside the syncs (edits/job_runner.h), and ends with them.
// 6. Texts are indexed for the search after a run and after jobs, on a thread of its own and while
// no
//    run is under way.
// 7. The local service answers on a thread of its own from run() on, whatever the site does;
// without
//    its socket the daemon goes on, and says so.
// 8. systemd's watchdog is fed while the parser, the reader, the writer and the runs get on; waits
//    that the site asks for, and a full disk, are lawful.
//
// Threads: the network thread; open() and close() block, and are for before and after run().
// Ownership: refers to the session, which outlives it, and to `globals`.

#include <boost/asio/signal_set.hpp>
#include <boost/asio/thread_pool.hpp>
#include <filesystem>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "daemon/base/log.h"
#include "daemon/base/notify.h"
#include "daemon/base/watchdog.h"
#include "daemon/cli/globals.h"
#include "daemon/cli/site_session.h"
#include "daemon/mirror/crawl.h"
#include "daemon/mirror/schedule.h"
#include "daemon/query/indexer.h"
#include "daemon/serve/local_service.h"
#include "store/reader.h"
#include "store/writer.h"

namespace serve {
class ConnectListener;
}

namespace cli {

class Service {
 public:
  Service(const GlobalOptions& globals, config::Config config, SiteSession& session);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // Opens or creates the mirror. The caller holds its lock.
  store::Result<void> open();
  // Until stop(), or the error that ends the daemon.
  base::Awaitable<store::Result<void>> run();
  void stop();
  // Listening sockets that were handed over; they stay open.
  std::vector<int> passed_sockets;
  // Called when signals are listened to.
  std::function<void()> on_listening;
  // Called when the end begins, with the exit code that it leads to.
  std::function<void(int code)> on_stopping;
  // Commits what is queued.
  store::Result<void> close();

 private:
  struct Run;
  struct Jobs;   // service_jobs.cc
  struct Texts;  // service_texts.cc
  struct Refused {
    base::Clock::Steady look_at;   // at the token, whether it is another one
    base::Clock::Steady again_at;  // when the same one is tried again
  };

  struct Trouble {
    store::Time since{};
    std::string what;
  };

  void listen();
  void attention();
  std::chrono::milliseconds pause() const;
  store::Result<void> plan();
  store::Result<void> recall_trouble();

  void start_due();
  base::Awaitable<void> sync(Run& run);
  base::Awaitable<store::Result<void>> sync_once(Run& run);
  base::Awaitable<void> record_failure(const Run& run, const store::Error& error);
  base::Awaitable<void> conclude(std::unique_ptr<Run>& run);
  base::Awaitable<void> conclude_ended();
  void passed(const Run& run);
  void failed(const Run& run, const store::Error& error);
  void stop_runs();
  base::Awaitable<void> stopped_runs();

  void start_jobs();
  void stop_jobs();
  base::Awaitable<void> stopped_jobs();
  void look_at_jobs();
  void wake_jobs();
  std::string status_of_jobs() const;

  void start_local();
  base::Awaitable<void> stopped_local();
  void tell_local();
  serve::SiteReader site_reader();  // service_live.cc
  void begin_live_read(const querying::ReadRequest& request,
                       base::Promise<store::Result<querying::Json>> promise);
  base::Awaitable<void> stopped_live_reads();
  serve::SyncNow sync_asker();
  void answer_askers(const Run& run);
  store::Result<void> start_connect();  // service_connect.cc
  base::Awaitable<void> stopped_connect();

  void want_texts();
  void start_texts();
  void texts_ended(const store::Result<querying::IndexReport>& indexed,
                   base::Clock::Steady started);
  base::Awaitable<void> stopped_texts();

  base::Awaitable<void> reload();
  base::Awaitable<store::Result<void>> take_over(config::Config config, base::Secret token);
  base::Awaitable<void> refresh_token();
  base::Awaitable<void> look_at_token();
  // Nothing = it is over.
  void trouble(mirror::RunKind kind, std::string what);
  void submit_note(std::map<std::string, std::string> meta);
  base::Awaitable<void> note(std::map<std::string, std::string> meta);

  void watch_workers();
  bool stalled();
  void tell();
  void tell_of_expiry();
  std::string status() const;
  std::string status_of(const Run& run) const;
  void writer_says(const std::string& state);

  const GlobalOptions& globals_;
  config::Config config_;
  std::filesystem::path path_;
  SiteSession& session_;
  boost::asio::thread_pool errands_{1};  // what blocks: reading files, asking a command
  std::unique_ptr<store::Reader> reader_;
  std::unique_ptr<store::Writer> writer_;
  std::optional<mirror::Schedule> schedule_;
  std::unique_ptr<Run> full_;
  std::unique_ptr<Run> incremental_;
  std::unique_ptr<Jobs> jobs_;
  std::unique_ptr<Texts> texts_;
  std::unique_ptr<serve::LocalService> local_;
  std::unique_ptr<base::TaskGroup> live_reads_;  // while local_ is there
  struct SyncAsker {
    base::Clock::Steady asked_at;
    base::Promise<store::Result<querying::Json>> promise;
  };
  std::list<SyncAsker> sync_askers_;  // that wait for a run which begins after they asked
  std::unique_ptr<serve::ConnectListener> connect_;
  bool refused_for_jobs_ = false;  // refused_ was set because the site did not know them
  base::Signal changed_;
  boost::asio::signal_set signals_;
  std::shared_ptr<Service*> alive_ = std::make_shared<Service*>(this);
  bool woken_ = false;
  bool reload_wanted_ = false;
  bool stopping_ = false;
  std::optional<Refused> refused_;
  std::optional<base::Clock::Steady> installed_at_;  // the Connect app, last
  std::optional<store::Error> fatal_;
  std::map<mirror::RunKind, Trouble> trouble_;
  std::optional<store::Time> synced_at_;
  std::string writer_state_;  // why writing waits; empty = it does not

  base::Notify notify_;
  base::Watchdog watchdog_{[this] { notify_.watchdog(); }};
  std::optional<std::chrono::milliseconds> beat_every_;
  base::Clock::Steady beat_at_{};
  std::int64_t moved_ = 0;  // what the runs have done, to see whether they get on
  base::Clock::Steady moved_at_{};
  base::RepeatLimiter repeats_{std::chrono::minutes(10)};
  base::RepeatLimiter daily_{std::chrono::hours(24)};
};

}  // namespace cli
