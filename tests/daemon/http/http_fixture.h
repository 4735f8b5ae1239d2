#pragma once

// A Client on an io_context of the test's own thread, and verbs to use it.

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <deque>
#include <optional>
#include <string>

#include "daemon/http/client.h"
#include "tests/daemon/http/scripted_server.h"

namespace http {

using namespace std::chrono_literals;

class HttpTest : public testing::Test {
 protected:
  using Outcome = std::optional<store::Result<Response>>;

  void start_client(int connections = 8, std::string ca_file = {}) {
    ClientOptions options;
    options.connections = connections;
    options.ca_file = std::move(ca_file);
    client_.reset();
    client_.emplace(io_, std::move(options));
  }

  static Request get(std::string url) {
    Request request("GET", std::move(url));
    request.limits.idle_timeout = 10s;
    return request;
  }

  // The place of the answer stands still as long as the test.
  Outcome& begin(Request request) {
    if (!client_) start_client();
    auto& outcome = outcomes_.emplace_back();
    boost::asio::co_spawn(io_, send_into(*client_, std::move(request), outcome),
                          boost::asio::detached);
    return outcome;
  }

  template <typename Condition>
  bool run_until(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      if (io_.stopped()) io_.restart();
      io_.run_one_for(20ms);
    }
    return true;
  }

  store::Result<Response> fetch(Request request) {
    auto& outcome = begin(std::move(request));
    if (!run_until([&] { return outcome.has_value(); })) {
      return store::fail(store::ErrorKind::kBug, "test_timed_out", "no outcome");
    }
    return *outcome;
  }

  // What a failed request was called; "" if it did not fail.
  std::string failure(Request request) {
    const auto result = fetch(std::move(request));
    return result ? std::string() : result.error().name;
  }

  static base::Awaitable<void> send_into(Client& client, Request request, Outcome& outcome) {
    outcome = co_await client.send(std::move(request));
  }

  std::deque<Outcome> outcomes_;
  boost::asio::io_context io_{1};
  std::optional<Client> client_;
};

}  // namespace http
