#include "daemon/serve/local_service.h"

#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <exception>
#include <thread>

#include "daemon/base/log.h"
#include "daemon/serve/bearer.h"
#include "daemon/serve/confluence_routes.h"
#include "daemon/serve/reply.h"
#include "daemon/serve/router.h"

namespace serve {

class LocalService::Impl {
 public:
  Impl(LocalServiceOptions options, const base::Clock& clock)
      : options_(std::move(options)),
        bearer_(options_.token),
        backend_(std::move(options_.backend), clock),
        v1_(v1_options()) {
    v1_.add_routes(router_);
    add_confluence_routes(router_, backend_);
    server_ = std::make_unique<HttpServer>(io_, server_options());
  }
  ~Impl() {
    stop();
    if (thread_.joinable()) thread_.join();
    server_.reset();
  }

  store::Result<void> listen();
  void run() {
    thread_ = std::thread([this] { serve_until_stopped(); });
  }
  void stop() {
    v1_.stop();
    if (!thread_.joinable()) return;
    boost::asio::post(io_, [this] { server_->stop(); });
  }
  LiveState& live() { return live_; }
  std::uint16_t port() const { return port_; }
  ServerCounts counts() const { return server_->counts(); }

 private:
  V1Options v1_options();
  HttpServer::Options server_options();
  std::optional<Response> admit(Request& head);
  void serve_until_stopped();
  base::Awaitable<void> until_stopped() { co_await server_->stopped(); }

  LocalServiceOptions options_;
  BearerToken bearer_;
  LiveState live_;
  Backend backend_;
  V1 v1_;
  Router router_;
  boost::asio::io_context io_{1};
  std::unique_ptr<HttpServer> server_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

V1Options LocalService::Impl::v1_options() {
  V1Options options;
  options.backend = &backend_;
  options.live = &live_;
  options.audit_options = options_.audit_options;
  options.read_site = options_.read_site;
  options.sync_now = options_.sync_now;
  options.server_counts = [this] { return server_->counts(); };
  return options;
}

HttpServer::Options LocalService::Impl::server_options() {
  HttpServer::Options options;
  options.limits = options_.limits;
  options.handler = measured(router_, v1_.metrics());
  options.identify = [this](std::optional<std::pair<uid_t, gid_t>> peer) {
    return peer ? caller_of(options_.access, peer->first, peer->second) : Caller();
  };
  options.error_body = [](int status, const std::string& message) {
    return to_response(error_reply(status, "http_" + std::to_string(status), message));
  };
  options.admit = [this](Request& head) { return admit(head); };
  return options;
}

std::optional<Response> LocalService::Impl::admit(Request& head) {
  if (!head.caller.uid) {
    const auto shown = head.header("authorization");
    if (shown && bearer_.fits(*shown)) head.caller = token_caller(options_.access);
  }
  auto refused = router_.refusal(head);
  if (refused) {
    v1_.metrics().count(head.method, router_.name_of(head), refused->status,
                        std::chrono::steady_clock::duration::zero());
  }
  return refused;
}

store::Result<void> LocalService::Impl::listen() {
  for (auto& fd : options_.passed) {
    auto taken = server_->adopt(std::exchange(fd, -1));
    if (!taken) return taken;
  }
  if (options_.passed.empty() && !options_.socket.empty()) {
    auto made = server_->listen_unix(options_.socket, 0660, options_.socket_group);
    if (!made) return made;
  }
  if (!options_.tcp) return {};
  auto port = server_->listen_tcp(options_.tcp->first, options_.tcp->second);
  if (!port) return store::fail(port.error());
  port_ = *port;
  return {};
}

void LocalService::Impl::serve_until_stopped() {
  try {
    boost::asio::co_spawn(io_, until_stopped(), [this](const std::exception_ptr&) { io_.stop(); });
    io_.run();
  } catch (const std::exception& error) {
    base::daemon_log().error("the local service has ended: {}", error.what());
  }
}

LocalService::LocalService(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LocalService::~LocalService() = default;

store::Result<std::unique_ptr<LocalService>> LocalService::start(LocalServiceOptions options,
                                                                 const base::Clock& clock) {
  auto impl = std::make_unique<Impl>(std::move(options), clock);
  auto listening = impl->listen();
  if (!listening) return store::fail(listening.error());
  impl->run();
  return std::unique_ptr<LocalService>(new LocalService(std::move(impl)));
}

void LocalService::stop() { impl_->stop(); }
LiveState& LocalService::live() { return impl_->live(); }
std::uint16_t LocalService::tcp_port() const { return impl_->port(); }
ServerCounts LocalService::counts() const { return impl_->counts(); }

}  // namespace serve
