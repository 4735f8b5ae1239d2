#pragma once

// A simulated site, its mirror, and lives of a program that executes the queue of that mirror.

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/confluence/schemes.h"
#include "daemon/edits/job_runner.h"
#include "store/jobs.h"
#include "tests/daemon/mirror/mirror_fixture.h"

namespace edits {

using store::JobAction;
using store::JobId;
using store::JobSpec;
using store::JobState;

// Who signs its requests; none: the account, by its API token.
using MakeAuth = std::function<std::unique_ptr<confluence::Auth>(confluence::AuthDeps deps)>;

// One life of the program.
class RunnerProcess {
 public:
  RunnerProcess(const mirror::ProcessOptions& process, JobRunnerOptions options,
                const MakeAuth& make_auth = {});
  ~RunnerProcess();

  // Until nothing is left, within a bound; or, unless until_idle, until stop().
  store::Result<void> run();
  void stop();  // from any thread
  void wake();  // from any thread
  JobTotals totals() const { return totals_; }
  confluence::Usage usage() const { return client_->usage(); }

 private:
  base::Awaitable<void> whole(std::optional<store::Result<void>>& outcome);

  mirror::ProcessOptions process_;
  JobRunnerOptions options_;
  base::SystemClock clock_;
  boost::asio::thread_pool pool_{1};
  boost::asio::thread_pool reader_thread_{1};
  boost::asio::io_context io_{1};
  std::unique_ptr<confluence::Auth> auth_;
  std::unique_ptr<http::Client> http_;
  std::unique_ptr<confluence::Governor> governor_;
  std::unique_ptr<store::Writer> writer_;
  std::unique_ptr<store::Reader> reader_;
  std::unique_ptr<confluence::Client> client_;
  std::unique_ptr<JobRunner> runner_;
  JobTotals totals_;
};

class RunnerTest : public mirror::MirrorTest {
 protected:
  RunnerTest();

  // A small site and a mirror of it.
  void given_mirror(std::uint32_t spaces = 2, std::uint32_t pages = 60);
  // Current pages that are no homepages, as the mirror has them.
  std::vector<store::PageRow> pages(std::size_t count);
  store::Id space_id();
  store::Id homepage_id();

  static JobSpec update(const store::PageRow& page, const std::string& body);
  static JobSpec remove(const store::PageRow& page);
  JobSpec create(const std::string& title, const std::string& body = "<p>new</p>");

  std::vector<JobId> submit(std::vector<JobSpec> jobs);
  store::JobQueue& queue();
  store::Result<void> run();
  void expect_run();
  store::Job job(JobId id);
  std::string state(JobId id) { return std::string(to_string(job(id).state)); }
  std::vector<std::string> reasons(JobId id);  // "sending: attempt 1", ...
  store::PageRow row(store::Id page_id);

  // How often the site applied a write of its account to this page; 0 = to any.
  int applied(store::Id page_id = 0);
  // How many write requests of its account reached the site.
  int asked_to_write();
  void others_update(store::Id page_id, const std::string& body, const std::string& title = "");
  void next_write(site::Fault fault, const std::string& what = "", std::uint32_t count = 1);

  JobRunnerOptions runner;
  MakeAuth make_auth;
  JobTotals totals;
  confluence::Usage usage;

 private:
  std::unique_ptr<store::JobQueue> queue_;
};

}  // namespace edits
