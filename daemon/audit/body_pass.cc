#include "daemon/audit/body_pass.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace audit {

namespace {

constexpr std::size_t kChunkBytes = std::size_t{256} << 10;
constexpr std::size_t kWaitingBytes = std::size_t{16} << 20;
constexpr unsigned kMostThreads = 4;
constexpr std::int64_t kProgressEvery = 500;  // pages

struct Chunk {
  std::vector<std::pair<std::size_t, std::string>> bodies;  // place in the map, body
  std::size_t bytes = 0;
};

class Pool {
 public:
  Pool(const PageReader& reader, const SiteMap& map, std::vector<PageFacts>& facts,
       unsigned threads)
      : reader_(reader), map_(map), facts_(facts) {
    for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
  }
  ~Pool() { finish(/*drop=*/true); }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // Waits while too much is waiting.
  void put(Chunk chunk) {
    std::unique_lock lock(mutex_);
    taken_.wait(lock, [this] { return waiting_ < kWaitingBytes || !failure_.empty(); });
    waiting_ += chunk.bytes;
    chunks_.push_back(std::move(chunk));
    given_.notify_one();
  }
  // "" = all were looked at.
  std::string finish(bool drop) {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
      if (drop) chunks_.clear();
    }
    given_.notify_all();
    for (auto& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
    return failure_;
  }

 private:
  void work() {
    while (true) {
      Chunk chunk;
      {
        std::unique_lock lock(mutex_);
        given_.wait(lock, [this] { return closed_ || !chunks_.empty(); });
        if (chunks_.empty()) return;
        chunk = std::move(chunks_.front());
        chunks_.pop_front();
      }
      look(chunk);
      const std::lock_guard lock(mutex_);
      waiting_ -= chunk.bytes;
      taken_.notify_one();
    }
  }
  void look(const Chunk& chunk) {
    try {
      for (const auto& [place, body] : chunk.bodies) {
        // Each place is one chunk's alone.
        facts_[place] = reader_.look(map_.pages()[place], body);
      }
    } catch (const std::exception& thrown) {
      const std::lock_guard lock(mutex_);
      failure_ = thrown.what();
    }
  }

  const PageReader& reader_;
  const SiteMap& map_;
  std::vector<PageFacts>& facts_;
  std::mutex mutex_;
  std::condition_variable given_;
  std::condition_variable taken_;
  std::deque<Chunk> chunks_;
  std::size_t waiting_ = 0;  // bytes given and not looked at yet
  bool closed_ = false;
  std::string failure_;
  std::vector<std::thread> threads_;
};

unsigned threads_of(const Options& options) {
  if (options.threads > 0) return options.threads;
  return std::clamp(std::thread::hardware_concurrency(), 1U, kMostThreads);
}

}  // namespace

store::Result<BodyPass> read_bodies(store::Reader& reader, const SiteMap& map,
                                    const Options& options, const Scope& scope) {
  BodyPass pass;
  pass.facts.resize(map.pages().size());
  const PageReader page_reader(map, options);
  Pool pool(page_reader, map, pass.facts, threads_of(options));
  Chunk chunk;
  Progress progress{0, static_cast<std::int64_t>(map.pages().size())};
  store::Result<void> going_on;
  const auto visit = [&](const store::PageRow& row) {
    if (options.progress && progress.pages++ % kProgressEvery == 0) {
      going_on = options.progress(progress);
      if (!going_on) return false;
    }
    const auto* page = map.page(row.id);
    if (page == nullptr || !scope.holds(*page) || !row.body) return true;
    ++pass.bodies;
    pass.body_bytes += static_cast<std::int64_t>(row.body->text.size());
    chunk.bytes += row.body->text.size();
    chunk.bodies.emplace_back(map.index_of(*page), row.body->text);
    if (chunk.bytes >= kChunkBytes) pool.put(std::exchange(chunk, Chunk()));
    return true;
  };
  const auto read = reader.for_each_page(visit, /*with_bodies=*/true, options.space_ids);
  if (!going_on) return store::fail(going_on.error());
  if (!read) return store::fail(read.error());
  pool.put(std::move(chunk));
  if (const auto failure = pool.finish(/*drop=*/false); !failure.empty()) {
    return store::fail(store::ErrorKind::kBug, "audit_failed",
                       "cannot look at the bodies: " + failure);
  }
  return pass;
}

}  // namespace audit
