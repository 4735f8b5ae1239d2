#pragma once

// An HttpServer on a thread of its own, on a Unix socket in a folder of its own.

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <thread>

#include "daemon/serve/http_server.h"
#include "tests/config/folder.h"
#include "tests/daemon/serve/raw_client.h"

namespace test {

inline serve::Response plain_error(int status, const std::string& message) {
  return {status, "text/plain", message};
}

class RunningServer {
 public:
  explicit RunningServer(serve::HttpServer::Options options)
      : server_(std::make_unique<serve::HttpServer>(io_, std::move(options))) {
    const auto listening = server_->listen_unix(socket(), 0660, "");
    if (!listening) throw std::runtime_error(listening.error().message);
    const auto port = server_->listen_tcp("127.0.0.1", 0);
    if (!port) throw std::runtime_error(port.error().message);
    port_ = *port;
    thread_ = std::jthread([this] { io_.run(); });
  }
  ~RunningServer() { stop(); }
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;

  // As the daemon does; waits for its end.
  void stop() {
    if (!thread_.joinable()) return;
    auto ended = std::make_shared<std::promise<void>>();
    auto future = ended->get_future();
    auto end = [this]() -> base::Awaitable<void> {
      server_->stop();
      co_await server_->stopped();
    };
    boost::asio::co_spawn(io_, end(), [ended](const std::exception_ptr&) { ended->set_value(); });
    EXPECT_EQ(future.wait_for(RawClient::kLimit), std::future_status::ready);
    io_.stop();
    thread_.join();
  }
  std::filesystem::path socket() const { return folder_.path() / "s"; }
  std::uint16_t port() const { return port_; }
  serve::ServerCounts counts() const { return server_->counts(); }
  boost::asio::io_context& io() { return io_; }

 private:
  testing_config::Folder folder_;
  boost::asio::io_context io_{1};
  std::unique_ptr<serve::HttpServer> server_;
  std::uint16_t port_ = 0;
  std::jthread thread_;
};

// Until it is so, with a bound.
inline bool eventually(const std::function<bool()>& condition) {
  const auto limit = std::chrono::steady_clock::now() + RawClient::kLimit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > limit) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace test
