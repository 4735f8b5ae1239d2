#pragma once

// Deadlines of many sockets by one timer: they move far more often than they pass.
//
// A deadline that passes cancels what is under way on its socket, and is over then; whoever waited
// there asks passed(). Threads: the one that runs `io`. Ownership: a Deadline holds its Deadlines,
// and the socket outlives it. Nothing fails.

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <unordered_set>

namespace serve {

using SteadyTime = std::chrono::steady_clock::time_point;
using StreamSocket = boost::asio::generic::stream_protocol::socket;

class Deadline;

class Deadlines : public std::enable_shared_from_this<Deadlines> {
 public:
  explicit Deadlines(boost::asio::io_context& io) : timer_(io) {}
  // Those that are set do not pass any more.
  void stop() { timer_.cancel(); }

 private:
  void wake_at(SteadyTime when);
  void arm();
  void sweep();

  boost::asio::steady_timer timer_;
  SteadyTime wake_at_ = SteadyTime::max();
  std::unordered_set<Deadline*> all_;
  friend class Deadline;
};

class Deadline {
 public:
  Deadline(std::shared_ptr<Deadlines> all, StreamSocket& socket);
  ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  void set(SteadyTime when);
  void clear() { at_.reset(); }
  // Whether the one that was set last has.
  bool passed() const { return passed_; }

 private:
  std::shared_ptr<Deadlines> all_;
  StreamSocket& socket_;
  std::optional<SteadyTime> at_;
  bool passed_ = false;
  friend class Deadlines;
};

}  // namespace serve
