#include "daemon/confluence/auth.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

namespace confluence {

namespace {

store::Result<void> sign(Auth& auth, http::Request& request, std::string as_user = {}) {
  boost::asio::io_context io;
  store::Result<void> outcome;
  auto work = [&]() -> base::Awaitable<void> {
    outcome = co_await auth.sign(request, std::move(as_user));
  };
  boost::asio::co_spawn(io, work(), boost::asio::detached);
  io.run();
  return outcome;
}

}  // namespace

TEST(BasicAuthTest, EmailAndTokenAreOneHeader) {
  for (const auto& [token, expected] :
       std::vector<std::pair<std::string, std::string>>{{"t", "Basic YUBiLmM6dA=="},
                                                        {"to", "Basic YUBiLmM6dG8="},
                                                        {"tok", "Basic YUBiLmM6dG9r"},
                                                        {"", "Basic YUBiLmM6"}}) {
    BasicAuth auth("a@b.c", base::Secret(token));
    http::Request request("GET", "https://a.b/");
    ASSERT_TRUE(sign(auth, request));
    EXPECT_EQ(request.authorization.expose(), expected);
    EXPECT_EQ(fmt::format("{}", request.authorization), "***");
  }
}

TEST(BasicAuthTest, ActsForNobodyElse) {
  BasicAuth auth("a@b.c", base::Secret("t"));
  http::Request request("GET", "https://a.b/");
  const auto outcome = sign(auth, request, "712020:someone");
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().name, "cannot_impersonate");
  EXPECT_TRUE(request.authorization.empty());
}

}  // namespace confluence
