// The batches that must be refused (tests/daemon/edits/bad_batches.h), as a user hands them in.

#include "tests/daemon/edits/bad_batches.h"

#include "tests/daemon/cli/jobs_fixture.h"

namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class SubmitBadBatchesTest : public test::JobsFixture {
 protected:
  SubmitBadBatchesTest() : JobsFixture(120) {}

  std::int64_t batches() const {
    auto reader = store::Reader::open(file("mirror.db"));
    return static_cast<std::int64_t>((*reader)->job_batches(10).value().size());
  }
};

TEST_F(SubmitBadBatchesTest, EachIsRefusedWholeWithFileLineAndField) {
  auto reader = store::Reader::open(file("mirror.db"));
  const auto names = test::bad::names_of(**reader);
  ASSERT_TRUE(names.contains("TRASHED") && names.contains("ARCHIVED"));
  std::set<std::string> kinds;
  for (const auto& bad : test::bad::bad_batches()) {
    SCOPED_TRACE(bad.name);
    kinds.insert(bad.name);
    const auto path = write("bad.jsonl", test::bad::filled(bad.text, names));
    const auto refused =
        run({"jobs", "submit", path, "--max-deletes", std::to_string(test::bad::kMostDeletes)});
    EXPECT_EQ(refused.code, 2);
    EXPECT_EQ(refused.out, "");
    const std::string field = bad.field;
    EXPECT_THAT(refused.err, StartsWith(path + ":" + std::to_string(bad.line) + ": " + field +
                                        (field.empty() ? "" : ": ")));
    EXPECT_THAT(refused.err, HasSubstr(bad.says));
    EXPECT_THAT(refused.err, HasSubstr("1 problem; nothing was queued"));
    ASSERT_EQ(batches(), 0);
  }
  EXPECT_GE(kinds.size(), 60U);
}

}  // namespace
