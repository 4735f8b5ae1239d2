#include "daemon/cli/daemon_command.h"

#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <thread>

#include "daemon/base/listen_fds.h"
#include "daemon/base/log.h"
#include "daemon/base/shutdown.h"
#include "daemon/cli/report.h"
#include "daemon/cli/service.h"
#include "store/lock.h"

namespace cli {

namespace {

// Ends the process where an orderly end takes too long: another process that keeps the mirror
// locked, a disk that does not answer. The mirror survives that like any crash.
class Deadline {
 public:
  void begin(int exit_code) {
    thread_ = std::jthread([this, exit_code](const std::stop_token& stop) {
      std::unique_lock lock(mutex_);
      if (over_.wait_for(lock, stop, kLimit, [] { return false; }) || stop.stop_requested()) return;
      base::daemon_log().error("stopping took too long: what was not committed is fetched again");
      ::_exit(exit_code);
    });
  }

 private:
  static constexpr std::chrono::seconds kLimit{9};
  std::mutex mutex_;
  std::condition_variable_any over_;
  std::jthread thread_;
};

}  // namespace

int run_daemon(const GlobalOptions& globals, std::ostream& err) {
  // Those that come before somebody listens are heard then.
  base::HeldSignals held{SIGTERM, SIGINT, SIGHUP, SIGUSR1};
  auto passed = base::take_listen_fds();
  auto config = load_config(globals);
  if (!config) return report(config.error(), err);
  const auto& level = globals.log_level.empty() ? config->log.level : globals.log_level;
  auto logging = base::configure_logging(level, config->log.format);
  if (!logging) return report(logging.error(), err);
  auto lock = store::MirrorLock::acquire(mirror_path(globals, *config));
  if (!lock) return report(lock.error(), err);
  Deadline deadline;  // outlives what it ends
  auto session = SiteSession::make(*config, 0);
  if (!session) return report(session.error(), err);
  Service service(globals, std::move(*config), **session);
  service.passed_sockets = std::move(passed);
  auto outcome = service.open();
  if (!outcome) return report(outcome.error(), err);

  service.on_listening = [&held] { held.release(); };
  service.on_stopping = [&deadline](int code) { deadline.begin(code); };
  (*session)->on_stop = [&service] { service.stop(); };
  outcome = (*session)->run(service.run());
  (*session)->persist_waits_in(nullptr);
  auto closed = service.close();
  // A disk that is full was said already; what was not written is fetched again.
  if (!closed && outcome && closed.error().name != "disk_full") outcome = std::move(closed);
  return outcome ? 0 : report(outcome.error(), err);
}

}  // namespace cli
