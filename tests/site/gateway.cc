#include "tests/site/gateway.h"

#include <array>
#include <mutex>
#include <nlohmann/json.hpp>

#include "tests/site/text.h"

namespace site {
namespace {

constexpr std::string_view kGatewayRoot = "/ex/confluence/";
constexpr std::string_view kTenantInfo = "/_edge/tenant_info";
constexpr std::string_view kTokenEndpoint = "/oauth/token";

// The scopes that open a route; any one of them. Section 5.2 of the API notes.
struct Opens {
  std::string_view route;
  std::array<std::string_view, 2> scopes;
};
constexpr Opens kOpens[] = {
    {"GET /wiki/api/v2/spaces", {"read:space:confluence"}},
    {"GET /wiki/api/v2/spaces/{id}", {"read:space:confluence"}},
    {"GET /wiki/api/v2/spaces/{id}/pages", {"read:page:confluence"}},
    {"GET /wiki/api/v2/spaces/{id}/labels", {"read:space:confluence"}},
    {"GET /wiki/api/v2/pages", {"read:page:confluence"}},
    {"GET /wiki/api/v2/pages/{id}", {"read:page:confluence"}},
    {"GET /wiki/api/v2/pages/{id}/direct-children", {"read:hierarchical-content:confluence"}},
    {"GET /wiki/api/v2/pages/{id}/descendants", {"read:hierarchical-content:confluence"}},
    {"POST /wiki/api/v2/pages", {"write:page:confluence"}},
    {"PUT /wiki/api/v2/pages/{id}", {"write:page:confluence"}},
    {"PUT /wiki/api/v2/pages/{id}/title", {"write:page:confluence"}},
    {"DELETE /wiki/api/v2/pages/{id}", {"delete:page:confluence"}},
    {"PUT /wiki/rest/api/content/{id}/move/{position}/{target}",
     {"write:confluence-content", "write:page:confluence"}},
    {"GET /wiki/api/v2/pages/{id}/versions", {"read:page:confluence"}},
    {"GET /wiki/api/v2/pages/{id}/versions/{n}", {"read:page:confluence"}},
    {"GET /wiki/api/v2/pages/{id}/labels", {"read:page:confluence"}},
    {"GET /wiki/api/v2/labels", {"read:label:confluence"}},
    {"GET /wiki/api/v2/labels/{id}/pages", {"read:page:confluence"}},
    {"POST /wiki/api/v2/users-bulk", {"read:user:confluence"}},
    {"GET /wiki/api/v2/folders/{id}", {"read:folder:confluence"}},
    {"GET /wiki/api/v2/whiteboards/{id}", {"read:whiteboard:confluence"}},
    {"GET /wiki/api/v2/databases/{id}", {"read:database:confluence"}},
    {"GET /wiki/api/v2/embeds/{id}", {"read:embed:confluence"}},
    {"GET /wiki/rest/api/user/current",
     {"read:confluence-user", "read:content-details:confluence"}},
};

Response json_answer(int status, const nlohmann::json& body) {
  Response response;
  response.status = status;
  response.body = body.dump();
  return response;
}

Response gateway_error(int status, std::string_view message) {
  return json_answer(status, {{"code", status}, {"message", std::string(message)}});
}

bool opens(const Scopes& scopes, const std::string& route) {
  for (const Opens& known : kOpens) {
    if (known.route != route) continue;
    for (const auto scope : known.scopes) {
      if (!scope.empty() && scopes.contains(std::string(scope))) return true;
    }
    return false;
  }
  return true;  // no such route: the API says so
}

// What both endpoints say when they are told not to be good.
std::optional<Response> played(Endpoint behaviour) {
  switch (behaviour) {
    case Endpoint::kGood:
      return std::nullopt;
    case Endpoint::k404:
      return html_page(404, "Not Found");
    case Endpoint::k429: {
      Response response = gateway_error(429, "Too many requests");
      response.headers.emplace_back("Retry-After", "3600");
      return response;
    }
    case Endpoint::k500:
      return gateway_error(500, "Internal Server Error");
    case Endpoint::k503:
      return html_page(503, "Service Unavailable");
    case Endpoint::kHtml:
      return html_page(200, "Log in");
    case Endpoint::kOdd:
      break;
  }
  return json_answer(200, {{"cloudId", "../../evil"}, {"access_token", 7}});
}

Response oauth_error(int status, std::string_view error, std::string_view description) {
  return json_answer(
      status, {{"error", std::string(error)}, {"error_description", std::string(description)}});
}

Response give_token(State& state, const Request& request) {
  state.credentials.count_token_request();
  if (auto response = played(state.credentials.token_endpoint())) return *response;
  if (request.method != "POST") return html_page(405, "Method Not Allowed");
  if (!request.content_type.starts_with("application/x-www-form-urlencoded")) {
    return oauth_error(400, "invalid_request", "the body is no form");
  }
  const Query form(request.body);
  if (form.get("grant_type").value_or("") != "client_credentials") {
    return oauth_error(400, "unsupported_grant_type", "Unsupported grant type");
  }
  const auto grant = state.credentials.grant(form.get("client_id").value_or(""),
                                             form.get("client_secret").value_or(""));
  if (!grant) return oauth_error(401, "access_denied", "Unauthorized");
  std::string scopes;
  for (const auto& scope : grant->scopes) scopes += (scopes.empty() ? "" : " ") + scope;
  return json_answer(200, {{"access_token", grant->access_token},
                           {"expires_in", grant->expires_in_s},
                           {"token_type", "Bearer"},
                           {"scope", scopes}});
}

// What stands behind "Basic " or "Bearer ", without regard to case.
std::optional<std::string_view> after_scheme(std::string_view authorization,
                                             std::string_view scheme) {
  if (authorization.size() < scheme.size() ||
      fold_case(authorization.substr(0, scheme.size())) != scheme) {
    return std::nullopt;
  }
  return authorization.substr(scheme.size());
}

bool is_our_email(const State& state, std::string_view email) {
  return fold_case(email) == fold_case(state.options.email);
}

Admission refused(Response response) {
  Admission admission;
  admission.refusal = std::move(response);
  return admission;
}

Admission known_with(const State& state, const Credentials::Known& known, const Route& route) {
  if (!known.installed)
    return refused(gateway_error(403, "The app is not installed on this instance"));
  if (!opens(known.scopes, route.name)) {
    return refused(gateway_error(401, "Unauthorized; scope does not match"));
  }
  Admission admission;
  admission.caller = state.credentials.licensed() ? Caller::kUser : Caller::kAnonymous;
  return admission;
}

Admission admit_at_gateway(const State& state, const Request& request, const Route& route) {
  if (request.cloud_id != kCloudId) return refused(gateway_error(404, "Not Found"));
  if (const auto token = after_scheme(request.authorization, "bearer ")) {
    const auto known = state.credentials.bearer(*token);
    return known ? known_with(state, *known, route) : refused(gateway_error(401, "Unauthorized"));
  }
  const auto encoded = after_scheme(request.authorization, "basic ");
  if (!encoded || state.credentials.garbled()) return refused(gateway_error(401, "Unauthorized"));
  const auto pair = base64_decode(*encoded);
  const auto colon = pair ? pair->find(':') : std::string::npos;
  if (colon == std::string::npos) return refused(gateway_error(401, "Unauthorized"));
  const auto known = state.credentials.scoped_token(std::string_view(*pair).substr(colon + 1));
  if (known && is_our_email(state, std::string_view(*pair).substr(0, colon))) {
    return known_with(state, *known, route);
  }
  Admission admission;
  admission.caller = identify(state, request.authorization);  // classic tokens work here as well
  return admission;
}

bool is_scoped(const State& state, std::string_view authorization) {
  const auto encoded = after_scheme(authorization, "basic ");
  const auto pair = encoded ? base64_decode(*encoded) : std::nullopt;
  const auto colon = pair ? pair->find(':') : std::string::npos;
  return colon != std::string::npos &&
         state.credentials.scoped_token(std::string_view(*pair).substr(colon + 1)).has_value();
}

}  // namespace

Scopes all_scopes() {
  Scopes scopes;
  for (const Opens& known : kOpens) scopes.insert(std::string(known.scopes.front()));
  return scopes;
}

bool is_beside_api(const Request& request) {
  return !request.at_gateway && (request.path == kTokenEndpoint || request.path == kTenantInfo);
}

Response beside_api(State& state, const Request& request) {
  if (request.path == kTokenEndpoint) return give_token(state, request);
  if (auto response = played(state.credentials.tenant_info())) return *response;
  return json_answer(200, {{"cloudId", std::string(kCloudId)}});
}

void enter_gateway(Request& request) {
  const std::string_view path = request.path;
  if (!path.starts_with(kGatewayRoot)) return;
  const auto slash = path.find('/', kGatewayRoot.size());
  if (slash == std::string_view::npos) return;
  request.cloud_id = std::string(path.substr(kGatewayRoot.size(), slash - kGatewayRoot.size()));
  request.at_gateway = true;
  request.path = std::string(path.substr(slash));
}

Admission admit(const State& state, const Request& request, const Route& route) {
  if (state.credentials.basic_disabled() && after_scheme(request.authorization, "basic ")) {
    return refused(json_answer(
        403, {{"message", "Basic Authentication has been disabled on this instance."}}));
  }
  if (request.at_gateway) return admit_at_gateway(state, request, route);
  Admission admission;
  // The site's own host knows no scopes.
  const std::string cut_short = state.credentials.garbled() ? "Basic ?" : request.authorization;
  admission.caller =
      is_scoped(state, request.authorization) ? Caller::kUnreadable : identify(state, cut_short);
  if (admission.caller == Caller::kUser && !state.credentials.licensed()) {
    admission.caller = Caller::kAnonymous;
  }
  return admission;
}

}  // namespace site
