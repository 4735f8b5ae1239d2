#include "daemon/serve/wire.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <sstream>
#include <utility>

#include "daemon/serve/listening.h"

namespace serve {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kPiece = std::size_t{64} << 10;
// What a refused client may still be sending while it gets its answer.
constexpr std::size_t kDrained = std::size_t{1} << 20;
constexpr milliseconds kDrainFor{1'000};
// Bytes on the wire for each of a chunked body: more is a flood of extensions.
constexpr std::size_t kChunkOverhead = 8;

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

// What the body is refused for after a piece of it, if for anything.
Refusal refusal_of_piece(const Wire::Common& common, const error_code& failed, bool late,
                         bool sparse) {
  const auto& not_here = http::make_error_code(http::error::partial_message).category();
  if (failed == http::error::body_limit) {
    return {413, fmt::format("the body has more than {} bytes", common.limits.body)};
  }
  if (failed && late) return {408, "the body came too slowly"};
  if (failed && failed.category() == not_here && failed != http::error::partial_message &&
      failed != http::error::end_of_stream) {
    return {400, "the body is malformed"};
  }
  if (common.bodies > common.limits.bodies) return {503, "too much is being read at the moment"};
  if (sparse) return {400, "the chunks of the body are too small for what is around them"};
  return {};
}

}  // namespace

Wire::Common::Common(asio::io_context& io, const ServerLimits& bounds)
    : limits(bounds), deadlines(std::make_shared<Deadlines>(io)) {
  head_limits.target = limits.target;
  head_limits.head = limits.head;
}

Wire::Wire(StreamSocket socket, std::shared_ptr<Common> common)
    : common_(std::move(common)),
      socket_(std::move(socket)),
      deadline_(common_->deadlines, socket_),
      buffer_(common_->limits.head + kPiece) {}

base::Awaitable<std::optional<std::string>> Wire::read_head(bool first, Refusal& refusal) {
  const auto& limits = common_->limits;
  idle_ = true;
  since_ = steady_clock::now();
  deadline_.set(since_ + (first ? limits.head_within : limits.idle));
  while (true) {
    if (buffer_.size() > 0) {
      if (std::exchange(idle_, false)) deadline_.set(steady_clock::now() + limits.head_within);
      const std::string_view bytes(static_cast<const char*>(buffer_.data().data()), buffer_.size());
      const auto length = head_length(bytes, common_->head_limits, refusal);
      if (refusal) co_return std::nullopt;
      if (length) {
        deadline_.clear();
        std::string head(bytes.substr(0, *length));
        buffer_.consume(*length);
        co_return std::move(head);
      }
    }
    const auto space = buffer_.prepare(std::min(kPiece, buffer_.max_size() - buffer_.size()));
    auto [error, count] = co_await socket_.async_read_some(space, kTuple);
    buffer_.commit(count);
    if (!error) continue;
    if (deadline_.passed() && !idle_) refusal = Refusal(408, "the head came too slowly");
    co_return std::nullopt;
  }
}

base::Awaitable<bool> Wire::read_body(std::string_view head, const Framing& framing,
                                      Request& request, Refusal& refusal) {
  http::request_parser<http::string_body> parser;
  parser.body_limit(common_->limits.body);
  parser.header_limit(static_cast<std::uint32_t>(common_->limits.head));
  error_code error;
  parser.put(asio::const_buffer(head.data(), head.size()), error);
  if (error || !parser.is_header_done()) {
    refusal = Refusal(400, "the head is malformed");
    co_return false;
  }
  if (framing.expects_continue && buffer_.size() == 0) {
    const bool told = co_await write_all("HTTP/1.1 100 Continue\r\n\r\n");
    if (!told) co_return false;
  }
  const auto started = steady_clock::now();
  std::size_t on_wire = 0;
  while (!parser.is_done()) {
    deadline_.set(moving_deadline(started, common_->limits.body_stands, on_wire));
    auto [failed, count] = co_await http::async_read_some(socket_, buffer_, parser, kTuple);
    on_wire += count;
    const auto size = parser.get().body().size();
    common_->bodies += size - held_;
    held_ = size;
    const bool sparse = framing.chunked && on_wire > kPiece + kChunkOverhead * size;
    refusal = refusal_of_piece(*common_, failed, deadline_.passed(), sparse);
    if (failed || refusal) co_return false;
  }
  deadline_.clear();
  request.body = std::move(parser.get().body());
  co_return true;
}

void Wire::release() { common_->bodies -= std::exchange(held_, 0); }

void Wire::close() {
  release();
  error_code ignored;
  socket_.close(ignored);
  deadline_.clear();
}

base::Awaitable<bool> Wire::write(Response response, const Framing& framing, bool head_only,
                                  bool keep) {
  if (response.chunks && !head_only) {
    co_return co_await write_stream(response, framing, keep);
  }
  co_return co_await write_plain(response, framing, head_only, keep);
}

base::Awaitable<bool> Wire::write_plain(Response& response, const Framing& framing, bool head_only,
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
    deadline_.set(moving_deadline(started, common_->limits.reader_stands, done));
    auto [failed, count] = co_await http::async_write_some(socket_, serializer, kTuple);
    if (failed) co_return false;
    done += count;
  }
  deadline_.clear();
  co_return true;
}

base::Awaitable<bool> Wire::write_stream(Response& response, const Framing& framing, bool keep) {
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
  bool written = co_await write_all(std::move(text));
  streaming_ = true;
  std::optional<std::string> piece = std::move(response.body);
  while (written && piece) {
    if (!piece->empty()) {
      std::string framed = chunked ? fmt::format("{:x}\r\n{}\r\n", piece->size(), *piece) : *piece;
      written = co_await write_all(std::move(framed));
    }
    if (!written) break;
    if (has_hung_up(socket_.native_handle())) co_return false;
    piece = co_await response.chunks();
  }
  streaming_ = false;
  if (!written || !chunked) co_return false;
  const bool ended = co_await write_all("0\r\n\r\n");
  co_return ended&& kept;
}

base::Awaitable<bool> Wire::write_all(std::string text) {
  const auto started = steady_clock::now();
  std::size_t done = 0;
  while (done < text.size()) {
    deadline_.set(moving_deadline(started, common_->limits.reader_stands, done));
    const asio::const_buffer rest(text.data() + done, text.size() - done);
    auto [failed, count] = co_await socket_.async_write_some(rest, kTuple);
    if (failed) co_return false;
    done += count;
  }
  deadline_.clear();
  co_return true;
}

base::Awaitable<void> Wire::drain(bool more_may_come) {
  error_code ignored;
  socket_.shutdown(asio::socket_base::shutdown_send, ignored);
  if (!more_may_come) co_return;
  buffer_.consume(buffer_.size());
  deadline_.set(steady_clock::now() + kDrainFor);
  const auto space = buffer_.prepare(kPiece);
  for (std::size_t seen = 0; seen < kDrained;) {
    auto [error, count] = co_await socket_.async_read_some(space, kTuple);
    if (error) co_return;
    seen += count;
  }
}

SteadyTime Wire::moving_deadline(SteadyTime started, milliseconds stands, std::size_t done) const {
  const auto earned = milliseconds(static_cast<std::int64_t>(
      done * 1000 / std::max<std::size_t>(common_->limits.least_rate, 1)));
  return std::min(steady_clock::now() + stands, started + stands + earned);
}

}  // namespace serve
