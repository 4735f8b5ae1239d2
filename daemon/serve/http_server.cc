#include "daemon/serve/http_server.h"

#include <fmt/format.h>

#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <map>
#include <unordered_set>

#include "daemon/base/log.h"
#include "daemon/serve/listening.h"
#include "daemon/serve/wire.h"

namespace serve {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::steady_clock;

namespace {

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds kAcceptPause{100};

struct Connection {
  Connection(StreamSocket taken, std::shared_ptr<Wire::Common> common)
      : wire(std::move(taken), std::move(common)) {}

  Wire wire;
  asio::cancellation_signal cancel;
  Caller caller;
  bool tcp = false;
  std::int64_t user = -1;  // who it counts for
  bool refused = false;    // there was no place
  bool evicted = false;
  bool more_may_come = false;  // of what is not wanted
  std::size_t served = 0;
};
using Shared = std::shared_ptr<Connection>;

// Between two requests, or before the first.
bool waits(const Connection& connection) { return connection.wire.idle() && !connection.refused; }

}  // namespace

class HttpServer::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& io, Options options)
      : io_(io),
        options_(std::move(options)),
        common_(std::make_shared<Wire::Common>(io, options_.limits)),
        grace_(io),
        changed_(io) {}

  store::Result<void> listen(Listening listening);
  void stop();
  void end();  // at once
  base::Awaitable<void> stopped();
  ServerCounts counts() const;

 private:
  using Acceptor = asio::basic_socket_acceptor<asio::generic::stream_protocol>;
  struct Listener {
    Listener(asio::io_context& io, Listening made) : acceptor(io), listening(std::move(made)) {}
    Acceptor acceptor;
    Listening listening;  // its file
    bool tcp = false;
  };

  static base::Awaitable<void> accept(std::shared_ptr<Impl> self,
                                      std::shared_ptr<Listener> listener);
  void take(StreamSocket socket, bool tcp);
  bool make_room(std::int64_t user);
  void spawn(const Shared& connection);
  void ended(const Shared& connection, const std::exception_ptr& failure);

  static base::Awaitable<void> serve(std::shared_ptr<Impl> self, Shared connection);
  static base::Awaitable<void> refuse(std::shared_ptr<Impl> self, Shared connection);
  base::Awaitable<bool> exchange(Shared connection);
  base::Awaitable<Response> handle(Shared connection, Request request);
  base::Awaitable<bool> refuse_request(Shared connection, Refusal refusal);
  base::Awaitable<void> drain(Shared connection);

  void watch(const Shared& connection);
  Response error(const Refusal& refusal) const;
  Refusal refusal_of_head(const Connection& connection, const Request& request,
                          const Framing& framing) const;
  void close_now();

  asio::io_context& io_;
  Options options_;
  std::shared_ptr<Wire::Common> common_;
  asio::steady_timer grace_;
  base::Signal changed_;
  std::vector<std::shared_ptr<Listener>> listeners_;
  std::unordered_set<Shared> connections_;
  std::size_t refusing_ = 0;
  std::map<std::int64_t, std::size_t> users_;
  bool stopping_ = false;
  base::RepeatLimiter repeats_;

  std::atomic<std::int64_t> now_{0};
  std::atomic<std::int64_t> accepted_{0};
  std::atomic<std::int64_t> refused_{0};
  std::atomic<std::int64_t> requests_{0};
  std::atomic<std::int64_t> bad_requests_{0};
};

// Connections.

store::Result<void> HttpServer::Impl::listen(Listening listening) {
  const bool tcp = !listening.is_unix();
  const int family = listening.family();
  auto listener = std::make_shared<Listener>(io_, std::move(listening));
  listener->tcp = tcp;
  error_code error;
  listener->acceptor.assign(asio::generic::stream_protocol(family, 0), listener->listening.fd(),
                            error);
  if (error) {
    return store::fail(store::ErrorKind::kSystem, "cannot_listen",
                       fmt::format("cannot listen: {}", error.message()));
  }
  listener->listening.release();
  listeners_.push_back(listener);
  asio::co_spawn(io_, accept(shared_from_this(), std::move(listener)), asio::detached);
  return {};
}

base::Awaitable<void> HttpServer::Impl::accept(std::shared_ptr<Impl> self,
                                               std::shared_ptr<Listener> listener) {
  while (listener->acceptor.is_open()) {
    StreamSocket socket(self->io_);
    auto [error] = co_await listener->acceptor.async_accept(socket, kTuple);
    if (!listener->acceptor.is_open()) break;
    if (!error) {
      self->take(std::move(socket), listener->tcp);
      continue;
    }
    if (error == asio::error::connection_aborted) continue;
    // Out of descriptors or memory: those who wait go on waiting.
    if (self->repeats_.admit("accept", steady_clock::now())) {
      base::daemon_log().warn("the service cannot accept: {}", error.message());
    }
    co_await base::sleep_for(kAcceptPause);
  }
}

void HttpServer::Impl::take(StreamSocket socket, bool tcp) {
  ++accepted_;
  auto connection = std::make_shared<Connection>(std::move(socket), common_);
  connection->tcp = tcp;
  const auto peer = tcp ? std::nullopt : peer_of(connection->wire.socket().native_handle());
  if (!tcp && !peer) return;
  connection->user = peer ? static_cast<std::int64_t>(peer->first) : -1;
  connection->refused = !make_room(connection->user);
  if (connection->refused) {
    ++refused_;
    if (refusing_ < options_.limits.connections) spawn(connection);
    return;
  }
  connection->caller = options_.identify(peer);
  spawn(connection);
}

// Whether there is a place; an idle connection gives up its own.
bool HttpServer::Impl::make_room(std::int64_t user) {
  const bool full = connections_.size() >= options_.limits.connections;
  const bool full_for_user = users_[user] >= options_.limits.connections_per_user;
  if (!full && !full_for_user) return true;
  Shared oldest;
  for (const auto& one : connections_) {
    if (!waits(*one) || one->evicted || one->served == 0) continue;
    if (full_for_user && one->user != user) continue;
    if (!oldest || one->wire.idle_since() < oldest->wire.idle_since()) oldest = one;
  }
  if (!oldest) return false;
  oldest->evicted = true;
  oldest->cancel.emit(asio::cancellation_type::terminal);
  return true;
}

void HttpServer::Impl::spawn(const Shared& connection) {
  auto end = [self = shared_from_this(), connection](const std::exception_ptr& failure) {
    self->ended(connection, failure);
  };
  auto bound = asio::bind_cancellation_slot(connection->cancel.slot(), std::move(end));
  connections_.insert(connection);
  if (connection->refused) {
    ++refusing_;
    asio::co_spawn(io_, refuse(shared_from_this(), connection), std::move(bound));
    return;
  }
  ++users_[connection->user];
  now_ = now_ + 1;
  asio::co_spawn(io_, serve(shared_from_this(), connection), std::move(bound));
}

void HttpServer::Impl::ended(const Shared& connection, const std::exception_ptr& failure) {
  try {
    if (failure) std::rethrow_exception(failure);
  } catch (const boost::system::system_error& error) {
    if (error.code() != asio::error::operation_aborted) {
      base::daemon_log().error("a connection of the service ended: {}", error.what());
    }
  } catch (const std::exception& error) {
    base::daemon_log().error("a connection of the service ended: {}", error.what());
  }
  connection->wire.close();
  connections_.erase(connection);
  if (connection->refused) {
    --refusing_;
  } else {
    now_ = now_ - 1;
    const auto user = users_.find(connection->user);
    if (user != users_.end() && --user->second == 0) users_.erase(user);
  }
  changed_.notify_all();
}

base::Awaitable<void> HttpServer::Impl::refuse(std::shared_ptr<Impl> self, Shared connection) {
  Refusal full(503, "too many connections");
  static_cast<void>(co_await self->refuse_request(connection, std::move(full)));
  co_await self->drain(connection);
}

base::Awaitable<void> HttpServer::Impl::serve(std::shared_ptr<Impl> self, Shared connection) {
  bool goes_on = true;
  while (goes_on) goes_on = co_await self->exchange(connection);
  co_await self->drain(connection);
}

// Requests and answers.

// One request and its answer; whether there may be another.
base::Awaitable<bool> HttpServer::Impl::exchange(Shared connection) {
  auto& wire = connection->wire;
  Refusal refusal;
  const auto head = co_await wire.read_head(connection->served == 0, refusal);
  if (!head && !refusal) co_return false;
  ++requests_;
  Request request;
  Framing framing;
  if (head) refusal = parse_head(*head, common_->head_limits, request, framing);
  if (!refusal) refusal = refusal_of_head(*connection, request, framing);
  if (refusal) co_return co_await refuse_request(connection, std::move(refusal));
  request.caller = connection->caller;
  const bool head_only = request.method == "HEAD";
  bool keep = framing.keep_alive &&
              ++connection->served < options_.limits.requests_per_connection &&
              !connection->evicted && !stopping_;
  auto refused = options_.admit ? options_.admit(request) : std::nullopt;
  if (refused) {
    connection->more_may_come = framing.has_body();
    keep = keep && !framing.has_body();
    const bool written = co_await wire.write(std::move(*refused), framing, head_only, keep);
    co_return written&& keep;
  }
  if (framing.has_body()) {
    const bool whole = co_await wire.read_body(*head, framing, request, refusal);
    if (refusal) co_return co_await refuse_request(connection, std::move(refusal));
    if (!whole) co_return false;
  }
  auto response = co_await handle(connection, std::move(request));
  keep = keep && !stopping_;
  const bool written = co_await wire.write(std::move(response), framing, head_only, keep);
  wire.release();
  co_return written&& keep && !stopping_;
}

Refusal HttpServer::Impl::refusal_of_head(const Connection& connection, const Request& request,
                                          const Framing& framing) const {
  if (connection.tcp && options_.loopback_names_only) {
    const auto host = request.header("host");
    if (!host || !is_loopback_host(*host)) return {421, "the Host is not this machine"};
  }
  if (framing.length <= options_.limits.body) return {};
  return {413, fmt::format("the body has more than {} bytes", options_.limits.body)};
}

base::Awaitable<Response> HttpServer::Impl::handle(Shared connection, Request request) {
  watch(connection);
  std::exception_ptr failure;
  Response response;
  try {
    response = co_await options_.handler(std::move(request));
  } catch (...) {
    failure = std::current_exception();
  }
  error_code ignored;
  connection->wire.socket().cancel(ignored);
  if (!failure) co_return response;
  try {
    std::rethrow_exception(failure);
  } catch (const boost::system::system_error& error) {
    if (error.code() == asio::error::operation_aborted) throw;
    base::daemon_log().error("a request of the service failed: {}", error.what());
  } catch (const std::exception& error) {
    base::daemon_log().error("a request of the service failed: {}", error.what());
  }
  co_return options_.error_body(500, "this is a bug of confmirror");
}

base::Awaitable<bool> HttpServer::Impl::refuse_request(Shared connection, Refusal refusal) {
  ++bad_requests_;
  connection->more_may_come = true;
  const Framing framing;
  static_cast<void>(co_await connection->wire.write(error(refusal), framing, false, false));
  co_return false;
}

base::Awaitable<void> HttpServer::Impl::drain(Shared connection) {
  co_await connection->wire.drain(connection->more_may_come && !stopping_);
}

Response HttpServer::Impl::error(const Refusal& refusal) const {
  auto response = options_.error_body(refusal.status, refusal.text);
  if (refusal.status == 503) response.headers.emplace_back("Retry-After", "1");
  return response;
}

// Clients that go, and the end.

void HttpServer::Impl::watch(const Shared& connection) {
  auto look = [weak = std::weak_ptr(connection)](const error_code& error) {
    const auto one = weak.lock();
    if (error || !one || !one->wire.socket().is_open()) return;
    if (has_hung_up(one->wire.socket().native_handle())) {
      one->cancel.emit(asio::cancellation_type::terminal);
    }
  };
  connection->wire.socket().async_wait(asio::socket_base::wait_read, std::move(look));
}

void HttpServer::Impl::stop() {
  if (std::exchange(stopping_, true)) return;
  for (const auto& listener : listeners_) {
    error_code ignored;
    listener->acceptor.close(ignored);
    listener->listening.forget_file();
  }
  listeners_.clear();
  for (const auto& connection : connections_) {
    if (waits(*connection) || connection->wire.streaming()) {
      connection->cancel.emit(asio::cancellation_type::terminal);
    }
  }
  changed_.notify_all();
  grace_.expires_after(options_.limits.grace);
  grace_.async_wait([weak = weak_from_this()](const error_code& error) {
    const auto self = weak.lock();
    if (!error && self) self->close_now();
  });
}

void HttpServer::Impl::end() {
  stop();
  grace_.cancel();
  common_->deadlines->stop();
  close_now();
}

void HttpServer::Impl::close_now() {
  for (const auto& connection : connections_) {
    connection->cancel.emit(asio::cancellation_type::terminal);
  }
}

base::Awaitable<void> HttpServer::Impl::stopped() {
  while (!stopping_ || !connections_.empty()) co_await changed_.wait();
  grace_.cancel();
}

ServerCounts HttpServer::Impl::counts() const {
  ServerCounts counts;
  counts.connections = now_;
  counts.accepted = accepted_;
  counts.refused = refused_;
  counts.requests = requests_;
  counts.bad_requests = bad_requests_;
  return counts;
}

HttpServer::HttpServer(asio::io_context& io, Options options)
    : impl_(std::make_shared<Impl>(io, std::move(options))) {}

HttpServer::~HttpServer() { impl_->end(); }

store::Result<void> HttpServer::listen_unix(const std::filesystem::path& path, mode_t mode,
                                            const std::string& group) {
  auto made = make_unix_socket(path, mode, group);
  if (!made) return store::fail(made.error());
  return impl_->listen(std::move(*made));
}

store::Result<void> HttpServer::adopt(int fd) {
  auto taken = take_over(fd);
  if (!taken) return store::fail(taken.error());
  return impl_->listen(std::move(*taken));
}

store::Result<std::uint16_t> HttpServer::listen_tcp(const std::string& host, std::uint16_t port) {
  auto made = make_tcp_socket(host, port);
  if (!made) return store::fail(made.error());
  auto listening = impl_->listen(std::move(made->first));
  if (!listening) return store::fail(listening.error());
  return made->second;
}

void HttpServer::stop() { impl_->stop(); }
base::Awaitable<void> HttpServer::stopped() { return impl_->stopped(); }
ServerCounts HttpServer::counts() const { return impl_->counts(); }

}  // namespace serve
