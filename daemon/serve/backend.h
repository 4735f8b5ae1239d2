#pragma once

// What the handlers of the local service work with: the mirror's readers, the edit queue, and what
// of the configuration concerns them.
//
// Threads: read() and write() are awaited on the server's thread; what they are given runs on the
// pool, one Reader for each of its threads. Ownership: made before the server, destroyed after it
// (and after the pool was joined). Errors: those of Reader and JobQueue.

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
  bool can_impersonate = false;  // the connection can write on behalf of users
};

class Backend {
 public:
  Backend(BackendOptions options, const base::Clock& clock);
  ~Backend();
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  // Runs on the pool with a Reader of its own; what it reads there is as fresh as the last commit.
  template <typename T>
  base::Awaitable<store::Result<T>> read(std::function<store::Result<T>(store::Reader&)> work);
  // The same with the queue; one at a time.
  template <typename T>
  base::Awaitable<store::Result<T>> write(
      std::function<store::Result<T>(store::Reader&, store::JobQueue&)> work);

  const BackendOptions& options() const { return options_; }
  const base::Clock& clock() const { return clock_; }

 private:
  class Impl;
  BackendOptions options_;
  const base::Clock& clock_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace serve
