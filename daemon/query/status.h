#pragma once

// How a mirror stands, the same on the command line and in the local service: freshness
// by space, counts, work under way, the queue, waits, quarantine. Ids are strings, times ISO-8601
// UTC. Uses the Reader on the calling thread. Errors: the Reader's.

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/reader.h"

namespace querying {

struct MirrorStatus {
  std::string site_url;
  std::string wait_until;
  std::string wait_reason;
  std::string trouble_full;  // "since what"
  std::string trouble_incremental;
  std::string trouble_service;  // the daemon's local service lacks a listener
  std::string last_full_at;
  std::string token_expires;
  std::int64_t file_bytes = 0;
  store::Counts counts;
  std::vector<store::SpaceRow> spaces;
  std::vector<store::RunUpdate> runs;
  std::vector<store::QuarantineRow> quarantine;
  std::size_t open_walks = 0;
  std::map<store::JobState, std::int64_t> jobs;
  std::optional<store::JobsPause> jobs_pause;
};

// `path`: where the Reader was opened.
store::Result<MirrorStatus> mirror_status(store::Reader& mirror, const std::filesystem::path& path);
// What is amiss, by kind of run, or "service": "since what".
std::vector<std::pair<std::string, std::string>> troubles(const MirrorStatus& status);

store::Result<nlohmann::json> status_json(store::Reader& reader, const std::filesystem::path& path);

}  // namespace querying
