#pragma once

// SIGINT and SIGTERM as two requests: the first asks for an orderly end, the second cuts it short,
// a third has the system's own effect. SIGPIPE is ignored for the whole process (libcurl and
// sockets report the error instead).
//
// Threads: the network thread; both callbacks run there, each at most once. Ownership: must go
// before the io_context. While a Shutdown waits, io_context::run() does not return: call release()
// when the work is over.

#include <signal.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <functional>
#include <initializer_list>
#include <memory>

namespace base {

class Shutdown {
 public:
  Shutdown(boost::asio::io_context& io, std::function<void()> on_stop,
           std::function<void()> on_cut_short);
  Shutdown(const Shutdown&) = delete;
  Shutdown& operator=(const Shutdown&) = delete;

  // Stops listening; signals have the system's own effect again.
  void release();
  bool requested() const { return signals_seen_ > 0; }

 private:
  void listen();
  void heard();
  boost::asio::signal_set signals_;
  // What a queued signal looks at: gone once it must not be heard any more.
  std::shared_ptr<Shutdown*> alive_ = std::make_shared<Shutdown*>(this);
  std::function<void()> on_stop_;
  std::function<void()> on_cut_short_;
  int signals_seen_ = 0;
};

// Blocks these signals for as long as it lives, or until release(): what comes meanwhile waits for
// whoever handles it then. Threads that begin meanwhile never get them. The thread that made it.
class HeldSignals {
 public:
  explicit HeldSignals(std::initializer_list<int> signals);
  ~HeldSignals() { release(); }
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;
  void release();

 private:
  sigset_t before_{};
  bool held_ = true;
};

void ignore_sigpipe();
// A file that would grow beyond a limit (ulimit -f) is an error like a full disk, not the end.
void ignore_sigxfsz();

}  // namespace base
