#pragma once

// What the parts of Client share; for client*.cc only. Network thread.

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "daemon/confluence/answer_rules.h"
#include "daemon/confluence/client.h"

namespace confluence {

// At the start of a run nobody wants to wait a minute to hear that the address is wrong.
inline constexpr RetryBudget kIdentityBudget{4, std::chrono::milliseconds(5'000)};

struct Client::Asked {
  Asked(std::string request_method, std::string request_target, Priority request_priority)
      : method(std::move(request_method)),
        target(std::move(request_target)),
        priority(request_priority) {}
  std::string method;
  std::string target;
  std::string body;
  Priority priority;
  bool small = false;  // no megabytes are expected
  Subject subject;
  std::string as_user;
  bool repeatable = true;  // it only reads
};

// What became of one request.
struct Client::Sent {
  http::Response response;             // where there is no error
  std::optional<store::Error> error;   // there is no answer
  bool left = false;                   // it may have reached the site
  bool unsigned_request = false;       // there was nothing to sign it with
  store::Observation observation = 0;  // taken before it left
};

struct Client::Answer {
  http::Response response;
  store::Observation observation = 0;
  store::Time received_at{};
};

// How much of a budget is left.
class Client::Tries {
 public:
  Tries(RetryBudget budget, Backoff backoff) : budget_(budget), backoff_(backoff) {}

  bool may_retry(const store::Error& error, base::Clock::Steady now) {
    ++failures_;
    if (!http::is_unreachable(error.name)) {
      unreachable_since_.reset();
      return ++answers_ < budget_.attempts;
    }
    if (!unreachable_since_) unreachable_since_ = now;
    return now - *unreachable_since_ < budget_.unreachable_for;
  }
  std::chrono::milliseconds pause(std::minstd_rand& random) const {
    const int doublings = std::clamp(failures_ - 1, 0, 20);
    const auto plain =
        std::min<std::chrono::milliseconds>(backoff_.longest, backoff_.first * (1LL << doublings));
    const auto third = plain.count() / 3;
    return plain + std::chrono::milliseconds(
                       std::uniform_int_distribution<std::int64_t>(-third, third)(random));
  }
  int failures() const { return failures_; }

 private:
  RetryBudget budget_;
  Backoff backoff_;
  int failures_ = 0;
  int answers_ = 0;
  std::optional<base::Clock::Steady> unreachable_since_;
};

// Counts a request among refusals_coming_ from its answer's head to the end of this. Shared with
// the request, which may outlive the coroutine that sent it.
class Client::ComingRefusal {
 public:
  explicit ComingRefusal(int& count) : count_(count) {}
  ~ComingRefusal() {
    if (*counted_) --count_;
  }
  ComingRefusal(const ComingRefusal&) = delete;
  ComingRefusal& operator=(const ComingRefusal&) = delete;

  void watch(http::Request& request) {
    request.on_head = [&count = count_, weak = std::weak_ptr<bool>(counted_)](int status) {
      const auto counted = weak.lock();
      if (status != 429 || !counted || *counted) return;
      *counted = true;
      ++count;
    };
  }

 private:
  int& count_;
  std::shared_ptr<bool> counted_ = std::make_shared<bool>(false);
};

}  // namespace confluence
