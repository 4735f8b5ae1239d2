// The daemon's local service where one of its listeners cannot be opened: the other one is served,
// and log, status and systemd are told.

#include <nlohmann/json.hpp>

#include "daemon/serve/listening.h"
#include "tests/daemon/cli/daemon_fixture.h"
#include "tests/daemon/serve/raw_client.h"

namespace test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kToken = "0123456789abcdef0123456789abcdef";

class DaemonListenersTest : public DaemonFixture {
 protected:
  void given_listeners() {
    given_site(20);
    auto made = serve::make_tcp_socket("127.0.0.1", 0);
    if (!made) throw std::runtime_error(made.error().message);
    others_ = std::move(made->first);
    port_ = made->second;
    write("serve.token", kToken);
    configure("1h", "[serve]\nlisten = \"127.0.0.1:" + std::to_string(port_) +
                        "\"\ntoken_file = \"serve.token\"\n");
  }
  void free_port() { others_ = serve::Listening(); }
  RawAnswer by_socket() const {
    RawClient client(file("confmirror.sock"));
    return client.get("/v1/status");
  }
  RawAnswer by_tcp() const {
    RawClient client(port_);
    return client.ask("GET /v1/status HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " +
                      std::string(kToken) + "\r\n\r\n");
  }
  // What the answer says is amiss with the service; "" = nothing.
  static std::string trouble_in(const RawAnswer& answer) {
    const auto json = nlohmann::json::parse(answer.body, nullptr, false);
    if (!json.is_object()) return "no JSON";
    for (const auto& trouble : json["trouble"]) {
      if (trouble["kind"] == "service") return trouble["message"];
    }
    return {};
  }

  serve::Listening others_;
  std::uint16_t port_ = 0;
};

TEST_F(DaemonListenersTest, APortThatIsTakenLeavesTheSocketAndIsOpenedByAReload) {
  given_listeners();
  const auto daemon = started();
  const auto answer = by_socket();
  EXPECT_EQ(answer.status, 200);
  const auto what = AllOf(HasSubstr("cannot listen on '127.0.0.1:" + std::to_string(port_)),
                          HasSubstr("another program listens there"));
  EXPECT_THAT(trouble_in(answer), what);
  EXPECT_THAT(status(), AllOf(HasSubstr("trouble  local service since "), what));
  EXPECT_THAT(daemon->log(), AllOf(HasSubstr("the local service lacks a listener"), what));
  EXPECT_TRUE(daemon->says("local service: cannot listen on"));

  free_port();
  const auto before = daemon->now();
  daemon->signal(SIGHUP);
  ASSERT_TRUE(daemon->says("READY=1", before)) << daemon->log();
  EXPECT_TRUE(eventually([&] { return status().find("local service") == std::string::npos; }))
      << daemon->log();
  EXPECT_EQ(by_tcp().status, 200);
  EXPECT_EQ(trouble_in(by_socket()), "");
  EXPECT_THAT(daemon->log(), Not(HasSubstr(kToken)));
  expect_stops(*daemon);
}

TEST_F(DaemonListenersTest, ASocketThatCannotBeMadeLeavesTcp) {
  given_listeners();
  free_port();
  write("confmirror.sock", "no socket");
  const auto daemon = started();
  const auto answer = by_tcp();
  EXPECT_EQ(answer.status, 200);
  const auto what = AllOf(HasSubstr("confmirror.sock"), HasSubstr("something else of that name"),
                          HasSubstr("set serve.socket"));
  EXPECT_THAT(trouble_in(answer), what);
  EXPECT_THAT(status(), AllOf(HasSubstr("trouble  local service since "), what));
  EXPECT_THAT(daemon->log(), AllOf(HasSubstr("the local service lacks a listener"), what));
  expect_stops(*daemon);
  EXPECT_THAT(status(), Not(HasSubstr("local service"))) << "it does not run any more at all";
}

TEST_F(DaemonListenersTest, WithoutItsTokenThereIsNoTcpAndTheSocketIsServed) {
  given_listeners();
  free_port();
  std::filesystem::remove(file("serve.token"));
  const auto daemon = started();
  EXPECT_EQ(by_socket().status, 200);
  EXPECT_THROW(by_tcp(), std::runtime_error) << "nobody may listen there";
  EXPECT_THAT(status(), AllOf(HasSubstr("cannot listen on '127.0.0.1:"), HasSubstr("serve.token")));
  expect_stops(*daemon);
}

}  // namespace
}  // namespace test
