#include "daemon/serve/backend.h"

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

namespace serve {

class Backend::Impl {
 public:
  explicit Impl(std::size_t readers) : readers_(std::max<std::size_t>(readers, 1)) {}
  ~Impl() {
    for (auto* pool : {&readers_, &long_, &queue_}) {
      pool->stop();
      pool->join();
    }
  }

  boost::asio::thread_pool& threads(Pool pool) {
    return pool == Pool::kReaders ? readers_ : pool == Pool::kLong ? long_ : queue_;
  }
  std::unique_ptr<store::Reader> take(Pool pool) {
    const std::lock_guard lock(mutex_);
    auto& idle = idle_[static_cast<std::size_t>(pool)];
    if (idle.empty()) return nullptr;
    auto reader = std::move(idle.back());
    idle.pop_back();
    return reader;
  }
  void give(Pool pool, std::unique_ptr<store::Reader> reader) {
    const std::lock_guard lock(mutex_);
    idle_[static_cast<std::size_t>(pool)].push_back(std::move(reader));
  }

  std::unique_ptr<store::JobQueue> job_queue;  // of the thread of queue_

 private:
  std::mutex mutex_;
  // As many at most as the pools have threads. SQLite's own caches live in them: those of the two
  // small pools are kept apart so that the readers' stay warm.
  std::vector<std::unique_ptr<store::Reader>> idle_[3];
  boost::asio::thread_pool readers_;
  boost::asio::thread_pool long_{1};
  boost::asio::thread_pool queue_{1};
};

Backend::Backend(BackendOptions options, const base::Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      impl_(std::make_unique<Impl>(options_.readers)) {}

Backend::~Backend() = default;

boost::asio::thread_pool& Backend::threads(Pool pool) { return impl_->threads(pool); }

store::Result<store::JobQueue*> Backend::queue() {
  if (!impl_->job_queue) {
    auto opened = store::JobQueue::open(options_.mirror);
    if (!opened) return store::fail(opened.error());
    impl_->job_queue = std::move(*opened);
  }
  return impl_->job_queue.get();
}

Backend::Loan::~Loan() {
  if (reader_) backend_.impl_->give(pool_, std::move(reader_));
}

store::Result<store::Reader*> Backend::Loan::reader() {
  reader_ = backend_.impl_->take(pool_);
  if (!reader_) {
    auto opened = store::Reader::open(backend_.options_.mirror);
    if (!opened) return store::fail(opened.error());
    reader_ = std::move(*opened);
  }
  return reader_.get();
}

}  // namespace serve
