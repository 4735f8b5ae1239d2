#include "tests/site/traffic.h"

#include <sys/ioctl.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace site {
namespace {

using Clock = std::chrono::steady_clock;

bool has_unread_bytes(int descriptor) {
  int unread = 0;
  return ::ioctl(descriptor, FIONREAD, &unread) == 0 && unread > 0;
}

}  // namespace

Traffic::Connection Traffic::connected(int descriptor) {
  const std::scoped_lock lock(mutex_);
  ++counters_.connections;
  peers_[++last_].descriptor = descriptor;
  return last_;
}

void Traffic::disconnected(Connection connection) {
  const std::scoped_lock lock(mutex_);
  peers_.erase(connection);
}

void Traffic::arrived(Connection connection, std::string_view credential, std::uint32_t grace_ms) {
  const std::scoped_lock lock(mutex_);
  const TimePoint now = Clock::now();
  ++counters_.requests;
  counters_.max_open_requests = std::max(counters_.max_open_requests, ++counters_.open_requests);
  Peer& peer = peers_[connection];
  peer.busy = true;
  const bool exempt = std::exchange(peer.exempt, false);
  const auto waits = waits_.find(credential);
  if (waits == waits_.end()) return;
  bool late = false;
  bool close = false;
  for (const Wait& wait : waits->second) {
    if (exempt || now >= wait.until) continue;
    const bool surely =
        wait.connection == connection || now - wait.written > std::chrono::milliseconds(grace_ms);
    (surely ? late : close) = true;
  }
  if (late) {
    ++counters_.sent_while_waiting;
  } else if (close) {
    ++counters_.within_grace;
  }
  std::erase_if(waits->second, [&](const Wait& wait) { return now >= wait.until; });
  if (waits->second.empty()) waits_.erase(waits);
}

void Traffic::count(std::string_view route, std::string_view kind) {
  const std::scoped_lock lock(mutex_);
  ++counters_.by_route[std::string(route)];
  if (kind == "bodies") ++counters_.body_listings;
  if (kind == "plain") ++counters_.plain_listings;
  if (kind.starts_with("versions")) ++counters_.version_listings;
  if (kind == "versions-first") ++counters_.versioned_pages;
}

void Traffic::count_write(std::string_view kind) {
  const std::scoped_lock lock(mutex_);
  ++counters_.writes;
  ++counters_.writes_by_kind[std::string(kind)];
}

void Traffic::applied() {
  const std::scoped_lock lock(mutex_);
  ++counters_.writes_applied;
}

void Traffic::finished(Connection connection, int status, std::uint64_t bytes) {
  const std::scoped_lock lock(mutex_);
  --counters_.open_requests;
  ++counters_.by_status[status];
  counters_.bytes_sent += bytes;
  if (const auto peer = peers_.find(connection); peer != peers_.end()) peer->second.busy = false;
}

void Traffic::refused() {
  const std::scoped_lock lock(mutex_);
  ++counters_.refused;
}

void Traffic::played(Fault fault) {
  const std::scoped_lock lock(mutex_);
  ++counters_.faults[std::string(to_string(fault))];
}

void Traffic::announced(Connection connection, std::string_view credential, TimePoint begun,
                        std::chrono::milliseconds wait) {
  const std::scoped_lock lock(mutex_);
  for (auto& [id, peer] : peers_) {
    if (!peer.busy && has_unread_bytes(peer.descriptor)) peer.exempt = true;
  }
  // Taken after the look at the receive buffers: what came meanwhile falls to the grace.
  waits_[std::string(credential)].push_back({connection, Clock::now(), begun + wait});
}

Verdict Traffic::take(const Settings& settings) {
  Verdict verdict;
  if (settings.rate <= 0) return verdict;
  const std::scoped_lock lock(mutex_);
  const TimePoint now = Clock::now();
  const double burst = std::max(settings.burst, 1.0);
  if (burst != burst_) {
    burst_ = burst;
    tokens_ = burst;
  } else {
    const double seconds = std::chrono::duration<double>(now - filled_).count();
    tokens_ = std::min(burst, tokens_ + seconds * settings.rate);
  }
  filled_ = now;
  verdict.limit = settings.rate;
  verdict.allowed = tokens_ >= 1;
  if (verdict.allowed) {
    tokens_ -= 1;
  } else {
    const double seconds = std::ceil((1 - tokens_) / settings.rate);
    verdict.retry_after_s = static_cast<std::uint32_t>(std::clamp(seconds, 1.0, 86'400.0));
  }
  verdict.remaining = std::floor(tokens_);
  verdict.near_limit = tokens_ < burst * 0.2;
  return verdict;
}

Counters Traffic::counters() const {
  const std::scoped_lock lock(mutex_);
  return counters_;
}

void Traffic::reset() {
  const std::scoped_lock lock(mutex_);
  const std::uint64_t open = counters_.open_requests;
  counters_ = Counters();
  counters_.open_requests = counters_.max_open_requests = open;
}

}  // namespace site
