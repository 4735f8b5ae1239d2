// The daemon follows a site that is worked on without pause, with faults on; in the end the mirror
// equals the site, what is gone has the right reason, and what was observed stands in order.
// CONFMIRROR_SOAK=N in the environment: N operations instead of a few.

#include <sqlite3.h>
#include <stdlib.h>

#include <atomic>
#include <cstdio>
#include <map>
#include <thread>

#include "daemon/cli/sync_command.h"
#include "tests/daemon/cli/daemon_fixture.h"
#include "tests/site/worker.h"

namespace {

using site::Fault;

class DaemonSoakTest : public test::DaemonFixture {
 protected:
  void faults(double share) {
    for (const auto fault :
         {Fault::k429, Fault::k500, Fault::k502Html, Fault::k503RetryAfter, Fault::kResetBefore,
          Fault::kResetAfter, Fault::kTruncatedJson, Fault::kMalformedJson, Fault::kEmpty200,
          Fault::kHtml200, Fault::kRefusedCursor, Fault::kShortPage, Fault::kEmptyPage,
          Fault::kRepeatedRow}) {
      server_->set_fault(fault, share);
    }
  }
  std::map<std::string, int> reasons() {
    std::map<std::string, int> counted;
    auto reader = store::Reader::open(file("mirror.db"));
    EXPECT_TRUE(reader);
    server_->with_content([&](site::Content& content) {
      auto visit = [&](const store::PageRow& row) {
        site::Index index = 0;
        while (index < content.pages().size() && content.pages()[index].id != row.id) ++index;
        EXPECT_EQ(row.gone_reason, site::gone_reason(content, index)) << "page " << row.id;
        ++counted[row.gone_reason];
        return true;
      };
      auto visited = (*reader)->for_each_page(visit, false, {});
      EXPECT_TRUE(visited);
    });
    return counted;
  }
  std::int64_t count(const char* sql) {
    sqlite3* db = nullptr;
    EXPECT_EQ(sqlite3_open_v2(file("mirror.db").c_str(), &db, SQLITE_OPEN_READONLY, nullptr),
              SQLITE_OK);
    sqlite3_stmt* statement = nullptr;
    EXPECT_EQ(sqlite3_prepare_v2(db, sql, -1, &statement, nullptr), SQLITE_OK)
        << sqlite3_errmsg(db);
    EXPECT_EQ(sqlite3_step(statement), SQLITE_ROW);
    const auto found = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return found;
  }
};

TEST_F(DaemonSoakTest, TheMirrorFollowsASiteThatIsWorkedOnWithoutPause) {
  const char* const wanted = ::getenv("CONFMIRROR_SOAK");
  const std::int64_t operations = wanted == nullptr ? 600 : std::atoll(wanted);
  given_site(500);
  write("confmirror.toml", "[site]\nurl = \"" + server_->url() + "\"\nemail = \"" +
                               server_->options().email +
                               "\"\ntoken_file = \"token\"\n[mirror]\npath = \"mirror.db\"\n"
                               "[sync]\ninterval = \"10s\"\nreconcile_interval = \"60s\"\n"
                               "overlap = \"0s\"\nmax_vanished_percent = 100.0\n"
                               "max_vanished_pages = 1000000\n");
  const auto daemon = started();
  faults(0.01);
  site::Worker worker(21);
  std::size_t rounds = 0;
  for (; worker.done() < operations; ++rounds) {
    const auto before = runs().front().run_id;
    server_->with_content([&](site::Content& content) { worker.work(content, 40); });
    daemon->signal(SIGUSR1);
    // While it syncs, too.
    server_->with_content([&](site::Content& content) { worker.work(content, 10); });
    ASSERT_TRUE(test::eventually([&] {
      const auto row = runs().front();
      return row.run_id > before && row.outcome != "running";
    })) << daemon->log()
        << (daemon->now() > 0 ? daemon->said().back() : "");
  }
  faults(0);
  expect_stops(*daemon);
  cli::SyncArgs reconcile;
  reconcile.reconcile = true;
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(cli::run_sync(globals_, reconcile, out, err), 0) << err.str();
  EXPECT_EQ(differences(), "");
  const auto counted = reasons();
  const auto of = [&counted](const char* reason) {
    const auto found = counted.find(reason);
    return found == counted.end() ? 0 : found->second;
  };
  const auto states = count("SELECT count(*) FROM page_states");
  std::printf(
      "[ figures  ] operations=%lld rounds=%zu requests=%llu vanished=%d deleted=%d live=%d "
      "page_states=%lld\n",
      static_cast<long long>(worker.done()), rounds,
      static_cast<unsigned long long>(server_->counters().requests), of("vanished"), of("deleted"),
      of(""), static_cast<long long>(states));
  EXPECT_GT(states, count("SELECT count(*) FROM pages"));
  // What was observed stands in order, and ends with what is; a page that was gone has a gap.
  EXPECT_EQ(
      count("SELECT count(*) FROM (SELECT valid_to, lead(valid_from) OVER (PARTITION BY page_id"
            " ORDER BY valid_from) AS next FROM page_states)"
            " WHERE next IS NOT NULL AND (valid_to IS NULL OR valid_to>next)"),
      0);
  EXPECT_EQ(count("SELECT count(*) FROM page_states WHERE valid_to IS NULL"),
            count("SELECT count(*) FROM pages"));
  EXPECT_EQ(count("SELECT count(*) FROM pages p LEFT JOIN page_states s ON s.page_id=p.page_id AND"
                  " s.valid_to IS NULL WHERE s.title IS NOT p.title OR s.status IS NOT p.status OR"
                  " s.parent_id IS NOT p.parent_id OR s.space_id IS NOT p.space_id"),
            0);
}

}  // namespace
