#include "daemon/cli/forget_command.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "store/lock.h"
#include "tests/daemon/cli/command_fixture.h"

namespace test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ForgetCommandTest : public CommandFixture {
 protected:
  void SetUp() override {
    CommandFixture::SetUp();
    given_page(page(101, kDocs, "Secret", 1));
    given_page(page(101, kDocs, "Secret", 2));
    given_page(page(102, kDocs, "Other"));
    mirror_.close();
  }
  Outcome forget(std::vector<std::string> args) const {
    args.insert(args.begin(), {"db", "forget"});
    return run_on_mirror(std::move(args));
  }
};

TEST_F(ForgetCommandTest, ErasesAndNamesWhatStillHoldsIt) {
  std::filesystem::create_directory(folder_ / "backups");
  ASSERT_EQ(run_on_mirror({"db", "backup", (folder_ / "backups").string()}).code, 0);
  const auto outcome = forget({"101", "--yes"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("page 101 is erased: 2 versions"));
  EXPECT_THAT(outcome.out,
              HasSubstr("still holds it: " + (folder_ / "backups" / "mirror-").string()));
  EXPECT_THAT(outcome.out, HasSubstr("comes back"));
  EXPECT_EQ(run_on_mirror({"page", "101"}).code, 2);
  EXPECT_EQ(run_on_mirror({"page", "102"}).code, 0);
  EXPECT_EQ(run_on_mirror({"db", "check"}).code, 0);
  EXPECT_EQ(forget({"101", "--yes"}).code, 2) << "there is nothing left of it";
}

TEST_F(ForgetCommandTest, AnswersScriptsInJson) {
  const auto outcome = run_on_mirror({"--json", "db", "forget", "101", "--yes"});
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json["page_id"], "101");
  EXPECT_EQ(json["versions"], 2);
  EXPECT_EQ(json["copies_that_hold_it"].size(), 0U);
}

TEST_F(ForgetCommandTest, WithoutAnAnswerNothingIsErased) {
  const auto outcome = forget({"101"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("--yes"));
  EXPECT_EQ(run_on_mirror({"page", "101"}).code, 0);
  EXPECT_EQ(forget({"one", "--yes"}).code, 2);
}

TEST_F(ForgetCommandTest, WhileAnotherProcessCrawlsItIsRefusedWithItsCode) {
  const auto lock = store::MirrorLock::acquire(mirror_.path());
  ASSERT_TRUE(lock.has_value());
  EXPECT_EQ(forget({"101", "--yes"}).code, 7);
  EXPECT_EQ(run_on_mirror({"page", "101"}).code, 0);
}

}  // namespace
}  // namespace test
