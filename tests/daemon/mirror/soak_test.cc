// A site that is worked on without pause, with faults on, and a mirror that follows it: in the end
// they are equal, and what is gone has the right reason.

#include <gmock/gmock.h>

#include <atomic>
#include <cstdio>
#include <map>
#include <memory>

#include "tests/daemon/mirror/mirror_fixture.h"
#include "tests/site/random.h"

namespace mirror {
namespace {

using site::Content;
using site::Fault;
using site::Index;
using site::Status;

class SoakTest : public MirrorTest {
 protected:
  // One thing that someone might do. What the site refuses is simply not done.
  void work(Content& content) {
    const auto page = static_cast<Index>(random_.below(content.pages().size()));
    const auto& now = content.pages()[page];
    if (now.status == Status::kPurged || now.status == Status::kDeleted) return;
    switch (random_.below(16)) {
      case 0:
      case 1:
        move(content, page);
        break;
      case 2:
        content.set_status(page, Status::kArchived);
        break;
      case 3:
      case 4:
        content.set_status(page, Status::kTrashed);
        break;
      case 5:
      case 6:
        content.set_status(page, Status::kCurrent);
        break;
      case 7:
        if (random_.below(3) == 0) content.set_status(page, Status::kPurged);
        break;
      case 8:
        if (random_.below(3) == 0) content.set_status(page, Status::kDeleted);
        break;
      case 9:
        content.restrict_page(page, random_.below(2) == 0);
        break;
      case 10:
        add(content, now.space);
        break;
      default:
        edit(content, page);
    }
    ++done_;
  }
  void edit(Content& content, Index page) {
    site::Edit edit;
    edit.body = "<p>edit " + std::to_string(done_) + "</p>";
    if (random_.below(4) == 0) edit.title = "renamed " + std::to_string(done_);
    content.edit(page, edit);
  }
  void move(Content& content, Index page) {
    if (random_.below(2) == 0) {
      content.move_to_space(page, static_cast<Index>(random_.below(content.spaces().size())));
    } else {
      content.reparent(page, static_cast<Index>(random_.below(content.pages().size())));
    }
  }
  void add(Content& content, Index space) {
    site::NewPage page;
    page.space = space;
    page.title = "added " + std::to_string(done_);
    page.body = "<p>new</p>";
    content.add(page);
  }
  void work(int operations) {
    site().with_content([&](Content& content) {
      for (int i = 0; i < operations; ++i) work(content);
    });
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
        const auto& page = content.pages()[index];
        std::string expected;
        if (page.status == Status::kPurged || !content.shown(index)) {
          expected = "vanished";
        } else if (page.status == Status::kDeleted) {
          expected = "deleted";
        }
        EXPECT_EQ(row.gone_reason, expected) << row.id;
        ++reasons_[row.gone_reason];
        return true;
      };
      auto visited = reader()->for_each_page(visit, false, {});
      EXPECT_TRUE(visited);
    });
  }

  site::Random random_{20};
  std::int64_t done_ = 0;
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
              static_cast<long long>(done_), requests->load(), reasons_["vanished"],
              reasons_["deleted"], reasons_[""]);
  EXPECT_GT(done_, 1000);
  EXPECT_GT(requests->load(), 100);
  EXPECT_GT(reasons_["vanished"], 5);
  EXPECT_GT(reasons_["deleted"], 5);
}

}  // namespace
}  // namespace mirror
