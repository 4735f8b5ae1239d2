#pragma once

// Verifications between a simulated site and a mirror file, wired as `confmirror verify` wires
// them.

#include <sqlite3.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <cstdlib>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "daemon/base/secret.h"
#include "daemon/confluence/auth.h"
#include "daemon/mirror/plan.h"
#include "daemon/mirror/verify.h"
#include "tests/daemon/mirror/mirror_fixture.h"

namespace mirror {

inline constexpr std::size_t kEvery = std::numeric_limits<std::size_t>::max();

struct Verified {
  store::Result<VerifyReport> result;
  confluence::Usage usage;
};

// One life of the program that only reads.
class Verification {
 public:
  Verification(const ProcessOptions& options, VerifyOptions verify_options)
      : auth_(options.email, base::Secret(options.token)) {
    http::ClientOptions http_options;
    http_options.connections = options.connections;
    http_ = std::make_unique<http::Client>(io_, http_options);
    confluence::GovernorOptions governor_options;
    governor_options.max_concurrency = options.connections;
    governor_ = std::make_unique<confluence::Governor>(
        io_, clock_, governor_options, [](std::optional<store::Time>, const std::string&) {});
    const confluence::Client::Deps client{*http_, *governor_, auth_, clock_, pool_};
    client_ = std::make_unique<confluence::Client>(client, options.url, 0, options.timeout,
                                                   options.backoff);
    reader_ = std::move(store::Reader::open(options.path).value());
    verify_options.max_concurrency = options.connections;
    const VerifyDeps deps{io_, *client_, *reader_, reader_thread_, clock_};
    verify_ = std::make_unique<Verify>(deps, std::move(verify_options));
  }
  ~Verification() {
    pool_.join();
    reader_thread_.join();
  }

  Verified run() {
    std::optional<store::Result<VerifyReport>> outcome;
    std::exception_ptr failure;
    auto on_end = [&failure](std::exception_ptr e) { failure = std::move(e); };
    boost::asio::co_spawn(io_, whole(outcome), std::move(on_end));
    io_.run_for(std::chrono::seconds(120));
    if (failure) std::rethrow_exception(failure);
    if (!outcome) std::abort();  // it does not end; its coroutines cannot be taken apart
    return {std::move(*outcome), client_->usage()};
  }
  // From any thread.
  void stop() {
    boost::asio::post(io_, [this] { verify_->stop(); });
  }

 private:
  base::Awaitable<void> whole(std::optional<store::Result<VerifyReport>>& outcome) {
    auto result = co_await verify_->run();
    outcome.emplace(std::move(result));
  }

  base::SystemClock clock_;
  confluence::BasicAuth auth_;
  boost::asio::thread_pool pool_{1};
  boost::asio::thread_pool reader_thread_{1};
  boost::asio::io_context io_{1};
  std::unique_ptr<http::Client> http_;
  std::unique_ptr<confluence::Governor> governor_;
  std::unique_ptr<confluence::Client> client_;
  std::unique_ptr<store::Reader> reader_;
  std::unique_ptr<Verify> verify_;
};

class VerifyTest : public MirrorTest {
 protected:
  VerifyTest() {
    verify_options.admits = [](const store::Space&) { return true; };
    verify_options.seed = 1;
  }
  void given_a_mirror(std::uint32_t spaces = 6, std::uint32_t pages = 600) {
    given_site(content(spaces, pages, 2));
    expect_done(crawl());
    expect_equal();
    site().reset_counters();
  }
  Verified verify() {
    Verification life(process, verify_options);
    auto verified = life.run();
    site().observe({});
    return verified;
  }
  // Everything was compared, and nothing differs.
  void expect_no_difference(const Verified& verified) {
    ASSERT_TRUE(verified.result) << verified.result.error().message;
    for (const auto& difference : verified.result->differences)
      ADD_FAILURE() << show_difference(difference);
    for (const auto& [subject, reason] : verified.result->left_out) {
      ADD_FAILURE() << subject << ": " << reason;
    }
  }
  static std::string show_difference(const Difference& difference) {
    return std::string(to_string(difference.kind)) + " " + std::to_string(difference.page_id) +
           " '" + difference.title + "': " + difference.in_mirror + " | " + difference.on_site;
  }
  template <typename Work>
  void change(Work work) {
    site().with_content([&](site::Content& content) { work(content); });
  }
  void alter_mirror(const std::string& sql) {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(process.path.c_str(), &db), SQLITE_OK);
    char* error = nullptr;
    EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, &error), SQLITE_OK)
        << (error != nullptr ? error : "");
    sqlite3_free(error);
    sqlite3_close(db);
  }
  store::Id id_of(site::Index page) {
    store::Id id = 0;
    change([&](site::Content& content) { id = content.pages()[page].id; });
    return id;
  }
  std::int64_t pages_shown() {
    std::int64_t count = 0;
    change([&](site::Content& content) {
      for (site::Index page = 0; page < content.pages().size(); ++page) {
        const auto status = content.pages()[page].status;
        const bool listed = status != site::Status::kPurged && status != site::Status::kDeleted;
        if (listed && content.shown(page)) ++count;
      }
    });
    return count;
  }

  VerifyOptions verify_options;
};

inline std::int64_t answers(std::int64_t rows) { return (rows + kMaxPageSize - 1) / kMaxPageSize; }

// Who we are, twice, and the spaces of two statuses.
inline constexpr std::int64_t kFrame = 4;

}  // namespace mirror
