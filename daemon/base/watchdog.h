#pragma once

// Whether every worker of the process still gets on, told to systemd's watchdog.
//
// 1. A worker with a queue is asked with a probe: a task that it runs when its turn comes. One that
//    has not come back by the next beat is silent.
// 2. A worker without a queue is asked with a condition: false = silent.
// 3. beat() feeds the watchdog only if nobody is silent. A wait that is lawful (the site's, a full
//    disk) is for the probe or the condition to excuse.
//
// Threads: one, the network thread; a probe's `done` may be called on any thread, also after the
// Watchdog is gone.

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace base {

class Watchdog {
 public:
  using Done = std::function<void()>;
  using Probe = std::function<void(Done done)>;

  explicit Watchdog(std::function<void()> feed) : feed_(std::move(feed)) {}

  // `excused`: its silence is lawful now.
  void watch(std::string name, Probe probe, std::function<bool()> excused = {});
  void watch_condition(std::string name, std::function<bool()> alive);

  // The names of those that are silent; empty: the watchdog was fed.
  std::vector<std::string> beat();

 private:
  struct Worker {
    std::string name;
    Probe probe;
    std::function<bool()> excused;
    std::function<bool()> alive;
    std::shared_ptr<std::atomic<bool>> asked;
  };
  bool silent(const Worker& worker) const;

  std::function<void()> feed_;
  std::vector<Worker> workers_;
};

}  // namespace base
