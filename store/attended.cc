#include "store/attended.h"

#include <algorithm>

namespace store {
namespace {

constexpr int kStepsOfSqlite = 10'000;  // well under a millisecond

}  // namespace

Attended::Attended(Db& db, const UpkeepProgress& progress) : db_(db), progress_(progress) {
  if (!progress_) return;
  const auto ask = [](void* self) { return static_cast<Attended*>(self)->ask() ? 0 : 1; };
  sqlite3_progress_handler(db_.handle(), kStepsOfSqlite, ask, this);
}

Attended::~Attended() { sqlite3_progress_handler(db_.handle(), 0, nullptr, nullptr); }

bool Attended::tell(double done) {
  done_ = std::min(done, 1.0);
  return ask();
}

bool Attended::ask() {
  if (db_.failed()) return false;
  if (!progress_) return true;
  if (auto going_on = progress_(done_); !going_on) db_.set_error(going_on.error());
  return !db_.failed();
}

}  // namespace store
