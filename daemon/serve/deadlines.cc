#include "daemon/serve/deadlines.h"

#include <algorithm>
#include <utility>

namespace serve {

using boost::system::error_code;

void Deadlines::wake_at(SteadyTime when) {
  if (when >= wake_at_) return;
  wake_at_ = when;
  arm();
}

void Deadlines::arm() {
  timer_.expires_at(wake_at_);
  timer_.async_wait([weak = weak_from_this()](const error_code& error) {
    if (error) return;
    if (const auto self = weak.lock()) self->sweep();
  });
}

void Deadlines::sweep() {
  const auto now = std::chrono::steady_clock::now();
  wake_at_ = SteadyTime::max();
  for (auto* one : all_) {
    if (!one->at_) continue;
    if (*one->at_ > now) {
      wake_at_ = std::min(wake_at_, *one->at_);
      continue;
    }
    one->at_.reset();
    one->passed_ = true;
    error_code ignored;
    one->socket_.cancel(ignored);
  }
  if (wake_at_ != SteadyTime::max()) arm();
}

Deadline::Deadline(std::shared_ptr<Deadlines> all, StreamSocket& socket)
    : all_(std::move(all)), socket_(socket) {
  all_->all_.insert(this);
}

Deadline::~Deadline() { all_->all_.erase(this); }

void Deadline::set(SteadyTime when) {
  passed_ = false;
  at_ = when;
  all_->wake_at(when);
}

}  // namespace serve
