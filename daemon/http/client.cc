#include "daemon/http/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstring>
#include <system_error>
#include <vector>

#include "daemon/base/log.h"
#include "daemon/http/curl_defects.h"
#include "daemon/http/multi.h"

namespace http {

namespace asio = boost::asio;
using Steady = std::chrono::steady_clock;

namespace {

std::string_view trimmed(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::chrono::milliseconds since(Steady::time_point start) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - start);
}

void global_init() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (code != CURLE_OK) throw std::runtime_error(curl_easy_strerror(code));
}

// One exchange: what libcurl calls back into. Lives in the frame of send().
class Exchange final : public Transfer {
 public:
  Exchange(Request& request, asio::steady_timer& timer) : request_(request), timer_(timer) {}

  void use(Easy easy) { easy_ = std::move(easy); }
  Easy release() {
    curl_easy_reset(easy_.get());
    return std::move(easy_);
  }
  CURL* easy() const override { return easy_.get(); }

  void configure(const ClientOptions& options, bool loopback);
  void finished(CURLcode code) override {
    code_ = code;
    done_ = true;
    timer_.cancel();
  }

  bool done() const { return done_; }
  void expire(const char* name) {
    done_ = true;
    expired_ = name;
  }
  Steady::time_point deadline() const {
    return std::min(active_at_ + request_.limits.idle_timeout,
                    started_at_ + request_.limits.total_timeout);
  }
  bool out_of_total_time() const {
    return Steady::now() >= started_at_ + request_.limits.total_timeout;
  }
  store::Result<Response> outcome();

 private:
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  void reserve_body();
  static int on_leaving(void* self, char* peer, char* local, int peer_port, int local_port);
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  bool take_header(std::string_view line);
  store::Error error() const;
  store::Error too_large() const;
  std::string cause() const;
  bool connected() const;

  Request& request_;
  asio::steady_timer& timer_;
  Easy easy_;
  HeaderList headers_;
  Response response_;
  Steady::time_point started_at_ = Steady::now();
  Steady::time_point active_at_ = started_at_;
  std::size_t header_bytes_ = 0;
  bool header_section_over_ = false;
  bool too_large_ = false;
  bool out_of_memory_ = false;
  bool withheld_ = false;
  bool left_ = false;
  bool lost_ = false;  // on a connection that was dead
  bool done_ = false;
  const char* expired_ = nullptr;  // our own time-out, by name
  CURLcode code_ = CURLE_OK;
  char error_text_[CURL_ERROR_SIZE] = {};
};

void Exchange::configure(const ClientOptions& options, bool loopback) {
  auto* const easy = easy_.get();
  const auto set = [easy](CURLoption option, auto value) {
    const auto code = curl_easy_setopt(easy, option, value);
    if (code == CURLE_OUT_OF_MEMORY) throw std::bad_alloc();
    if (code != CURLE_OK) throw std::runtime_error(curl_easy_strerror(code));
  };
  set(CURLOPT_PRIVATE, static_cast<Transfer*>(this));
  set(CURLOPT_ERRORBUFFER, error_text_);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);  // a cancelled transfer does not wait for its resolver thread
  set(CURLOPT_URL, request_.url.c_str());
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_HTTP_VERSION, avoid_http2() ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  if (!options.ca_file.empty()) set(CURLOPT_CAINFO, options.ca_file.c_str());
  // A proxy of the environment is for the way out, not for this machine.
  if (loopback) set(CURLOPT_NOPROXY, "*");
  set(CURLOPT_USERAGENT, options.user_agent.c_str());
  // Those that every libcurl build has and that have been in use longest.
  set(CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
  set(CURLOPT_BUFFERSIZE, 128L * 1024);
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  const auto& limits = request_.limits;
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limits.connect_timeout.count()));
  // Backstops: send() keeps the idle and the total time itself, to the millisecond.
  set(CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(limits.idle_timeout.count() / 1000 + 10));
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(limits.total_timeout.count() + 10'000));
  set(CURLOPT_WRITEFUNCTION, &Exchange::on_body);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_HEADERFUNCTION, &Exchange::on_header);
  set(CURLOPT_HEADERDATA, this);

  set(CURLOPT_PREREQFUNCTION, &Exchange::on_leaving);
  set(CURLOPT_PREREQDATA, this);
  if (request_.method != "GET") {
    if (request_.method == "POST") {
      set(CURLOPT_POST, 1L);
    } else {
      set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
    }
    const auto secret = request_.secret_body.expose();
    const std::string_view body = secret.empty() ? std::string_view(request_.body) : secret;
    if (request_.method == "POST" || !body.empty()) {
      set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
      set(CURLOPT_POSTFIELDS, body.data());
    }
  }
  if (!request_.authorization.empty()) {
    std::string line = "Authorization: ";
    line += request_.authorization.expose();
    const base::Secret secret_line(std::move(line));
    headers_.add(secret_line.expose_c_str());
  }
  for (const auto& [name, value] : request_.headers) {
    headers_.add(fmt::format("{}: {}", name, value).c_str());
  }
  headers_.add("Expect:");
  set(CURLOPT_HTTPHEADER, headers_.get());
}

int Exchange::on_leaving(void* self, char*, char*, int, int) {
  auto* const exchange = static_cast<Exchange*>(self);
  const auto& request = exchange->request_;
  // libcurl silently sends a request again when a kept connection was dead; a write must not be
  // sent twice.
  if (exchange->left_ && request.method != "GET" && !request.repeatable) {
    exchange->lost_ = true;
    return CURL_PREREQFUNC_ABORT;
  }
  exchange->withheld_ = request.may_leave && !request.may_leave();
  exchange->left_ = !exchange->withheld_;
  return exchange->withheld_ ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

std::size_t Exchange::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto* const exchange = static_cast<Exchange*>(self);
  const auto bytes = size * count;
  exchange->active_at_ = Steady::now();
  if (bytes > exchange->request_.limits.max_body_bytes - exchange->response_.body.size()) {
    exchange->too_large_ = true;
    return bytes == 0 ? 1 : 0;
  }
  try {
    if (exchange->response_.body.empty()) exchange->reserve_body();
    exchange->response_.body.append(data, bytes);
  } catch (const std::bad_alloc&) {
    exchange->out_of_memory_ = true;
    return 0;
  }
  return bytes;
}

// A body that grows by doubling is copied, and its pages are made anew, several times over.
void Exchange::reserve_body() {
  constexpr curl_off_t kMost = 8 << 20;  // what a header says is only a hint
  constexpr curl_off_t kRatio = 4;       // JSON shrinks to a quarter or so
  constexpr curl_off_t kPadding = 64;    // that a parser may want behind it
  curl_off_t announced = -1;
  curl_easy_getinfo(easy_.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
  if (announced <= 0 || announced > kMost) return;
  const bool packed = response_.headers.get("Content-Encoding").has_value();
  const auto expected = std::min(kMost, packed ? announced * kRatio : announced) + kPadding;
  response_.body.reserve(static_cast<std::size_t>(expected));
}

std::size_t Exchange::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  auto* const exchange = static_cast<Exchange*>(self);
  const auto bytes = size * count;
  exchange->active_at_ = Steady::now();
  exchange->header_bytes_ += bytes;
  if (exchange->header_bytes_ > exchange->request_.limits.max_header_bytes) {
    exchange->too_large_ = true;
    return bytes == 0 ? 1 : 0;
  }
  try {
    exchange->take_header(std::string_view(data, bytes));
  } catch (const std::bad_alloc&) {
    exchange->out_of_memory_ = true;
    return 0;
  }
  return bytes;
}

bool Exchange::take_header(std::string_view line) {
  if (line.substr(0, 5) == "HTTP/") {  // a new answer: after 100 Continue, or a proxy's own
    response_.headers = Headers();
    header_section_over_ = false;
    return true;
  }
  const auto plain = trimmed(line);
  if (plain.empty()) {
    if (!header_section_over_ && request_.on_head) {
      long status = 0;
      curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
      if (status >= 200) request_.on_head(static_cast<int>(status));
    }
    header_section_over_ = true;
  }
  const auto colon = plain.find(':');
  // Trailers and folded lines carry nothing that we use.
  if (header_section_over_ || colon == plain.npos || line.front() == ' ' || line.front() == '\t') {
    return false;
  }
  response_.headers.add(trimmed(plain.substr(0, colon)),
                        std::string(trimmed(plain.substr(colon + 1))));
  return true;
}

store::Error Exchange::too_large() const {
  const auto& limits = request_.limits;
  const bool header = !header_section_over_;
  return store::Error(store::ErrorKind::kItemBad, "response_too_large",
                      header ? fmt::format("cannot fetch '{}': the answer's header is too large",
                                           loggable_url(request_.url))
                             : fmt::format("cannot fetch '{}': the answer's body is over {} bytes",
                                           loggable_url(request_.url), limits.max_body_bytes),
                      "ask for fewer rows at once");
}

// True once the request may have been on its way.
bool Exchange::connected() const {
  curl_off_t pretransfer = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_PRETRANSFER_TIME_T, &pretransfer);
  return pretransfer > 0;
}

std::string Exchange::cause() const {
  long os_error = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &os_error);
  std::string text = error_text_[0] != '\0' ? error_text_ : curl_easy_strerror(code_);
  if (code_ == CURLE_COULDNT_CONNECT && os_error != 0) {
    text = std::system_category().message(static_cast<int>(os_error));
  }
  for (auto& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return std::string(trimmed(text));
}

store::Error Exchange::error() const {
  using store::ErrorKind;
  auto kind = ErrorKind::kRetryAfter;
  std::string name;
  std::string hint = "it is tried again";
  switch (code_) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      name = "name_not_resolved";
      hint = "check the host in site.url, the network and the resolver";
      break;
    case CURLE_COULDNT_CONNECT:
      name = "connection_refused";
      hint = "check the address in site.url, the network and a proxy";
      break;
    case CURLE_OPERATION_TIMEDOUT:
      name = connected() ? "timed_out" : "connect_timed_out";
      break;
    case CURLE_SSL_CONNECT_ERROR:
      name = "tls_handshake_failed";
      hint = "check the address in site.url and a proxy on the way";
      break;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
      kind = ErrorKind::kUsage;
      name = "tls_not_verified";
      hint =
          "the certificate is not one this machine trusts for that host: check site.url; behind a "
          "proxy "
          "that opens TLS, install its CA certificate (update-ca-certificates)";
      if (cause().find("not yet valid") != std::string::npos ||
          cause().find("has expired") != std::string::npos) {
        hint =
            "it is not valid at this time: is this machine's clock right ('date')? Set it by a "
            "time "
            "service (NTP: 'timedatectl set-ntp true'); else the server needs a new certificate";
      }
      break;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      if (connected()) {
        name = "not_http";
      } else {
        kind = ErrorKind::kUsage;
        name = "bad_url";
        hint = "check site.url";
      }
      break;
    case CURLE_PARTIAL_FILE:
      name = "body_cut";
      break;
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
      name = header_section_over_ ? "body_cut" : "connection_reset";
      break;
    case CURLE_BAD_CONTENT_ENCODING:
      name = "bad_encoding";
      break;
    case CURLE_WEIRD_SERVER_REPLY:
      name = "not_http";
      break;
    case CURLE_ABORTED_BY_CALLBACK:
      kind = ErrorKind::kCanceled;
      name = "canceled";
      hint.clear();
      break;
    case CURLE_OUT_OF_MEMORY:
      // libcurl has a limit of its own for one header line, and calls that so.
      if (connected() && !header_section_over_) return too_large();
      kind = ErrorKind::kSystem;
      name = "out_of_memory";
      break;
    default:
      name = "transport_failed";
  }
  return store::Error(kind, std::move(name),
                      fmt::format("cannot fetch '{}': {}", loggable_url(request_.url), cause()),
                      std::move(hint));
}

store::Result<Response> Exchange::outcome() {
  const auto url = loggable_url(request_.url);
  response_.elapsed = since(started_at_);
  if (expired_ != nullptr) {
    if (!connected()) {
      return store::fail(store::ErrorKind::kRetryAfter, "connect_timed_out",
                         fmt::format("cannot fetch '{}': no connection after {} ms", url,
                                     response_.elapsed.count()),
                         "check the address in site.url, the network and a proxy");
    }
    const bool total = std::strcmp(expired_, "too_slow") == 0;
    return store::fail(store::ErrorKind::kRetryAfter, expired_,
                       total ? fmt::format("cannot fetch '{}': not complete after {} s", url,
                                           request_.limits.total_timeout.count() / 1000)
                             : fmt::format("cannot fetch '{}': no byte for {} s", url,
                                           request_.limits.idle_timeout.count() / 1000),
                       "it is tried again");
  }
  if (withheld_) {
    return store::fail(store::ErrorKind::kRetryAfter, "withheld",
                       fmt::format("cannot fetch '{}': held back before it was sent", url));
  }
  if (lost_) {
    return store::fail(store::ErrorKind::kRetryAfter, "connection_reset",
                       fmt::format("cannot fetch '{}': the connection was dead", url),
                       "it is tried again");
  }
  if (too_large_) return store::fail(too_large());
  if (out_of_memory_) {
    return store::fail(store::ErrorKind::kSystem, "out_of_memory",
                       fmt::format("cannot fetch '{}': out of memory", url));
  }
  if (code_ != CURLE_OK) return store::fail(error());

  long status = 0;
  curl_off_t received = 0;
  curl_off_t announced = -1;
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(easy_.get(), CURLINFO_SIZE_DOWNLOAD_T, &received);
  curl_easy_getinfo(easy_.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
  response_.status = static_cast<int>(status);
  response_.wire_bytes = static_cast<std::uint64_t>(std::max<curl_off_t>(received, 0));
  const bool bodyless = status == 204 || status == 304 || request_.method == "HEAD";
  if (!bodyless && announced >= 0 && announced != received) {
    return store::fail(
        store::ErrorKind::kRetryAfter, "body_cut",
        fmt::format("cannot fetch '{}': {} of {} bytes arrived", url, received, announced),
        "it is tried again");
  }
  return std::move(response_);
}

}  // namespace

class Client::Impl {
 public:
  Impl(asio::io_context& context, ClientOptions client_options)
      : io(context),
        options(std::move(client_options)),
        multi(std::make_unique<Multi>(context, options.connections)) {}

  Easy take_easy() {
    if (!idle.empty()) {
      Easy easy = std::move(idle.back());
      idle.pop_back();
      return easy;
    }
    Easy easy(curl_easy_init());
    if (!easy) throw std::bad_alloc();
    return easy;
  }

  asio::io_context& io;
  const ClientOptions options;
  std::vector<Easy> idle;
  std::unique_ptr<Multi> multi;  // null once the Client is gone
};

namespace {

// However the frame of send() ends, libcurl forgets the transfer before it goes, and the easy
// handle returns to the pool.
template <typename Impl>
class Enlisted {
 public:
  Enlisted(Impl& impl, Exchange& exchange) : impl_(impl), exchange_(exchange) {}
  Enlisted(const Enlisted&) = delete;
  Enlisted& operator=(const Enlisted&) = delete;
  ~Enlisted() {
    if (!impl_.multi || exchange_.easy() == nullptr) return;
    impl_.multi->remove(exchange_);
    impl_.idle.push_back(exchange_.release());
  }

 private:
  Impl& impl_;
  Exchange& exchange_;
};

// What would end a header early would begin another.
bool fit_to_send(const Request& request) {
  const auto plain = [](std::string_view text) {
    return std::none_of(text.begin(), text.end(), [](char c) {
      return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
    });
  };
  return plain(request.method) && plain(request.authorization.expose()) &&
         std::all_of(request.headers.begin(), request.headers.end(), [&plain](const auto& field) {
           return plain(field.first) && plain(field.second);
         });
}

template <typename Impl>
store::Result<void> begin(Impl& impl, Exchange& exchange, std::string_view url) {
  std::string cause = "libcurl refused the transfer";
  try {
    exchange.use(impl.take_easy());
    exchange.configure(impl.options, is_loopback_host(parse_url(url)->host));
    if (impl.multi->add(exchange)) return {};
  } catch (const std::exception& e) {
    cause = e.what();
  }
  return store::fail(store::ErrorKind::kSystem, "transfer_not_started",
                     fmt::format("cannot fetch '{}': {}", loggable_url(url), cause));
}

}  // namespace

Client::Client(asio::io_context& io, ClientOptions options) {
  global_init();
  impl_ = std::make_shared<Impl>(io, std::move(options));
}

Client::~Client() {
  impl_->multi.reset();  // every send() under way hears of it
  impl_->idle.clear();
}

base::Awaitable<store::Result<Response>> Client::send(Request request) {
  const auto impl = impl_;
  if (auto allowed = check_url(request.url); !allowed) co_return store::fail(allowed.error());
  if (impl->multi->running() >= static_cast<std::size_t>(impl->options.connections)) {
    co_return store::fail(store::ErrorKind::kBug, "too_many_transfers",
                          fmt::format("cannot fetch '{}': {} transfers are under way already",
                                      loggable_url(request.url), impl->multi->running()));
  }
  if (!fit_to_send(request)) {
    co_return store::fail(store::ErrorKind::kUsage, "bad_header",
                          fmt::format("cannot fetch '{}': a header holds a control character",
                                      loggable_url(request.url)),
                          "check site.email and the token file for line breaks");
  }
  asio::steady_timer timer(impl->io);
  Exchange exchange(request, timer);
  const Enlisted<Impl> enlisted(*impl, exchange);
  if (auto begun = begin(*impl, exchange, request.url); !begun) {
    co_return store::fail(std::move(begun.error()));
  }
  while (!exchange.done()) {
    timer.expires_at(exchange.deadline());
    boost::system::error_code interrupted;
    auto token = asio::redirect_error(asio::use_awaitable, interrupted);
    co_await timer.async_wait(token);
    if (exchange.done()) break;
    if (interrupted) {
      co_return store::fail(store::ErrorKind::kCanceled, "canceled",
                            fmt::format("cannot fetch '{}': canceled", loggable_url(request.url)));
    }
    if (Steady::now() < exchange.deadline()) continue;
    exchange.expire(exchange.out_of_total_time() ? "too_slow" : "timed_out");
  }
  auto outcome = exchange.outcome();
  if (outcome) {
    base::http_log().debug("{} {} status={} wire_bytes={} body_bytes={} ms={}", request.method,
                           loggable_url(request.url), outcome->status, outcome->wire_bytes,
                           outcome->body.size(), outcome->elapsed.count());
  } else {
    base::http_log().debug("{} {} error={}", request.method, loggable_url(request.url),
                           outcome.error().name);
  }
  co_return outcome;
}

bool is_unreachable(std::string_view error_name) {
  return error_name == "connection_refused" || error_name == "name_not_resolved" ||
         error_name == "connect_timed_out" || error_name == "tls_handshake_failed";
}

}  // namespace http
