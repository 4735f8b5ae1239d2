#include "daemon/confluence/auth.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <sstream>

namespace confluence {

TEST(BasicAuthTest, EmailAndTokenAreOneHeader) {
  for (const auto& [token, expected] :
       std::vector<std::pair<std::string, std::string>>{{"t", "Basic YUBiLmM6dA=="},
                                                        {"to", "Basic YUBiLmM6dG8="},
                                                        {"tok", "Basic YUBiLmM6dG9r"},
                                                        {"", "Basic YUBiLmM6"}}) {
    const BasicAuth auth("a@b.c", base::Secret(token));
    http::Request request("GET", "https://a.b/");
    auth.sign(request);
    EXPECT_EQ(request.authorization.expose(), expected);
    EXPECT_EQ(fmt::format("{}", request.authorization), "***");
  }
}

}  // namespace confluence
