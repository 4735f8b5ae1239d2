#include "daemon/serve/access.h"

#include <gtest/gtest.h>
#include <pwd.h>
#include <unistd.h>

namespace serve {
namespace {

constexpr uid_t kStranger = 4'000'000'001;

TEST(AccessTest, WithoutRulesTheOwnUserSubmitsAndOthersRead) {
  const auto own = caller_of({}, ::geteuid(), ::getegid());
  EXPECT_TRUE(own.may_read);
  EXPECT_TRUE(own.may_submit);
  EXPECT_TRUE(own.may_write_as(""));
  EXPECT_FALSE(own.may_write_as("account-1"));
  const auto root = caller_of({}, 0, 0);
  EXPECT_EQ(root.name, "root");
  EXPECT_TRUE(root.may_submit);
  const auto stranger = caller_of({}, kStranger, kStranger);
  EXPECT_EQ(stranger.name, "4000000001");
  EXPECT_TRUE(stranger.may_read);
  EXPECT_FALSE(stranger.may_submit);
}

TEST(AccessTest, WithRulesAStrangerMayNothing) {
  const AccessRules rules = {{"somebody-else", {"submit"}}};
  EXPECT_FALSE(caller_of(rules, kStranger, kStranger).may_read);
  EXPECT_TRUE(caller_of(rules, 0, 0).may_submit);
  EXPECT_FALSE(token_caller(rules).may_read);
}

TEST(AccessTest, RulesGrantByUserGroupAndToEveryone) {
  EXPECT_TRUE(caller_of({{"4000000001", {"submit"}}}, kStranger, kStranger).may_submit);
  EXPECT_TRUE(caller_of({{"@root", {"read"}}}, kStranger, 0).may_read);
  EXPECT_FALSE(caller_of({{"@root", {"read"}}}, kStranger, 0).may_submit);
  EXPECT_FALSE(caller_of({{"@root", {"read"}}}, kStranger, kStranger).may_read);
  EXPECT_TRUE(caller_of({{"*", {"read"}}}, kStranger, kStranger).may_read);
}

TEST(AccessTest, AccountsAreGrantedOneByOneOrAll) {
  const AccessRules rules = {{"root", {"submit", "as:account-1"}}, {"*", {"read"}}};
  const auto root = caller_of(rules, 0, 0);
  EXPECT_TRUE(root.may_write_as("account-1"));
  EXPECT_FALSE(root.may_write_as("account-2"));
  EXPECT_TRUE(caller_of({{"root", {"as:*"}}}, 0, 0).may_write_as("account-2"));
}

TEST(AccessTest, TheTokenReadsUnlessARuleSaysMore) {
  EXPECT_TRUE(token_caller({}).may_read);
  EXPECT_FALSE(token_caller({}).may_submit);
  EXPECT_TRUE(token_caller({{"token", {"submit"}}}).may_submit);
  EXPECT_FALSE(token_caller({{"token", {"submit"}}}).uid.has_value());
}

}  // namespace
}  // namespace serve
