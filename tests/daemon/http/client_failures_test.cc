#include <gmock/gmock.h>

#include "daemon/base/log.h"
#include "tests/daemon/http/http_fixture.h"

namespace http {

using scripted::Received;
using scripted::Reply;
using scripted::Server;
using testing::HasSubstr;
using testing::Not;

namespace {
Reply raw(std::string bytes) {
  Reply reply;
  reply.send(std::move(bytes));
  return reply;
}
}  // namespace

TEST_F(HttpTest, ABodyShorterThanAnnouncedIsCut) {
  Server server([](const Received&) {
    return raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"half\":").close();
  });
  const auto result = fetch(get(server.url()));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().name, "body_cut");
  EXPECT_EQ(result.error().kind, store::ErrorKind::kRetryAfter);
}

TEST_F(HttpTest, ABodyResetOnTheWayIsCut) {
  Server server([](const Received&) {
    // Enough for the client to have seen the header before the reset throws the rest away.
    return raw("HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n" + std::string(200'000, 'x'))
        .drip("yyyy", 1, 20ms)
        .reset();
  });
  EXPECT_EQ(failure(get(server.url())), "body_cut");
}

TEST_F(HttpTest, AChunkedBodyWithoutItsEndIsCut) {
  Server server([](const Received&) {
    return raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + scripted::chunk("half"))
        .close();
  });
  EXPECT_EQ(failure(get(server.url())), "body_cut");
}

TEST_F(HttpTest, WhatFollowsTheAnnouncedLengthIsNotPartOfTheBody) {
  Server server([](const Received&) {
    return raw("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{} and more").close();
  });
  const auto result = fetch(get(server.url()));
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->body, "{}");
}

TEST_F(HttpTest, ABodyThatIsNotWhatItsEncodingSaysIsAnError) {
  Server server([](const Received&) {
    return Reply::of(200, "this is not gzip", {{"Content-Encoding", "gzip"}});
  });
  EXPECT_EQ(failure(get(server.url())), "bad_encoding");
}

TEST_F(HttpTest, TheBoundHoldsForWhatComesOutOfACompressedBody) {
  const auto bomb = scripted::gzip(std::string(64 << 20, '\0'));
  ASSERT_LT(bomb.size(), 100'000U);
  Server server([&](const Received&) {
    return Reply::of(200, bomb, {{"Content-Encoding", "gzip"}});
  });
  auto request = get(server.url());
  request.limits.max_body_bytes = 1 << 20;
  const auto result = fetch(std::move(request));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().name, "response_too_large");
  EXPECT_EQ(result.error().kind, store::ErrorKind::kItemBad);
  EXPECT_THAT(result.error().message, HasSubstr("1048576"));
}

TEST_F(HttpTest, ABodyOfExactlyTheBoundPassesAndOneByteMoreDoesNot) {
  Server server([](const Received& request) {
    return Reply::json(std::string(request.target == "/more" ? 1001 : 1000, 'x'));
  });
  auto exact = get(server.url("/exact"));
  exact.limits.max_body_bytes = 1000;
  EXPECT_EQ(failure(std::move(exact)), "");
  auto more = get(server.url("/more"));
  more.limits.max_body_bytes = 1000;
  EXPECT_EQ(failure(std::move(more)), "response_too_large");
}

TEST_F(HttpTest, HeadersHaveABoundAsAWholeAndLineByLine) {
  Server server([](const Received& request) {
    Reply reply;
    reply.send("HTTP/1.1 200 OK\r\n");
    if (request.target == "/line") {
      reply.send("X-Long: " + std::string(200'000, 'x') + "\r\n");
    } else {
      for (int i = 0; i < 4000; ++i) {
        reply.send("X-" + std::to_string(i) + ": " + std::string(100, 'x') + "\r\n");
      }
    }
    return reply.send("Content-Length: 2\r\n\r\n{}");
  });
  EXPECT_EQ(failure(get(server.url("/many"))), "response_too_large");
  EXPECT_EQ(failure(get(server.url("/line"))), "response_too_large");
}

TEST_F(HttpTest, AServerThatStallsIsGivenUpAfterTheIdleTime) {
  Server server([](const Received&) { return Reply().hold(); });
  auto request = get(server.url());
  request.limits.idle_timeout = 150ms;
  const auto result = fetch(std::move(request));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().name, "timed_out");
  EXPECT_EQ(result.error().kind, store::ErrorKind::kRetryAfter);
}

TEST_F(HttpTest, ABodyThatStallsHalfWayIsGivenUpAfterTheIdleTime) {
  Server server([](const Received&) {
    return raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf").hold();
  });
  auto request = get(server.url());
  request.limits.idle_timeout = 150ms;
  EXPECT_EQ(failure(std::move(request)), "timed_out");
}

TEST_F(HttpTest, ASlowDripLivesWhileBytesComeAndEndsAtTheTotalTime) {
  Server server([](const Received& request) {
    const std::size_t size = request.target == "/short" ? 10 : 10'000;
    return raw("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n")
        .drip(std::string(size, '.'), 1, 40ms);
  });
  auto patient = get(server.url("/short"));
  patient.limits.idle_timeout = 300ms;  // ten bytes take longer than this
  EXPECT_EQ(failure(std::move(patient)), "");
  auto endless = get(server.url("/endless"));
  endless.limits.idle_timeout = 5s;
  endless.limits.total_timeout = 400ms;
  EXPECT_EQ(failure(std::move(endless)), "too_slow");
}

TEST_F(HttpTest, AResetBeforeAnyAnswerIsNamed) {
  Server server([](const Received&) { return Reply().reset(); });
  const auto result = fetch(get(server.url()));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().name, "connection_reset");
  EXPECT_EQ(result.error().kind, store::ErrorKind::kRetryAfter);
  EXPECT_FALSE(is_unreachable(result.error().name));
}

TEST_F(HttpTest, AConnectionClosedWithoutAnAnswerIsNamed) {
  Server server([](const Received&) { return Reply().close(); });
  EXPECT_EQ(failure(get(server.url())), "connection_reset");
}

TEST_F(HttpTest, AWriteOnAConnectionThatDiedIsNotSentTwice) {
  Server server([](const Received& request) {
    return request.method == "GET" ? Reply::json("{}") : Reply().reset();
  });
  ASSERT_TRUE(fetch(get(server.url())));  // leaves a kept connection
  Request write("PUT", server.url());
  write.body = "once";
  EXPECT_EQ(failure(std::move(write)), "connection_reset");
  EXPECT_EQ(server.requests(), 2);
}

TEST_F(HttpTest, AnAnswerThatIsNotHttpIsNamed) {
  Server server([](const Received&) { return raw("SSH-2.0-OpenSSH_9.2\r\n\r\n").close(); });
  EXPECT_EQ(failure(get(server.url())), "not_http");
}

TEST_F(HttpTest, APortThatRefusesIsUnreachable) {
  std::string url;
  {
    const Server server([](const Received&) { return Reply::json("{}"); });
    url = server.url("/wiki?secret=1");
  }
  const auto result = fetch(get(url));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().name, "connection_refused");
  EXPECT_EQ(result.error().kind, store::ErrorKind::kRetryAfter);
  EXPECT_THAT(result.error().message, HasSubstr("Connection refused"));
  EXPECT_THAT(result.error().message, Not(HasSubstr("secret")));
  EXPECT_TRUE(is_unreachable(result.error().name));
}

TEST_F(HttpTest, ANameThatDoesNotResolveIsUnreachable) {
  // No resolver needs to be asked: a label may have 63 characters at most.
  const auto result = fetch(get("https://" + std::string(64, 'a') + ".invalid/"));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().name, "name_not_resolved");
  EXPECT_TRUE(is_unreachable(result.error().name));
}

TEST_F(HttpTest, AConnectionThatDoesNotComeUpIsUnreachable) {
  // A port that speaks no TLS and says nothing: the handshake never ends.
  Server server([](const Received&) { return Reply().hold(); });
  auto request = get("https://127.0.0.1:" + std::to_string(server.port()) + "/");
  request.limits.connect_timeout = 150ms;
  const auto by_connect_limit = fetch(std::move(request));
  ASSERT_FALSE(by_connect_limit);
  EXPECT_EQ(by_connect_limit.error().name, "connect_timed_out");
  auto idle = get("https://127.0.0.1:" + std::to_string(server.port()) + "/");
  idle.limits.idle_timeout = 150ms;
  EXPECT_EQ(failure(std::move(idle)), "connect_timed_out");
}

TEST_F(HttpTest, AddressesThatWouldTellASecretAreRefusedBeforeAnythingIsSent) {
  for (const auto* url :
       {"http://example.com/", "http://127.0.0.1.example.com/", "ftp://localhost/",
        "http://user:hunter2@localhost/", "https://user:hunter2@example.com/"}) {
    auto request = get(url);
    const auto result = fetch(std::move(request));
    ASSERT_FALSE(result) << url;
    EXPECT_EQ(result.error().name, "bad_url") << url;
    EXPECT_EQ(result.error().kind, store::ErrorKind::kUsage) << url;
    EXPECT_THAT(result.error().message, Not(HasSubstr("hunter2")));
  }
}

TEST_F(HttpTest, AHeaderThatWouldBeginAnotherIsRefused) {
  Server server([](const Received&) { return Reply::json("{}"); });
  auto request = get(server.url());
  request.authorization = base::Secret("Basic abc\r\nX-Evil: hunter2");
  const auto result = fetch(std::move(request));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().name, "bad_header");
  EXPECT_THAT(result.error().message, Not(HasSubstr("hunter2")));
  auto named = get(server.url());
  named.headers.emplace_back("X-A", "b\nc");
  EXPECT_EQ(failure(std::move(named)), "bad_header");
  EXPECT_EQ(server.requests(), 0);
}

TEST_F(HttpTest, NoErrorAndNoLogHoldsASecret) {
  ASSERT_TRUE(base::configure_logging("trace", "text"));
  testing::internal::CaptureStderr();
  std::string errors;
  {
    Server server([](const Received& request) {
      return request.target.rfind("/ok", 0) == 0 ? Reply::json("{}") : Reply().reset();
    });
    for (const auto* target : {"/ok?cursor=hunter2", "/reset?cursor=hunter2"}) {
      auto request = get(server.url(target));
      request.authorization = base::Secret("Basic hunter2");
      const auto result = fetch(std::move(request));
      if (!result) errors += result.error().message + result.error().hint + result.error().name;
    }
  }
  const auto logs = testing::internal::GetCapturedStderr();
  ASSERT_TRUE(base::configure_logging("info", "text"));
  EXPECT_THAT(logs, HasSubstr("/reset error=connection_reset"));
  EXPECT_THAT(logs, HasSubstr("/ok status=200"));
  EXPECT_THAT(errors, HasSubstr("/reset"));
  EXPECT_THAT(logs + errors, Not(HasSubstr("hunter2")));
}

TEST_F(HttpTest, ManyFailuresOfAllKindsLeaveTheClientWorking) {
  Server server([](const Received& request) {
    switch (request.number % 6) {
      case 0:
        return Reply().reset();
      case 1:
        return Reply().close();
      case 2:
        return raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf").reset();
      case 3:
        return raw("rubbish").close();
      default:
        return Reply::json("{}");
    }
  });
  int failed = 0;
  int good = 0;
  for (int round = 0; round < 40; ++round) {
    if (round % 7 == 3) server.reset_next_connections(2);
    std::vector<Outcome*> outcomes;
    for (int i = 0; i < 8; ++i) outcomes.push_back(&begin(get(server.url())));
    ASSERT_TRUE(run_until([&] {
      return std::all_of(outcomes.begin(), outcomes.end(), [](auto* o) { return o->has_value(); });
    }));
    for (auto* outcome : outcomes) ++((**outcome) ? good : failed);
  }
  EXPECT_GT(failed, 50);
  EXPECT_GT(good, 50);
}

}  // namespace http
