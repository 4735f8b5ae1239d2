#include "daemon/serve/bearer.h"

#include <gtest/gtest.h>

namespace serve {
namespace {

TEST(BearerTokenTest, ComesAsBearerOrAsThePasswordOfBasic) {
  const BearerToken token(base::Secret("secret"));
  EXPECT_TRUE(token.fits("Bearer secret"));
  EXPECT_TRUE(token.fits("bearer secret"));
  EXPECT_TRUE(token.fits("Basic bWVAYS5iOnNlY3JldA==")) << "me@a.b:secret";
  EXPECT_TRUE(token.fits("Basic OnNlY3JldA==")) << ":secret";
  EXPECT_TRUE(token.fits("Basic YTpzZWNyZXQ=")) << "a:secret";
  EXPECT_TRUE(token.fits("Basic YWI6c2VjcmV0")) << "ab:secret";
}

TEST(BearerTokenTest, NothingElseFits) {
  const BearerToken token(base::Secret("secret"));
  for (const char* other : {"", "Bearer ", "Bearer", "secret", "Bearer secret ", "Bearer  secret",
                            "Bearer secre", "Digest secret", "Basic ", "Basic secret",
                            "Basic c2VjcmV0", "Basic c2VjcmV0Og==", "Basic YTpzZWNyZXQ",
                            "Basic YTpzZWNyZXQ==", "Basic ====", "Basic YTpzZWNyZX-"}) {
    EXPECT_FALSE(token.fits(other)) << other;
  }
  EXPECT_FALSE(BearerToken().fits("Bearer "));
  EXPECT_FALSE(BearerToken().fits("Basic Og==")) << "no token is no empty one";
}

}  // namespace
}  // namespace serve
