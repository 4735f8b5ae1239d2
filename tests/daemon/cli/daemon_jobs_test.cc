// The edit queue in the daemon, as a process.

#include <cstdlib>
#include <map>

#include "daemon/base/clock.h"
#include "store/jobs.h"
#include "tests/daemon/cli/daemon_fixture.h"

namespace test {
namespace {

using store::JobState;
using ::testing::HasSubstr;

class DaemonJobsTest : public DaemonFixture {
 protected:
  static int wanted(const char* name, int otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : std::atoi(text);
  }
  void submit_updates(int count) {
    auto reader = store::Reader::open(file("mirror.db"));
    ASSERT_TRUE(reader) << reader.error().message;
    store::PageFilter filter;
    filter.statuses = {"current"};
    filter.limit = count;
    const auto rows = (*reader)->pages(filter);
    ASSERT_TRUE(rows);
    ASSERT_EQ(static_cast<int>(rows->size()), count);
    store::JobQueue::Submission submission;
    submission.name = "test";
    submission.submitted_by = "tester";
    submission.again = true;
    for (const auto& row : *rows) {
      store::JobSpec spec;
      spec.page_id = row.id;
      spec.space_id = row.space_id;
      spec.title = row.title;
      spec.base_version = row.version.number;
      spec.body = "<p>changed " + std::to_string(row.id) + "</p>";
      submission.jobs.push_back(spec);
    }
    auto queue = store::JobQueue::open(file("mirror.db"));
    ASSERT_TRUE(queue) << queue.error().message;
    const auto accepted = (*queue)->submit(submission, base::SystemClock().now());
    ASSERT_TRUE(accepted) << accepted.error().message;
  }
  std::map<JobState, std::int64_t> counts() const {
    auto reader = store::Reader::open(file("mirror.db"));
    if (!reader) return {};
    auto found = (*reader)->job_counts();
    return found ? *found : std::map<JobState, std::int64_t>();
  }
  std::int64_t done() const {
    auto all = counts();
    return all[JobState::kDone];
  }
  // Each page was written once, by a request of ours.
  void expect_written_once(int count) {
    std::map<site::Id, int> written;
    for (const auto& entry : server_->writes()) {
      if (entry.applied && entry.own) ++written[entry.page];
    }
    EXPECT_EQ(static_cast<int>(written.size()), count);
    for (const auto& [page, times] : written) EXPECT_EQ(times, 1) << page;
  }
};

TEST_F(DaemonJobsTest, WhatIsSubmittedIsWrittenWhileTheDaemonRuns) {
  given_site(100);
  const auto daemon = started();
  submit_updates(30);
  EXPECT_TRUE(eventually([this] { return done() == 30; })) << daemon->log();
  expect_written_once(30);
  EXPECT_EQ(differences(), "");
  expect_stops(*daemon);
}

TEST_F(DaemonJobsTest, APauseIsHeardWhileItRuns) {
  given_site(100);
  const auto daemon = started();
  auto queue = store::JobQueue::open(file("mirror.db"));
  ASSERT_TRUE(queue);
  ASSERT_TRUE((*queue)->pause("by a test", base::SystemClock().now()));
  submit_updates(10);
  EXPECT_TRUE(
      eventually([&] { return daemon->log().find("the queue is paused") != std::string::npos; }));
  EXPECT_EQ(done(), 0);
  EXPECT_THAT(status(), HasSubstr("paused since"));
  ASSERT_TRUE((*queue)->resume());
  EXPECT_TRUE(eventually([this] { return done() == 10; })) << daemon->log();
  expect_stops(*daemon);
}

TEST_F(DaemonJobsTest, AStopFinishesWhatIsUnderWayAndTheNextLifeDoesTheRest) {
  given_site(300);
  auto daemon = started();
  server_->change_settings([](site::Settings& settings) { settings.latency_ms = 20; });
  submit_updates(150);
  EXPECT_TRUE(eventually([this] { return done() >= 10; })) << daemon->log();
  expect_stops(*daemon);
  EXPECT_LT(done(), 150);
  auto after = counts();
  EXPECT_EQ(after[JobState::kSending], 0);
  daemon = start();
  EXPECT_TRUE(eventually([this] { return done() == 150; })) << daemon->log();
  expect_written_once(150);
  expect_stops(*daemon);
}

TEST_F(DaemonJobsTest, WhatAKilledDaemonHadSentIsLookedInto) {
  given_site(300);
  auto daemon = started();
  server_->change_settings([](site::Settings& settings) { settings.latency_ms = 20; });
  submit_updates(150);
  EXPECT_TRUE(eventually([this] { return done() >= 10; })) << daemon->log();
  daemon->signal(SIGKILL);
  daemon->wait();
  daemon = start();
  EXPECT_TRUE(eventually([this] { return done() == 150; })) << daemon->log();
  expect_written_once(150);
  expect_stops(*daemon);
}

TEST_F(DaemonJobsTest, ATokenThatDiesAmongManyJobsFailsNone) {
  const int count = wanted("CONFMIRROR_TOKEN_JOBS", 120);
  given_site(static_cast<std::uint32_t>(count) * 2);
  const auto daemon = started();
  auto& server = *server_;
  std::atomic<int> seen = 0;
  server.observe([&](const site::Seen& request) {
    if (request.method == "PUT" && ++seen == count / 2) server.set_token("another-token");
  });
  submit_updates(count);
  EXPECT_TRUE(eventually([this] { return status().find("held until") != std::string::npos; }))
      << daemon->log();
  server.observe({});
  auto held = counts();
  EXPECT_EQ(held[JobState::kFailed], 0);
  EXPECT_LT(held[JobState::kDone], count);
  write("token.new", "another-token");
  std::filesystem::rename(file("token.new"), file("token"));
  EXPECT_TRUE(eventually([&] { return done() == count; })) << daemon->log();
  auto after = counts();
  EXPECT_EQ(after.size(), 1U);
  expect_written_once(count);
  std::cout << "[ TOKEN    ] jobs=" << count << " done=" << done() << " failed=0\n";
  expect_stops(*daemon);
}

}  // namespace
}  // namespace test
