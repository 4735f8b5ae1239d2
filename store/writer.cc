#include "store/writer.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "store/apply.h"
#include "store/blob_codec.h"
#include "store/open.h"
#include "store/sqlite.h"

namespace store {
namespace {

constexpr std::size_t kGroupBytes = std::size_t{4} << 20;
constexpr int kCheckpointPages = 2000;  // 16 MiB
constexpr int kTruncatePages = 8192;    // 64 MiB
constexpr std::chrono::milliseconds kFirstPause{100};
constexpr std::chrono::milliseconds kLongestPause{30'000};
constexpr int kReaderPatienceMs = 1000;  // of a TRUNCATE checkpoint
constexpr int kBusyTimeoutMs = 10'000;

bool disk_refuses(const Error& error) {
  return error.name == "disk_full" || error.name == "disk_error";
}

// What makes the whole transaction worthless, not one batch of it.
bool ends_group(const Error& error) {
  return error.kind == ErrorKind::kStoreBad || error.kind == ErrorKind::kSystem;
}

Error exception_error() {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return Error(ErrorKind::kSystem, "out_of_memory", "cannot write the mirror: no memory is left");
  } catch (const std::exception& exception) {
    return Error(ErrorKind::kBug, "store_bug",
                 std::string("cannot write the mirror: ") + exception.what(),
                 "This is a defect: please report it.");
  }
}

}  // namespace

class Writer::Impl {
 public:
  Impl(std::unique_ptr<Db> db, HistoryPolicy policy, Options options)
      : options_(std::move(options)), db_(std::move(db)), applier_(*db_, policy) {
    sqlite3_wal_hook(db_->handle(), &Impl::on_wal, this);
  }

  void start() {
    thread_ = std::jthread([this] { run(); });
  }
  void submit(Batch batch, Done done);
  Result<void> close();

 private:
  struct Item {
    Batch batch;
    Done done;
    std::size_t bytes = 0;
  };
  using Group = std::vector<Item>;
  using Results = std::vector<Result<CommitInfo>>;

  static int on_wal(void* self, sqlite3*, const char*, int pages) {
    static_cast<Impl*>(self)->wal_pages_ = pages;
    return SQLITE_OK;
  }

  void run();
  Group take();
  void write(Group group);
  Results try_group(Group& group);
  Results apply_group(const Group& group);
  Result<CommitInfo> apply_in_savepoint(const Batch& batch);
  Result<void> mark(const char* clean);
  // False: give up, the writer is being closed.
  bool pause(std::chrono::milliseconds pause);
  void checkpoint_if_due();
  Result<void> checkpoint(int mode);
  Result<void> finish();
  void tell(const std::string& state) {
    if (options_.on_state) options_.on_state(state);
  }

  const Options options_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Item> queue_;
  bool closing_ = false;
  std::optional<Result<void>> closed_;  // by the first close()

  // The writer thread's own from start() to its end.
  std::unique_ptr<Db> db_;
  Applier applier_;
  std::optional<Error> damage_;
  Result<void> finished_;
  bool marked_ = false;
  int wal_pages_ = 0;
  int checkpointed_at_ = 0;  // pages in the WAL at the last checkpoint

  std::jthread thread_;
};

void Writer::Impl::submit(Batch batch, Done done) {
  Item item{std::move(batch), std::move(done)};
  item.bytes = item.batch.bytes();
  {
    const std::lock_guard lock(mutex_);
    if (!closing_) {
      queue_.push_back(std::move(item));
      changed_.notify_all();
      return;
    }
  }
  item.done(
      fail(ErrorKind::kCanceled, "writer_closed", "cannot write: the mirror is being closed"));
}

Writer::Impl::Group Writer::Impl::take() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return closing_ || !queue_.empty(); });
  Group group;
  std::size_t bytes = 0;
  while (!queue_.empty() && (group.empty() || bytes + queue_.front().bytes <= kGroupBytes)) {
    bytes += queue_.front().bytes;
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return group;
}

void Writer::Impl::run() {
  db_->adopt_thread();
  while (true) {
    Group group = take();
    if (group.empty()) break;
    write(std::move(group));
  }
  finished_ = finish();
}

void Writer::Impl::write(Group group) {
  Results results = try_group(group);
  std::chrono::milliseconds wait = kFirstPause;
  bool suspended = false;
  while (options_.suspend_on_full && !results.front() && disk_refuses(results.front().error())) {
    if (!suspended) tell("suspended: " + results.front().error().message);
    suspended = true;
    const bool go_on = pause(wait);
    wait = std::min(2 * wait, kLongestPause);
    results = try_group(group);
    if (!go_on) break;
  }
  if (suspended && results.front()) tell("running");
  // The rows are on disk: their memory goes before the waiters bring more.
  std::vector<Done> waiters;
  for (Item& item : group) waiters.push_back(std::move(item.done));
  group.clear();
  for (std::size_t i = 0; i < waiters.size(); ++i) waiters[i](std::move(results[i]));
  checkpoint_if_due();
}

Writer::Impl::Results Writer::Impl::try_group(Group& group) {
  if (damage_) return Results(group.size(), fail(*damage_));
  Results results;
  try {
    for (Item& item : group) {
      for (PageHistory& history : item.batch.histories) encode(history);
    }
    results = apply_group(group);
  } catch (...) {
    static_cast<void>(db_->take_error());  // the exception is what is reported
    applier_.forget();
    results.assign(group.size(), fail(exception_error()));
  }
  for (const auto& result : results) {
    if (!result && result.error().kind == ErrorKind::kStoreBad) damage_ = result.error();
  }
  return results;
}

Writer::Impl::Results Writer::Impl::apply_group(const Group& group) {
  const auto fail_all = [&](Error error) {
    applier_.forget();
    return Results(group.size(), fail(std::move(error)));
  };
  Txn txn(*db_, Txn::Mode::kWrite);
  if (auto error = db_->take_error()) return fail_all(std::move(*error));
  if (!marked_) {
    if (auto done = mark("0"); !done) return fail_all(done.error());
  }
  Results results;
  for (const Item& item : group) {
    results.push_back(group.size() == 1 ? applier_.apply(item.batch)
                                        : apply_in_savepoint(item.batch));
    if (!results.back() &&
        (group.size() == 1 || !db_->in_transaction() || ends_group(results.back().error()))) {
      return fail_all(results.back().error());
    }
  }
  if (auto done = txn.commit(); !done) return fail_all(done.error());
  marked_ = true;
  return results;
}

Result<CommitInfo> Writer::Impl::apply_in_savepoint(const Batch& batch) {
  if (auto done = db_->exec("SAVEPOINT batch"); !done) return fail(done.error());
  auto result = applier_.apply(batch);
  if (!result) {
    applier_.forget();
    if (!db_->in_transaction()) return result;
    if (auto done = db_->exec("ROLLBACK TO batch"); !done) return fail(done.error());
  }
  if (auto done = db_->exec("RELEASE batch"); !done) return fail(done.error());
  return result;
}

Result<void> Writer::Impl::mark(const char* clean) {
  Stmt stmt(*db_,
            "INSERT INTO meta(key, value) VALUES('clean', ?)"
            " ON CONFLICT(key) DO UPDATE SET value=excluded.value WHERE value!=excluded.value");
  stmt.begin().bind(std::string_view(clean)).run();
  if (auto error = db_->take_error()) return fail(std::move(*error));
  return {};
}

bool Writer::Impl::pause(std::chrono::milliseconds pause) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, pause, [this] { return closing_; });
}

void Writer::Impl::checkpoint_if_due() {
  if (damage_) return;
  if (wal_pages_ < checkpointed_at_) checkpointed_at_ = 0;  // it began again at its start
  if (wal_pages_ - checkpointed_at_ < kCheckpointPages) return;
  checkpointed_at_ = wal_pages_;
  const bool long_wal = wal_pages_ >= kTruncatePages;
  const auto done = checkpoint(long_wal ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE);
  if (!done && done.error().kind == ErrorKind::kStoreBad) damage_ = done.error();
}

Result<void> Writer::Impl::checkpoint(int mode) {
  sqlite3_busy_timeout(db_->handle(), kReaderPatienceMs);
  const int code = sqlite3_wal_checkpoint_v2(db_->handle(), "main", mode, nullptr, nullptr);
  std::optional<Error> error;
  // Busy: a reader still needs the WAL. What could be moved was moved.
  if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY) error = db_->make_error(code);
  sqlite3_busy_timeout(db_->handle(), kBusyTimeoutMs);
  if (error) return fail(std::move(*error));
  return {};
}

Result<void> Writer::Impl::finish() {
  if (damage_) return fail(*damage_);
  if (marked_) {
    // With the file to itself from the start: it reads before it writes, and whoever wrote in
    // between would make it fail.
    if (auto done = db_->exec("PRAGMA analysis_limit=400;"); !done) return done;
    Txn txn(*db_, Txn::Mode::kWrite);
    if (auto done = db_->exec("PRAGMA optimize;"); !done) return done;
    if (auto done = txn.commit(); !done) return done;
    if (auto done = mark("1"); !done) return done;
  }
  return checkpoint(SQLITE_CHECKPOINT_TRUNCATE);
}

Result<void> Writer::Impl::close() {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return *closed_;
    closing_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
  db_->adopt_thread();
  const std::lock_guard lock(mutex_);
  closed_ = finished_;
  return *closed_;
}

Writer::Writer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Writer::~Writer() {
  // Whoever wants to know how it ended calls close() first.
  static_cast<void>(impl_->close());
}

Result<std::unique_ptr<Writer>> Writer::open(const std::filesystem::path& path, Options options) {
  auto policy = parse_history_policy(options.history);
  if (!policy) return fail(policy.error());
  WriteOptions write_options;
  write_options.create = options.create;
  auto db = open_for_writing(path, write_options);
  if (!db) return fail(db.error());
  if (auto done = adopt_history_policy(**db, *policy, options.history); !done) {
    return fail(done.error());
  }
  auto impl = std::make_unique<Impl>(std::move(*db), *policy, std::move(options));
  impl->start();
  return std::unique_ptr<Writer>(new Writer(std::move(impl)));
}

void Writer::submit(Batch batch, Done done) { impl_->submit(std::move(batch), std::move(done)); }

Result<void> Writer::close() { return impl_->close(); }

}  // namespace store
