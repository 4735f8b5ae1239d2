#pragma once

// Who asked what, and whether they waited: counters, the token bucket, and the watch over waits
// that were announced.
//
// A request counts as `sent_while_waiting` if it came with the same credential as a 429 with
// Retry-After, and
//   1. it arrived on the connection that had received that 429 (so its sender had read it) or more
//   than grace_ms after the 429
//      had been written whole,
//   2. it arrived before (the moment the 429 began to be written + Retry-After), and
//   3. no byte of it lay in its connection's receive buffer at the moment the 429 had been written.
// Both ends err in favour of the client: the wait is watched from the later moment and ends at the
// earlier one. What arrives between the 429 and the end of the grace on other connections counts as
// `within_grace`.
//
// Thread-safe. Times are steady-clock points.

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tests/site/settings.h"

namespace site {

using TimePoint = std::chrono::steady_clock::time_point;

struct Counters {
  std::uint64_t requests = 0;  // of the API; the control endpoint is not counted
  std::uint64_t refused = 0;   // every 429, drawn ones too
  std::uint64_t sent_while_waiting = 0;
  std::uint64_t within_grace = 0;
  std::uint64_t body_listings = 0;     // page listings with bodies
  std::uint64_t plain_listings = 0;    // page listings without
  std::uint64_t version_listings = 0;  // /pages/{id}/versions, continued ones too
  std::uint64_t versioned_pages = 0;   // first pages of those
  std::uint64_t bytes_sent = 0;        // heads and bodies, as on the wire
  std::uint64_t connections = 0;
  std::uint64_t open_requests = 0;                // now
  std::uint64_t max_open_requests = 0;            // at once
  std::map<std::string, std::uint64_t> by_route;  // `GET /wiki/api/v2/pages/{id}`
  std::map<int, std::uint64_t> by_status;
  std::map<std::string, std::uint64_t> faults;  // played, by name
  std::uint64_t writes = 0;                     // requests on the routes that write
  std::uint64_t writes_applied = 0;             // those of others too, if they came as requests
  std::map<std::string, std::uint64_t> writes_by_kind;  // create, update, title, delete, move
};

// What the bucket says about one request.
struct Verdict {
  bool allowed = true;
  std::uint32_t retry_after_s = 0;  // when refused
  double remaining = 0;
  double limit = 0;  // 0 = no limit is set
  bool near_limit = false;
};

class Traffic {
 public:
  using Connection = std::uint64_t;

  Connection connected(int descriptor);
  void disconnected(Connection connection);  // before the descriptor is closed
  // The head of a request is there.
  void arrived(Connection connection, std::string_view credential, std::uint32_t grace_ms);
  // `kind`: bodies, plain, versions, versions-first, the name of a write, or "".
  void count(std::string_view route, std::string_view kind);
  void count_write(std::string_view kind);
  void applied();  // a write
  void refused();  // a 429
  // Status 0: the connection ended without an answer.
  void finished(Connection connection, int status, std::uint64_t bytes);
  void played(Fault fault);
  // A 429 with Retry-After was written whole.
  void announced(Connection connection, std::string_view credential, TimePoint begun,
                 std::chrono::milliseconds wait);
  Verdict take(const Settings& settings);

  Counters counters() const;
  void reset();

 private:
  struct Peer {
    int descriptor = -1;
    bool busy = false;    // a request of it is being answered
    bool exempt = false;  // its next request was under way when the last 429 had been written
  };
  struct Wait {
    Connection connection = 0;
    TimePoint written;
    TimePoint until;
  };
  mutable std::mutex mutex_;
  Counters counters_;
  std::unordered_map<Connection, Peer> peers_;
  std::map<std::string, std::vector<Wait>, std::less<>> waits_;
  Connection last_ = 0;
  double tokens_ = 0;
  double burst_ = -1;  // that tokens_ was made for
  TimePoint filled_;
};

}  // namespace site
