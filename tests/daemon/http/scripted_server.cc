#include "tests/daemon/http/scripted_server.h"

#include <zlib.h>

#include <algorithm>
#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>

namespace scripted {

namespace asio = boost::asio;
using asio::ip::tcp;
using Awaitable = asio::awaitable<void>;

namespace {

constexpr std::chrono::seconds kPatience{10};

std::string lowered(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

}  // namespace

std::string Received::header(std::string_view name) const {
  const auto wanted = "\r\n" + std::string(name) + ":";
  const auto at = lowered(head).find(wanted);
  if (at == std::string::npos) return {};
  const auto begin = head.find_first_not_of(' ', at + wanted.size());
  return head.substr(begin, head.find('\r', begin) - begin);
}

Reply Reply::of(int status, std::string_view body, const Fields& fields) {
  std::string head = "HTTP/1.1 " + std::to_string(status) + " Scripted\r\n";
  for (const auto& [name, value] : fields) head += name + ": " + value + "\r\n";
  head += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  Reply reply;
  reply.send(head.append(body));
  return reply;
}

Reply& Reply::send(std::string bytes) {
  steps_.push_back({Kind::kSend, std::move(bytes)});
  return *this;
}
Reply& Reply::drip(std::string bytes, std::size_t piece, std::chrono::milliseconds interval) {
  steps_.push_back({Kind::kDrip, std::move(bytes), piece, interval});
  return *this;
}
Reply& Reply::hold() {
  steps_.push_back({Kind::kHold, {}});
  return *this;
}
Reply& Reply::close() {
  steps_.push_back({Kind::kClose, {}});
  return *this;
}
Reply& Reply::reset() {
  steps_.push_back({Kind::kReset, {}});
  return *this;
}

std::string gzip(std::string_view text) {
  z_stream stream{};
  constexpr int kGzipWindow = 15 + 16;
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    throw std::runtime_error("deflateInit2");
  }
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int code = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (code != Z_STREAM_END) throw std::runtime_error("deflate");
  return out;
}

std::string chunk(std::string_view text) {
  char size[20];
  std::snprintf(size, sizeof size, "%zx\r\n", text.size());
  return std::string(size).append(text).append("\r\n");
}

class Server::Impl {
 public:
  Impl(Handler request_handler, const Tls* tls)
      : handler_(std::move(request_handler)),
        acceptor_(io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
        released_(io_, asio::steady_timer::time_point::max()) {
    if (tls != nullptr) {
      tls_.emplace(asio::ssl::context::tls_server);
      tls_->use_certificate_chain(asio::buffer(tls->certificate_pem));
      tls_->use_private_key(asio::buffer(tls->key_pem), asio::ssl::context::pem);
    }
    port_ = acceptor_.local_endpoint().port();
    asio::co_spawn(io_, accept(), asio::detached);
    thread_ = std::thread([this] { io_.run(); });
  }
  ~Impl() {
    io_.stop();
    thread_.join();
  }

  Awaitable accept() {
    while (true) {
      tcp::socket socket = co_await acceptor_.async_accept(asio::use_awaitable);
      int number = 0;
      bool unwanted = false;
      {
        const std::lock_guard lock(mutex_);
        number = ++connections_;
        unwanted = resets_ > 0;
        if (unwanted) --resets_;
      }
      if (unwanted) {
        reset(socket);
        continue;
      }
      socket.set_option(tcp::no_delay(true));
      asio::co_spawn(io_, serve(std::move(socket), number), asio::detached);
    }
  }

  Awaitable serve(tcp::socket socket, int number) {
    count_open(1);
    try {
      if (tls_) {
        asio::ssl::stream<tcp::socket> stream(std::move(socket), *tls_);
        co_await stream.async_handshake(asio::ssl::stream_base::server, asio::use_awaitable);
        co_await converse(stream, number);
      } else {
        co_await converse(socket, number);
      }
    } catch (const boost::system::system_error&) {
      // The client has gone.
    }
    count_open(-1);
  }

  template <typename Stream>
  Awaitable converse(Stream& stream, int connection) {
    std::string buffer;
    while (true) {
      const auto head_size = co_await asio::async_read_until(stream, asio::dynamic_buffer(buffer),
                                                             "\r\n\r\n", asio::use_awaitable);
      Received request;
      request.connection = connection;
      request.head = buffer.substr(0, head_size);
      buffer.erase(0, head_size);
      const auto first_space = request.head.find(' ');
      request.method = request.head.substr(0, first_space);
      request.target = request.head.substr(
          first_space + 1, request.head.find(' ', first_space + 1) - first_space - 1);
      const auto length = std::strtoul(request.header("content-length").c_str(), nullptr, 10);
      if (buffer.size() < length) {
        const auto missing = length - buffer.size();
        co_await asio::async_read(stream, asio::dynamic_buffer(buffer),
                                  asio::transfer_exactly(missing), asio::use_awaitable);
      }
      request.body = buffer.substr(0, length);
      buffer.erase(0, length);
      {
        const std::lock_guard lock(mutex_);
        request.number = static_cast<int>(received_.size()) + 1;
        received_.push_back(request);
        most_at_once_ = std::max(most_at_once_, ++at_work_);
        changed_.notify_all();
      }
      struct AtWork {
        Impl& impl;
        ~AtWork() {
          const std::lock_guard lock(impl.mutex_);
          --impl.at_work_;
        }
      };
      bool kept = false;
      {
        const AtWork at_work{*this};
        const Reply reply = handler_(request);
        kept = co_await perform(stream, reply);
      }
      if (!kept) co_return;
    }
  }

  // False: the connection was ended.
  template <typename Stream>
  asio::awaitable<bool> perform(Stream& stream, const Reply& reply) {
    for (const auto& step : reply.steps_) {
      switch (step.kind) {
        case Reply::Kind::kSend:
          co_await asio::async_write(stream, asio::buffer(step.bytes), asio::use_awaitable);
          break;
        case Reply::Kind::kDrip:
          for (std::size_t at = 0; at < step.bytes.size(); at += step.piece) {
            const auto piece = asio::buffer(step.bytes) + at;
            co_await asio::async_write(stream, asio::buffer(piece, step.piece),
                                       asio::use_awaitable);
            asio::steady_timer pause(io_, step.interval);
            co_await pause.async_wait(asio::use_awaitable);
          }
          break;
        case Reply::Kind::kHold:
          if (!open_) {
            boost::system::error_code ignored;
            auto token = asio::redirect_error(asio::use_awaitable, ignored);
            co_await released_.async_wait(token);
          }
          break;
        case Reply::Kind::kClose:
          stream.lowest_layer().shutdown(tcp::socket::shutdown_both);
          co_return false;
        case Reply::Kind::kReset:
          reset(stream.lowest_layer());
          co_return false;
      }
    }
    co_return true;
  }

  template <typename Socket>
  static void reset(Socket& socket) {
    boost::system::error_code ignored;
    socket.set_option(asio::socket_base::linger(true, 0), ignored);
    socket.close(ignored);
  }

  void count_open(int change) {
    const std::lock_guard lock(mutex_);
    open_connections_ += change;
    changed_.notify_all();
  }

  void release() {
    asio::post(io_, [this] {
      open_ = true;
      released_.cancel();
    });
  }

  template <typename Condition>
  bool wait(Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, condition);
  }

  Handler handler_;
  std::optional<asio::ssl::context> tls_;
  std::uint16_t port_ = 0;
  bool open_ = false;  // nothing is held any more; the server's thread

  std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  std::vector<Received> received_;
  int connections_ = 0;
  int open_connections_ = 0;
  int at_work_ = 0;
  int most_at_once_ = 0;
  int resets_ = 0;

  asio::io_context io_{1};
  tcp::acceptor acceptor_;
  asio::steady_timer released_;
  std::thread thread_;
};

Server::Server(Handler handler) : impl_(std::make_unique<Impl>(std::move(handler), nullptr)) {}
Server::Server(Handler handler, const Tls& tls)
    : impl_(std::make_unique<Impl>(std::move(handler), &tls)) {}
Server::~Server() = default;

std::uint16_t Server::port() const { return impl_->port_; }

std::string Server::url(std::string_view target) const {
  return (impl_->tls_ ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(port()) +
         std::string(target);
}

void Server::release() { impl_->release(); }

void Server::reset_next_connections(int count) {
  const std::lock_guard lock(impl_->mutex_);
  impl_->resets_ = count;
}

std::vector<Received> Server::received() const {
  const std::lock_guard lock(impl_->mutex_);
  return impl_->received_;
}

int Server::requests() const { return static_cast<int>(received().size()); }

int Server::connections() const {
  const std::lock_guard lock(impl_->mutex_);
  return impl_->connections_;
}

int Server::most_at_once() const {
  const std::lock_guard lock(impl_->mutex_);
  return impl_->most_at_once_;
}

bool Server::wait_for_requests(int count) const {
  return impl_->wait([&] { return static_cast<int>(impl_->received_.size()) >= count; });
}

bool Server::wait_for_open_connections(int count) const {
  return impl_->wait([&] { return impl_->open_connections_ == count; });
}

}  // namespace scripted
