#pragma once

// Batches go in, rows come out: what the tests of the apply rules share.

#include <gmock/gmock.h>

#include <filesystem>
#include <string>
#include <vector>

#include "store/upkeep.h"
#include "tests/store/mirror_fixture.h"

namespace store::testing {

class ApplyTest : public MirrorTest {
 protected:
  std::vector<std::string> dump(const std::vector<std::string>& queries) {
    std::vector<std::string> all;
    for (const std::string& query : queries) {
      for (const std::string& row : rows(query)) all.push_back(row);
    }
    return all;
  }
  std::vector<std::string> everything() {
    std::vector<std::string> queries;
    for (const std::string& table : rows("SELECT name FROM sqlite_schema WHERE type='table' AND"
                                         " name NOT LIKE 'sqlite%' ORDER BY name")) {
      queries.push_back("SELECT '" + table + "', * FROM " + table);
    }
    return dump(queries);
  }
  std::vector<std::string> everything_but_bookkeeping() {
    return dump(
        {"SELECT id, space_id, status, title, parent_id, version, modified_at, state_since,"
         " body_version, hex(body_hash), body_due, history_version, history_due FROM page",
         "SELECT * FROM page_version", "SELECT * FROM page_body", "SELECT * FROM blob",
         "SELECT * FROM page_state", "SELECT * FROM replaced_version"});
  }
  // What does not depend on the order in which answers came. (How a body is compressed, and which
  // states were seen in passing, does.)
  std::vector<std::string> settled() {
    return dump(
        {"SELECT p.id, p.space_id, p.status, p.title, p.parent_id, p.parent_type, p.position,"
         " p.version, p.modified_at, p.observation, p.observed_at, p.body_version,"
         " hex(p.body_hash), p.body_bytes, p.body_observation, p.body_due, p.history_version,"
         " p.history_floor, p.history_due, b.body FROM page p LEFT JOIN page_body b"
         " ON b.id=p.body_id",
         "SELECT v.page_id, v.number, v.created_at, a.account_id, v.message, v.minor_edit,"
         " v.title, hex(b.sha256), v.observation, v.body_observation, v.body_of_page"
         " FROM page_version v LEFT JOIN blob b ON b.id=v.blob_id"
         " LEFT JOIN account a ON a.id=v.author",
         "SELECT page_id, number, observation FROM replaced_version"});
  }
  void start_anew() {
    reader_.reset();
    if (writer_) close();
    for (const char* suffix : {"", "-wal", "-shm"})
      std::filesystem::remove(path().string() + suffix);
    open();
  }
  void expect_sound() {
    const auto report = check(path(), {});
    ASSERT_TRUE(report.has_value()) << report.error().message;
    EXPECT_THAT(report->findings, ::testing::IsEmpty());
  }
};

}  // namespace store::testing
