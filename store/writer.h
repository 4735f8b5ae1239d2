#pragma once

// The one writer of a mirror.
//
// 1. It owns the only writing connection and the thread that uses it. Nothing else writes to the
//    file.
// 2. submit() may be called from any thread; `done` is called on the writer thread, after COMMIT
//    (or with the error), once. After close() it is called by submit() itself, with kCanceled. It
//    must not call close().
// 3. Group commit: waiting batches are taken together up to kGroupBytes (at least one), applied in
//    order inside one BEGIN IMMEDIATE, each in a savepoint when there is more than one, so that a
//    batch that fails alone does not take others.
// 4. The back-pressure is the waiting: a caller holds at most one uncommitted batch. The queue has
//    no other bound.
// 5. A full disk (SQLITE_FULL, SQLITE_IOERR on write) suspends the writer: the batch is kept, a
//    probe repeats with growing pauses, `on_state` hears of it, readers go on. With
//    Options::suspend_on_full off it is an error instead (kSystem). close() while suspended tries
//    once more and then gives up: what was queued gets the error.
// 6. Damage (SQLITE_CORRUPT, SQLITE_NOTADB) is sticky: everyone waiting and everyone after gets
//    kStoreBad.
// 7. close() refuses new batches, writes what is queued, checkpoints (TRUNCATE), marks the file
//    cleanly closed.
// 8. A checkpoint follows a commit when the WAL has grown by kCheckpointPages. One that fails harms
//    nothing: the WAL holds the rows. It is repeated after the next commits, and close() reports
//    one that fails still.
//
// Times are store::Time; sizes are bytes.

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "store/batch.h"
#include "store/error.h"

namespace store {

class Writer {
 public:
  struct Options {
    bool create = true;            // false: an absent file is an error
    bool suspend_on_full = false;  // true in the daemon
    std::string history =
        "bodies";  // none | metadata | bodies: which pages wait for their version listing
                   // (history_due); a changed policy takes effect on the whole file at open
    std::function<void(const std::string& state)>
        on_state;  // "suspended: <why>", "running"; writer thread
  };
  using Done = std::function<void(Result<CommitInfo>)>;

  // Opens or creates the mirror, migrates it, and starts the thread. Fails with kStoreBad (damaged,
  // foreign, newer), kSystem (cannot create, open or write).
  static Result<std::unique_ptr<Writer>> open(const std::filesystem::path& path, Options options);
  ~Writer();  // close() if that was not done
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void submit(Batch batch, Done done);
  // Waits for everything queued; see rule 7. Safe to call twice.
  Result<void> close();

 private:
  class Impl;
  explicit Writer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace store
