#include "tests/site/session.h"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>

#include "tests/site/answer.h"
#include "tests/site/control.h"
#include "tests/site/gateway.h"
#include "tests/site/gzip.h"

namespace site {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using Parser = http::request_parser<http::string_body>;

constexpr auto kToken = asio::as_tuple(asio::use_awaitable);
constexpr std::uint32_t kMaxHead = 64U << 10U;
constexpr std::uint64_t kMaxBody = 64U << 20U;  // the API answers 413 far below that
constexpr std::size_t kWorthPacking = 600;
constexpr std::size_t kDrips = 16;

// Faults that send nothing at all.
bool is_silent(Fault fault) {
  return fault == Fault::kResetBefore || fault == Fault::kAppliedReset ||
         fault == Fault::kNoAnswer || fault == Fault::kAppliedNoAnswer;
}

// A site that stops before does not apply the write.
asio::awaitable<void> run_later(std::function<void()> work, std::uint32_t milliseconds) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  timer.expires_after(std::chrono::milliseconds(milliseconds));
  const auto [error] = co_await timer.async_wait(kToken);
  if (!error) work();
}

class Session {
 public:
  Session(State& state, tcp::socket socket)
      : state_(state),
        socket_(std::move(socket)),
        timer_(socket_.get_executor()),
        id_(state.traffic.connected(socket_.native_handle())) {}
  ~Session() { leave(); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // One request; false: the connection is at its end.
  asio::awaitable<bool> serve();

 private:
  asio::awaitable<bool> serve_api(Request& request, Parser& parser);
  asio::awaitable<bool> send(Answer& answer, bool head_only, std::uint64_t dice,
                             const Settings& settings);
  asio::awaitable<bool> write(std::string_view first, std::string_view second);
  asio::awaitable<bool> drip(std::string_view body, std::uint32_t milliseconds);
  asio::awaitable<void> sleep_until(TimePoint when);
  asio::awaitable<void> wait_for_the_end();
  Request read_head(const Parser& parser) const;
  void reset_connection();
  void leave();
  std::int64_t date_ahead() const;

  State& state_;
  tcp::socket socket_;
  asio::steady_timer timer_;
  boost::beast::flat_buffer buffer_;
  Traffic::Connection id_;
  bool keep_alive_ = true;
  bool left_ = false;
  std::uint64_t sent_ = 0;  // bytes of the answer under way
  int status_ = 0;          // of it, once it was written whole
};

// Of the one clock that the site has.
std::int64_t Session::date_ahead() const {
  const std::scoped_lock lock(state_.control_mutex);
  return std::int64_t{state_.settings.date_ahead_s} + state_.connect.clock_offset().count();
}

// Takes the connection out of the registry before its descriptor can become another one's.
void Session::leave() {
  if (!left_) state_.traffic.disconnected(id_);
  left_ = true;
}

void Session::reset_connection() {
  leave();
  boost::system::error_code ignored;  // the peer may be gone already: the same outcome
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  socket_.close(ignored);
}

Request Session::read_head(const Parser& parser) const {
  Request request;
  const auto& head = parser.get();
  request.method = std::string(head.method_string());
  parse_target({head.target().data(), head.target().size()}, request);
  const auto authorization = head[http::field::authorization];
  request.authorization = std::string(authorization.data(), authorization.size());
  const auto content_type = head[http::field::content_type];
  request.content_type = std::string(content_type.data(), content_type.size());
  request.accepts_gzip =
      head[http::field::accept_encoding].find("gzip") != boost::beast::string_view::npos;
  return request;
}

asio::awaitable<bool> Session::serve() {
  Parser parser;
  parser.header_limit(kMaxHead);
  parser.body_limit(kMaxBody);
  const auto [error, size] = co_await http::async_read_header(socket_, buffer_, parser, kToken);
  if (error) co_return false;
  keep_alive_ = parser.keep_alive();
  Request request = read_head(parser);
  const bool connect = request.path.starts_with(kConnectRoot);
  enter_gateway(request);
  if (!connect && !request.path.starts_with(kControlRoot) && !is_beside_api(request)) {
    const bool alive = co_await serve_api(request, parser);
    co_return alive;
  }
  const auto [body_error, body_size] = co_await http::async_read(socket_, buffer_, parser, kToken);
  if (body_error) co_return false;
  request.body = std::move(parser.get().body());
  Answer answer;
  answer.response = connect                  ? state_.connect.answer(request)
                    : is_beside_api(request) ? beside_api(state_, request)
                                             : control(state_, request);
  const Settings plain;
  const bool head_only = request.method == "HEAD";
  const bool whole = co_await send(answer, head_only, 0, plain);
  co_return whole&& keep_alive_;
}

asio::awaitable<bool> Session::serve_api(Request& request, Parser& parser) {
  std::optional<Fault> fault;
  const TimePoint arrival = std::chrono::steady_clock::now();
  const Draw draw = draw_for(state_, request, fault);
  state_.traffic.arrived(id_, request.authorization, draw.settings.grace_ms);
  sent_ = 0;
  status_ = 0;
  bool alive = false;
  if (parser.get()[http::field::expect] == "100-continue") {
    co_await write("HTTP/1.1 100 Continue\r\n\r\n", std::string_view());
  }
  const auto [error, size] = co_await http::async_read(socket_, buffer_, parser, kToken);
  if (!error) {
    request.body = std::move(parser.get().body());
    const Route route = find_route(request);
    state_.traffic.count(route.name, route.kind);
    tell_observer(state_, request, route);
    const TimePoint due = arrival + std::chrono::milliseconds(draw.settings.latency_ms);
    if (draw.settings.latency_ms > 0) co_await sleep_until(due);
    Answer answer = make_answer(state_, request, route, draw, fault);
    if (answer.later) {
      asio::co_spawn(socket_.get_executor(),
                     run_later(answer.later, draw.settings.applied_later_ms), asio::detached);
    }
    const TimePoint begun = std::chrono::steady_clock::now();
    if (answer.response.status == 429) state_.traffic.refused();
    if (draw.settings.gzip && request.accepts_gzip &&
        answer.response.body.size() >= kWorthPacking) {
      answer.response.body = gzip(answer.response.body);
      answer.response.headers.emplace_back("Content-Encoding", "gzip");
      answer.response.headers.emplace_back("Vary", "Accept-Encoding");
    }
    const bool head_only = request.method == "HEAD";
    // Before the client can ask for the log; whether it left whole is known only afterwards.
    const bool silent = answer.fault && is_silent(*answer.fault);
    const int status = silent ? 0 : answer.response.status;
    if (answer.write != 0) state_.writes.answered(answer.write, status, false);
    alive = co_await send(answer, head_only, draw.dice, draw.settings);
    if (answer.write != 0 && alive) state_.writes.answered(answer.write, status, true);
    if (alive && answer.announced) {
      state_.traffic.announced(id_, request.authorization, begun, *answer.announced);
    }
  }
  state_.traffic.finished(id_, status_, sent_);
  co_return alive&& keep_alive_;
}

asio::awaitable<bool> Session::send(Answer& answer, bool head_only, std::uint64_t dice,
                                    const Settings& settings) {
  if (answer.fault && is_silent(*answer.fault)) {
    const bool reset = answer.fault == Fault::kResetBefore || answer.fault == Fault::kAppliedReset;
    if (!reset) co_await wait_for_the_end();
    reset_connection();
    co_return false;
  }
  const std::string& body = answer.response.body;
  const std::string head = head_of(answer.response, body.size(), keep_alive_, dice, date_ahead());
  if (answer.fault == Fault::kResetAfter || answer.fault == Fault::kCutBody) {
    // An answer without a body ends in its head.
    const std::string_view first =
        std::string_view(head).substr(0, body.empty() ? head.size() / 2 : head.size());
    const std::string_view half = std::string_view(body).substr(0, body.size() / 2);
    co_await write(first, half);
    if (answer.fault == Fault::kResetAfter) reset_connection();
    co_return false;
  }
  bool whole = false;
  if (answer.fault == Fault::kSlowDrip) {
    whole = co_await write(head, std::string_view());
    if (whole) whole = co_await drip(body, settings.drip_ms);
  } else {
    const std::string_view rest = head_only ? std::string_view() : std::string_view(body);
    whole = co_await write(head, rest);
  }
  if (whole) status_ = answer.response.status;
  co_return whole;
}

asio::awaitable<bool> Session::write(std::string_view first, std::string_view second) {
  const std::array<asio::const_buffer, 2> buffers = {asio::buffer(first), asio::buffer(second)};
  const auto [error, size] = co_await asio::async_write(socket_, buffers, kToken);
  sent_ += size;
  co_return !error;
}

asio::awaitable<bool> Session::drip(std::string_view body, std::uint32_t milliseconds) {
  const std::size_t piece = body.size() / kDrips + 1;
  const std::chrono::milliseconds pause(milliseconds / kDrips);
  while (!body.empty()) {
    const TimePoint due = std::chrono::steady_clock::now() + pause;
    co_await sleep_until(due);
    const std::string_view part = body.substr(0, piece);
    const bool written = co_await write(part, std::string_view());
    if (!written) co_return false;
    body.remove_prefix(part.size());
  }
  co_return true;
}

// Until the peer closes, or says more than it may.
asio::awaitable<void> Session::wait_for_the_end() {
  const auto [ignored] = co_await socket_.async_wait(tcp::socket::wait_read, kToken);
  (void)ignored;
}

asio::awaitable<void> Session::sleep_until(TimePoint when) {
  timer_.expires_at(when);
  // Nothing cancels the timer but the end of the io_context.
  const auto [ignored] = co_await timer_.async_wait(kToken);
  (void)ignored;
}

asio::awaitable<void> run(std::shared_ptr<Session> session) {
  bool alive = true;
  while (alive) alive = co_await session->serve();
}

}  // namespace

void start_session(State& state, tcp::socket socket) {
  boost::system::error_code ignored;  // a connection that is gone already shows at the first read
  socket.set_option(tcp::no_delay(true), ignored);
  const auto executor = socket.get_executor();
  auto session = std::make_shared<Session>(state, std::move(socket));
  asio::co_spawn(executor, run(std::move(session)), asio::detached);
}

}  // namespace site
