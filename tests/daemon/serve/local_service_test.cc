// The listeners of the local service, each for itself.

#include <gmock/gmock.h>

#include <fstream>

#include "daemon/serve/listening.h"
#include "tests/daemon/serve/service_fixture.h"

namespace test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class LocalServiceTest : public ServiceFixture {
 protected:
  // A port that somebody else listens on.
  std::uint16_t taken_port() {
    auto made = serve::make_tcp_socket("127.0.0.1", 0);
    if (!made) throw std::runtime_error(made.error().message);
    others_ = std::move(made->first);
    return made->second;
  }
  int status_by_tcp() const {
    RawClient client(service_->tcp_port());
    return client
        .ask("GET /v1/status HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " +
             std::string(kToken) + "\r\n\r\n")
        .status;
  }
  std::vector<std::string> problems() const {
    std::vector<std::string> all;
    for (const auto& problem : service_->problems()) {
      all.push_back(problem.message + " | " + problem.hint);
    }
    return all;
  }

  serve::Listening others_;
};

TEST_F(LocalServiceTest, APortThatIsTakenLeavesTheUnixSocket) {
  options_.tcp = std::pair<std::string, std::uint16_t>("127.0.0.1", taken_port());
  start();
  EXPECT_EQ(get("/v1/status").status, 200);
  EXPECT_EQ(service_->tcp_port(), 0);
  ASSERT_EQ(problems().size(), 1U);
  EXPECT_THAT(
      problems()[0],
      AllOf(HasSubstr("cannot listen on '127.0.0.1:" + std::to_string(options_.tcp->second)),
            HasSubstr("Address already in use"), HasSubstr("another program listens there"),
            HasSubstr("SIGHUP")));
}

TEST_F(LocalServiceTest, ASocketThatCannotBeMadeLeavesTcp) {
  std::ofstream(folder_ / "s") << "no socket";
  options_.tcp = std::pair<std::string, std::uint16_t>("127.0.0.1", 0);
  start();
  EXPECT_EQ(status_by_tcp(), 200);
  ASSERT_EQ(problems().size(), 1U);
  EXPECT_THAT(problems()[0], AllOf(HasSubstr("there is something else of that name"),
                                   HasSubstr("remove it, or set serve.socket")));
  std::ifstream in(folder_ / "s");
  std::string word;
  in >> word;
  EXPECT_EQ(word, "no") << "it is left as it is";
}

TEST_F(LocalServiceTest, AFolderThatIsMissingIsNamedWithWhatToDo) {
  options_.socket = folder_ / "none" / "s";
  options_.tcp = std::pair<std::string, std::uint16_t>("127.0.0.1", 0);
  start();
  EXPECT_EQ(status_by_tcp(), 200);
  ASSERT_EQ(problems().size(), 1U);
  EXPECT_THAT(problems()[0], HasSubstr("make the folder"));
}

TEST_F(LocalServiceTest, AHandedOverSocketThatIsNoneLeavesTheOther) {
  auto good = serve::make_unix_socket(folder_ / "s", 0660, "");
  ASSERT_TRUE(good);
  int pair[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  serve::LocalServiceOptions options;
  options.backend = options_.backend;
  options.passed = {pair[0], ::dup(good->fd())};
  auto started = serve::LocalService::start(std::move(options), clock_);
  ASSERT_TRUE(started) << started.error().message;
  service_ = std::move(*started);
  EXPECT_EQ(get("/v1/status").status, 200);
  ASSERT_EQ(problems().size(), 1U);
  EXPECT_THAT(problems()[0], HasSubstr("it is no stream socket that listens"));
  ::close(pair[1]);
}

TEST_F(LocalServiceTest, WhereNoneOpensAllAreNamed) {
  options_.socket = folder_ / "none" / "s";
  options_.tcp = std::pair<std::string, std::uint16_t>("127.0.0.1", taken_port());
  try {
    start();
    FAIL() << "it started";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("none/s"), HasSubstr("127.0.0.1:")));
  }
}

TEST_F(LocalServiceTest, WhatIsAllThereHasNoProblems) {
  options_.tcp = std::pair<std::string, std::uint16_t>("127.0.0.1", 0);
  start();
  EXPECT_THAT(problems(), IsEmpty());
  EXPECT_EQ(status_by_tcp(), 200);
  EXPECT_EQ(get("/v1/status").status, 200);
}

}  // namespace
}  // namespace test
