// An export that ends before any of its changes of the disk, as by kill -9: the next one comes to
// the same end as one that was never interrupted, touches nothing foreign, and leaves nothing over.

#include "daemon/export/file_names.h"
#include "daemon/export/manifest.h"
#include "tests/daemon/export/export_fixture.h"

namespace {

namespace fs = std::filesystem;
using ::testing::IsEmpty;

class ExportCrashTest : public test::ExportFixture {
 protected:
  void SetUp() override {
    ExportFixture::SetUp();
    options_.permissions.into_existing = true;
    given_page(1, "Home");
    given_page(2, "A", 1);
    given_page(3, "B", 1);
    given_page(4, "Below", 2);
    given_page(5, "Goes", 1);
    given_page(6, "Grows", 1);
    given_page(7, "PLAN");
  }
  void change_the_site() {
    given_page(2, "B", 1);  // two that swap, with what is below one of them
    given_page(3, "A", 1);
    auto gone = test::page(5, kDocs, "Goes", ++versions_[5]);
    gone.status = "trashed";
    given_page(gone);
    given_page(6, "Grows", 7);
    given_page(8, "plan");
    given_page(9, "Child of new", 8);
    given_page(1, "Home", {}, "<p>" + std::string(10000, 'x') + "</p>");
  }
  void expect_equal_after_a_crash_at_every_step(const fs::path& start) {
    const auto copy = fs::copy_options::recursive;
    out_ = folder_ / "whole";
    fs::copy(start, out_, copy);
    const test::Steps counted;
    ASSERT_TRUE(try_export(counted));
    const auto wanted = files();
    ASSERT_GT(counted.count(), 15);
    for (int step = 0; step < counted.count(); ++step) {
      out_ = folder_ / ("crash-" + std::to_string(step));
      fs::copy(start, out_, copy);
      ASSERT_FALSE(try_export(test::Steps(step))) << step;
      // The next one may be interrupted as well.
      const auto second = try_export(test::Steps(step / 2));
      const auto result = export_all();
      EXPECT_THAT(result.problems, IsEmpty()) << "crash before step " << step;
      EXPECT_EQ(files(), wanted) << "crash before step " << step;
      fs::remove_all(out_);
    }
  }
};

TEST_F(ExportCrashTest, AFirstExportGoesOnAfterACrashAtAnyStep) {
  const auto start = folder_ / "start";
  fs::create_directories(start / "DOCS");
  std::ofstream(start / "DOCS/PLAN.xml") << "mine";
  expect_equal_after_a_crash_at_every_step(start);
}

TEST_F(ExportCrashTest, ALaterExportGoesOnAfterACrashAtAnyStep) {
  out_ = folder_ / "start";
  export_all();
  std::ofstream(out_ / "DOCS/plan (8).xml") << "mine";
  change_the_site();
  expect_equal_after_a_crash_at_every_step(folder_ / "start");
}

TEST_F(ExportCrashTest, WhatChangedBetweenTheCrashAndTheNextRunIsFollowed) {
  export_all();
  change_the_site();
  const test::Steps counted;
  out_ = folder_ / "counting";
  ASSERT_TRUE(try_export(counted));
  for (int step = 0; step < counted.count(); step += 3) {
    out_ = folder_ / ("again-" + std::to_string(step));
    ASSERT_FALSE(try_export(test::Steps(step)));
    given_page(8, step % 2 == 0 ? "Otherwise" : "plan");
    EXPECT_THAT(export_all().problems, IsEmpty());
    const auto after = files();
    out_ = folder_ / "fresh";
    export_all();
    EXPECT_EQ(files(), after) << step;
    fs::remove_all(out_);
  }
}

}  // namespace
