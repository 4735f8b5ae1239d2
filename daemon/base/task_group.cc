#include "daemon/base/task_group.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>
#include <exception>
#include <list>
#include <utility>

namespace base {

namespace asio = boost::asio;

namespace {
struct Task {
  asio::cancellation_signal signal;
  bool ended = false;
};

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

struct TaskGroup::State {
  explicit State(asio::io_context& context) : io(context), changed(context) {}
  static void cancel(const std::shared_ptr<State>& state);
  asio::io_context& io;
  Signal changed;
  std::list<Task> tasks;
  bool canceled = false;
  std::exception_ptr failure;
};

TaskGroup::TaskGroup(asio::io_context& io) : state_(std::make_shared<State>(io)) {}
TaskGroup::~TaskGroup() = default;

bool TaskGroup::canceled() const { return state_->canceled; }
std::size_t TaskGroup::running() const { return state_->tasks.size(); }

void TaskGroup::spawn(Awaitable<void> task) {
  if (state_->canceled) return;
  state_->tasks.emplace_back();
  const auto place = std::prev(state_->tasks.end());
  auto on_end = [state = state_, place](std::exception_ptr failure) {
    const bool asked_for = state->canceled && failure && is_cancellation(failure);
    place->ended = true;
    if (failure && !asked_for) {
      if (!state->failure) state->failure = std::move(failure);
      State::cancel(state);  // the others may wait for what this one would have done
    }
    // Erased later: this may run inside the very signal that asked for the end.
    asio::post(state->io, [state, place] {
      state->tasks.erase(place);
      state->changed.notify_all();
    });
  };
  asio::co_spawn(state_->io, std::move(task),
                 asio::bind_cancellation_slot(place->signal.slot(), std::move(on_end)));
}

Awaitable<void> TaskGroup::join() {
  while (!state_->tasks.empty()) co_await state_->changed.wait();
  if (auto failure = std::exchange(state_->failure, nullptr)) std::rethrow_exception(failure);
}

Awaitable<void> TaskGroup::all(std::vector<Awaitable<void>> tasks) {
  struct Rest {
    explicit Rest(asio::io_context& io) : ended(io) {}
    Signal ended;
    std::size_t count = 0;
  };
  const auto state = state_;
  auto rest = std::make_shared<Rest>(state->io);
  auto counted = [](Awaitable<void> task, std::shared_ptr<Rest> left) -> Awaitable<void> {
    struct End {
      Rest& rest;
      ~End() {
        --rest.count;
        rest.ended.notify_all();
      }
    };
    const End end{*left};
    co_await std::move(task);
  };
  for (auto& task : tasks) {
    ++rest->count;
    spawn(counted(std::move(task), rest));
  }
  while (rest->count > 0 && !state->canceled) co_await rest->ended.wait();
}

void TaskGroup::cancel() { State::cancel(state_); }

void TaskGroup::State::cancel(const std::shared_ptr<State>& self) {
  if (self->canceled) return;
  self->canceled = true;
  // Posted: the caller may be one of the tasks.
  asio::post(self->io, [state = self] {
    for (auto& task : state->tasks) {
      if (!task.ended) task.signal.emit(asio::cancellation_type::terminal);
    }
  });
}

}  // namespace base
