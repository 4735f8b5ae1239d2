#include "daemon/base/shutdown.h"

#include <csignal>
#include <utility>

namespace base {

HeldSignals::HeldSignals(std::initializer_list<int> signals) {
  sigset_t held;
  sigemptyset(&held);
  for (const int signal : signals) sigaddset(&held, signal);
  pthread_sigmask(SIG_BLOCK, &held, &before_);
}

void HeldSignals::release() {
  if (!std::exchange(held_, false)) return;
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void ignore_sigpipe() { std::signal(SIGPIPE, SIG_IGN); }
void ignore_sigxfsz() { std::signal(SIGXFSZ, SIG_IGN); }

Shutdown::Shutdown(boost::asio::io_context& io, std::function<void()> on_stop,
                   std::function<void()> on_cut_short)
    : signals_(io, SIGINT, SIGTERM),
      on_stop_(std::move(on_stop)),
      on_cut_short_(std::move(on_cut_short)) {
  ignore_sigpipe();
  listen();
}

void Shutdown::heard() {
  // Copied: what is called may end this object.
  if (++signals_seen_ == 1) {
    listen();
    const auto on_stop = on_stop_;
    if (on_stop) on_stop();
    return;
  }
  release();
  const auto on_cut_short = on_cut_short_;
  if (on_cut_short) on_cut_short();
}

void Shutdown::release() {
  alive_.reset();
  boost::system::error_code ignored;
  signals_.clear(ignored);
  signals_.cancel(ignored);
}

void Shutdown::listen() {
  // A signal that came just before release() or the end of this object may still be on its way.
  signals_.async_wait([weak = std::weak_ptr(alive_)](const boost::system::error_code& error, int) {
    const auto alive = weak.lock();
    if (!error && alive) (*alive)->heard();
  });
}

}  // namespace base
