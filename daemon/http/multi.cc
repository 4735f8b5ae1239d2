#include "daemon/http/multi.h"

#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/error.hpp>
#include <new>
#include <utility>

#include "daemon/base/log.h"

namespace http {

namespace asio = boost::asio;

struct Multi::Watch {
  Watch(asio::io_context& io, curl_socket_t watched, int duplicate)
      : fd(watched), descriptor(io, duplicate) {}
  const curl_socket_t fd;
  asio::posix::stream_descriptor descriptor;
  int wanted = 0;   // CURL_POLL_IN | CURL_POLL_OUT
  int pending = 0;  // directions with an async_wait out
};

Multi::Multi(asio::io_context& io, int connections)
    : io_(io), connections_(connections), timer_(io), self_(std::make_shared<Multi*>(this)) {
  open();
}

Multi::~Multi() {
  fail_all(CURLE_ABORTED_BY_CALLBACK);
  // libcurl closes its idle connections now and tells the callbacks: they are still able to listen.
  handle_.reset();
  while (!watches_.empty()) unwatch(watches_.begin()->first);
}

void Multi::open() {
  handle_.reset(curl_multi_init());
  if (!handle_) throw std::bad_alloc();
  auto* const multi = handle_.get();
  const long connections = connections_;
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &Multi::on_socket);
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &Multi::on_timer);
  curl_multi_setopt(multi, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, connections);
  curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, connections);
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, connections);
}

bool Multi::add(Transfer& transfer) {
  transfers_.insert(&transfer);
  const auto code = curl_multi_add_handle(handle_.get(), transfer.easy());
  if (code == CURLM_OK) return true;
  transfers_.erase(&transfer);
  base::http_log().error("cannot start a transfer: {}", curl_multi_strerror(code));
  return false;
}

void Multi::remove(Transfer& transfer) {
  if (transfers_.erase(&transfer) == 0) return;
  curl_multi_remove_handle(handle_.get(), transfer.easy());
}

void Multi::fail_all(CURLcode code) {
  while (!transfers_.empty()) {
    auto* const transfer = *transfers_.begin();
    remove(*transfer);
    transfer->finished(code);
  }
}

int Multi::on_socket(CURL*, curl_socket_t fd, int what, void* self, void* known) {
  auto* const multi = static_cast<Multi*>(self);
  try {
    // libcurl knows this socket, but not a Watch for it: the number was used before, and its end
    // was not told.
    if (what == CURL_POLL_REMOVE || known == nullptr) multi->unwatch(fd);
    if (what != CURL_POLL_REMOVE) multi->watch(fd, what);
  } catch (const std::exception& e) {
    base::http_log().error("cannot watch a socket: {}", e.what());
    return -1;
  }
  return 0;
}

int Multi::on_timer(CURLM*, long timeout_ms, void* self) {
  auto* const multi = static_cast<Multi*>(self);
  try {
    if (timeout_ms < 0) {
      multi->timer_.cancel();
      return 0;
    }
    multi->timer_.expires_after(std::chrono::milliseconds(timeout_ms));
    multi->timer_.async_wait(
        [weak = std::weak_ptr(multi->self_)](const boost::system::error_code& error) {
          const auto alive = weak.lock();
          if (!error && alive) (*alive)->act(CURL_SOCKET_TIMEOUT, 0);
        });
  } catch (const std::exception& e) {
    base::http_log().error("cannot set a timer: {}", e.what());
    return -1;
  }
  return 0;
}

void Multi::watch(curl_socket_t fd, int what) {
  auto found = watches_.find(fd);
  if (found == watches_.end()) {
    const int duplicate = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (duplicate < 0) {
      throw boost::system::system_error(errno, boost::system::system_category(), "dup");
    }
    std::shared_ptr<Watch> made;
    try {
      made = std::make_shared<Watch>(io_, fd, duplicate);
    } catch (...) {
      ::close(duplicate);
      throw;
    }
    found = watches_.emplace(fd, std::move(made)).first;
    curl_multi_assign(handle_.get(), fd, found->second.get());
  }
  found->second->wanted = what & CURL_POLL_INOUT;
  arm(found->second);
}

void Multi::unwatch(curl_socket_t fd) {
  const auto found = watches_.find(fd);
  if (found == watches_.end()) return;
  boost::system::error_code ignored;
  found->second->descriptor.close(ignored);
  watches_.erase(found);
}

void Multi::arm(const std::shared_ptr<Watch>& watch) {
  using Descriptor = asio::posix::stream_descriptor;
  const auto start = [&](int direction, Descriptor::wait_type type) {
    if ((watch->wanted & direction) == 0 || (watch->pending & direction) != 0) return;
    watch->pending |= direction;
    watch->descriptor.async_wait(type, [weak = std::weak_ptr(self_), watch,
                                        direction](const boost::system::error_code& error) {
      watch->pending &= ~direction;
      const auto alive = weak.lock();
      if (!alive || error == asio::error::operation_aborted) return;
      (*alive)->on_ready(watch, direction, static_cast<bool>(error));
    });
  };
  start(CURL_POLL_IN, Descriptor::wait_read);
  start(CURL_POLL_OUT, Descriptor::wait_write);
}

void Multi::on_ready(const std::shared_ptr<Watch>& watch, int direction, bool failed) {
  const auto is_current = [&] {
    const auto found = watches_.find(watch->fd);
    return found != watches_.end() && found->second == watch;
  };
  if (!is_current() || (watch->wanted & direction) == 0) return;
  const int events =
      failed ? CURL_CSELECT_ERR : (direction == CURL_POLL_IN ? CURL_CSELECT_IN : CURL_CSELECT_OUT);
  act(watch->fd, events);
  if (is_current()) arm(watch);
}

void Multi::act(curl_socket_t fd, int events) {
  int running = 0;
  const auto code = curl_multi_socket_action(handle_.get(), fd, events, &running);
  if (code != CURLM_OK) {
    rebuild(code);
    return;
  }
  drain();
}

void Multi::drain() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(handle_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const auto code = message->data.result;
    char* owner = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &owner);
    auto* const transfer = reinterpret_cast<Transfer*>(owner);
    remove(*transfer);
    transfer->finished(code);
  }
}

void Multi::rebuild(CURLMcode code) {
  base::http_log().error("connections are rebuilt: {} transfers={}", curl_multi_strerror(code),
                         transfers_.size());
  fail_all(CURLE_FAILED_INIT);
  handle_.reset();
  while (!watches_.empty()) unwatch(watches_.begin()->first);
  timer_.cancel();
  open();
}

}  // namespace http
