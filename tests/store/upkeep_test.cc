#include "store/upkeep.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <thread>

#include "store/lock.h"
#include "tests/store/mirror_fixture.h"

namespace store::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class UpkeepTest : public MirrorTest {
 protected:
  void given_mirror() {
    Batch batch(5, at(5));
    for (Id id = 1; id <= 20; ++id) {
      batch.pages.push_back(make_page_with_body(id, 4));
      batch.histories.push_back(make_history(id, 4));
    }
    write(std::move(batch));
    Page renamed = make_page_with_body(1, 5);
    renamed.title = "Renamed";
    write_page(6, renamed);
    close();
  }
  std::vector<std::string> findings() {
    const auto report = check(path(), {});
    EXPECT_TRUE(report.has_value()) << report.error().message;
    return report ? report->findings : std::vector<std::string>{"check failed"};
  }
  // Ends the work there.
  static UpkeepProgress ended_at(double end) {
    return [end](double done) -> Result<void> {
      if (done < end) return {};
      return fail(ErrorKind::kCanceled, "canceled", "enough");
    };
  }
  std::filesystem::path folder() const { return dir_.path() / "backups"; }
  std::filesystem::path given_folder(const std::vector<std::string>& files) {
    std::filesystem::create_directory(folder());
    for (const auto& file : files) std::ofstream(folder() / file) << "old";
    return folder();
  }
  static std::vector<std::string> names_in(const std::filesystem::path& folder) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  std::vector<std::string> names() const { return names_in(dir_.path()); }
  static Time time_of(const std::string& iso8601) { return parse_iso8601(iso8601).value(); }
  void overwrite(std::int64_t offset, const std::string& bytes) {
    std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(offset);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    ASSERT_TRUE(file.good());
  }
};

TEST_F(UpkeepTest, SoundMirrorHasNoFindingsAndEverythingIsCounted) {
  given_mirror();
  double last = -1;
  const auto report = check(path(), [&](double done) {
    EXPECT_GE(done, last);
    EXPECT_LE(done, 1);
    last = done;
    return Result<void>();
  });
  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_THAT(report->findings, IsEmpty());
  EXPECT_EQ(report->pages, 20);
  EXPECT_EQ(report->versions, 61);
  EXPECT_EQ(last, 1);
}

// Each kind of damage, as SQL that plants it and words of the finding.
struct Damage {
  const char* name;
  const char* sql;
  const char* finding;
};

class PlantedDamageTest : public UpkeepTest, public ::testing::WithParamInterface<Damage> {};

TEST_P(PlantedDamageTest, IsFound) {
  given_mirror();
  tamper(GetParam().sql);
  EXPECT_THAT(findings(), Contains(HasSubstr(GetParam().finding)));
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, PlantedDamageTest,
    ::testing::Values(
        Damage{"body", "UPDATE page_body SET body=body||'x' WHERE id=3",
               "the body of page 3 is not what"},
        Damage{"body_size", "UPDATE page SET body_bytes=1 WHERE id=3",
               "the body of page 3 is not as long"},
        Damage{"blob_data", "UPDATE blob SET data=zeroblob(length(data)) WHERE id=2",
               "blob 2 does not decode"},
        Damage{"blob_hash", "UPDATE blob SET sha256=zeroblob(32) WHERE id=2",
               "blob 2 is not what its SHA-256 says"},
        Damage{"blob_size", "UPDATE blob SET raw_bytes=raw_bytes+1 WHERE id=2",
               "blob 2 does not decode"},
        Damage{"blob_cut", "UPDATE blob SET data=substr(data,1,10) WHERE id=2",
               "blob 2 does not decode"},
        Damage{"chain_loop", "UPDATE blob SET encoding=2, prefix_blob_id=id WHERE id=2",
               "blob 2 has a chain without end"},
        Damage{"chain_end", "UPDATE blob SET prefix_blob_id=NULL WHERE encoding=2",
               "has an impossible prefix"},
        Damage{"refs", "UPDATE blob SET refs=refs+1 WHERE id=2",
               "blob 2: its count of references is wrong"},
        Damage{"depth", "UPDATE blob SET depth=9 WHERE id=2",
               "blob 2: its chain is longer or shorter"},
        Damage{"lost_blob", "DELETE FROM blob WHERE id=2",
               "refers to a row of blob that is not there"},
        Damage{"lost_account", "DELETE FROM account WHERE account_id='author-a'",
               "refers to a row of account that is not there"},
        Damage{"due", "UPDATE page SET body_due=1 WHERE id=3",
               "page 3: its body is marked as fetched"},
        Damage{"lost_version", "DELETE FROM page_version WHERE page_id=3 AND number=4",
               "page 3: it has no row for its own version"},
        Damage{"lost_hash", "UPDATE page SET body_hash=NULL WHERE id=3",
               "page 3: it names a body but has none"},
        Damage{"shared_body", "UPDATE page SET body_id=4 WHERE id=3", "it shares its body"},
        Damage{"unowned_body", "INSERT INTO page_body(body) VALUES('')",
               "stored body 21: it belongs to no page"},
        Damage{"stored_twice", "UPDATE page_version SET blob_id=2 WHERE page_id=3 AND number=4",
               "version 4 of page 3: its body is stored twice"},
        Damage{"history", "UPDATE page SET history_due=1 WHERE id=3",
               "page 3: its version listing is marked"},
        Damage{"states", "UPDATE page_state SET valid_to=0",
               "state 1 of page 1: it ends before it begins"},
        Damage{"number", "UPDATE page_version SET number=0 WHERE page_id=3 AND number=1",
               "version 0 of page 3: its number is impossible"},
        Damage{"observation", "UPDATE page SET observation=99 WHERE id=3",
               "page 3: it was observed later"},
        Damage{"lost_index_row",
               "PRAGMA writable_schema=ON; UPDATE sqlite_schema SET sql=replace(sql,'body_due = "
               "1','body_due = 0')"
               " WHERE name='page_body_due'",
               "SQLite: "}),
    [](const auto& test) { return std::string(test.param.name); });

TEST_F(UpkeepTest, OverwrittenPagesOfTheFileAreFindings) {
  given_mirror();
  const auto root = std::stoll(rows("SELECT rootpage FROM sqlite_schema WHERE name='page'").at(0));
  overwrite((root - 1) * 8192, std::string(8192, '\x5a'));
  EXPECT_THAT(findings(), Contains(HasSubstr("SQLite: ")));
}

TEST_F(UpkeepTest, FileThatIsNoDatabaseIsAnErrorOfItsOwn) {
  std::ofstream(path()) << std::string(10000, 'x');
  const auto report = check(path(), {});
  ASSERT_FALSE(report.has_value());
  EXPECT_EQ(report.error().kind, ErrorKind::kStoreBad);
  EXPECT_EQ(report.error().name, "not_a_mirror");
}

TEST_F(UpkeepTest, CheckChangesNothing) {
  given_mirror();
  const auto before = rows("SELECT * FROM page");
  const auto written = std::filesystem::last_write_time(path());
  EXPECT_THAT(findings(), IsEmpty());
  EXPECT_EQ(rows("SELECT * FROM page"), before);
  EXPECT_EQ(std::filesystem::last_write_time(path()), written);
}

TEST_F(UpkeepTest, CheckEndsWhenItsCallerWantsIt) {
  given_mirror();
  for (const double end_at : {0.0, 0.25, 1.0}) {
    const auto report = check(path(), ended_at(end_at));
    ASSERT_FALSE(report.has_value());
    EXPECT_EQ(report.error().message, "enough");
  }
}

// --- backup --------------------------------------------------------------------------------------

TEST_F(UpkeepTest, BackupIsOneWholeFileOfTheMirrorsMode) {
  given_mirror();
  const auto target = dir_.path() / "backup.db";
  const auto bytes = backup(path(), target, {});
  ASSERT_TRUE(bytes.has_value()) << bytes.error().message;
  EXPECT_EQ(*bytes, static_cast<std::int64_t>(std::filesystem::file_size(target)));
  EXPECT_EQ(rows_of(target, "SELECT * FROM page"), rows("SELECT * FROM page"));
  EXPECT_EQ(rows_of(target, "SELECT * FROM blob"), rows("SELECT * FROM blob"));
  struct stat info {};
  ASSERT_EQ(::stat(target.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0640U);
  EXPECT_EQ(rows_of(target, "PRAGMA journal_mode"), std::vector<std::string>{"delete"});
  for (const auto& entry : std::filesystem::directory_iterator(dir_.path())) {
    EXPECT_THAT(entry.path().string(), ::testing::Not(HasSubstr("unfinished")));
  }
  const auto report = restore_check(target, {});
  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_THAT(report->findings, IsEmpty());
  EXPECT_EQ(report->pages, 20);
}

TEST_F(UpkeepTest, BackupWhileTheWriterWorksIsOneMoment) {
  open();
  std::atomic<bool> stop = false;
  std::atomic<Observation> committed = 0;
  std::thread work([&] {
    for (Observation observation = 1; !stop; ++observation) {
      Batch batch(observation, at(observation));
      // Two pages change together: a copy that mixed moments would tear them apart.
      for (const Id id : {observation % 50 + 1, observation % 50 + 1001}) {
        batch.pages.push_back(make_page_with_body(id, static_cast<std::int32_t>(observation)));
      }
      if (!submit(std::move(batch)).get()) break;
      committed = observation;
    }
  });
  while (committed < 60) std::this_thread::yield();
  for (int i = 0; i < 3; ++i) {
    const auto target = dir_.path() / ("backup-" + std::to_string(i));
    const auto bytes = backup(path(), target, {});
    ASSERT_TRUE(bytes.has_value()) << bytes.error().message;
    EXPECT_THAT(
        rows_of(target,
                "SELECT p.id FROM page p JOIN page q ON q.id=p.id+1000 WHERE p.version!=q.version"),
        IsEmpty());
    const auto report = check(target, {});
    ASSERT_TRUE(report.has_value()) << report.error().message;
    EXPECT_THAT(report->findings, IsEmpty());
  }
  stop = true;
  work.join();
}

TEST_F(UpkeepTest, BackupNeverOverwrites) {
  given_mirror();
  const auto target = dir_.path() / "backup.db";
  std::ofstream(target) << "mine";
  const auto bytes = backup(path(), target, {});
  ASSERT_FALSE(bytes.has_value());
  EXPECT_EQ(bytes.error().kind, ErrorKind::kUsage);
  EXPECT_EQ(bytes.error().name, "target_exists");
  EXPECT_EQ(std::filesystem::file_size(target), 4U);
}

TEST_F(UpkeepTest, BackupIntoAnAbsentFolderLeavesNothing) {
  given_mirror();
  const auto bytes = backup(path(), dir_.path() / "absent" / "backup.db", {});
  ASSERT_FALSE(bytes.has_value());
  EXPECT_EQ(bytes.error().kind, ErrorKind::kSystem);
}

TEST_F(UpkeepTest, BackupThatIsEndedLeavesNothing) {
  given_mirror();
  const auto before = names();
  for (const double end_at : {0.0, 0.5, 1.0}) {
    const auto bytes = backup(path(), dir_.path() / "backup.db", ended_at(end_at));
    ASSERT_FALSE(bytes.has_value());
    EXPECT_EQ(bytes.error().message, "enough") << "the caller's own error";
    EXPECT_EQ(names(), before);
  }
}

TEST_F(UpkeepTest, BackupInAFolderIsNamedForItsTime) {
  given_mirror();
  const auto made =
      backup_into(path(), given_folder({}), time_of("2026-02-03T04:05:06.789Z"), 0, {});
  ASSERT_TRUE(made.has_value()) << made.error().message;
  EXPECT_EQ(made->file, folder() / "mirror-20260203T040506Z.db");
  EXPECT_EQ(made->bytes, static_cast<std::int64_t>(std::filesystem::file_size(made->file)));
  EXPECT_THAT(made->removed, IsEmpty());
  const auto again = backup_into(path(), folder(), time_of("2026-02-03T04:05:06.999Z"), 1, {});
  ASSERT_FALSE(again.has_value()) << "two in one second";
  EXPECT_EQ(again.error().name, "target_exists");
}

TEST_F(UpkeepTest, OfTheBackupsInAFolderOnlyTheNewestStay) {
  given_mirror();
  given_folder({"mirror-20250101T000000Z.db", "mirror-20250102T000000Z.db",
                "mirror-20250103T000000Z.db", "mirror-20250104T000000Z.db"});
  const auto made = backup_into(path(), folder(), time_of("2026-02-03T04:05:06Z"), 3, {});
  ASSERT_TRUE(made.has_value()) << made.error().message;
  EXPECT_THAT(names_in(folder()),
              ElementsAre("mirror-20250103T000000Z.db", "mirror-20250104T000000Z.db",
                          "mirror-20260203T040506Z.db"));
  EXPECT_THAT(made->removed, ElementsAre(folder() / "mirror-20250102T000000Z.db",
                                         folder() / "mirror-20250101T000000Z.db"));
}

TEST_F(UpkeepTest, WithKeepNothingButBackupsOfThatFormGoes) {
  given_mirror();
  const std::vector<std::string> others = {
      "Mirror-20250101T000000Z.db",     "mirror-20250101T000000.db",
      "mirror-20250101T000000Z.db-wal", "mirror-20250101T000000Z.db.unfinished-abcdef",
      "mirror-2025010T0000000Z.db",     "mirror-2025-101T000000Z.db",
      "mirror-20250101t000000Z.db",     "mirror.db",
      "my-mirror-20250101T000000Z.db"};
  given_folder(others);
  std::filesystem::create_directory(folder() / "mirror-20250105T000000Z.db");
  std::filesystem::create_symlink("mirror.db", folder() / "mirror-20250106T000000Z.db");
  const auto made = backup_into(path(), folder(), time_of("2026-02-03T04:05:06Z"), 1, {});
  ASSERT_TRUE(made.has_value()) << made.error().message;
  EXPECT_THAT(made->removed, IsEmpty());
  EXPECT_EQ(names_in(folder()).size(), others.size() + 3);
}

TEST_F(UpkeepTest, TheNewBackupStaysThoughTheClockWasAheadOnce) {
  given_mirror();
  given_folder({"mirror-20990101T000000Z.db", "mirror-20990102T000000Z.db"});
  ASSERT_TRUE(backup_into(path(), folder(), time_of("2026-02-03T04:05:06Z"), 2, {}).has_value());
  EXPECT_THAT(names_in(folder()),
              ElementsAre("mirror-20260203T040506Z.db", "mirror-20990102T000000Z.db"));
}

TEST_F(UpkeepTest, OldBackupsStayWhereTheNewOneDoesNotSucceed) {
  given_mirror();
  given_folder({"mirror-20250101T000000Z.db", "mirror-20250102T000000Z.db"});
  const auto before = names_in(folder());
  const auto now = time_of("2026-02-03T04:05:06Z");
  EXPECT_FALSE(backup_into(path(), folder(), now, 1, ended_at(1)).has_value());
  EXPECT_FALSE(backup_into(dir_.path() / "none", folder(), now, 1, {}).has_value());
  EXPECT_EQ(names_in(folder()), before);
}

TEST_F(UpkeepTest, RestoredBackupCanBeWrittenTo) {
  given_mirror();
  const auto target = dir_.path() / "backup.db";
  ASSERT_TRUE(backup(path(), target, {}).has_value());
  std::filesystem::remove(path());
  std::filesystem::remove(path().string() + "-wal");
  std::filesystem::remove(path().string() + "-shm");
  std::filesystem::copy_file(target, path());
  open();
  write_page(50, make_page_with_body(1, 6));
  EXPECT_EQ(version_body(1, 5), body_text(1, 5));
  EXPECT_EQ(version_body(1, 6), body_text(1, 6));
}

TEST_F(UpkeepTest, RestoreCheckFindsDamageAndLeavesTheBackupAlone) {
  given_mirror();
  const auto target = dir_.path() / "backup.db";
  ASSERT_TRUE(backup(path(), target, {}).has_value());
  {
    auto db = Db::open(target, SQLITE_OPEN_READWRITE);
    ASSERT_TRUE((*db)->exec("UPDATE page_body SET body='other' WHERE id=3").has_value());
  }
  const auto written = std::filesystem::last_write_time(target);
  const auto report = restore_check(target, {});
  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_THAT(report->findings, Contains(HasSubstr("the body of page 3")));
  EXPECT_EQ(std::filesystem::last_write_time(target), written);
  for (const auto& entry : std::filesystem::directory_iterator(dir_.path())) {
    EXPECT_THAT(entry.path().string(), ::testing::Not(HasSubstr("restore")));
  }
}

TEST_F(UpkeepTest, RestoreCheckThatIsEndedTakesItsCopyAway) {
  given_mirror();
  ASSERT_TRUE(backup(path(), dir_.path() / "backup.db", {}).has_value());
  const auto before = names();
  for (const double end_at : {0.0, 0.25}) {
    EXPECT_FALSE(restore_check(dir_.path() / "backup.db", ended_at(end_at)).has_value());
    EXPECT_EQ(names(), before);
  }
}

TEST_F(UpkeepTest, RestoreCheckOfAnAbsentFileIsAnError) {
  const auto report = restore_check(dir_.path() / "none", {});
  ASSERT_FALSE(report.has_value());
  EXPECT_EQ(report.error().kind, ErrorKind::kSystem);
}

// --- compact -------------------------------------------------------------------------------------

TEST_F(UpkeepTest, CompactDropsWhatNoVersionNeedsAndKeepsTheRest) {
  given_mirror();
  // Versions 1 and 2 of page 3 go; version 3 stays, and is the prefix of 2, which is the prefix
  // of 1.
  tamper(
      "UPDATE blob SET refs=refs-1 WHERE id IN (SELECT blob_id FROM page_version WHERE page_id=3 "
      "AND number<3);"
      "DELETE FROM page_version WHERE page_id=3 AND number<3;");
  const auto before = rows("SELECT count(*) FROM blob");
  const auto report = compact(path(), {});
  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_EQ(report->blobs_dropped, 2);
  EXPECT_EQ(before, std::vector<std::string>{"61"});
  EXPECT_THAT(rows("SELECT count(*) FROM blob"), ElementsAre("59"));
  EXPECT_EQ(version_body(3, 3), body_text(3, 3));
  EXPECT_EQ(version_body(4, 1), body_text(4, 1));
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(UpkeepTest, CompactGivesFreePagesBack) {
  given_mirror();
  tamper(
      "CREATE TABLE ballast(x); INSERT INTO ballast VALUES(zeroblob(5000000)); DROP TABLE "
      "ballast;");
  const auto report = compact(path(), {});
  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_GT(report->bytes_before, 5'000'000);
  EXPECT_LT(report->bytes_after, 1'000'000);
  EXPECT_EQ(report->bytes_after, static_cast<std::int64_t>(std::filesystem::file_size(path())));
}

TEST_F(UpkeepTest, CompactThatIsEndedInsideVacuumLeavesASoundMirror) {
  given_mirror();
  tamper(
      "CREATE TABLE ballast(x); INSERT INTO ballast VALUES(zeroblob(5000000)); DROP TABLE "
      "ballast;"
      // Rows enough for SQLite to ask on its way.
      "INSERT INTO meta(key, value) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n"
      " WHERE i<20000) SELECT 'row ' || i, '' FROM n;");
  int asked = 0;
  const auto report = compact(path(), [&](double done) -> Result<void> {
    // The second time it has the answer "of VACUUM's share" is inside it.
    if (done < 0.2 || ++asked < 2) return {};
    EXPECT_LT(done, 0.9) << "VACUUM went by without a question";
    return fail(ErrorKind::kCanceled, "canceled", "enough");
  });
  ASSERT_FALSE(report.has_value());
  EXPECT_EQ(report.error().message, "enough");
  EXPECT_THAT(findings(), IsEmpty());
  EXPECT_GT(std::filesystem::file_size(path()), 5'000'000U);
  const auto whole = compact(path(), {});
  ASSERT_TRUE(whole.has_value()) << whole.error().message;
  EXPECT_LT(whole->bytes_after, 3'000'000);
}

TEST_F(UpkeepTest, CompactIsRefusedWhileACrawlRuns) {
  given_mirror();
  const auto lock = MirrorLock::acquire(path());
  ASSERT_TRUE(lock.has_value());
  const auto report = compact(path(), {});
  ASSERT_FALSE(report.has_value());
  EXPECT_EQ(report.error().kind, ErrorKind::kBusy);
}

TEST_F(UpkeepTest, CompactOfAnAbsentFileMakesNothing) {
  const auto report = compact(path(), {});
  ASSERT_FALSE(report.has_value());
  EXPECT_EQ(report.error().kind, ErrorKind::kSystem);
  EXPECT_FALSE(std::filesystem::exists(path().string() + ".lock"));
}

}  // namespace
}  // namespace store::testing
