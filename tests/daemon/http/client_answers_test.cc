#include <gmock/gmock.h>

#include "tests/daemon/http/http_fixture.h"

namespace http {

using scripted::Received;
using scripted::Reply;
using scripted::Server;
using testing::HasSubstr;

TEST_F(HttpTest, ACompleteAnswerComesWithStatusHeadersAndBody) {
  Server server([](const Received&) { return Reply::of(404, "gone", {{"X-One", " two "}}); });
  const auto response = fetch(get(server.url("/a?b=c")));
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 404);
  EXPECT_EQ(response->body, "gone");
  EXPECT_EQ(response->wire_bytes, 4U);
  EXPECT_EQ(response->headers.get("x-ONE"), "two");
  EXPECT_EQ(server.received().at(0).target, "/a?b=c");
}

TEST_F(HttpTest, TheRequestArrivesAsItWasGiven) {
  Server server([](const Received&) { return Reply::json("{}"); });
  Request request("POST", server.url("/users"));
  request.body = R"({"accountIds":["1"]})";
  request.headers.emplace_back("Content-Type", "application/json");
  request.authorization = base::Secret("Basic abc");
  ASSERT_TRUE(fetch(std::move(request)));
  const auto received = server.received().at(0);
  EXPECT_EQ(received.method, "POST");
  EXPECT_EQ(received.body, R"({"accountIds":["1"]})");
  EXPECT_EQ(received.header("authorization"), "Basic abc");
  EXPECT_EQ(received.header("content-type"), "application/json");
  EXPECT_EQ(received.header("accept-encoding"), "gzip, deflate");
  EXPECT_THAT(received.header("user-agent"), HasSubstr("confmirror/"));
  EXPECT_EQ(received.header("expect"), "");
  EXPECT_THAT(received.head, HasSubstr("HTTP/1.1"));
}

TEST_F(HttpTest, PutAndDeleteKeepTheirMethodAndBody) {
  Server server([](const Received&) { return Reply::json("{}"); });
  Request put("PUT", server.url("/p"));
  put.body = "new";
  ASSERT_TRUE(fetch(std::move(put)));
  ASSERT_TRUE(fetch(Request("DELETE", server.url("/d"))));
  const auto received = server.received();
  EXPECT_EQ(received.at(0).method, "PUT");
  EXPECT_EQ(received.at(0).body, "new");
  EXPECT_EQ(received.at(1).method, "DELETE");
}

TEST_F(HttpTest, ChunkedBodiesArePutTogetherAndTrailersAreNotHeaders) {
  Server server([](const Received&) {
    Reply reply;
    reply.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    reply.send(scripted::chunk("one ")).send(scripted::chunk("two")).send("0\r\nX-Late: 1\r\n\r\n");
    return reply;
  });
  const auto response = fetch(get(server.url()));
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->body, "one two");
  EXPECT_FALSE(response->headers.get("X-Late"));
}

TEST_F(HttpTest, CompressedBodiesAreUnpackedAndCountedAsTheyTravelled) {
  const std::string text(100'000, 'x');
  const auto packed = scripted::gzip(text);
  Server server([&](const Received&) {
    return Reply::of(200, packed, {{"Content-Encoding", "gzip"}});
  });
  const auto response = fetch(get(server.url()));
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->body, text);
  EXPECT_EQ(response->wire_bytes, packed.size());
}

TEST_F(HttpTest, RedirectsAreNotFollowed) {
  Server server([](const Received&) { return Reply::of(302, "", {{"Location", "/elsewhere"}}); });
  const auto response = fetch(get(server.url("/here")));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 302);
  EXPECT_EQ(response->headers.get("location"), "/elsewhere");
  EXPECT_EQ(server.requests(), 1);
}

TEST_F(HttpTest, OnlyTheFinalAnswersHeadersCount) {
  Server server([](const Received&) {
    Reply reply;
    reply.send("HTTP/1.1 103 Early Hints\r\nLink: <early>\r\n\r\n");
    reply.send("HTTP/1.1 200 OK\r\nLink: <late>\r\nContent-Length: 2\r\n\r\nok");
    return reply;
  });
  const auto response = fetch(get(server.url()));
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 200);
  ASSERT_EQ(response->headers.get_all("link").size(), 1U);
  EXPECT_EQ(response->headers.get("link"), "<late>");
}

TEST_F(HttpTest, AnswersWithoutABodyAreComplete) {
  Server server([](const Received&) {
    Reply reply;
    reply.send("HTTP/1.1 204 No Content\r\n\r\n");
    return reply;
  });
  const auto response = fetch(get(server.url()));
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 204);
}

TEST_F(HttpTest, OneConnectionServesManyRequests) {
  Server server([](const Received&) { return Reply::json("{}"); });
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(fetch(get(server.url())));
  EXPECT_EQ(server.requests(), 20);
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpTest, AConnectionThatClosedWhileIdleIsReplaced) {
  Server server([](const Received&) {
    auto reply = Reply::json("{}");
    return reply.close();
  });
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(fetch(get(server.url())));
  EXPECT_EQ(server.requests(), 5);
  EXPECT_EQ(server.connections(), 5);
}

TEST_F(HttpTest, EightRequestsRunAtOnceOnEightConnectionsAndNoMore) {
  Server server([](const Received& request) {
    auto reply = Reply();
    if (request.number <= 8) reply.hold();
    return reply.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
  });
  std::vector<Outcome*> outcomes;
  for (int i = 0; i < 8; ++i) outcomes.push_back(&begin(get(server.url())));
  ASSERT_TRUE(run_until([&] { return server.requests() == 8; }));
  EXPECT_EQ(server.most_at_once(), 8);
  EXPECT_EQ(failure(get(server.url())), "too_many_transfers");
  server.release();
  ASSERT_TRUE(run_until([&] {
    return std::all_of(outcomes.begin(), outcomes.end(), [](auto* o) { return o->has_value(); });
  }));
  for (auto* outcome : outcomes) EXPECT_TRUE(**outcome);
  // And the connections are used again.
  ASSERT_TRUE(fetch(get(server.url())));
  EXPECT_EQ(server.connections(), 8);
}

TEST_F(HttpTest, ManyLargeBodiesInParallelArriveWhole) {
  const std::string body(3'000'000, 'b');
  Server server([&](const Received&) { return Reply::json(body); });
  int whole = 0;
  for (int round = 0; round < 5; ++round) {
    std::vector<Outcome*> outcomes;
    for (int i = 0; i < 8; ++i) outcomes.push_back(&begin(get(server.url())));
    ASSERT_TRUE(run_until([&] {
      return std::all_of(outcomes.begin(), outcomes.end(), [](auto* o) { return o->has_value(); });
    }));
    for (auto* outcome : outcomes) whole += (**outcome).has_value() && (**outcome)->body == body;
  }
  EXPECT_EQ(whole, 40);
}

TEST_F(HttpTest, WhatMayNotLeaveIsHeldBackAndNothingIsSent) {
  Server server([](const Received&) { return Reply::json("{}"); });
  int asked = 0;
  auto request = get(server.url());
  request.may_leave = [&asked] { return ++asked == 0; };
  const auto held = fetch(std::move(request));
  ASSERT_FALSE(held);
  EXPECT_EQ(held.error().name, "withheld");
  EXPECT_EQ(held.error().kind, store::ErrorKind::kRetryAfter);
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(server.requests(), 0);

  auto allowed = get(server.url());
  allowed.may_leave = [] { return true; };
  EXPECT_TRUE(fetch(std::move(allowed)));
  EXPECT_EQ(server.requests(), 1);
}

TEST_F(HttpTest, TheQuestionIsAskedOnKeptConnectionsToo) {
  Server server([](const Received&) { return Reply::json("{}"); });
  ASSERT_TRUE(fetch(get(server.url())));
  auto request = get(server.url());
  request.may_leave = [] { return false; };
  EXPECT_EQ(failure(std::move(request)), "withheld");
  EXPECT_EQ(server.requests(), 1);
}

}  // namespace http
