#include "store/migrate.h"

#include <charconv>
#include <string>

#include "store/migrations_sql.h"

namespace store {
namespace {

Result<std::int64_t> ask_number(Db& db, const char* sql) {
  auto text = db.ask(sql);
  if (!text) return fail(text.error());
  std::int64_t value = 0;
  std::from_chars(text->data(), text->data() + text->size(), value);
  return value;
}

Result<void> run_step(Db& db, std::string_view sql, std::size_t version) {
  // One process migrates, another may have been waiting for it: the version is looked at again
  // inside the transaction.
  Txn txn(db, Txn::Mode::kWrite);
  auto now = ask_number(db, "PRAGMA user_version");
  if (!now) return fail(now.error());
  if (*now >= static_cast<std::int64_t>(version)) return txn.commit();
  if (auto done = db.exec(std::string(sql).c_str()); !done) return done;
  const std::string marks = "PRAGMA application_id=" + std::to_string(kApplicationId) +
                            "; PRAGMA user_version=" + std::to_string(version);
  if (auto done = db.exec(marks.c_str()); !done) return done;
  return txn.commit();
}

}  // namespace

int newest_schema() { return static_cast<int>(std::size(kMigrations)); }

Result<FileState> inspect(Db& db) {
  auto application = ask_number(db, "PRAGMA application_id");
  if (!application) return fail(application.error());
  auto version = ask_number(db, "PRAGMA user_version");
  if (!version) return fail(version.error());
  auto tables = ask_number(db, "SELECT count(*) FROM sqlite_schema");
  if (!tables) return fail(tables.error());
  FileState state;
  state.version = static_cast<int>(*version);
  state.empty = *application == 0 && *version == 0 && *tables == 0;
  if (!state.empty && *application != kApplicationId) {
    return fail(ErrorKind::kStoreBad, "not_a_mirror",
                "cannot use '" + db.path().string() + "': it is another program's database",
                "Name a mirror file, or a path where none exists yet.");
  }
  if (*version > newest_schema()) {
    return fail(ErrorKind::kStoreBad, "mirror_newer",
                "cannot use '" + db.path().string() +
                    "': it was written by a newer version (schema " + std::to_string(*version) +
                    ", known up to " + std::to_string(newest_schema()) + ")",
                "Use the newer program.");
  }
  return state;
}

Result<void> migrate(Db& db) { return migrate(db, kMigrations); }

Result<void> migrate(Db& db, std::span<const std::string_view> steps) {
  auto version = ask_number(db, "PRAGMA user_version");
  if (!version) return fail(version.error());
  for (auto next = static_cast<std::size_t>(*version); next < steps.size(); ++next) {
    if (auto done = run_step(db, steps[next], next + 1); !done) return done;
  }
  return {};
}

}  // namespace store
