// A site that is worked on without pause, with faults on, and a mirror that follows it: in the end
// they are equal, and what is gone has the right reason.

#include <gmock/gmock.h>

#include <atomic>
#include <cstdio>
#include <map>
#include <memory>

#include "tests/daemon/mirror/mirror_fixture.h"
#include "tests/site/worker.h"

namespace mirror {
namespace {

using site::Content;
using site::Fault;
using site::Index;

class SoakTest : public MirrorTest {
 protected:
  void work(int operations) {
    site().with_content([&](Content& content) { worker_.work(content, operations); });
  }
  void faults(double share) {
    for (const auto fault :
         {Fault::k500, Fault::k502Html, Fault::kResetBefore, Fault::kResetAfter,
          Fault::kTruncatedJson, Fault::kMalformedJson, Fault::kEmpty200, Fault::kHtml200,
          Fault::kRefusedCursor, Fault::kShortPage, Fault::kEmptyPage, Fault::kRepeatedRow}) {
      site().set_fault(fault, share);
    }
  }
  // What the mirror says of every page that it ever saw.
  void expect_right_reasons() {
    std::map<store::Id, Index> by_id;
    site().with_content([&](Content& content) {
      for (Index page = 0; page < content.pages().size(); ++page) {
        by_id[content.pages()[page].id] = page;
      }
      auto visit = [&](const store::PageRow& row) {
        const auto index = by_id.at(row.id);
        EXPECT_EQ(row.gone_reason, site::gone_reason(content, index)) << row.id;
        ++reasons_[row.gone_reason];
        return true;
      };
      auto visited = reader()->for_each_page(visit, false, {});
      EXPECT_TRUE(visited);
    });
  }

  site::Worker worker_{20};
  std::map<std::string, int> reasons_;
};

TEST_F(SoakTest, TheMirrorFollowsASiteThatIsWorkedOnWithoutPause) {
  given_site(content(8, 500, 3));
  options.overlap = std::chrono::seconds(0);
  options.max_vanished_pages = 1'000'000;
  options.max_vanished_percent = 100;
  expect_done(crawl());
  faults(0.02);
  auto requests = std::make_shared<std::atomic<int>>(0);
  for (int round = 0; round < 12; ++round) {
    options.incremental = round % 4 != 3;
    work(100);
    // While it is read, too. (The content's own lock guards what work() uses.)
    site().observe([this, requests](const site::Seen&) {
      if (++*requests % 3 == 0) work(2);
    });
    const auto outcome = crawl();
    EXPECT_TRUE(outcome.result) << outcome.result.error().message;
  }
  faults(0);
  site().observe({});
  options.incremental = false;
  options.retry_quarantine = true;
  expect_done(crawl());
  expect_equal();
  expect_right_reasons();
  std::printf("[ figures  ] done=%lld requests=%d vanished=%d deleted=%d live=%d\n",
              static_cast<long long>(worker_.done()), requests->load(), reasons_["vanished"],
              reasons_["deleted"], reasons_[""]);
  EXPECT_GT(worker_.done(), 1000);
  EXPECT_GT(requests->load(), 100);
  EXPECT_GT(reasons_["vanished"], 5);
  EXPECT_GT(reasons_["deleted"], 5);
}

}  // namespace
}  // namespace mirror
