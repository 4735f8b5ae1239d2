#include "daemon/base/watchdog.h"

namespace base {

void Watchdog::watch(std::string name, Probe probe, std::function<bool()> excused) {
  workers_.push_back({std::move(name),
                      std::move(probe),
                      std::move(excused),
                      {},
                      std::make_shared<std::atomic<bool>>(false)});
}

void Watchdog::watch_condition(std::string name, std::function<bool()> alive) {
  workers_.push_back({std::move(name), {}, {}, std::move(alive), nullptr});
}

bool Watchdog::silent(const Worker& worker) const {
  if (worker.alive) return !worker.alive();
  return *worker.asked && !(worker.excused && worker.excused());
}

std::vector<std::string> Watchdog::beat() {
  std::vector<std::string> names;
  for (const auto& worker : workers_) {
    if (silent(worker)) names.push_back(worker.name);
    if (!worker.probe || *worker.asked) continue;
    *worker.asked = true;
    worker.probe([asked = worker.asked] { *asked = false; });
  }
  if (names.empty()) feed_();
  return names;
}

}  // namespace base
