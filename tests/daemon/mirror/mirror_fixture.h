#pragma once

// A simulated site, a mirror file, and crawls between them, wired as `confmirror sync` wires them.
// Each crawl is a process life of its own: it opens the mirror, runs and closes it.

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/confluence/client.h"
#include "daemon/http/client.h"
#include "daemon/mirror/crawl.h"
#include "store/reader.h"
#include "store/writer.h"
#include "tests/site/compare.h"
#include "tests/site/server.h"

namespace mirror {

struct ProcessOptions {
  std::string url;
  std::string email;
  std::string token;
  std::filesystem::path path;
  int connections = 4;
  std::string history = "bodies";
  std::chrono::milliseconds timeout{10'000};
  confluence::Backoff backoff{std::chrono::milliseconds(2), std::chrono::milliseconds(20)};
};

// One life of the program.
class Process {
 public:
  explicit Process(const ProcessOptions& options);
  ~Process();

  // Runs to the end of the crawl, within a bound.
  store::Result<void> crawl(const CrawlOptions& options);
  // Ends the crawl from any thread.
  void stop();

  // Called on the network thread when the crawl exists.
  std::function<void(Process&)> on_start;
  boost::asio::io_context& io() { return io_; }
  confluence::Client& client() { return *client_; }
  confluence::Governor& governor() { return *governor_; }
  const Progress& progress() const { return progress_; }

 private:
  base::Awaitable<store::Result<void>> run(CrawlOptions options);
  base::Awaitable<void> whole(CrawlOptions options, std::optional<store::Result<void>>& outcome);
  store::Result<void> open();
  void persist(std::optional<store::Time> until, const std::string& reason);

  ProcessOptions options_;
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
  std::unique_ptr<Crawl> crawl_;
  Progress progress_;
};

struct Outcome {
  store::Result<void> result;
  Progress progress;
  confluence::Usage usage;
};

class MirrorTest : public ::testing::Test {
 protected:
  MirrorTest();
  ~MirrorTest() override;

  // Small bodies, no huge one.
  static site::ContentOptions content(std::uint32_t spaces, std::uint32_t pages,
                                      std::uint32_t max_versions);
  void given_site(const site::ContentOptions& content);
  void given_site(const site::ServerOptions& options);
  site::Server& site() { return *site_; }
  // Calls `work` on a server thread at the n-th API request from now.
  void at_request(std::uint64_t n, std::function<void()> work);
  // Indices of pages that may be edited, `count` of them.
  std::vector<site::Index> some_pages(std::size_t count);

  Outcome crawl() { return crawl({}); }
  Outcome crawl(const std::function<void(Process&)>& on_start);
  // A crawl in a process of its own that dies just before its n-th commit. False: it ended before.
  bool crawl_and_die_before_commit(int n);
  std::unique_ptr<store::Reader> reader();
  void forget_mirror();

  void expect_done(const Outcome& outcome);
  void expect_equal() { expect_equal({}); }
  void expect_equal(const site::CompareOptions& options);
  // Titles, places, versions' messages, labels, names: what the digest does not tell.
  void expect_same_details();
  std::string export_mirror();
  std::string last_outcome();
  std::vector<std::string> quarantined();

  CrawlOptions options;
  ProcessOptions process;

 private:
  std::filesystem::path folder_;
  std::unique_ptr<site::Server> site_;
};

}  // namespace mirror
