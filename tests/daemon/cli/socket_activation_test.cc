// The daemon on a socket that systemd has opened: it answers there, leaves the socket as it is, and
// who comes while it restarts waits and gets an answer.

#include <sys/stat.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "tests/daemon/cli/command_fixture.h"
#include "tests/daemon/cli/daemon_fixture.h"
#include "tests/daemon/serve/raw_client.h"

namespace test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class SocketActivationTest : public DaemonFixture {
 protected:
  static constexpr const char* kName = "activated.sock";

  ~SocketActivationTest() override {
    if (fd_ >= 0) ::close(fd_);
  }
  void given_config() {
    given_site(20);
    configure("1h", "[serve]\nsocket = \"" + std::string(kName) + "\"\n");
  }
  // As systemd holds one: it goes on listening whatever the service does.
  void given_socket() {
    fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const auto path = file(kName).string();
    ASSERT_LT(path.size(), sizeof address.sun_path);
    path.copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::listen(fd_, SOMAXCONN), 0);
  }
  // LISTEN_PID is the daemon's own, which is known when it is there: the shell becomes it.
  std::unique_ptr<DaemonProcess> handed(const std::string& pid = "$$") const {
    DaemonLaunch launch;
    launch.words = {
        "/bin/sh", "-c",
        "export LISTEN_PID=" + pid + " LISTEN_FDS=1 LISTEN_FDNAMES=confmirror.socket; exec \"$@\"",
        "sh"};
    launch.fd = fd_;
    return std::make_unique<DaemonProcess>(folder_.path(),
                                           std::vector<std::string>{"--config", globals_.config},
                                           std::chrono::microseconds(0), launch);
  }
  void expect_status(const RawAnswer& answer) const {
    EXPECT_EQ(answer.status, 200) << answer.body;
    const auto json = nlohmann::json::parse(answer.body, nullptr, false);
    ASSERT_TRUE(json.is_object()) << answer.body;
    EXPECT_EQ(json["mirror"], file("mirror.db").string());
  }
  ino_t inode() const {
    struct stat found {};
    return ::lstat(file(kName).c_str(), &found) == 0 ? found.st_ino : 0;
  }

  int fd_ = -1;
};

TEST_F(SocketActivationTest, WhoComesWhileTheDaemonRestartsWaitsAndGetsAnAnswer) {
  given_config();
  given_socket();
  const auto made = inode();
  auto daemon = handed();
  ASSERT_TRUE(daemon->says("READY=1")) << daemon->log();
  ASSERT_TRUE(daemon->says("STATUS=synced at ")) << daemon->log();
  RawClient first(file(kName));
  expect_status(first.get("/v1/status"));
  EXPECT_THAT(daemon->log(), HasSubstr("socket='from systemd'"));
  expect_stops(*daemon);
  EXPECT_EQ(inode(), made) << "systemd's socket stays";

  // Nobody accepts now; the kernel keeps it.
  RawClient waiting(file(kName));
  ASSERT_TRUE(waiting.send("GET /v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  RawClient also(file(kName));
  daemon = handed();
  expect_status(waiting.answer());
  expect_status(also.get("/v1/status"));
  expect_stops(*daemon);
  EXPECT_EQ(inode(), made);
}

TEST_F(SocketActivationTest, AReloadKeepsTheSocketThatWasHandedOver) {
  given_config();
  given_socket();
  auto daemon = handed();
  ASSERT_TRUE(daemon->says("STATUS=synced at ")) << daemon->log();
  const auto before = daemon->now();
  daemon->signal(SIGHUP);
  ASSERT_TRUE(daemon->says("RELOADING=1", before));
  ASSERT_TRUE(daemon->says("READY=1", before)) << daemon->log();
  RawClient client(file(kName));
  expect_status(client.get("/v1/status"));
  expect_stops(*daemon);
}

TEST_F(SocketActivationTest, CommandsFindTheDaemonThere) {
  given_config();
  given_socket();
  auto daemon = handed();
  ASSERT_TRUE(daemon->says("STATUS=synced at ")) << daemon->log();
  const auto asked = [&] {
    RawClient client(file(kName));
    const auto text = client.get("/metrics").body;
    return text.find("route=\"/v1/jobs/pause\"") != std::string::npos;
  };
  EXPECT_FALSE(asked());
  EXPECT_EQ(run({"--config", globals_.config, "jobs", "pause"}).code, 0);
  EXPECT_TRUE(asked()) << "the command did not go to the daemon";
  expect_stops(*daemon);
}

TEST_F(SocketActivationTest, WhatIsMeantForAnotherProcessIsLeftAlone) {
  given_config();
  given_socket();
  std::filesystem::remove(file(kName));
  auto daemon = handed("1");
  ASSERT_TRUE(daemon->says("STATUS=synced at ")) << daemon->log();
  EXPECT_THAT(daemon->log(), Not(HasSubstr("from systemd")));
  RawClient client(file(kName));  // it has made its own
  expect_status(client.get("/v1/status"));
  expect_stops(*daemon);
}

// systemd's own program for it: the first that comes starts the daemon, and is answered.
TEST_F(SocketActivationTest, TheFirstRequestStartsItUnderSystemdsOwnProgram) {
  const std::filesystem::path program = "/usr/bin/systemd-socket-activate";
  if (!std::filesystem::exists(program)) GTEST_SKIP() << program << " is not installed";
  given_config();
  DaemonLaunch launch;
  launch.words = {program.string(), "--listen=" + file(kName).string(),
                  "--fdname=confmirror.socket", "--setenv=NOTIFY_SOCKET"};
  DaemonProcess daemon(folder_.path(), {"--config", globals_.config}, std::chrono::microseconds(0),
                       launch);
  ASSERT_TRUE(eventually([this] { return inode() != 0; })) << daemon.log();
  // Bound is not yet listening.
  std::optional<RawClient> client;
  ASSERT_TRUE(eventually([&] {
    try {
      client.emplace(file(kName));
      return true;
    } catch (const std::runtime_error&) {
      return false;
    }
  }));
  expect_status(client->get("/v1/status"));
  ASSERT_TRUE(daemon.says("READY=1")) << daemon.log();
  EXPECT_THAT(daemon.log(), HasSubstr("socket='from systemd'"));
  expect_stops(daemon);
}

}  // namespace
}  // namespace test
