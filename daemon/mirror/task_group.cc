#include "daemon/mirror/task_group.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

namespace mirror {

namespace asio = boost::asio;

namespace {
bool is_cancellation(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const boost::system::system_error& e) {
    return e.code() == asio::error::operation_aborted;
  } catch (...) {
    return false;
  }
}
}  // namespace

void TaskGroup::spawn(base::Awaitable<void> task) {
  if (canceled_) return;
  tasks_.emplace_back();
  const auto self = std::prev(tasks_.end());
  auto on_end = [this, self](std::exception_ptr failure) {
    if (failure && !is_cancellation(failure)) failure_ = failure;
    self->ended = true;
    // Erased later: this may run inside the very signal that asked for the end.
    asio::post(io_, [this, self] {
      tasks_.erase(self);
      ended_.notify_all();
    });
  };
  asio::co_spawn(io_, std::move(task),
                 asio::bind_cancellation_slot(self->signal.slot(), std::move(on_end)));
}

base::Awaitable<void> TaskGroup::join() {
  while (!tasks_.empty()) co_await ended_.wait();
  if (failure_) std::rethrow_exception(failure_);
}

void TaskGroup::cancel() {
  if (canceled_) return;
  canceled_ = true;
  // Posted: the caller may be one of the tasks.
  asio::post(io_, [this] {
    for (auto& task : tasks_) {
      if (!task.ended) task.signal.emit(asio::cancellation_type::terminal);
    }
  });
}

}  // namespace mirror
