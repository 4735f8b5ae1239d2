#pragma once

// What is measured, as Prometheus text (version 0.0.4). Counts of the service's own requests live
// here; the rest is handed in. Threads: the server's. Source:
// https://prometheus.io/docs/instrumenting/exposition_formats/

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "daemon/serve/http_server.h"
#include "daemon/serve/live.h"
#include "store/reader.h"

namespace serve {

// Of the mirror, as it is read now and then.
struct MirrorFigures {
  MirrorFigures() = default;
  store::Counts counts;
  std::map<store::JobState, std::int64_t> jobs;
  bool jobs_paused = false;
  std::int64_t quarantined = 0;
  std::int64_t file_bytes = 0;
  std::map<std::string, store::Time> synced_at;  // by kind: when the last good run ended
  bool full_sync_done = false;
};
store::Result<MirrorFigures> mirror_figures(store::Reader& reader,
                                            const std::filesystem::path& path);

class Metrics {
 public:
  // `route`: its name, "" = none of them.
  void count(const std::string& method, const std::string& route, int status,
             std::chrono::steady_clock::duration took);
  // `mirror`: null where it cannot be read.
  std::string text(const MirrorFigures* mirror, const Live& live, const ServerCounts& server,
                   store::Time now) const;

 private:
  static constexpr std::array kBounds = {0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0};
  struct Durations {
    std::array<std::int64_t, kBounds.size() + 1> buckets{};  // not cumulative
    double sum = 0;
    std::int64_t count = 0;
  };
  std::map<std::tuple<std::string, std::string, int>, std::int64_t> requests_;
  std::map<std::string, Durations> durations_;
};

}  // namespace serve
