#pragma once

// What the handlers of the local service work with: the mirror's readers, the edit queue, and what
// of the configuration concerns them.
//
// Threads: read(), read_long() and write() are awaited on the server's thread; what they are given
// runs on a pool. Ownership: made before the server, destroyed after it; its end waits for what
// runs. What `work` refers to must be its own: a client that goes does not end it. Errors: those of
// Reader and JobQueue.

#include <boost/asio/thread_pool.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "daemon/base/async.h"
#include "daemon/base/clock.h"
#include "daemon/serve/message.h"
#include "store/jobs.h"
#include "store/reader.h"

namespace serve {

struct BackendOptions {
  std::filesystem::path mirror;
  std::string site_url;
  std::size_t readers = 2;  // threads
  std::int64_t max_deletes = 50;
  store::OnConflict on_conflict = store::OnConflict::kFail;
  bool can_impersonate = false;     // the connection can write on behalf of users
  std::function<void()> on_change;  // any thread: the queue was changed by write()
};

class Backend {
 public:
  Backend(BackendOptions options, const base::Clock& clock);
  ~Backend();
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  // On a thread with a Reader of its own; what it reads there is as fresh as the last commit.
  template <typename T>
  base::Awaitable<store::Result<T>> read(std::function<store::Result<T>(store::Reader&)> work) {
    co_return co_await run<T>(Pool::kReaders, std::move(work));
  }
  // The same for what takes long: one at a time, beside the others.
  template <typename T>
  base::Awaitable<store::Result<T>> read_long(
      std::function<store::Result<T>(store::Reader&)> work) {
    co_return co_await run<T>(Pool::kLong, std::move(work));
  }
  // The same with the queue; one at a time.
  template <typename T>
  base::Awaitable<store::Result<T>> write(
      std::function<store::Result<T>(store::Reader&, store::JobQueue&)> work) {
    std::function<store::Result<T>(store::Reader&)> with_queue =
        [this, work = std::move(work)](store::Reader& reader) -> store::Result<T> {
      auto queue = this->queue();
      if (!queue) return store::fail(queue.error());
      auto result = work(reader, **queue);
      if (options_.on_change) options_.on_change();
      return result;
    };
    co_return co_await run<T>(Pool::kQueue, std::move(with_queue));
  }

  const BackendOptions& options() const { return options_; }
  const base::Clock& clock() const { return clock_; }

 private:
  enum class Pool { kReaders, kLong, kQueue };

  // Gives the Reader back when it goes.
  class Loan {
   public:
    Loan(Backend& backend, Pool pool) : backend_(backend), pool_(pool) {}
    ~Loan();
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;
    store::Result<store::Reader*> reader();

   private:
    Backend& backend_;
    Pool pool_;
    std::unique_ptr<store::Reader> reader_;
  };

  template <typename T>
  base::Awaitable<store::Result<T>> run(Pool pool,
                                        std::function<store::Result<T>(store::Reader&)> work) {
    auto task = [this, pool, work = std::move(work)]() -> store::Result<T> {
      Loan loan(*this, pool);
      auto reader = loan.reader();
      if (!reader) return store::fail(reader.error());
      return work(**reader);
    };
    co_return co_await base::run_on(threads(pool), std::move(task));
  }

  boost::asio::thread_pool& threads(Pool pool);
  store::Result<store::JobQueue*> queue();  // on its thread

  class Impl;
  BackendOptions options_;
  const base::Clock& clock_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace serve
