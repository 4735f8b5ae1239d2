#pragma once

// The index of texts beside the service's syncs, for service*.cc only. Network thread, but for the
// work itself, which has a thread of its own.

#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <memory>

#include "daemon/cli/service.h"
#include "daemon/query/indexer.h"

namespace cli {

struct Service::Texts {
  explicit Texts(boost::asio::io_context& io) : group(io) {}

  boost::asio::thread_pool thread{1};
  base::TaskGroup group;
  // The work asks for it; it may outlive this.
  std::shared_ptr<std::atomic<bool>> stop = std::make_shared<std::atomic<bool>>(false);
  bool wanted = true;  // an earlier life may have left something
  bool running = false;
  std::int64_t jobs_done = 0;  // when it was wanted last
};

}  // namespace cli
