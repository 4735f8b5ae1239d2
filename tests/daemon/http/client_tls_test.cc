#include <gmock/gmock.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "tests/daemon/http/certificate.h"
#include "tests/daemon/http/http_fixture.h"

namespace http {

using scripted::Received;
using scripted::Reply;
using scripted::Server;

class TlsTest : public HttpTest {
 protected:
  void serve(const std::string& names = "IP:127.0.0.1,DNS:localhost", long from = -3600,
             long to = 3600) {
    const auto certificate = scripted::make_certificate(names, from, to);
    std::ofstream(ca_file_) << certificate.certificate_pem;
    auto answer = [](const Received&) { return Reply::json("{}"); };
    server_.emplace(answer, Server::Tls{certificate.certificate_pem, certificate.key_pem});
  }
  void TearDown() override { std::filesystem::remove(ca_file_); }

  const std::string ca_file_ =
      testing::TempDir() + "confmirror_ca_" + std::to_string(::getpid()) + ".pem";
  std::optional<Server> server_;
};

TEST_F(TlsTest, ACertificateThatNobodyVouchesForIsRefused) {
  serve();
  const auto result = fetch(get(server_->url("/wiki")));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().name, "tls_not_verified");
  EXPECT_EQ(result.error().kind, store::ErrorKind::kUsage);
  EXPECT_THAT(result.error().hint, testing::HasSubstr("certificate"));
  EXPECT_EQ(server_->requests(), 0);
}

TEST_F(TlsTest, ACertificateThatTheConfiguredFileVouchesForIsAccepted) {
  serve();
  start_client(8, ca_file_);
  for (int i = 0; i < 5; ++i) {
    const auto result = fetch(get(server_->url("/wiki")));
    ASSERT_TRUE(result) << result.error().message;
  }
  EXPECT_EQ(server_->connections(), 1);
}

TEST_F(TlsTest, ACertificateForAnotherHostIsRefused) {
  serve("DNS:elsewhere.example");
  start_client(8, ca_file_);
  EXPECT_EQ(failure(get(server_->url("/wiki"))), "tls_not_verified");
  EXPECT_EQ(server_->requests(), 0);
}

// As a clock that is a day off makes of any certificate that was made today.
TEST_F(TlsTest, ACertificateThatIsNotValidNowMayBeTheClocksFault) {
  for (const auto& [from, to] : {std::pair(-7200L, -3600L), std::pair(3600L, 7200L)}) {
    serve("IP:127.0.0.1,DNS:localhost", from, to);
    start_client(8, ca_file_);
    const auto result = fetch(get(server_->url("/wiki")));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().name, "tls_not_verified") << result.error().message;
    EXPECT_THAT(result.error().hint, testing::HasSubstr("is this machine's clock right"));
  }
}

TEST_F(TlsTest, AFileOfCertificatesThatIsNotThereIsNamed) {
  serve();
  start_client(8, ca_file_ + ".absent");
  const auto result = fetch(get(server_->url("/wiki")));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().name, "tls_not_verified");
}

TEST_F(TlsTest, AServerThatSpeaksNoTlsIsUnreachable) {
  const Server plain([](const Received&) { return Reply::json("{}"); });
  // It answers the first line that it understands; our hello is none, and it waits.
  auto request = get("https://127.0.0.1:" + std::to_string(plain.port()) + "/");
  request.limits.connect_timeout = 200ms;
  const auto result = fetch(std::move(request));
  ASSERT_FALSE(result);
  EXPECT_TRUE(is_unreachable(result.error().name)) << result.error().name;
}

}  // namespace http
