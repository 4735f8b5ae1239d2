#include "tests/daemon/mirror/mirror_fixture.h"

#include <fcntl.h>
#include <spawn.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <cstdlib>
#include <iostream>
#include <map>
#include <set>

#include "daemon/base/async.h"
#include "daemon/base/log.h"
#include "daemon/base/secret.h"
#include "daemon/confluence/auth.h"
#include "daemon/export/jsonl.h"

extern char** environ;

namespace mirror {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::seconds kBound{120};
constexpr int kDied = 42;

std::string show(const store::Error& error) { return error.name + ": " + error.message; }

std::int64_t millis(store::Time time) { return time.time_since_epoch().count(); }

}  // namespace

Process::Process(const ProcessOptions& options) : options_(options) {
  auth_ = std::make_unique<confluence::BasicAuth>(options_.email, base::Secret(options_.token));
  http::ClientOptions http_options;
  http_options.connections = options_.connections;
  http_ = std::make_unique<http::Client>(io_, http_options);
  confluence::GovernorOptions governor_options;
  governor_options.max_concurrency = options_.connections;
  auto persist = [this](std::optional<store::Time> until, const std::string& reason) {
    this->persist(until, reason);
  };
  governor_ =
      std::make_unique<confluence::Governor>(io_, clock_, governor_options, std::move(persist));
}

Process::~Process() {
  pool_.join();
  reader_thread_.join();
}

void Process::persist(std::optional<store::Time> until, const std::string& reason) {
  if (!writer_) return;
  store::Batch batch(0, clock_.now());
  batch.meta["rate_wait_until"] = until ? store::to_iso8601(*until) : "";
  batch.meta["rate_wait_reason"] = until ? reason : "";
  writer_->submit(std::move(batch), [](const store::Result<store::CommitInfo>&) {});
}

store::Result<void> Process::open() {
  store::Writer::Options writer_options;
  writer_options.history = options_.history;
  auto writer = store::Writer::open(options_.path, writer_options);
  if (!writer) return store::fail(writer.error());
  writer_ = std::move(*writer);
  auto reader = store::Reader::open(options_.path);
  if (!reader) return store::fail(reader.error());
  reader_ = std::move(*reader);
  auto observation = reader_->last_observation();
  if (!observation) return store::fail(observation.error());
  const confluence::Client::Deps deps{*http_, *governor_, *auth_, clock_, pool_};
  client_ = std::make_unique<confluence::Client>(deps, options_.url, *observation, options_.timeout,
                                                 options_.backoff);
  auto until = reader_->meta("rate_wait_until");
  if (!until) return store::fail(until.error());
  if (*until) {
    auto time = store::parse_iso8601(**until);
    if (time) governor_->restore(*time, "restored");
  }
  return {};
}

base::Awaitable<store::Result<void>> Process::run(CrawlOptions options) {
  auto who = co_await client_->who_am_i();
  if (!who) co_return store::fail(who.error());
  options.max_concurrency = options_.connections;
  const CrawlDeps deps{io_,      *client_,       *governor_, *writer_,
                       *reader_, reader_thread_, pool_,      clock_};
  crawl_ = std::make_unique<Crawl>(deps, std::move(options), std::move(*who));
  if (on_start) on_start(*this);
  auto result = co_await crawl_->run();
  progress_ = crawl_->progress();
  co_return result;
}

base::Awaitable<void> Process::whole(CrawlOptions options,
                                     std::optional<store::Result<void>>& outcome) {
  auto result = co_await run(std::move(options));
  outcome.emplace(std::move(result));
}

store::Result<void> Process::crawl(const CrawlOptions& options) {
  auto opened = open();
  if (!opened) return opened;
  std::optional<store::Result<void>> outcome;
  std::exception_ptr failure;
  auto on_end = [&failure](std::exception_ptr e) { failure = std::move(e); };
  asio::co_spawn(io_, whole(options, outcome), std::move(on_end));
  io_.run_for(kBound);
  if (failure) std::rethrow_exception(failure);
  if (!outcome) {
    std::cerr << "the crawl does not end: phase=" << (crawl_ ? crawl_->progress().phase : "")
              << "\n";
    std::abort();  // its coroutines cannot be taken apart any more
  }
  auto closed = writer_->close();
  if (!closed && *outcome) return closed;
  return std::move(*outcome);
}

void Process::stop() {
  asio::post(io_, [this] { crawl_->stop(); });
}

MirrorTest::MirrorTest() {
  auto pattern = (std::filesystem::temp_directory_path() / "confmirror-mirror.XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
  folder_ = pattern;
  process.path = folder_ / "mirror.db";
  options.admits = [](const store::Space&) { return true; };
  options.scope = "everything";
  options.closing_sweep = false;  // it would hide what was lost on the way
}

MirrorTest::~MirrorTest() {
  site_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

site::ContentOptions MirrorTest::content(std::uint32_t spaces, std::uint32_t pages,
                                         std::uint32_t max_versions) {
  site::ContentOptions made;
  made.spaces = spaces;
  made.pages = pages;
  made.max_versions = max_versions;
  made.avg_body_bytes = 600;
  made.huge_body_bytes = 0;
  return made;
}

void MirrorTest::given_site(const site::ContentOptions& content) {
  site::ServerOptions server;
  server.content = content;
  given_site(server);
}

void MirrorTest::given_site(const site::ServerOptions& server) {
  site_ = std::make_unique<site::Server>(server);
  // A process that does not get the processor for a while has not seen the refusal yet. Every wait
  // here is a second at least.
  site_->change_settings([](site::Settings& settings) { settings.grace_ms = 600; });
  process.url = site_->url();
  process.email = server.email;
  process.token = server.token;
}

void MirrorTest::at_request(std::uint64_t n, std::function<void()> work) {
  auto left = std::make_shared<std::atomic<std::int64_t>>(static_cast<std::int64_t>(n));
  site().observe([left, work = std::move(work)](const site::Seen&) {
    if (--*left == 0) work();
  });
}

std::vector<site::Index> MirrorTest::some_pages(std::size_t count) {
  std::vector<site::Index> found;
  const auto& server = site();
  server.with_content([&](const site::Content& content) {
    std::set<site::Index> homepages;
    for (const auto& space : content.spaces()) homepages.insert(space.homepage);
    const auto& pages = content.pages();
    const auto step = std::max<std::size_t>(1, pages.size() / (count * 3));
    for (std::size_t i = 0; i < pages.size() && found.size() < count; i += step) {
      const auto index = static_cast<site::Index>(i);
      if (pages[i].status != site::Status::kCurrent || homepages.contains(index)) continue;
      found.push_back(index);
    }
  });
  EXPECT_EQ(found.size(), count);
  return found;
}

Outcome MirrorTest::crawl(const std::function<void(Process&)>& on_start) {
  Process life(process);
  life.on_start = on_start;
  auto result = life.crawl(options);
  Outcome outcome{std::move(result), life.progress(), life.client().usage()};
  site().observe({});
  return outcome;
}

std::unique_ptr<store::Reader> MirrorTest::reader() {
  auto reader = store::Reader::open(process.path);
  if (!reader) throw std::runtime_error(show(reader.error()));
  return std::move(*reader);
}

void MirrorTest::forget_mirror() {
  for (const auto* suffix : {"", "-wal", "-shm"})
    std::filesystem::remove(process.path.string() + suffix);
}

void MirrorTest::expect_done(const Outcome& outcome) {
  ASSERT_TRUE(outcome.result) << show(outcome.result.error());
  EXPECT_TRUE(outcome.progress.failures.empty()) << outcome.progress.failures.front();
  EXPECT_EQ(outcome.progress.quarantined, 0);
  EXPECT_EQ(last_outcome(), "done");
}

std::string MirrorTest::export_mirror() {
  auto mirror = reader();
  std::string text;
  exporting::JsonlOptions export_options;
  export_options.history = true;
  auto write = [&text](std::string_view line) -> store::Result<void> {
    text += line;
    return {};
  };
  auto counts = exporting::export_jsonl(*mirror, export_options, write);
  if (!counts) ADD_FAILURE() << show(counts.error());
  return text;
}

void MirrorTest::expect_equal(const site::CompareOptions& compare_options) {
  const auto comparison = site::compare(site().digest(), export_mirror(), compare_options);
  for (const auto& difference : comparison.shown) ADD_FAILURE() << difference;
  EXPECT_EQ(comparison.differences, 0U);
  EXPECT_GT(comparison.pages, 0U);
}

std::string MirrorTest::last_outcome() {
  auto runs = reader()->runs(1);
  if (!runs || runs->empty()) return "none";
  return runs->front().outcome;
}

std::vector<std::string> MirrorTest::quarantined() {
  auto rows = reader()->quarantine();
  std::vector<std::string> subjects;
  if (!rows) {
    ADD_FAILURE() << show(rows.error());
    return subjects;
  }
  for (const auto& row : *rows) subjects.push_back(row.subject);
  return subjects;
}

void MirrorTest::expect_same_details() {
  auto mirror = reader();
  auto spaces = mirror->spaces();
  ASSERT_TRUE(spaces);
  std::map<store::Id, store::SpaceRow> by_id;
  for (auto& space : *spaces) by_id[space.id] = space;
  const auto& server = site();
  server.with_content([&](const site::Content& content) {
    EXPECT_EQ(by_id.size(), content.spaces().size());
    for (const auto& space : content.spaces()) {
      const auto& row = by_id[space.id];
      EXPECT_EQ(row.key, space.key);
      EXPECT_EQ(row.name, space.name);
      EXPECT_EQ(row.current_alias.value_or(space.key), space.alias);
      EXPECT_EQ(row.description.value_or(""), space.description);
      std::set<std::string> labels;
      for (const auto label : space.labels) labels.insert(content.labels()[label].name);
      EXPECT_EQ(std::set<std::string>(row.labels.begin(), row.labels.end()), labels) << space.key;
    }
    for (site::Index index = 0; index < content.pages().size(); ++index) {
      const auto& page = content.pages()[index];
      if (page.status == site::Status::kPurged) continue;
      auto found = mirror->page(page.id, false);
      ASSERT_TRUE(found && *found) << page.id;
      const auto& row = **found;
      EXPECT_EQ(row.title, page.title);
      EXPECT_EQ(row.space_id, content.spaces()[page.space].id);
      // A page in the trash shows no parent; archived ones keep theirs.
      const bool trashed =
          page.status == site::Status::kTrashed || page.status == site::Status::kDeleted;
      EXPECT_EQ(row.parent_id.value_or(0), trashed ? 0 : content.parent_id(page)) << page.id;
      EXPECT_EQ(row.position.value_or(-1), trashed ? -1 : page.position) << page.id;
      EXPECT_FALSE(row.body_due);
      const auto& author = content.users()[page.author];
      EXPECT_EQ(row.author_id, author.account_id);
      EXPECT_EQ(row.author_name, author.known ? author.display_name : "");
      auto versions = mirror->versions(page.id);
      ASSERT_TRUE(versions);
      std::map<std::int32_t, const store::VersionRow*> numbered;
      for (const auto& version : *versions) numbered[version.version.number] = &version;
      for (const auto& version : content.versions(index)) {
        ASSERT_TRUE(numbered.contains(version.number)) << page.id << " " << version.number;
        const auto& known = numbered[version.number]->version;
        EXPECT_EQ(known.message, version.message);
        EXPECT_EQ(known.minor_edit, version.minor_edit);
        EXPECT_EQ(millis(known.created_at), version.created_at);
      }
    }
  });
}

// The other process is this very program, started anew: nothing of this one's threads is in it.
bool MirrorTest::crawl_and_die_before_commit(int n) {
  std::vector<std::string> settings = {
      "CONFMIRROR_TEST_URL=" + process.url,
      "CONFMIRROR_TEST_EMAIL=" + process.email,
      "CONFMIRROR_TEST_TOKEN=" + process.token,
      "CONFMIRROR_TEST_PATH=" + process.path.string(),
      "CONFMIRROR_TEST_CONNECTIONS=" + std::to_string(process.connections),
      "CONFMIRROR_TEST_COMMITS=" + std::to_string(n),
  };
  std::vector<char*> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!std::string_view(*entry).starts_with("GTEST_")) environment.push_back(*entry);
  }
  for (auto& setting : settings) environment.push_back(setting.data());
  environment.push_back(nullptr);
  std::vector<std::string> words = {"/proc/self/exe",
                                    "--gtest_filter=*DISABLED_DiesBeforeItsCommit",
                                    "--gtest_also_run_disabled_tests"};
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  const auto self = std::filesystem::read_symlink("/proc/self/exe").string();
  pid_t child = 0;
  const int failed =
      posix_spawn(&child, self.c_str(), &actions, nullptr, arguments.data(), environment.data());
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw std::runtime_error("cannot start another process");
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
  const int code = WEXITSTATUS(status);
  EXPECT_TRUE(code == 0 || code == kDied) << "exit code " << code;
  return code == kDied;
}

namespace {
int commits_left = 0;

int die_at_last(void*) {
  if (--commits_left <= 0) _exit(kDied);
  return 0;
}

int watch_commits(sqlite3* db, char**, const void*) {
  sqlite3_commit_hook(db, die_at_last, nullptr);
  return SQLITE_OK;
}
}  // namespace

// Not a test by itself: the life that crawl_and_die_before_commit() starts.
TEST(MirrorLife, DISABLED_DiesBeforeItsCommit) {
  const char* commits = std::getenv("CONFMIRROR_TEST_COMMITS");
  if (commits == nullptr) GTEST_SKIP() << "only for other tests to start";
  commits_left = std::atoi(commits);
  sqlite3_auto_extension(reinterpret_cast<void (*)()>(watch_commits));
  ProcessOptions life;
  life.url = std::getenv("CONFMIRROR_TEST_URL");
  life.email = std::getenv("CONFMIRROR_TEST_EMAIL");
  life.token = std::getenv("CONFMIRROR_TEST_TOKEN");
  life.path = std::getenv("CONFMIRROR_TEST_PATH");
  life.connections = std::atoi(std::getenv("CONFMIRROR_TEST_CONNECTIONS"));
  CrawlOptions crawl_options;
  crawl_options.admits = [](const store::Space&) { return true; };
  crawl_options.scope = "everything";
  crawl_options.closing_sweep = false;
  Process process(life);
  auto result = process.crawl(crawl_options);
  if (!result) {
    std::cerr << show(result.error()) << "\n";
    _exit(1);
  }
}

}  // namespace mirror
