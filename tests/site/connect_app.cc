#include "tests/site/connect_app.h"

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string_view>

#include "tests/site/text.h"
#include "tests/site/wire_client.h"

namespace site {
namespace {

using Json = nlohmann::json;

std::uint16_t port_of(const std::string& url) {
  for (const std::string_view root : {"http://127.0.0.1:", "http://localhost:"}) {
    if (!url.starts_with(root)) continue;
    const auto port = parse_number(std::string_view(url).substr(root.size()));
    if (port && *port > 0 && *port <= 65'535) return static_cast<std::uint16_t>(*port);
  }
  throw std::runtime_error("'" + url + "' is not http://127.0.0.1:PORT");
}

std::string member_text(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

App read_app(const std::string& url) {
  App app;
  std::string root = url;
  while (root.ends_with('/')) root.pop_back();
  app.port = port_of(root);
  const auto where = root + "/atlassian-connect.json";
  Reply reply;
  try {
    reply = WireClient(app.port).get("/atlassian-connect.json");
  } catch (const std::runtime_error&) {
    reply.status = 0;
  }
  if (reply.status == 0) throw std::runtime_error("nobody answers at " + where);
  if (reply.status != 200) {
    throw std::runtime_error(where + " answers HTTP " + std::to_string(reply.status));
  }
  const Json json = Json::parse(reply.body, nullptr, false);
  const bool is_object = json.is_object();
  const Json lifecycle = is_object ? json.value("lifecycle", Json()) : Json();
  const Json authentication = is_object ? json.value("authentication", Json()) : Json();
  app.key = is_object ? member_text(json, "key") : "";
  app.name = is_object ? member_text(json, "name") : "";
  app.base_url = is_object ? member_text(json, "baseUrl") : "";
  const bool usable = !app.key.empty() && !app.base_url.empty() && lifecycle.is_object() &&
                      member_text(lifecycle, "installed") == "/installed" &&
                      authentication.is_object() && member_text(authentication, "type") == "jwt";
  if (!usable) throw std::runtime_error(where + " is no descriptor of a Connect app");
  for (const Json& scope : json.value("scopes", Json::array())) {
    app.acts_as_users = app.acts_as_users || scope == "ACT_AS_USER";
  }
  return app;
}

int install(Connect& connect, const App& app) {
  Lifecycle call;
  call.event = "installed";
  call.port = app.port;
  call.public_url = app.base_url;
  call.app_key = app.key;
  connect.allow_impersonation(app.acts_as_users);
  return connect.call(call);
}

}  // namespace site
