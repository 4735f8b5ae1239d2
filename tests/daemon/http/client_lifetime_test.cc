#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include "tests/daemon/http/http_fixture.h"

namespace http {

using scripted::Received;
using scripted::Reply;
using scripted::Server;

namespace {
Reply half_an_answer(const Received&) {
  Reply reply;
  return reply.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf").hold();
}
}  // namespace

class LifetimeTest : public HttpTest {
 protected:
  Outcome& begin_cancellable(Request request, boost::asio::cancellation_signal& signal) {
    if (!client_) start_client();
    auto& outcome = outcomes_.emplace_back();
    boost::asio::co_spawn(
        io_, send_into(*client_, std::move(request), outcome),
        boost::asio::bind_cancellation_slot(signal.slot(), boost::asio::detached));
    return outcome;
  }
};

TEST_F(LifetimeTest, ACancelledTransferEndsItsConnectionAndIsTold) {
  Server server(half_an_answer);
  boost::asio::cancellation_signal signal;
  auto& outcome = begin_cancellable(get(server.url()), signal);
  ASSERT_TRUE(run_until([&] { return server.requests() == 1; }));
  signal.emit(boost::asio::cancellation_type::terminal);
  ASSERT_TRUE(run_until([&] { return outcome.has_value(); }));
  ASSERT_FALSE(*outcome);
  EXPECT_EQ(outcome->error().kind, store::ErrorKind::kCanceled);
  // The server holds the answer and does not look; it would only see the end of the connection when
  // it writes.
  server.release();
  EXPECT_TRUE(server.wait_for_open_connections(0));
}

TEST_F(LifetimeTest, ACancelledTransferMakesRoomForAnother) {
  start_client(1);
  Server server([](const Received& request) {
    return request.number == 1 ? half_an_answer(request) : Reply::json("{}");
  });
  boost::asio::cancellation_signal signal;
  auto& outcome = begin_cancellable(get(server.url()), signal);
  ASSERT_TRUE(run_until([&] { return server.requests() == 1; }));
  signal.emit(boost::asio::cancellation_type::terminal);
  ASSERT_TRUE(run_until([&] { return outcome.has_value(); }));
  EXPECT_TRUE(fetch(get(server.url())));
}

TEST_F(LifetimeTest, AClientThatGoesTellsEveryTransfer) {
  Server server(half_an_answer);
  std::vector<Outcome*> outcomes;
  for (int i = 0; i < 8; ++i) outcomes.push_back(&begin(get(server.url())));
  ASSERT_TRUE(run_until([&] { return server.requests() == 8; }));
  client_.reset();
  // Nothing of it may keep the event loop busy.
  io_.restart();
  io_.run_for(10s);
  EXPECT_TRUE(io_.stopped());
  for (auto* outcome : outcomes) {
    ASSERT_TRUE(outcome->has_value());
    ASSERT_FALSE(**outcome);
    EXPECT_EQ((*outcome)->error().kind, store::ErrorKind::kCanceled);
  }
}

TEST_F(LifetimeTest, AnIdleClientLetsTheEventLoopEndOnceItIsGone) {
  Server server([](const Received&) { return Reply::json("{}"); });
  ASSERT_TRUE(fetch(get(server.url())));
  client_.reset();
  io_.restart();
  io_.run_for(10s);
  EXPECT_TRUE(io_.stopped());
}

TEST_F(LifetimeTest, AnEventLoopThatEndsWithTransfersUnderWayLeavesNothingBehind) {
  Server server(half_an_answer);
  for (int round = 0; round < 20; ++round) {
    std::deque<Outcome> outcomes;
    boost::asio::io_context io(1);
    Client client(io, ClientOptions{});
    for (int i = 0; i < 4; ++i) {
      boost::asio::co_spawn(io, send_into(client, get(server.url()), outcomes.emplace_back()),
                            boost::asio::detached);
    }
    for (int turn = 0; turn < round * 3; ++turn) io.run_one_for(1ms);
    for (const auto& outcome : outcomes) EXPECT_FALSE(outcome);
  }
}

TEST_F(LifetimeTest, HundredsOfClientsComeAndGoAtEveryStageOfATransfer) {
  Server server([](const Received& request) {
    return request.number % 3 == 0 ? half_an_answer(request) : Reply::json("{\"a\":1}");
  });
  int told = 0;
  for (int round = 0; round < 300; ++round) {
    std::deque<Outcome> outcomes;
    boost::asio::io_context io(1);
    {
      Client client(io, ClientOptions{});
      for (int i = 0; i < 3; ++i) {
        boost::asio::co_spawn(io, send_into(client, get(server.url()), outcomes.emplace_back()),
                              boost::asio::detached);
      }
      // Three turns begin the three.
      for (int turn = 0; turn < 3 + round % 40; ++turn) io.run_one_for(2ms);
    }
    io.restart();
    io.run_for(10s);
    EXPECT_TRUE(io.stopped());
    for (const auto& outcome : outcomes) told += outcome.has_value();
  }
  EXPECT_EQ(told, 900);
}

TEST_F(LifetimeTest, HundredsOfTransfersAreCancelledAtEveryStage) {
  start_client();
  Server server([](const Received& request) {
    return request.number % 2 == 0 ? half_an_answer(request) : Reply::json("{}");
  });
  std::deque<boost::asio::cancellation_signal> signals;
  for (int round = 0; round < 300; ++round) {
    auto& outcome = begin_cancellable(get(server.url()), signals.emplace_back());
    for (int turn = 0; turn < round % 15; ++turn) {
      if (io_.stopped()) io_.restart();
      io_.run_one_for(1ms);
    }
    signals.back().emit(boost::asio::cancellation_type::terminal);
    ASSERT_TRUE(run_until([&] { return outcome.has_value(); })) << round;
  }
  server.release();
  EXPECT_TRUE(fetch(get(server.url())));
}

}  // namespace http
