#include "tests/site/server.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <mutex>
#include <shared_mutex>
#include <stdexcept>
#include <thread>

#include "tests/site/answer.h"
#include "tests/site/churn.h"
#include "tests/site/digest.h"
#include "tests/site/session.h"
#include "tests/site/state.h"

namespace site {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds kChurnStep{20};
constexpr std::chrono::milliseconds kAcceptPause{50};

asio::awaitable<void> accept_all(State& state, asio::io_context& io, tcp::acceptor& acceptor) {
  asio::steady_timer pause(io);
  while (acceptor.is_open()) {
    tcp::socket socket(asio::make_strand(io));
    const auto [error] = co_await acceptor.async_accept(socket, kAsTuple);
    if (!error) {
      start_session(state, std::move(socket));
      continue;
    }
    // Out of descriptors, or the peer went: neither ends the site.
    pause.expires_after(kAcceptPause);
    const auto [ignored] = co_await pause.async_wait(kAsTuple);
    (void)ignored;
  }
}

asio::awaitable<void> churn_forever(State& state, asio::io_context& io) {
  Churn churn(state);
  asio::steady_timer timer(io);
  while (true) {
    timer.expires_after(kChurnStep);
    const auto [error] = co_await timer.async_wait(kAsTuple);
    if (error) co_return;
    churn.step(std::chrono::steady_clock::now());
  }
}

}  // namespace

State::State(const ServerOptions& server_options)
    : options(server_options),
      base_url(server_options.base_url.empty() ? "https://simulated-site.invalid/wiki"
                                               : server_options.base_url),
      content(server_options.content),
      settings(server_options.settings),
      token(server_options.token),
      dice(hash_of(server_options.content.seed, 0x64696365ULL)) {
  content.order().prepare(SortBy::kId);
  content.listen([this](std::string_view what, Index page, const PageState* before) {
    if (request_writes) return;
    const PageState after = content.state_of(page);
    const bool new_body = before == nullptr || before->version != after.version;
    writes.other(what, content.pages()[page].id,
                 before == nullptr ? std::nullopt : std::optional(*before), after,
                 new_body ? sha256_hex(content.body(page, after.version)) : std::string());
  });
  for (const User& user : content.users()) connect.know_user(user.account_id);
  poison = choose_pages(content, options.poison, 1);
  poison_rows = choose_pages(content, options.poison_rows, 2);
}

std::set<Id> choose_pages(const Content& content, std::uint32_t count, std::uint64_t salt) {
  std::set<Id> chosen;
  const auto pages = content.pages().size();
  Random random(hash_of(content.options().seed, 0x706f69ULL, salt));
  // A site of few pages may not have as many.
  for (std::uint64_t tries = 0; pages > 0 && chosen.size() < count && tries < 50ULL * count;
       ++tries) {
    const auto index = static_cast<Index>(random.below(pages));
    const Page& page = content.pages()[index];
    if (content.spaces()[page.space].homepage != index) chosen.insert(page.id);
  }
  return chosen;
}

struct Server::Impl {
  explicit Impl(const ServerOptions& server_options) : state(server_options) {}

  State state;
  std::unique_ptr<asio::io_context> io;
  std::unique_ptr<tcp::acceptor> acceptor;
  std::uint16_t port = 0;
  std::mutex stop_mutex;
  std::vector<std::thread> threads;
};

Server::Server(const ServerOptions& options) : impl_(std::make_unique<Impl>(options)) {
  boost::system::error_code error;
  const auto address = asio::ip::make_address(options.host, error);
  if (error || !address.is_loopback()) {
    throw std::runtime_error("cannot listen on '" + options.host + "': not a loopback address");
  }
  const unsigned threads = std::max(options.threads, 1U);
  impl_->io = std::make_unique<asio::io_context>(static_cast<int>(threads));
  try {
    impl_->acceptor =
        std::make_unique<tcp::acceptor>(*impl_->io, tcp::endpoint(address, options.port));
  } catch (const boost::system::system_error& failure) {
    throw std::runtime_error("cannot listen on port " + std::to_string(options.port) + ": " +
                             failure.code().message());
  }
  impl_->port = impl_->acceptor->local_endpoint().port();
  impl_->state.connect.set_site_url(url());
  asio::co_spawn(*impl_->io, accept_all(impl_->state, *impl_->io, *impl_->acceptor),
                 asio::detached);
  asio::co_spawn(*impl_->io, churn_forever(impl_->state, *impl_->io), asio::detached);
  for (unsigned i = 0; i < threads; ++i) {
    impl_->threads.emplace_back([io = impl_->io.get()] { io->run(); });
  }
}

Server::~Server() { stop(); }

void Server::stop() {
  const std::scoped_lock lock(impl_->stop_mutex);
  if (!impl_->io) return;
  impl_->io->stop();
  for (std::thread& thread : impl_->threads) thread.join();
  impl_->threads.clear();
  impl_->acceptor.reset();
  impl_->io.reset();  // closes what connections are left
}

std::uint16_t Server::port() const { return impl_->port; }

std::string Server::url() const {
  const std::string& host = impl_->state.options.host;
  const bool v6 = host.find(':') != std::string::npos;
  return "http://" + (v6 ? "[" + host + "]" : host) + ":" + std::to_string(impl_->port);
}

const ServerOptions& Server::options() const { return impl_->state.options; }

Settings Server::settings() const {
  const std::scoped_lock lock(impl_->state.control_mutex);
  return impl_->state.settings;
}

void Server::change_settings(const std::function<void(Settings&)>& change) {
  const std::scoped_lock lock(impl_->state.control_mutex);
  change(impl_->state.settings);
}

void Server::set_fault(Fault fault, double probability) {
  change_settings([&](Settings& settings) { settings[fault] = probability; });
}

void Server::clear_faults() {
  change_settings([](Settings& settings) { settings.faults.fill(0); });
}

void Server::set_token(std::string_view token) {
  const std::scoped_lock lock(impl_->state.control_mutex);
  impl_->state.token = token;
}

Connect& Server::connect() { return impl_->state.connect; }
Credentials& Server::credentials() { return impl_->state.credentials; }

std::string Server::account_id() const {
  const std::shared_lock lock(impl_->state.content_mutex);
  return impl_->state.content.users().front().account_id;
}

Counters Server::counters() const { return impl_->state.traffic.counters(); }
void Server::reset_counters() { impl_->state.traffic.reset(); }

void Server::observe(std::function<void(const Seen&)> observer) {
  const std::scoped_lock lock(impl_->state.control_mutex);
  impl_->state.observer = std::move(observer);
}

std::vector<Id> Server::poison_pages() const {
  const std::shared_lock lock(impl_->state.content_mutex);
  return {impl_->state.poison.begin(), impl_->state.poison.end()};
}

std::vector<Id> Server::poison_rows() const {
  const std::shared_lock lock(impl_->state.content_mutex);
  return {impl_->state.poison_rows.begin(), impl_->state.poison_rows.end()};
}

void Server::set_poison(const std::vector<Id>& pages) {
  const std::scoped_lock lock(impl_->state.content_mutex);
  impl_->state.poison = {pages.begin(), pages.end()};
}

void Server::set_poison_rows(const std::vector<Id>& pages) {
  const std::scoped_lock lock(impl_->state.content_mutex);
  impl_->state.poison_rows = {pages.begin(), pages.end()};
}

void Server::set_forbidden(const std::vector<Id>& containers) {
  const std::scoped_lock lock(impl_->state.content_mutex);
  impl_->state.forbidden = {containers.begin(), containers.end()};
}

void Server::next_write(const NextWrite& next) {
  const std::scoped_lock lock(impl_->state.control_mutex);
  impl_->state.next_writes.push_back(next);
}

void Server::clear_next_writes() {
  const std::scoped_lock lock(impl_->state.control_mutex);
  impl_->state.next_writes.clear();
}

std::vector<WriteEntry> Server::writes() const { return impl_->state.writes.entries(); }
void Server::clear_writes() { impl_->state.writes.clear(); }

void Server::set_read_only(const std::vector<Id>& pages) {
  const std::scoped_lock lock(impl_->state.content_mutex);
  impl_->state.read_only = {pages.begin(), pages.end()};
}

void Server::set_closed_spaces(const std::vector<Id>& spaces) {
  const std::scoped_lock lock(impl_->state.content_mutex);
  impl_->state.closed_spaces = {spaces.begin(), spaces.end()};
}

std::pair<int, std::string> Server::others_write(std::string_view method, std::string_view target,
                                                 std::string_view json) {
  Response response = site::others_write(impl_->state, method, target, json);
  return {response.status, std::move(response.body)};
}

std::string Server::digest() const {
  const std::shared_lock lock(impl_->state.content_mutex);
  return digest_of(impl_->state.content);
}

std::string Server::state_digest() const {
  const std::shared_lock lock(impl_->state.content_mutex);
  return state_digest_of(impl_->state.content);
}

void Server::with_content(const std::function<void(Content&)>& work) {
  const std::scoped_lock lock(impl_->state.content_mutex);
  work(impl_->state.content);
}

void Server::with_content(const std::function<void(const Content&)>& work) const {
  const std::shared_lock lock(impl_->state.content_mutex);
  work(impl_->state.content);
}

}  // namespace site
