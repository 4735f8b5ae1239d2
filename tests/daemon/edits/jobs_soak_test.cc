// Many jobs of every kind against a site that loses answers, refuses, stalls, while the program is
// killed again and again: the site's own log says what was written. CONFMIRROR_SOAK_JOBS and
// CONFMIRROR_SOAK_KILLS say how many (300 and 4 otherwise); CONFMIRROR_SOAK_FAULTS=0 leaves the
// faults out.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "tests/daemon/edits/runner_fixture.h"

extern char** environ;

namespace edits {
namespace {

int setting(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoi(text);
}

JobRunnerOptions soak_options() {
  JobRunnerOptions options;
  options.until_idle = true;
  options.max_attempts = 12;
  options.first_pause = std::chrono::milliseconds(5);
  options.longest_pause = std::chrono::milliseconds(100);
  options.fresh_pause = std::chrono::milliseconds(100);
  return options;
}

// Not a test by itself: the life that the soak starts and kills.
TEST(JobsLife, DISABLED_ExecutesTheQueue) {
  const char* url = std::getenv("CONFMIRROR_TEST_URL");
  if (url == nullptr) GTEST_SKIP() << "only for other tests to start";
  mirror::ProcessOptions life;
  life.url = url;
  life.email = std::getenv("CONFMIRROR_TEST_EMAIL");
  life.token = std::getenv("CONFMIRROR_TEST_TOKEN");
  life.path = std::getenv("CONFMIRROR_TEST_PATH");
  life.connections = 8;
  life.timeout = std::chrono::milliseconds(500);
  RunnerProcess process(life, soak_options());
  auto result = process.run();
  if (!result) std::cerr << result.error().message << "\n";
}

class JobsSoakTest : public RunnerTest {
 protected:
  void given_big_mirror(int jobs) {
    given_mirror(4, static_cast<std::uint32_t>(jobs) + 100);
    process.connections = 8;
    process.timeout = std::chrono::milliseconds(500);
    runner = soak_options();
    for (auto& page : pages(static_cast<std::size_t>(jobs) * 6 / 10)) free_.push_back(page);
    std::shuffle(free_.begin(), free_.end(), random_);
  }

  // A page that no other job touches.
  store::PageRow take() {
    auto page = std::move(free_.back());
    free_.pop_back();
    return row(page.id);
  }

  std::vector<JobSpec> make_jobs(int count) {
    std::vector<JobSpec> jobs;
    int number = 0;
    while (static_cast<int>(jobs.size()) < count) {
      ++number;
      const int dice = static_cast<int>(random_() % 100);
      const auto text = "<p>soak " + std::to_string(number) + "</p><p>second</p>";
      if (dice < 25) {
        jobs.push_back(update(take(), text));
      } else if (dice < 35) {
        add_conflict(jobs, number);
      } else if (dice < 43) {  // two of one page
        const auto page = take();
        jobs.push_back(update(page, text));
        auto second = update(page, text + "<p>and again</p>");
        ++*second.base_version;
        jobs.push_back(second);
      } else if (dice < 68) {  // a page, and one below it
        jobs.push_back(create("Soak page " + std::to_string(number), text));
        auto child = create("Soak child " + std::to_string(number), text);
        child.parent_place = jobs.size() - 1;
        jobs.push_back(child);
      } else if (dice < 90) {
        jobs.push_back(remove(take()));
      } else {
        auto draft = create("Soak draft " + std::to_string(number), text);
        draft.status = "draft";
        jobs.push_back(draft);
      }
    }
    return jobs;
  }

  // An edit of what somebody else has changed meanwhile.
  void add_conflict(std::vector<JobSpec>& jobs, int number) {
    const auto page = take();
    auto edit = update(page, "<p>ours " + std::to_string(number) + "</p>" + page.body->text);
    edit.on_conflict = number % 3 == 0   ? store::OnConflict::kFail
                       : number % 3 == 1 ? store::OnConflict::kRebase
                                         : store::OnConflict::kOverwrite;
    others_update(page.id, page.body->text + "<p>theirs " + std::to_string(number) + "</p>");
    jobs.push_back(edit);
  }

  void given_faults() {
    using site::Fault;
    auto& server = site();
    for (const auto fault :
         {Fault::k429, Fault::k500, Fault::k503RetryAfter, Fault::k502Html, Fault::kResetBefore,
          Fault::kResetAfter, Fault::kCutBody, Fault::kEmpty200}) {
      server.set_fault(fault, 0.005);
    }
    for (const auto fault : {Fault::kAppliedReset, Fault::kApplied500, Fault::kApplied502Html,
                             Fault::kApplied503, Fault::kAppliedLater503, Fault::kRace409}) {
      server.set_fault(fault, 0.008);
    }
    for (const auto fault : {Fault::kNoAnswer, Fault::kAppliedNoAnswer}) {
      server.set_fault(fault, 0.008);
    }
  }

  // A life of its own; killed after a while, or not.
  void live(std::optional<std::chrono::milliseconds> kill_after) {
    std::vector<std::string> settings = {
        "CONFMIRROR_TEST_URL=" + process.url, "CONFMIRROR_TEST_EMAIL=" + process.email,
        "CONFMIRROR_TEST_TOKEN=" + process.token, "CONFMIRROR_TEST_PATH=" + process.path.string()};
    std::vector<char*> environment;
    for (char** entry = environ; *entry != nullptr; ++entry) {
      if (!std::string_view(*entry).starts_with("GTEST_")) environment.push_back(*entry);
    }
    for (auto& entry : settings) environment.push_back(entry.data());
    environment.push_back(nullptr);
    std::vector<std::string> words = {"/proc/self/exe", "--gtest_filter=JobsLife.*",
                                      "--gtest_also_run_disabled_tests"};
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    const auto self = std::filesystem::read_symlink("/proc/self/exe").string();
    pid_t child = 0;
    ASSERT_EQ(
        posix_spawn(&child, self.c_str(), &actions, nullptr, arguments.data(), environment.data()),
        0);
    posix_spawn_file_actions_destroy(&actions);
    if (kill_after) {
      std::this_thread::sleep_for(*kill_after);
      ::kill(child, SIGKILL);
    }
    ::waitpid(child, nullptr, 0);
  }

  std::mt19937 random_{20261125};
  std::vector<store::PageRow> free_;
};

struct Applied {
  std::uint64_t number = 0;  // in the order of application
  std::int32_t before_version = 0;
};

TEST_F(JobsSoakTest, EveryJobIsAppliedOnceOrReported) {
  const int count = setting("CONFMIRROR_SOAK_JOBS", 300);
  const int kills = setting("CONFMIRROR_SOAK_KILLS", 4);
  const bool faults = setting("CONFMIRROR_SOAK_FAULTS", 1) != 0;
  given_big_mirror(count);
  const auto specs = make_jobs(count);
  const auto ids = submit(specs);
  site().clear_writes();  // what others did before
  if (faults) given_faults();
  const auto requests_before = site().counters().requests;
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < kills; ++i) {
    live(std::chrono::milliseconds(60 + random_() % 500));
  }
  live(std::nullopt);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begun;
  rusage program{};
  getrusage(RUSAGE_CHILDREN, &program);
  EXPECT_FALSE(reader()->jobs_left(std::nullopt).value_or(true));
  site().clear_faults();
  const auto requests = site().counters().requests - requests_before;
  std::this_thread::sleep_for(std::chrono::milliseconds(400));  // applied-later-503

  std::map<std::string, std::vector<Applied>> by_mark;   // updates
  std::map<std::string, std::vector<Applied>> by_title;  // creates
  std::map<store::Id, std::vector<Applied>> deletes;
  for (const auto& entry : site().writes()) {
    if (!entry.applied || !entry.own) continue;
    Applied applied_now{entry.applied_number, entry.before ? entry.before->version : 0};
    if (entry.what == "create") by_title[entry.after->title].push_back(applied_now);
    if (entry.what == "delete") deletes[entry.page].push_back(applied_now);
    if (entry.what == "update") {
      const auto at = entry.message.find("[confmirror ");
      ASSERT_NE(at, std::string::npos) << entry.message;
      by_mark[entry.message.substr(at + 12, 16)].push_back(applied_now);
    }
  }
  std::map<std::string, int> states;
  std::map<store::Id, std::uint64_t> last_of_page;
  int noops = 0;
  for (const auto id : ids) {
    const auto now = job(id);
    ++states[std::string(to_string(now.state))];
    const auto& found = now.action == JobAction::kCreatePage   ? by_title[now.title]
                        : now.action == JobAction::kDeletePage ? deletes[*now.page_id]
                                                               : by_mark[now.mark];
    const std::string what = "job " + std::to_string(id) + " " +
                             std::string(to_string(now.action)) + " " +
                             std::string(to_string(now.state)) + " " + now.error;
    const bool noop = now.result.find("\"noop\":true") != std::string::npos;
    noops += noop ? 1 : 0;
    if (now.state == JobState::kDone) {
      EXPECT_EQ(found.size(), noop ? 0U : 1U) << what;
    } else if (now.state == JobState::kInDoubt) {
      EXPECT_TRUE(is_draft_create(now)) << what;
      EXPECT_LE(found.size(), 1U) << what;
    } else {
      EXPECT_THAT(now.state, ::testing::AnyOf(JobState::kFailed, JobState::kConflict)) << what;
      EXPECT_EQ(found.size(), 0U) << what;
    }
    if (found.empty() || now.action != JobAction::kUpdatePage) continue;
    // Nobody's change was written over unless the job said so.
    if (now.on_conflict == store::OnConflict::kFail) {
      EXPECT_EQ(found[0].before_version, *now.base_version) << what;
    }
    auto& last = last_of_page[*now.page_id];
    EXPECT_GT(found[0].number, last) << what;
    last = found[0].number;
  }
  std::cout << "[ SOAK     ] jobs=" << ids.size() << " kills=" << kills
            << " seconds=" << seconds.count() << " requests=" << requests << " requests_per_job="
            << static_cast<double>(requests) / static_cast<double>(ids.size())
            << " jobs_per_second=" << static_cast<double>(ids.size()) / seconds.count()
            << " noops=" << noops << " peak_kib=" << program.ru_maxrss;
  for (const auto& [state_name, number] : states) std::cout << " " << state_name << "=" << number;
  std::cout << "\n";
  EXPECT_GT(states["done"], static_cast<int>(ids.size()) * 7 / 10);
  EXPECT_GT(states["conflict"], 0);

  // One page of a title, and what rebases kept of others.
  std::map<std::pair<site::Index, std::string>, int> titles;
  site().with_content([&](site::Content& site_content) {
    for (const auto& page : site_content.pages()) {
      if (page.status == site::Status::kCurrent) ++titles[{page.space, page.title}];
    }
  });
  for (const auto& [key, number] : titles) EXPECT_EQ(number, 1) << key.second;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (specs[i].on_conflict != store::OnConflict::kRebase || state(ids[i]) != "done") continue;
    EXPECT_THAT(row(*specs[i].page_id).body->text, ::testing::HasSubstr("theirs")) << ids[i];
  }
  expect_done(crawl());
  expect_equal();
}

}  // namespace
}  // namespace edits
