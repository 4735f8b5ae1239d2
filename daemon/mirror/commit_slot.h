#pragma once

// One uncommitted batch per worker: put() hands a batch to the Writer and returns as soon as the
// batch before it is on disk, so that a worker fetches the next answer while the last one is being
// written. drain() waits for the last one. Network thread only. Errors are those of Writer::submit;
// after an error the slot stays empty.

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>

#include "daemon/base/async.h"
#include "store/writer.h"

namespace mirror {

class CommitSlot {
 public:
  // `on_commit` hears of every commit, on the network thread, even after the slot has gone.
  using OnCommit = std::function<void(const store::CommitInfo&)>;
  CommitSlot(boost::asio::io_context& io, store::Writer& writer, OnCommit on_commit);

  // `then` is called after `on_commit`, if this batch was committed.
  base::Awaitable<store::Result<void>> put(store::Batch batch, std::function<void()> then = {});
  base::Awaitable<store::Result<void>> drain();

 private:
  struct State;
  boost::asio::io_context& io_;
  store::Writer& writer_;
  OnCommit on_commit_;
  std::shared_ptr<State> pending_;
};

}  // namespace mirror
