#include "daemon/serve/http_server.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <map>
#include <unordered_set>

#include "daemon/base/log.h"
#include "daemon/serve/listening.h"
#include "daemon/serve/request_head.h"

namespace serve {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using Time = std::chrono::steady_clock::time_point;
using std::chrono::steady_clock;

namespace {

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kPiece = std::size_t{64} << 10;
// What a refused client may still be sending while it gets its answer.
constexpr std::size_t kDrained = std::size_t{1} << 20;
constexpr std::chrono::milliseconds kDrainFor{1'000};
constexpr std::chrono::milliseconds kAcceptPause{100};
// Bytes on the wire for each of a chunked body: more is a flood of extensions.
constexpr std::size_t kChunkOverhead = 8;

struct Connection {
  Connection(asio::generic::stream_protocol::socket taken, std::size_t most)
      : socket(std::move(taken)), buffer(most) {}

  asio::generic::stream_protocol::socket socket;
  boost::beast::flat_buffer buffer;
  asio::cancellation_signal cancel;
  Caller caller;
  bool tcp = false;
  std::int64_t user = -1;  // who it counts for
  std::optional<Time> deadline;
  bool late = false;       // what was under way was ended by it
  bool idle = true;        // nothing of a request has come
  bool streaming = false;  // an answer without an end
  bool evicted = false;
  bool drain = false;    // there may be more of what is not wanted
  std::size_t held = 0;  // bytes of bodies
  std::size_t served = 0;
  Time since = steady_clock::now();  // idle
};
using Shared = std::shared_ptr<Connection>;

std::string http_date() {
  return fmt::format(
      "{:%a, %d %b %Y %H:%M:%S} GMT",
      fmt::gmtime(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now())));
}

bool is_header_value(const std::string& text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

template <typename Message>
void fill_head(Message& message, const Response& response, const Framing& framing, bool keep) {
  message.set(http::field::date, http_date());
  if (!response.content_type.empty() && response.status != 204 && response.status != 304) {
    message.set(http::field::content_type, response.content_type);
  }
  message.set("X-Content-Type-Options", "nosniff");
  message.set(http::field::cache_control, "no-store");
  for (const auto& [name, value] : response.headers) {
    if (is_header_value(name) && is_header_value(value)) message.set(name, value);
  }
  if (!keep) message.set(http::field::connection, "close");
  if (keep && framing.http_1_0) message.set(http::field::connection, "keep-alive");
}

}  // namespace

class HttpServer::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& io, Options options)
      : io_(io), options_(std::move(options)), sweeper_(io), grace_(io), changed_(io) {
    head_limits_.target = options_.limits.target;
    head_limits_.head = options_.limits.head;
  }

  store::Result<void> listen(Listening listening);
  void stop();
  void close_now();
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
  void take(asio::generic::stream_protocol::socket socket, bool tcp);
  bool make_room(std::int64_t user);
  void spawn(const Shared& connection, bool refused);
  void ended(const Shared& connection, bool refused, const std::exception_ptr& failure);

  static base::Awaitable<void> serve(std::shared_ptr<Impl> self, Shared connection);
  static base::Awaitable<void> refuse(std::shared_ptr<Impl> self, Shared connection);
  base::Awaitable<bool> exchange(Connection& connection);
  base::Awaitable<std::optional<std::size_t>> read_head(Connection& connection, Refusal& refusal);
  base::Awaitable<bool> read_body(Connection& connection, std::string_view head,
                                  const Framing& framing, Request& request, Refusal& refusal);
  base::Awaitable<Response> handle(const Shared& connection, Request request);
  base::Awaitable<bool> respond(Connection& connection, Response response, const Framing& framing,
                                bool head_only, bool keep);
  base::Awaitable<bool> write_plain(Connection& connection, Response& response,
                                    const Framing& framing, bool head_only, bool keep);
  base::Awaitable<bool> write_stream(Connection& connection, Response& response,
                                     const Framing& framing, bool keep);
  base::Awaitable<bool> write_all(Connection& connection, std::string text);
  base::Awaitable<bool> refuse_request(Connection& connection, const Refusal& refusal);
  base::Awaitable<void> drain(Connection& connection);

  void watch(const Shared& connection);
  Response error(const Refusal& refusal) const;
  Refusal refusal_of_host(const Connection& connection, const Request& request) const;
  void set_deadline(Connection& connection, Time when);
  Time moving_deadline(Time started, std::chrono::milliseconds stands, std::size_t done) const;
  void arm();
  void sweep();
  void release(Connection& connection);

  asio::io_context& io_;
  Options options_;
  HeadLimits head_limits_;
  asio::steady_timer sweeper_;
  asio::steady_timer grace_;
  base::Signal changed_;
  Time wake_at_ = Time::max();
  std::vector<std::shared_ptr<Listener>> listeners_;
  std::unordered_set<Shared> connections_;
  std::size_t refusing_ = 0;
  std::map<std::int64_t, std::size_t> users_;
  std::size_t bodies_ = 0;
  bool stopping_ = false;
  base::RepeatLimiter repeats_;

  std::atomic<std::int64_t> now_{0};
  std::atomic<std::int64_t> accepted_{0};
  std::atomic<std::int64_t> refused_{0};
  std::atomic<std::int64_t> requests_{0};
  std::atomic<std::int64_t> bad_requests_{0};
  friend class HttpServer;
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
    asio::generic::stream_protocol::socket socket(self->io_);
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

void HttpServer::Impl::take(asio::generic::stream_protocol::socket socket, bool tcp) {
  ++accepted_;
  const auto most = options_.limits.head + kPiece;
  auto connection = std::make_shared<Connection>(std::move(socket), most);
  connection->tcp = tcp;
  const auto peer = tcp ? std::nullopt : peer_of(connection->socket.native_handle());
  if (!tcp && !peer) return;
  connection->user = peer ? static_cast<std::int64_t>(peer->first) : -1;
  if (!make_room(connection->user)) {
    ++refused_;
    if (refusing_ < options_.limits.connections) spawn(connection, true);
    return;
  }
  connection->caller = options_.identify(peer);
  spawn(connection, false);
}

// Whether there is a place; an idle connection gives up its own.
bool HttpServer::Impl::make_room(std::int64_t user) {
  const bool full = connections_.size() >= options_.limits.connections;
  const bool full_for_user = users_[user] >= options_.limits.connections_per_user;
  if (!full && !full_for_user) return true;
  Shared oldest;
  for (const auto& one : connections_) {
    if (!one->idle || one->evicted || one->served == 0) continue;
    if (full_for_user && one->user != user) continue;
    if (!oldest || one->since < oldest->since) oldest = one;
  }
  if (!oldest) return false;
  oldest->evicted = true;
  oldest->cancel.emit(asio::cancellation_type::terminal);
  return true;
}

void HttpServer::Impl::spawn(const Shared& connection, bool refused) {
  auto end = [self = shared_from_this(), connection, refused](const std::exception_ptr& failure) {
    self->ended(connection, refused, failure);
  };
  auto bound = asio::bind_cancellation_slot(connection->cancel.slot(), std::move(end));
  connections_.insert(connection);
  if (refused) {
    ++refusing_;
    connection->idle = false;
    asio::co_spawn(io_, refuse(shared_from_this(), connection), std::move(bound));
    return;
  }
  ++users_[connection->user];
  now_ = now_ + 1;
  asio::co_spawn(io_, serve(shared_from_this(), connection), std::move(bound));
}

void HttpServer::Impl::ended(const Shared& connection, bool refused,
                             const std::exception_ptr& failure) {
  try {
    if (failure) std::rethrow_exception(failure);
  } catch (const boost::system::system_error& error) {
    if (error.code() != asio::error::operation_aborted) {
      base::daemon_log().error("a connection of the service ended: {}", error.what());
    }
  } catch (const std::exception& error) {
    base::daemon_log().error("a connection of the service ended: {}", error.what());
  }
  release(*connection);
  error_code ignored;
  connection->socket.close(ignored);
  connection->deadline.reset();
  connections_.erase(connection);
  if (refused) {
    --refusing_;
  } else {
    now_ = now_ - 1;
    const auto user = users_.find(connection->user);
    if (user != users_.end() && --user->second == 0) users_.erase(user);
  }
  changed_.notify_all();
}

base::Awaitable<void> HttpServer::Impl::refuse(std::shared_ptr<Impl> self, Shared connection) {
  const Refusal full(503, "too many connections");
  connection->drain = true;
  static_cast<void>(co_await self->refuse_request(*connection, full));
  co_await self->drain(*connection);
}

base::Awaitable<void> HttpServer::Impl::serve(std::shared_ptr<Impl> self, Shared connection) {
  bool goes_on = true;
  while (goes_on) goes_on = co_await self->exchange(*connection);
  co_await self->drain(*connection);
}

// One request and its answer; whether there may be another.
base::Awaitable<bool> HttpServer::Impl::exchange(Connection& connection) {
  connection.idle = true;
  connection.since = steady_clock::now();
  Refusal refusal;
  const auto length = co_await read_head(connection, refusal);
  if (!length && !refusal) co_return false;
  ++requests_;
  Request request;
  Framing framing;
  std::string head;
  if (length) {
    head.assign(static_cast<const char*>(connection.buffer.data().data()), *length);
    connection.buffer.consume(*length);
    refusal = parse_head(head, head_limits_, request, framing);
  }
  if (!refusal) refusal = refusal_of_host(connection, request);
  if (!refusal && framing.length > options_.limits.body) {
    refusal = Refusal(413, fmt::format("the body has more than {} bytes", options_.limits.body));
  }
  if (refusal) co_return co_await refuse_request(connection, refusal);
  request.caller = connection.caller;
  const bool head_only = request.method == "HEAD";
  bool keep = framing.keep_alive && ++connection.served < options_.limits.requests_per_connection &&
              !connection.evicted && !stopping_;
  if (options_.admit) {
    auto refused = options_.admit(request);
    if (refused) {
      connection.drain = framing.has_body();
      keep = keep && !framing.has_body();
      const bool written =
          co_await respond(connection, std::move(*refused), framing, head_only, keep);
      co_return written&& keep;
    }
  }
  if (framing.has_body()) {
    const bool whole = co_await read_body(connection, head, framing, request, refusal);
    if (refusal) co_return co_await refuse_request(connection, refusal);
    if (!whole) co_return false;
  }
  const auto shared = *std::find_if(connections_.begin(), connections_.end(),
                                    [&](const auto& one) { return one.get() == &connection; });
  auto response = co_await handle(shared, std::move(request));
  const bool written =
      co_await respond(connection, std::move(response), framing, head_only, keep && !stopping_);
  release(connection);
  co_return written&& keep && !stopping_;
}

Refusal HttpServer::Impl::refusal_of_host(const Connection& connection,
                                          const Request& request) const {
  if (!connection.tcp || !options_.loopback_names_only) return {};
  const auto host = request.header("host");
  if (host && is_loopback_host(*host)) return {};
  return {421, "the Host is not this machine"};
}

base::Awaitable<std::optional<std::size_t>> HttpServer::Impl::read_head(Connection& connection,
                                                                        Refusal& refusal) {
  auto& buffer = connection.buffer;
  const auto& limits = options_.limits;
  Time begun = steady_clock::now();
  set_deadline(connection, begun + (connection.served == 0 ? limits.head_within : limits.idle));
  while (true) {
    if (buffer.size() > 0) {
      if (std::exchange(connection.idle, false)) {
        begun = steady_clock::now();
        set_deadline(connection, begun + limits.head_within);
      }
      const std::string_view bytes(static_cast<const char*>(buffer.data().data()), buffer.size());
      const auto length = head_length(bytes, head_limits_, refusal);
      if (length) connection.deadline.reset();
      if (length || refusal) co_return length;
    }
    const auto space = buffer.prepare(std::min(kPiece, buffer.max_size() - buffer.size()));
    auto [error, count] = co_await connection.socket.async_read_some(space, kTuple);
    buffer.commit(count);
    if (!error) continue;
    if (connection.late && !connection.idle) refusal = Refusal(408, "the head came too slowly");
    co_return std::nullopt;
  }
}

// Whether it is there whole; else the client has gone, or `refusal` says what it gets.
base::Awaitable<bool> HttpServer::Impl::read_body(Connection& connection, std::string_view head,
                                                  const Framing& framing, Request& request,
                                                  Refusal& refusal) {
  http::request_parser<http::string_body> parser;
  parser.body_limit(options_.limits.body);
  parser.header_limit(static_cast<std::uint32_t>(options_.limits.head));
  error_code error;
  parser.put(asio::const_buffer(head.data(), head.size()), error);
  if (error || !parser.is_header_done()) {
    refusal = Refusal(400, "the head is malformed");
    co_return false;
  }
  if (framing.expects_continue && connection.buffer.size() == 0) {
    const bool told = co_await write_all(connection, "HTTP/1.1 100 Continue\r\n\r\n");
    if (!told) co_return false;
  }
  const auto started = steady_clock::now();
  std::size_t on_wire = 0;
  while (!parser.is_done()) {
    set_deadline(connection, moving_deadline(started, options_.limits.body_stands, on_wire));
    auto [failed, count] =
        co_await http::async_read_some(connection.socket, connection.buffer, parser, kTuple);
    on_wire += count;
    const auto size = parser.get().body().size();
    bodies_ += size - connection.held;
    connection.held = size;
    if (failed == http::error::body_limit) {
      refusal = Refusal(413, fmt::format("the body has more than {} bytes", options_.limits.body));
    } else if (failed && connection.late) {
      refusal = Refusal(408, "the body came too slowly");
    } else if (failed &&
               failed.category() ==
                   http::make_error_code(http::error::partial_message).category() &&
               failed != http::error::partial_message && failed != http::error::end_of_stream) {
      refusal = Refusal(400, "the body is malformed");
    } else if (bodies_ > options_.limits.bodies) {
      refusal = Refusal(503, "too much is being read at the moment");
    } else if (framing.chunked && on_wire > kPiece + kChunkOverhead * size) {
      refusal = Refusal(400, "the chunks of the body are too small for what is around them");
    }
    if (failed || refusal) co_return false;
  }
  connection.deadline.reset();
  request.body = std::move(parser.get().body());
  co_return true;
}

base::Awaitable<Response> HttpServer::Impl::handle(const Shared& connection, Request request) {
  watch(connection);
  std::exception_ptr failure;
  Response response;
  try {
    response = co_await options_.handler(std::move(request));
  } catch (...) {
    failure = std::current_exception();
  }
  error_code ignored;
  connection->socket.cancel(ignored);
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

// Answers.

base::Awaitable<bool> HttpServer::Impl::refuse_request(Connection& connection,
                                                       const Refusal& refusal) {
  ++bad_requests_;
  connection.drain = true;
  const Framing framing;
  static_cast<void>(co_await respond(connection, error(refusal), framing, false, false));
  co_return false;
}

Response HttpServer::Impl::error(const Refusal& refusal) const {
  auto response = options_.error_body(refusal.status, refusal.text);
  if (refusal.status == 503) response.headers.emplace_back("Retry-After", "1");
  return response;
}

base::Awaitable<bool> HttpServer::Impl::respond(Connection& connection, Response response,
                                                const Framing& framing, bool head_only, bool keep) {
  if (response.chunks && !head_only) {
    co_return co_await write_stream(connection, response, framing, keep);
  }
  co_return co_await write_plain(connection, response, framing, head_only, keep);
}

base::Awaitable<bool> HttpServer::Impl::write_plain(Connection& connection, Response& response,
                                                    const Framing& framing, bool head_only,
                                                    bool keep) {
  const auto status = static_cast<unsigned>(response.status);
  http::response<http::string_body> message(static_cast<http::status>(status), 11);
  fill_head(message, response, framing, keep);
  const bool empty = status == 204 || status == 304;
  if (!empty && !response.chunks) message.content_length(response.body.size());
  if (!empty) message.body() = std::move(response.body);
  http::response_serializer<http::string_body> serializer(message);
  serializer.split(true);
  const auto started = steady_clock::now();
  std::size_t done = 0;
  while (!serializer.is_done()) {
    if (serializer.is_header_done() && (head_only || empty)) break;
    set_deadline(connection, moving_deadline(started, options_.limits.reader_stands, done));
    auto [failed, count] = co_await http::async_write_some(connection.socket, serializer, kTuple);
    if (failed) co_return false;
    done += count;
  }
  connection.deadline.reset();
  co_return true;
}

base::Awaitable<bool> HttpServer::Impl::write_stream(Connection& connection, Response& response,
                                                     const Framing& framing, bool keep) {
  const bool chunked = !framing.http_1_0;
  const bool kept = keep && chunked;
  http::response<http::string_body> message(
      static_cast<http::status>(static_cast<unsigned>(response.status)), 11);
  fill_head(message, response, framing, kept);
  if (chunked) message.chunked(true);
  std::string text;
  {
    std::ostringstream head;
    head << message.base();
    text = std::move(head).str();
  }
  bool written = co_await write_all(connection, std::move(text));
  connection.streaming = true;
  std::optional<std::string> piece = std::move(response.body);
  while (written && piece) {
    if (!piece->empty()) {
      std::string framed = chunked ? fmt::format("{:x}\r\n{}\r\n", piece->size(), *piece) : *piece;
      written = co_await write_all(connection, std::move(framed));
    }
    if (!written) break;
    if (has_hung_up(connection.socket.native_handle())) co_return false;
    piece = co_await response.chunks();
  }
  connection.streaming = false;
  if (!written || !chunked) co_return false;
  const bool ended = co_await write_all(connection, "0\r\n\r\n");
  co_return ended&& kept;
}

base::Awaitable<bool> HttpServer::Impl::write_all(Connection& connection, std::string text) {
  const auto started = steady_clock::now();
  std::size_t done = 0;
  while (done < text.size()) {
    set_deadline(connection, moving_deadline(started, options_.limits.reader_stands, done));
    const asio::const_buffer rest(text.data() + done, text.size() - done);
    auto [failed, count] = co_await connection.socket.async_write_some(rest, kTuple);
    if (failed) co_return false;
    done += count;
  }
  connection.deadline.reset();
  co_return true;
}

// A client that is still sending would not see its answer if its connection were closed under it.
base::Awaitable<void> HttpServer::Impl::drain(Connection& connection) {
  error_code ignored;
  connection.socket.shutdown(asio::socket_base::shutdown_send, ignored);
  if (!connection.drain || stopping_) co_return;
  connection.buffer.clear();
  set_deadline(connection, steady_clock::now() + kDrainFor);
  const auto space = connection.buffer.prepare(kPiece);
  for (std::size_t seen = 0; seen < kDrained;) {
    auto [error, count] = co_await connection.socket.async_read_some(space, kTuple);
    if (error) co_return;
    seen += count;
  }
}

// Clients that go, time that passes, the end.

void HttpServer::Impl::watch(const Shared& connection) {
  auto look = [weak = std::weak_ptr(connection)](const error_code& error) {
    const auto one = weak.lock();
    if (error || !one || !one->socket.is_open()) return;
    if (has_hung_up(one->socket.native_handle())) {
      one->cancel.emit(asio::cancellation_type::terminal);
    }
  };
  connection->socket.async_wait(asio::socket_base::wait_read, std::move(look));
}

Time HttpServer::Impl::moving_deadline(Time started, std::chrono::milliseconds stands,
                                       std::size_t done) const {
  const auto earned = std::chrono::milliseconds(static_cast<std::int64_t>(
      done * 1000 / std::max<std::size_t>(options_.limits.least_rate, 1)));
  return std::min(steady_clock::now() + stands, started + stands + earned);
}

void HttpServer::Impl::set_deadline(Connection& connection, Time when) {
  connection.late = false;
  connection.deadline = when;
  if (when >= wake_at_) return;
  wake_at_ = when;
  arm();
}

// One timer for all: deadlines move far more often than they pass.
void HttpServer::Impl::arm() {
  sweeper_.expires_at(wake_at_);
  sweeper_.async_wait([weak = weak_from_this()](const error_code& error) {
    if (error) return;
    if (const auto self = weak.lock()) self->sweep();
  });
}

void HttpServer::Impl::sweep() {
  const auto now = steady_clock::now();
  wake_at_ = Time::max();
  for (const auto& connection : connections_) {
    if (!connection->deadline) continue;
    if (*connection->deadline > now) {
      wake_at_ = std::min(wake_at_, *connection->deadline);
      continue;
    }
    connection->deadline.reset();
    connection->late = true;
    error_code ignored;
    connection->socket.cancel(ignored);
  }
  if (wake_at_ != Time::max()) arm();
}

void HttpServer::Impl::release(Connection& connection) {
  bodies_ -= std::exchange(connection.held, 0);
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
    if (connection->idle || connection->streaming) {
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

HttpServer::~HttpServer() {
  impl_->stop();
  impl_->grace_.cancel();
  impl_->sweeper_.cancel();
  impl_->close_now();
}

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
