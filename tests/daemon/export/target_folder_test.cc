// The folder itself, without the checks that an export makes before: whatever happens between a
// check and a change, no link is followed.

#include "daemon/export/target_folder.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/daemon/export/mirror_builder.h"

namespace {

namespace fs = std::filesystem;

class TargetFolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directory(folder_ / "elsewhere");
    std::ofstream(folder_ / "elsewhere/file") << "untouched";
    auto opened =
        exporting::TargetFolder::open(folder_ / "out", [] { return store::Result<void>(); });
    ASSERT_TRUE(opened) << opened.error().message;
    target_ = std::move(*opened);
    fs::create_symlink(folder_ / "elsewhere", folder_ / "out/link");
  }
  void TearDown() override {
    std::ifstream in(folder_ / "elsewhere/file");
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), "untouched");
    EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "elsewhere"), {}), 1);
  }

  test::TemporaryFolder folder_;
  std::unique_ptr<exporting::TargetFolder> target_;
};

TEST_F(TargetFolderTest, NothingIsWrittenThroughALink) {
  EXPECT_FALSE(target_->write("link/new", "x"));
  EXPECT_FALSE(target_->write("link/file", "x"));
  EXPECT_FALSE(target_->make_folder("link/sub"));
}

TEST_F(TargetFolderTest, NothingIsReadOrRemovedThroughALink) {
  EXPECT_FALSE(target_->read("link/file", 100));
  EXPECT_FALSE(target_->remove_file("link/file"));
  const auto removed = target_->remove_folder("link");
  EXPECT_FALSE(removed && *removed);
  const auto state = target_->state("link/file");
  ASSERT_TRUE(state);
  EXPECT_EQ(state->kind, exporting::TargetFolder::Kind::kOther);
}

TEST_F(TargetFolderTest, ALinkInThePlaceOfAFileIsReplacedNotFollowed) {
  fs::create_symlink(folder_ / "elsewhere/file", folder_ / "out/page");
  EXPECT_FALSE(target_->read("page", 100));
  EXPECT_TRUE(target_->write("page", "x"));
  EXPECT_FALSE(fs::is_symlink(folder_ / "out/page"));
}

}  // namespace
