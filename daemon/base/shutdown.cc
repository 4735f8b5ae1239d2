#include "daemon/base/shutdown.h"

#include <csignal>

namespace base {

void ignore_sigpipe() { std::signal(SIGPIPE, SIG_IGN); }

Shutdown::Shutdown(boost::asio::io_context& io, std::function<void()> on_stop,
                   std::function<void()> on_cut_short)
    : signals_(io, SIGINT, SIGTERM),
      on_stop_(std::move(on_stop)),
      on_cut_short_(std::move(on_cut_short)) {
  ignore_sigpipe();
  listen();
}

void Shutdown::release() {
  boost::system::error_code ignored;
  signals_.clear(ignored);
  signals_.cancel(ignored);
}

void Shutdown::listen() {
  signals_.async_wait([this](const boost::system::error_code& error, int) {
    if (error) return;  // released, or this object is gone
    if (++signals_seen_ == 1) {
      listen();
      if (on_stop_) on_stop_();
      return;
    }
    release();
    if (on_cut_short_) on_cut_short_();
  });
}

}  // namespace base
