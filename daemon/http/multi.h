#pragma once

// libcurl's multi interface (socket-action) on one Asio io_context. Only Client uses it.
//
// 1. One thread: the one that runs the io_context. libcurl is never called from anywhere else, and
//    never from inside one of its own callbacks: the timer callback only arms or cancels a timer
//    (even for 0 ms), the socket callback only keeps the table of Watches. add() needs no kick:
//    libcurl arms the timer itself.
// 2. A Watch owns a dup() of libcurl's descriptor in a stream_descriptor, because libcurl closes
//    its own one when it likes, sometimes before it says CURL_POLL_REMOVE, and descriptor numbers
//    are reused at once. On REMOVE the dup is closed explicitly: a pending wait would keep it, and
//    the connection, alive. An idle connection that comes back is a new Watch.
// 3. Waits are one-shot. A completion first checks that its Watch is still the one in the table
//    (the generation check), then calls socket_action, then looks again, for the call may have
//    changed everything, and re-arms what is wanted.
// 4. After every socket_action the queue of results is drained: curl_multi_remove_handle first,
//    then finished(). A Transfer's finished() only notes the result and wakes its coroutine through
//    the io_context: no coroutine is ever resumed inside a libcurl call.
// 5. remove() takes a transfer out at once; it is for coroutines and destructors, which by rule 4
//    never run inside libcurl. Over HTTP/1.1 it costs the connection.
// 6. An error of socket_action itself poisons the handle: all transfers fail (CURLE_FAILED_INIT),
//    the handle is rebuilt.
// 7. Requests do not queue in libcurl, where waiting would eat their time-outs: the caller admits
//    them.

#include <curl/curl.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <unordered_set>

#include "daemon/http/handles.h"

namespace http {

// One request under way. libcurl and Multi hold its address: it neither moves nor goes while it is
// added.
class Transfer {
 public:
  Transfer() = default;
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  virtual CURL* easy() const = 0;
  // The transfer was removed from the handle already. Must not call back into Multi.
  virtual void finished(CURLcode code) = 0;

 protected:
  ~Transfer() = default;
};

class Multi {
 public:
  Multi(boost::asio::io_context& io, int connections);
  ~Multi();
  Multi(const Multi&) = delete;
  Multi& operator=(const Multi&) = delete;

  // False: libcurl refused (out of memory); finished() will not be called.
  bool add(Transfer& transfer);
  void remove(Transfer& transfer);
  std::size_t running() const { return transfers_.size(); }
  // Ends every transfer; each hears of it.
  void fail_all(CURLcode code);

 private:
  struct Watch;

  void open();
  static int on_socket(CURL* easy, curl_socket_t fd, int what, void* self, void* known);
  static int on_timer(CURLM* handle, long timeout_ms, void* self);
  void watch(curl_socket_t fd, int what);
  void unwatch(curl_socket_t fd);
  void arm(const std::shared_ptr<Watch>& watch);
  void on_ready(const std::shared_ptr<Watch>& watch, int direction, bool failed);
  void act(curl_socket_t fd, int events);
  void drain();
  void rebuild(CURLMcode code);

  boost::asio::io_context& io_;
  const int connections_;
  boost::asio::steady_timer timer_;
  std::map<curl_socket_t, std::shared_ptr<Watch>> watches_;
  std::unordered_set<Transfer*> transfers_;
  MultiHandle handle_;
  std::shared_ptr<Multi*> self_;  // what completions hold weakly; gone with this object
};

}  // namespace http
