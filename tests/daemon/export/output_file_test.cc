#include "daemon/export/output_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/daemon/export/mirror_builder.h"

namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class OutputFileTest : public ::testing::Test {
 protected:
  static std::unique_ptr<exporting::OutputFile> open(const fs::path& path) {
    auto file = exporting::OutputFile::create(path);
    if (!file) throw std::runtime_error(file.error().message);
    return std::move(*file);
  }
  static std::string content(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static mode_t mode(const fs::path& path) {
    struct stat found {};
    return ::stat(path.c_str(), &found) == 0 ? found.st_mode & 07777 : 0;
  }

  test::TemporaryFolder folder_;
  fs::path target_ = folder_ / "out.jsonl";
};

TEST_F(OutputFileTest, AppearsUnderItsNameOnlyWhenItIsWhole) {
  auto file = open(target_);
  const std::string part(std::size_t{3} << 20, 'x');
  ASSERT_TRUE(file->write(part));
  ASSERT_TRUE(file->write("end"));
  EXPECT_FALSE(fs::exists(target_));
  ASSERT_TRUE(file->commit());
  EXPECT_TRUE(content(target_) == part + "end");
  EXPECT_THAT(folder_.names(), ElementsAre("out.jsonl"));
}

TEST_F(OutputFileTest, WithoutCommitTheOldFileStaysAndNothingElseRemains) {
  std::ofstream(target_) << "old";
  ASSERT_TRUE(open(target_)->write("new"));
  EXPECT_EQ(content(target_), "old");
  EXPECT_THAT(folder_.names(), ElementsAre("out.jsonl"));
}

TEST_F(OutputFileTest, ANewFileIsNotForEverybodyAndAnOldOneKeepsItsMode) {
  const mode_t before = ::umask(0);
  ASSERT_TRUE(open(target_)->commit());
  EXPECT_EQ(mode(target_), 0640U);
  fs::permissions(target_, fs::perms(0600));
  ASSERT_TRUE(open(target_)->commit());
  ::umask(before);
  EXPECT_EQ(mode(target_), 0600U);
}

TEST_F(OutputFileTest, ALinkStaysALink) {
  fs::create_directory(folder_ / "there");
  std::ofstream(folder_ / "there/real") << "old";
  fs::create_symlink("there/real", target_);
  auto file = open(target_);
  ASSERT_TRUE(file->write("new"));
  ASSERT_TRUE(file->commit());
  EXPECT_TRUE(fs::is_symlink(target_));
  EXPECT_EQ(content(folder_ / "there/real"), "new");
}

TEST_F(OutputFileTest, ADeviceIsWrittenToAndNotReplaced) {
  auto file = open("/dev/null");
  ASSERT_TRUE(file->write("text"));
  ASSERT_TRUE(file->commit());
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST_F(OutputFileTest, AFullDiskIsNamed) {
  auto file = open("/dev/full");
  ASSERT_TRUE(file->write("text"));
  const auto ended = file->commit();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().kind, store::ErrorKind::kSystem);
  EXPECT_EQ(ended.error().name, "disk_full");
  EXPECT_THAT(ended.error().message, HasSubstr("cannot write '/dev/full': No space left"));
}

TEST_F(OutputFileTest, AFolderIsRefused) {
  const auto file = exporting::OutputFile::create(folder_.path());
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().kind, store::ErrorKind::kSystem);
  EXPECT_THAT(file.error().message, HasSubstr("Is a directory"));
}

TEST_F(OutputFileTest, AnAbsentFolderIsNamed) {
  const auto file = exporting::OutputFile::create(folder_ / "absent/out");
  ASSERT_FALSE(file);
  EXPECT_THAT(file.error().message, HasSubstr("absent/out': No such file"));
}

TEST_F(OutputFileTest, TwoAtOnceToOneTargetDoNotMix) {
  auto first = open(target_);
  auto second = open(target_);
  ASSERT_TRUE(first->write("first"));
  ASSERT_TRUE(second->write("second"));
  ASSERT_TRUE(first->commit());
  EXPECT_EQ(content(target_), "first");
  ASSERT_TRUE(second->commit());
  EXPECT_EQ(content(target_), "second");
}

}  // namespace
