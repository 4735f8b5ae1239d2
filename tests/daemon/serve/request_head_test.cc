#include "daemon/serve/request_head.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace serve {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

struct Read {
  Request request;
  Framing framing;
  Refusal refusal;
};

Read read(const std::string& head) {
  Read result;
  result.refusal = parse_head(head, HeadLimits(), result.request, result.framing);
  return result;
}

int status_of(const std::string& head) { return read(head).refusal.status; }

int status_with(const std::string& field) {
  return status_of("POST / HTTP/1.1\r\nHost: a\r\n" + field + "\r\n\r\n");
}

int status_of_target(const std::string& target) {
  return status_of("GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n");
}

TEST(RequestHeadTest, ReadsMethodPathQueryAndHeaders) {
  const auto got =
      read("GET /a%20b/c?x=1+2&y=%C3%A4&x=3&flag HTTP/1.1\r\nHost: a\r\nX-Ab:  v w \r\n\r\n");
  ASSERT_EQ(got.refusal.status, 0) << got.refusal.text;
  EXPECT_EQ(got.request.method, "GET");
  EXPECT_EQ(got.request.path, "/a%20b/c");
  EXPECT_THAT(got.request.segments, ElementsAre("a b", "c"));
  EXPECT_THAT(got.request.query,
              ElementsAre(Pair("x", "1 2"), Pair("y", "ä"), Pair("x", "3"), Pair("flag", "")));
  EXPECT_EQ(got.request.header("x-ab"), "v w");
  EXPECT_EQ(got.request.parameter("x"), "1 2");
  EXPECT_FALSE(got.framing.has_body());
  EXPECT_TRUE(got.framing.keep_alive);
}

TEST(RequestHeadTest, ASlashAtTheEndNamesTheSame) {
  EXPECT_THAT(read("GET /a/b/ HTTP/1.1\r\nHost: a\r\n\r\n").request.segments,
              ElementsAre("a", "b"));
  EXPECT_THAT(read("GET / HTTP/1.1\r\nHost: a\r\n\r\n").request.segments, IsEmpty());
}

TEST(RequestHeadTest, RefusesWhatSmugglingLivesOn) {
  EXPECT_EQ(status_with("Content-Length: 1\r\nTransfer-Encoding: chunked"), 400);
  EXPECT_EQ(status_with("Content-Length: 1\r\nContent-Length: 1"), 400);
  EXPECT_EQ(status_with("Content-Length: 1\r\nContent-Length: 2"), 400);
  for (const auto* length : {"+1", "-1", "1,1", "0x1", "1 1", "", "99999999999999999999"}) {
    EXPECT_EQ(status_with(std::string("Content-Length: ") + length), 400) << length;
  }
  for (const auto* coding : {"gzip", "chunked, chunked", "identity", "xchunked", "chunked;q=1"}) {
    EXPECT_EQ(status_with(std::string("Transfer-Encoding: ") + coding), 501) << coding;
  }
  EXPECT_EQ(status_with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), 501);
  EXPECT_EQ(status_with("Transfer-Encoding : chunked"), 400);
  EXPECT_EQ(status_with("X: a\r\n folded"), 400);
  EXPECT_EQ(status_with("X: a\nY: b"), 400);
  EXPECT_EQ(status_with("X: a\rY: b"), 400);
  EXPECT_EQ(status_with(std::string("X: a") + '\0' + "b"), 400);
  EXPECT_EQ(status_with("X: a\x7f"), 400);
  EXPECT_EQ(status_with("no colon"), 400);
  EXPECT_EQ(status_with(": empty"), 400);
  EXPECT_EQ(status_with("Host: b"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
}

TEST(RequestHeadTest, RefusesMalformedRequestLines) {
  EXPECT_EQ(status_of("GET /\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET  / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(status_of("G\"T / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(status_of(std::string(40, 'A') + " / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), 505);
  EXPECT_EQ(status_of("GET / http/1.1\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1 \r\nHost: a\r\n\r\n"), 400);
}

TEST(RequestHeadTest, RefusesTargetsThatAreNone) {
  for (const auto* target :
       {"*",         "http://a/b", "a/b",      "//",       "/a//b",   "/..",
        "/a/../b",   "/%2e%2e/a",  "/a/.",     "/a%2fb",   "/a%5cb",  "/%00",
        "/%",        "/%4",        "/%zz",     "/%ff",     "/%c0%af", "/a#b",
        "/\xc3\xa4", "/a?x=%",     "/a?%ff=1", "/a?x=%00", "/%1b",    "/%ed%a0%80"}) {
    EXPECT_EQ(status_of_target(target), 400) << target;
  }
  EXPECT_EQ(status_of_target("/" + std::string(9000, 'a')), 414);
  std::string many = "/?";
  for (int i = 0; i < 300; ++i) many += "a=1&";
  EXPECT_EQ(status_of_target(many), 400);
}

TEST(RequestHeadTest, CountsHeaders) {
  std::string fields;
  for (int i = 0; i < 150; ++i) fields += "X: 1\r\n";
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n"), 431);
}

TEST(RequestHeadTest, KnowsWhatConnectionAndExpectSay) {
  EXPECT_FALSE(
      read("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n").framing.keep_alive);
  EXPECT_FALSE(read("GET / HTTP/1.0\r\n\r\n").framing.keep_alive);
  EXPECT_TRUE(read("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").framing.keep_alive);
  EXPECT_TRUE(
      read("GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n\r\n").framing.expects_continue);
  EXPECT_EQ(status_with("Expect: 200-maybe"), 417);
}

TEST(RequestHeadTest, SeesEarlyWhatWillNeverBeAHead) {
  const HeadLimits limits;
  Refusal refusal;
  EXPECT_FALSE(head_length("GET / HTTP/1.1\r\nHost:", limits, refusal));
  EXPECT_EQ(refusal.status, 0);
  EXPECT_EQ(head_length("GET / HTTP/1.1\r\n\r\nrest", limits, refusal), 18u);
  EXPECT_FALSE(head_length(std::string(9000, 'a'), limits, refusal));
  EXPECT_EQ(refusal.status, 414);
  EXPECT_FALSE(head_length("GET / HTTP/1.1\r\n" + std::string(33000, 'a'), limits, refusal));
  EXPECT_EQ(refusal.status, 431);
  EXPECT_FALSE(head_length("GET / HTTP/1.1\nHost", limits, refusal));
  EXPECT_EQ(refusal.status, 400);
}

TEST(RequestHeadTest, KnowsTheNamesOfThisMachine) {
  for (const auto* host :
       {"localhost", "LOCALHOST:80", "127.0.0.1", "127.1.2.3:8765", "[::1]", "[::1]:8765"}) {
    EXPECT_TRUE(is_loopback_host(host)) << host;
  }
  for (const auto* host :
       {"", "example.com", "127.0.0.1.example.com", "localhost.example.com", "[::2]", "[::1]x",
        "[::1", "127..0.1", "127.0.0.", "10.0.0.1", "127.0.0.1.2"}) {
    EXPECT_FALSE(is_loopback_host(host)) << host;
  }
}

}  // namespace
}  // namespace serve
