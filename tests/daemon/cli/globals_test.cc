#include "daemon/cli/globals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/config/folder.h"

namespace {

using testing::HasSubstr;

class GlobalsTest : public testing::Test {
 protected:
  GlobalsTest() {
    environment_.set("HOME", folder_.path().string());
    environment_.unset("XDG_CONFIG_HOME");
    environment_.unset("CONFMIRROR_CONFIG");
  }
  std::filesystem::path given_config(const std::string& name, const std::string& more = "") {
    return folder_.write(
        name, "[site]\nurl = \"https://acme.atlassian.net\"\nemail = \"a@example.com\"\n" + more);
  }

  testing_config::Folder folder_;
  testing_config::Environment environment_;
  cli::GlobalOptions globals_;
};

TEST_F(GlobalsTest, TheFileThatIsNamedIsRead) {
  globals_.config = given_config("mine.toml", "[mirror]\npath = \"wiki.db\"\n").string();
  given_config(".config/confmirror/confmirror.toml");
  const auto config = cli::load_config(globals_);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(cli::mirror_path(globals_, *config), folder_.path() / "wiki.db");
}

TEST_F(GlobalsTest, TheUsersFileIsFound) {
  const auto file = given_config(".config/confmirror/confmirror.toml");
  const auto config = cli::load_config(globals_);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->file, file);
  EXPECT_EQ(*cli::resolve_mirror_path(globals_), file.parent_path() / "mirror.db");
}

TEST_F(GlobalsTest, ADatabaseThatIsNamedNeedsNoConfiguration) {
  globals_.db = "some/mirror.db";
  globals_.config = (folder_.path() / "absent.toml").string();
  const auto path = cli::resolve_mirror_path(globals_);
  ASSERT_TRUE(path);
  EXPECT_EQ(*path, "some/mirror.db");
}

TEST_F(GlobalsTest, WithoutAnyConfigurationTheHintNamesBothWays) {
  globals_.config = (folder_.path() / "absent.toml").string();
  const auto path = cli::resolve_mirror_path(globals_);
  ASSERT_FALSE(path);
  EXPECT_EQ(path.error().kind, store::ErrorKind::kUsage);
  EXPECT_EQ(path.error().name, "config_missing");
  EXPECT_THAT(path.error().hint,
              testing::AllOf(HasSubstr("--db FILE"), HasSubstr("confmirror init")));
}

TEST_F(GlobalsTest, ABrokenConfigurationIsAnErrorOfUsageWithEveryProblem) {
  globals_.config = given_config("bad.toml", "tokn = 1\n[lgo]\n").string();
  const auto config = cli::load_config(globals_);
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().kind, store::ErrorKind::kUsage);
  EXPECT_THAT(config.error().message,
              testing::AllOf(HasSubstr("bad.toml:4:1"), HasSubstr("bad.toml:5:2")));
}

}  // namespace
