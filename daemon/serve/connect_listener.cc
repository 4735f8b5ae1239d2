#include "daemon/serve/connect_listener.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "daemon/confluence/connect_auth.h"
#include "daemon/confluence/names.h"
#include "daemon/confluence/qsh.h"
#include "daemon/confluence/side_request.h"
#include "daemon/input/fields.h"

namespace serve {

namespace {

using confluence::Installation;
using store::ErrorKind;

constexpr std::size_t kMostBody = 64u << 10;
constexpr std::size_t kMostKeyBytes = 16u << 10;
constexpr std::size_t kLongestKeyId = 128;
constexpr std::size_t kLeastSecret = 16;
constexpr std::size_t kMostText = 4096;
constexpr std::size_t kMostKeys = 16;
constexpr std::size_t kMostUsed = 1024;
constexpr int kMostFetches = 20;  // a minute
constexpr std::chrono::hours kKeyLives{12};
constexpr std::chrono::minutes kUnknownLives{1};
constexpr std::chrono::seconds kLeeway{10};

store::Failure not_believed(std::string name, std::string_view cause) {
  return store::fail(ErrorKind::kCredentialsBad, std::move(name),
                     fmt::format("cannot accept the call: {}", cause));
}

store::Failure bad_call(std::string_view cause) {
  return store::fail(ErrorKind::kItemBad, "bad_call",
                     fmt::format("cannot accept the call: {}", cause));
}

bool is_secret_text(std::string_view text) {
  return text.size() <= kMostText && std::all_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) > 0x20 && static_cast<unsigned char>(c) < 0x7F;
         });
}

// "" where it is absent; nullopt where it is no text.
std::optional<std::string> text_in(const nlohmann::json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || found->is_null()) return std::string();
  if (!found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

std::string_view without_slash(std::string_view url) {
  while (url.ends_with('/')) url.remove_suffix(1);
  return url;
}

int status_of(const store::Error& error) {
  switch (error.kind) {
    case ErrorKind::kCredentialsBad:
      return 401;
    case ErrorKind::kUsage:
      return 403;
    case ErrorKind::kItemBad:
      return 400;
    default:
      return 503;
  }
}

Response plain_answer(int status, const std::string& text) {
  Response response(status, "application/json", nlohmann::json({{"message", text}}).dump() + "\n");
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

HttpServer::Options server_options(HttpServer::Handler handler) {
  HttpServer::Options options;
  options.limits.connections = 32;
  options.limits.connections_per_user = 32;
  options.limits.requests_per_connection = 100;
  options.limits.target = 4u << 10;
  options.limits.head = 16u << 10;
  options.limits.body = kMostBody;
  options.limits.bodies = 16 * kMostBody;
  options.limits.body_stands = std::chrono::seconds(10);
  options.limits.reader_stands = std::chrono::seconds(10);
  options.limits.idle = std::chrono::seconds(15);
  options.handler = std::move(handler);
  // Nobody has rights here: what a call may do, its token says.
  options.identify = [](std::optional<std::pair<uid_t, gid_t>>) { return Caller(); };
  options.error_body = [](int status, const std::string& message) {
    return plain_answer(status, message);
  };
  return options;
}

http::ClientOptions one_connection() {
  http::ClientOptions options;
  options.connections = 1;
  return options;
}

}  // namespace

struct ConnectListener::Call {
  Call() = default;
  std::string client_key;
  std::string base_url;
  std::string oauth_client_id;
  base::Secret shared_secret;
  std::string mark;  // of its token, among those that were used
};

ConnectListener::ConnectListener(Deps deps, ConnectListenerOptions options,
                                 std::optional<Installation> installation, OnChange on_change)
    : deps_(deps),
      options_(std::move(options)),
      installation_(std::move(installation)),
      on_change_(std::move(on_change)),
      http_(deps.io, one_connection()),
      fetched_(deps.io) {
  if (const auto parts = http::parse_url(options_.public_url)) {
    base_path_ = without_slash(parts->target);
  }
  auto handler = [this](Request request) { return handle(std::move(request)); };
  server_ = std::make_unique<HttpServer>(deps_.io, server_options(std::move(handler)));
}

ConnectListener::~ConnectListener() {
  server_.reset();
  disk_.join();
}

store::Result<std::uint16_t> ConnectListener::listen(const std::string& host, std::uint16_t port) {
  return server_->listen_tcp(host, port);
}

void ConnectListener::stop() { server_->stop(); }

base::Awaitable<void> ConnectListener::stopped() { co_await server_->stopped(); }

// Relative to public_url; a proxy may have taken its path away.
std::string ConnectListener::path_of(const Request& request) const {
  const std::string_view path = request.path;
  const bool below = !base_path_.empty() && path.starts_with(base_path_ + "/");
  return std::string(below ? path.substr(base_path_.size()) : path);
}

base::Awaitable<Response> ConnectListener::handle(Request request) {
  const auto path = path_of(request);
  if (request.method == "GET" && path == "/atlassian-connect.json") {
    co_return Response(
        200, "application/json",
        confluence::connect_descriptor(options_.app_key, options_.name, options_.public_url));
  }
  const bool install = path == "/installed";
  if (request.method != "POST" || (!install && path != "/uninstalled")) {
    co_return plain_answer(404, "not found");
  }
  auto taken = co_await take(std::move(request), install);
  if (taken) co_return Response(204, "", "");
  const auto& error = taken.error();
  const int status = status_of(error);
  if (const auto left_out = repeats_.admit(error.name, deps_.clock.steady())) {
    base::daemon_log().warn(
        "a call to the Connect listener was refused: {} status={} error={} "
        "others_left_out={}",
        error.message, status, error.name, *left_out);
  }
  co_return plain_answer(status, status == 503 ? "try again later" : error.message);
}

base::Awaitable<store::Result<void>> ConnectListener::take(Request request, bool install) {
  auto call = co_await verify(request, install);
  if (!call) co_return store::fail(std::move(call.error()));
  const auto mark = call->mark;
  store::Result<void> taken;
  if (install) {
    taken = co_await installed(std::move(*call));
  } else {
    taken = co_await uninstalled(std::move(*call));
  }
  // What could not be done may be asked for again.
  if (!taken) used_.erase(mark);
  co_return taken;
}

base::Awaitable<store::Result<ConnectListener::Call>> ConnectListener::verify(
    const Request& request, bool install) {
  constexpr std::string_view kScheme = "JWT ";
  const auto header = request.header("authorization").value_or("");
  if (!header.starts_with(kScheme)) co_return not_believed("no_jwt", "it carries no token");
  const std::string token(header.substr(kScheme.size()));
  constexpr auto kRs256 = confluence::JwtAlgorithm::kRs256;
  auto kid = confluence::jwt_key_id(token, kRs256);
  if (!kid) co_return store::fail(std::move(kid.error()));
  if (!confluence::is_plain_name(*kid, kLongestKeyId)) {
    co_return not_believed("bad_key_id", "its token names no usable key");
  }

  std::vector<input::Problem> problems;
  const auto body = input::parse_value(request.body, 1, problems);
  if (!body || !body->is_object()) co_return bad_call("its body is no JSON object");
  Call call;
  const auto client_key = text_in(*body, "clientKey");
  const auto base_url = text_in(*body, "baseUrl");
  const auto key = text_in(*body, "key");
  const auto event = text_in(*body, "eventType");
  auto secret = text_in(*body, "sharedSecret");
  auto oauth = text_in(*body, "oauthClientId");
  if (!client_key || !base_url || !key || !event || !secret || !oauth) {
    co_return bad_call("a field of its body is no text");
  }
  call.shared_secret = base::Secret(std::move(*secret));
  if (!confluence::is_account_id(*client_key)) co_return bad_call("its client key is none");
  if (*key != options_.app_key) co_return bad_call("it is about another app");
  if (!event->empty() && *event != (install ? "installed" : "uninstalled")) {
    co_return bad_call("it is another event");
  }
  const auto shared = call.shared_secret.expose();
  if (install && (shared.size() < kLeastSecret || !is_secret_text(shared))) {
    co_return bad_call("its shared secret is none");
  }
  if (!is_secret_text(*oauth)) co_return bad_call("its OAuth client id is none");
  call.client_key = *client_key;
  call.base_url = without_slash(*base_url);
  call.oauth_client_id = *oauth;

  auto pem = co_await key_of(std::move(*kid));
  if (!pem) co_return store::fail(std::move(pem.error()));
  confluence::JwtTimes times;
  times.now = deps_.clock.now();
  times.leeway = kLeeway;
  const auto claims = confluence::verify_jwt(token, kRs256, *pem, times);
  if (!claims) co_return store::fail(claims.error());
  if (auto good = check_claims(*claims, request, call); !good) {
    co_return store::fail(std::move(good.error()));
  }
  const auto digest = store::sha256(token);
  call.mark.assign(reinterpret_cast<const char*>(digest.data()), digest.size());
  if (!claims->jti.empty()) call.mark = "jti:" + claims->iss + ":" + claims->jti;
  if (auto fresh = expect_new(call.mark, *claims->exp); !fresh) {
    co_return store::fail(std::move(fresh.error()));
  }
  co_return call;
}

store::Result<void> ConnectListener::check_claims(const confluence::JwtClaims& claims,
                                                  const Request& request, const Call& call) const {
  const auto ours = without_slash(options_.public_url);
  const bool for_us = std::any_of(claims.aud.begin(), claims.aud.end(),
                                  [ours](const auto& aud) { return without_slash(aud) == ours; });
  if (!for_us) return not_believed("wrong_audience", "its token is for another app");
  if (!confluence::equal_in_constant_time(claims.iss, call.client_key)) {
    return not_believed("wrong_issuer", "its token is from another site than its body names");
  }
  const auto hash = confluence::query_string_hash(request.method, path_of(request), request.query);
  if (hash.empty() || !confluence::equal_in_constant_time(claims.qsh, hash)) {
    return not_believed("wrong_qsh", "its token is for another request");
  }
  if (!confluence::is_base_of(call.base_url, options_.site_url)) {
    return store::fail(ErrorKind::kUsage, "another_site",
                       "cannot accept the call: it is about another site than the one that this "
                       "confmirror serves");
  }
  return {};
}

store::Result<void> ConnectListener::expect_new(const std::string& mark, std::int64_t exp) {
  const auto now = std::chrono::floor<std::chrono::seconds>(deps_.clock.now());
  const auto over = [&now](const auto& entry) {
    return entry.second + 2 * kLeeway.count() < now.time_since_epoch().count();
  };
  std::erase_if(used_, over);
  if (used_.contains(mark)) return not_believed("replayed", "its token was used before");
  if (used_.size() >= kMostUsed) {
    return store::fail(ErrorKind::kRetryAfter, "too_many_calls",
                       "cannot accept the call: there were too many");
  }
  used_.emplace(mark, exp);
  return {};
}

bool ConnectListener::may_fetch() {
  const auto now = deps_.clock.steady();
  if (now - minute_ > std::chrono::minutes(1)) {
    minute_ = now;
    fetches_ = 0;
  }
  return ++fetches_ <= kMostFetches;
}

base::Awaitable<store::Result<std::string>> ConnectListener::key_of(std::string kid) {
  while (true) {
    const auto found = keys_.find(kid);
    if (found != keys_.end() && deps_.clock.steady() < found->second.until) {
      if (found->second.pem.empty()) {
        co_return not_believed("unknown_key", "the key host does not know the key of its token");
      }
      co_return found->second.pem;
    }
    if (!fetching_) break;
    co_await fetched_.wait();
  }
  if (!may_fetch()) {
    co_return store::fail(ErrorKind::kRetryAfter, "too_many_keys",
                          "cannot accept the call: too many keys were asked for");
  }
  fetching_ = true;
  struct End {
    ConnectListener& self;
    ~End() {
      self.fetching_ = false;
      self.fetched_.notify_all();
    }
  } end{*this};
  auto pem = co_await fetch_key(std::move(kid));
  co_return pem;
}

base::Awaitable<store::Result<std::string>> ConnectListener::fetch_key(std::string kid) {
  auto request = confluence::side_request("GET", options_.key_host + "/" + kid, options_.timeout,
                                          kMostKeyBytes);
  auto response = co_await http_.send(std::move(request));
  if (!response) {
    co_return store::fail(
        ErrorKind::kUnreachable, "key_host_unreachable",
        fmt::format("cannot fetch the key of an installation: {}", response.error().message),
        "check connect.key_host");
  }
  const bool unknown = response->status == 404 || response->status == 403;
  const bool is_key = response->status == 200 &&
                      response->body.find("-----BEGIN PUBLIC KEY-----") != std::string::npos;
  if (!unknown && !is_key) {
    co_return store::fail(
        ErrorKind::kUnreachable, "key_host_unreachable",
        fmt::format("cannot fetch the key of an installation: HTTP {}{}", response->status,
                    response->status == 200 ? ", and no key in it" : ""),
        "check connect.key_host");
  }
  if (keys_.size() >= kMostKeys) {
    const auto first = std::min_element(keys_.begin(), keys_.end(), [](auto& a, auto& b) {
      return a.second.until < b.second.until;
    });
    keys_.erase(first);
  }
  Key key;
  key.pem = is_key ? std::move(response->body) : std::string();
  key.until = deps_.clock.steady();
  key.until += is_key ? std::chrono::seconds(kKeyLives) : std::chrono::seconds(kUnknownLives);
  auto& kept = keys_[kid] = std::move(key);
  if (kept.pem.empty()) {
    co_return not_believed("unknown_key", "the key host does not know the key of its token");
  }
  co_return kept.pem;
}

base::Awaitable<store::Result<void>> ConnectListener::installed(Call call) {
  auto next = std::make_shared<Installation>();
  next->client_key = std::move(call.client_key);
  next->oauth_client_id = std::move(call.oauth_client_id);
  next->shared_secret = std::move(call.shared_secret);
  next->base_url = std::move(call.base_url);
  next->installed_at = deps_.clock.now();
  auto save = [file = options_.file, next] { return confluence::save_installation(file, *next); };
  auto saved = co_await base::run_on(disk_, std::move(save));
  if (!saved) co_return saved;
  const bool known = installation_.has_value();
  const bool imported = known && installation_->client_key != next->client_key;
  base::daemon_log().info("the Connect app was installed client_key={} again={} imported={}",
                          next->client_key, known, imported);
  installation_ = next->copy();
  if (on_change_) on_change_(next->copy());
  co_return store::Result<void>();
}

base::Awaitable<store::Result<void>> ConnectListener::uninstalled(Call call) {
  if (!installation_ || installation_->client_key != call.client_key) {
    co_return bad_call("the app is not installed under that client key");
  }
  auto remove = [file = options_.file] { return confluence::remove_installation(file); };
  auto removed = co_await base::run_on(disk_, std::move(remove));
  if (!removed) co_return removed;
  base::daemon_log().warn("the Connect app was uninstalled client_key={}", call.client_key);
  installation_.reset();
  if (on_change_) on_change_(std::nullopt);
  co_return store::Result<void>();
}

}  // namespace serve
