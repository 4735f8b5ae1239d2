#include "tests/daemon/edits/runner_fixture.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>

#include "daemon/base/secret.h"
#include "daemon/confluence/auth.h"

namespace edits {

namespace asio = boost::asio;

namespace {
constexpr std::chrono::seconds kLongestRun{1200};
}  // namespace

RunnerProcess::RunnerProcess(const mirror::ProcessOptions& process, JobRunnerOptions options,
                             const MakeAuth& make_auth)
    : process_(process), options_(std::move(options)) {
  http::ClientOptions http_options;
  http_options.connections = process_.connections;
  http_ = std::make_unique<http::Client>(io_, http_options);
  auth_ = make_auth ? make_auth({io_, *http_, clock_})
                    : std::make_unique<confluence::BasicAuth>(process_.email,
                                                              base::Secret(process_.token));
  confluence::GovernorOptions governor_options;
  governor_options.max_concurrency = process_.connections;
  governor_ = std::make_unique<confluence::Governor>(
      io_, clock_, governor_options, [](std::optional<store::Time>, const std::string&) {});
  store::Writer::Options writer_options;
  writer_options.create = false;
  auto writer = store::Writer::open(process_.path, writer_options);
  if (!writer) throw std::runtime_error(writer.error().message);
  writer_ = std::move(*writer);
  auto reader = store::Reader::open(process_.path);
  if (!reader) throw std::runtime_error(reader.error().message);
  reader_ = std::move(*reader);
  const confluence::Client::Deps deps{*http_, *governor_, *auth_, clock_, pool_};
  client_ = std::make_unique<confluence::Client>(deps, process_.url,
                                                 reader_->last_observation().value_or(0),
                                                 process_.timeout, process_.backoff);
  options_.site_url = process_.url;
  options_.max_concurrency = process_.connections;
  const JobRunnerDeps runner_deps{io_,      *client_,       *governor_, *writer_,
                                  *reader_, reader_thread_, clock_};
  runner_ = std::make_unique<JobRunner>(runner_deps, options_);
}

RunnerProcess::~RunnerProcess() {
  pool_.join();
  reader_thread_.join();
}

base::Awaitable<void> RunnerProcess::whole(std::optional<store::Result<void>>& outcome) {
  auto result = co_await runner_->run();
  outcome.emplace(std::move(result));
}

store::Result<void> RunnerProcess::run() {
  std::optional<store::Result<void>> outcome;
  std::exception_ptr failure;
  auto on_end = [&failure](std::exception_ptr e) { failure = std::move(e); };
  asio::co_spawn(io_, whole(outcome), std::move(on_end));
  io_.run_for(kLongestRun);
  if (failure) std::rethrow_exception(failure);
  if (!outcome) {
    std::cerr << "the jobs do not end: under_way=" << runner_->under_way() << "\n";
    std::abort();  // its coroutines cannot be taken apart any more
  }
  totals_ = runner_->totals();
  auto closed = writer_->close();
  if (!closed && *outcome) return closed;
  return std::move(*outcome);
}

void RunnerProcess::stop() {
  asio::post(io_, [this] { runner_->stop(); });
}

void RunnerProcess::wake() {
  asio::post(io_, [this] { runner_->wake(); });
}

RunnerTest::RunnerTest() {
  runner.until_idle = true;
  runner.poll = std::chrono::milliseconds(10);
  runner.first_pause = std::chrono::milliseconds(5);
  runner.longest_pause = std::chrono::milliseconds(50);
  runner.fresh_pause = std::chrono::milliseconds(20);
}

void RunnerTest::given_mirror(std::uint32_t spaces, std::uint32_t page_count) {
  given_site(content(spaces, page_count, 3));
  options.closing_sweep = true;
  expect_done(crawl());
}

std::vector<store::PageRow> RunnerTest::pages(std::size_t count) {
  auto mirror = reader();
  store::PageFilter filter;
  filter.statuses = {"current"};
  filter.sort = "id";
  auto rows = mirror->pages(filter);
  std::vector<store::PageRow> found;
  if (!rows) return found;
  std::set<store::Id> homepages;
  auto all_spaces = mirror->spaces();
  if (all_spaces) {
    for (const auto& space : *all_spaces) homepages.insert(space.homepage_id.value_or(0));
  }
  for (auto& page : *rows) {
    if (found.size() < count && !homepages.contains(page.id)) found.push_back(std::move(page));
  }
  EXPECT_EQ(found.size(), count);
  return found;
}

store::Id RunnerTest::space_id() { return pages(1).front().space_id; }

store::Id RunnerTest::homepage_id() {
  auto all_spaces = reader()->spaces();
  for (const auto& space : *all_spaces) {
    if (space.id == space_id()) return space.homepage_id.value_or(0);
  }
  return 0;
}

JobSpec RunnerTest::update(const store::PageRow& page, const std::string& body) {
  JobSpec spec;
  spec.action = JobAction::kUpdatePage;
  spec.page_id = page.id;
  spec.space_id = page.space_id;
  spec.title = page.title;
  spec.base_version = page.version.number;
  spec.body = body;
  return spec;
}

JobSpec RunnerTest::remove(const store::PageRow& page) {
  JobSpec spec;
  spec.action = JobAction::kDeletePage;
  spec.page_id = page.id;
  spec.space_id = page.space_id;
  spec.parent_id = page.parent_id;
  spec.title = page.title;
  return spec;
}

JobSpec RunnerTest::create(const std::string& title, const std::string& body) {
  JobSpec spec;
  spec.action = JobAction::kCreatePage;
  spec.space_id = space_id();
  spec.title = title;
  spec.body = body;
  return spec;
}

store::JobQueue& RunnerTest::queue() {
  if (!queue_) {
    auto opened = store::JobQueue::open(process.path);
    if (!opened) throw std::runtime_error(opened.error().message);
    queue_ = std::move(*opened);
  }
  return *queue_;
}

std::vector<JobId> RunnerTest::submit(std::vector<JobSpec> jobs) {
  store::JobQueue::Submission submission;
  submission.name = "test";
  submission.submitted_by = "tester";
  submission.again = true;
  submission.jobs = std::move(jobs);
  auto accepted = queue().submit(submission, base::SystemClock().now());
  if (!accepted) throw std::runtime_error(accepted.error().message);
  return accepted->job_ids;
}

store::Result<void> RunnerTest::run() {
  RunnerProcess life(process, runner, make_auth);
  auto result = life.run();
  totals = life.totals();
  usage = life.usage();
  return result;
}

void RunnerTest::expect_run() {
  auto result = run();
  EXPECT_TRUE(result) << result.error().message;
}

store::Job RunnerTest::job(JobId id) {
  auto found = reader()->job(id, true);
  EXPECT_TRUE(found && *found) << id;
  return found && *found ? **found : store::Job();
}

std::vector<std::string> RunnerTest::reasons(JobId id) {
  std::vector<std::string> all;
  auto events = reader()->job_events(id);
  if (!events) return all;
  for (const auto& event : *events) {
    all.push_back(std::string(to_string(event.state)) + ": " + event.reason);
  }
  return all;
}

store::PageRow RunnerTest::row(store::Id page_id) {
  auto found = reader()->page(page_id, true);
  EXPECT_TRUE(found && *found) << page_id;
  return found && *found ? **found : store::PageRow();
}

int RunnerTest::applied(store::Id page_id) {
  int count = 0;
  for (const auto& entry : site().writes()) {
    if (entry.applied && entry.own && (page_id == 0 || entry.page == page_id)) ++count;
  }
  return count;
}

int RunnerTest::asked_to_write() {
  int count = 0;
  for (const auto& entry : site().writes()) count += entry.own ? 1 : 0;
  return count;
}

void RunnerTest::others_update(store::Id page_id, const std::string& body,
                               const std::string& title) {
  auto& server = site();
  std::string now_title;
  std::int32_t version = 0;
  server.with_content([&](site::Content& content) {
    const auto& page = content.pages()[content.find_page(page_id)];
    now_title = page.title;
    version = page.version;
  });
  const nlohmann::json json = {
      {"id", std::to_string(page_id)},
      {"status", "current"},
      {"title", title.empty() ? now_title : title},
      {"body", {{"representation", "storage"}, {"value", body}}},
      {"version", {{"number", version + 1}, {"message", "by somebody else"}}}};
  const auto [status, answer] =
      server.others_write("PUT", "/wiki/api/v2/pages/" + std::to_string(page_id), json.dump());
  EXPECT_EQ(status, 200) << answer;
}

void RunnerTest::next_write(site::Fault fault, const std::string& what, std::uint32_t count) {
  site::NextWrite next;
  next.fault = fault;
  next.what = what;
  next.count = count;
  site().next_write(next);
}

}  // namespace edits
