#include <algorithm>
#include <array>
#include <mutex>
#include <shared_mutex>

#include "tests/site/api.h"
#include "tests/site/text.h"

namespace site {
namespace {

struct Known {
  std::string_view method;
  std::string_view path;  // segments in braces match anything
  Response (Api::*handler)();
  std::string_view kind;
  bool writes = false;
};

constexpr std::array<Known, 24> kRoutes = {{
    {"GET", "/wiki/api/v2/spaces", &Api::spaces, ""},
    {"GET", "/wiki/api/v2/spaces/{id}", &Api::space, ""},
    {"GET", "/wiki/api/v2/spaces/{id}/pages", &Api::pages_of_space, "pages"},
    {"GET", "/wiki/api/v2/spaces/{id}/labels", &Api::space_labels, ""},
    {"GET", "/wiki/api/v2/pages", &Api::pages, "pages"},
    {"GET", "/wiki/api/v2/pages/{id}", &Api::page, ""},
    {"GET", "/wiki/api/v2/pages/{id}/direct-children", &Api::direct_children, ""},
    {"GET", "/wiki/api/v2/pages/{id}/descendants", &Api::descendants, ""},
    {"POST", "/wiki/api/v2/pages", &Api::create_page, "create", true},
    {"PUT", "/wiki/api/v2/pages/{id}", &Api::update_page, "update", true},
    {"PUT", "/wiki/api/v2/pages/{id}/title", &Api::update_title, "title", true},
    {"DELETE", "/wiki/api/v2/pages/{id}", &Api::delete_page, "delete", true},
    {"PUT", "/wiki/rest/api/content/{id}/move/{position}/{target}", &Api::move_page, "move", true},
    {"GET", "/wiki/api/v2/pages/{id}/versions", &Api::versions, "versions"},
    {"GET", "/wiki/api/v2/pages/{id}/versions/{n}", &Api::version, ""},
    {"GET", "/wiki/api/v2/pages/{id}/labels", &Api::page_labels, ""},
    {"GET", "/wiki/api/v2/labels", &Api::labels, ""},
    {"GET", "/wiki/api/v2/labels/{id}/pages", &Api::label_pages, "pages"},
    {"POST", "/wiki/api/v2/users-bulk", &Api::users_bulk, ""},
    {"GET", "/wiki/api/v2/folders/{id}", &Api::folder, ""},
    {"GET", "/wiki/api/v2/whiteboards/{id}", &Api::whiteboard, ""},
    {"GET", "/wiki/api/v2/databases/{id}", &Api::database, ""},
    {"GET", "/wiki/api/v2/embeds/{id}", &Api::embed, ""},
    {"GET", "/wiki/rest/api/user/current", &Api::current_user, ""},
}};

// v1 operations with a twin in v2 are gone.
constexpr std::array<std::string_view, 2> kGone = {"/wiki/rest/api/content",
                                                   "/wiki/rest/api/space"};
// Operations of v1 that live on, but not on this site.
constexpr std::array<std::string_view, 2> kAbsent = {"/wiki/rest/api/search",
                                                     "/wiki/rest/api/content/search"};

bool below(std::string_view path, std::string_view root) {
  return path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/');
}

bool match(std::string_view pattern, std::string_view path, std::vector<std::string>& arguments) {
  const auto wanted = split(pattern, '/');
  const auto parts = split(path, '/');
  if (wanted.size() != parts.size()) return false;
  arguments.clear();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (wanted[i].starts_with('{')) {
      if (parts[i].empty()) return false;
      arguments.push_back(percent_decode(parts[i]));
    } else if (wanted[i] != parts[i]) {
      return false;
    }
  }
  return true;
}

std::string kind_of(const Known& known, const Request& request) {
  if (known.kind == "pages") return request.query.has("body-format") ? "bodies" : "plain";
  if (known.kind == "versions" && !request.query.has("cursor")) return "versions-first";
  return std::string(known.kind);
}

Response failure_of(int status, bool anonymous, bool v1) {
  switch (status) {
    case 405:
      return html_page(405, "Method Not Allowed");
    case 410:
      return v1_error(410, "This deprecated endpoint has been removed.");
    case 501:
      if (anonymous) return v1_error(403, "Current user not permitted to use Confluence");
      return v1_error(501, "The simulated site does not have this operation.");
    default:
      break;
  }
  if (anonymous && !v1) return not_found_unnamed();
  return html_page(404, "Not Found");
}

}  // namespace

Route find_route(const Request& request) {
  Route route;
  route.failure = 404;
  for (const Known& known : kRoutes) {
    if (!match(known.path, request.path, route.arguments)) continue;
    if (known.method != request.method) {
      route.failure = 405;
      route.allow += (route.allow.empty() ? "" : ", ") + std::string(known.method);
      route.name = request.method + " " + std::string(known.path);
      continue;
    }
    route.name = std::string(known.method) + " " + std::string(known.path);
    route.kind = kind_of(known, request);
    route.handler = known.handler;
    route.writes = known.writes;
    route.failure = 0;
    return route;
  }
  const auto is_below = [&](std::string_view root) { return below(request.path, root); };
  if (std::any_of(kAbsent.begin(), kAbsent.end(), is_below)) {
    route.failure = 501;
  } else if (std::any_of(kGone.begin(), kGone.end(), is_below)) {
    route.failure = 410;
  }
  if (route.name.empty()) route.name = "other";
  return route;
}

Caller identify(const State& state, std::string_view authorization) {
  if (authorization.empty()) return Caller::kAnonymous;
  constexpr std::string_view kBasic = "basic ";
  if (authorization.size() < kBasic.size() ||
      fold_case(authorization.substr(0, kBasic.size())) != kBasic) {
    return Caller::kUnreadable;  // bearer tokens belong to the gateway
  }
  const auto pair = base64_decode(authorization.substr(kBasic.size()));
  const std::size_t colon = pair ? pair->find(':') : std::string::npos;
  if (colon == std::string::npos) return Caller::kUnreadable;
  const std::scoped_lock lock(state.control_mutex);
  const bool good = !state.token.empty() && pair->substr(colon + 1) == state.token &&
                    fold_case(pair->substr(0, colon)) == fold_case(state.options.email);
  return good ? Caller::kUser : Caller::kAnonymous;
}

std::optional<Who> connect_caller(State& state, const Request& request) {
  bool connect = false;
  Who who;
  const auto account = state.connect.user_of(request, connect, who.why);
  if (!connect) return std::nullopt;
  who.caller = account ? Caller::kUser : Caller::kUnreadable;
  if (account && !state.credentials.licensed()) who.caller = Caller::kAnonymous;
  if (!account || account->empty()) return who;
  const std::shared_lock lock(state.content_mutex);
  const Index user = state.content.find_user(*account);
  if (user != kNone) who.user = user;
  return who;
}

Response Api::answer(Caller caller) {
  if (caller == Caller::kUnreadable) return html_page(401, "Unauthorized");
  anonymous_ = caller == Caller::kAnonymous;
  const bool v1 = !below(request_.path, "/wiki/api/v2");
  if (route_.handler == nullptr) {
    Response response = failure_of(route_.failure, anonymous_, v1);
    if (route_.failure == 405) response.headers.emplace_back("Allow", route_.allow);
    return response;
  }
  if (anonymous_ && v1) {
    return v1_error(403, "Request rejected because caller cannot access Confluence");
  }
  if (anonymous_ && (!draw_.settings.anonymous_access || request_.method != "GET")) {
    return not_found_unnamed();
  }
  if (request_.body.size() > kMaxRequestBody) {
    return v2_error(413, "REQUEST_ENTITY_TOO_LARGE",
                    "RequestEntityTooLargeException: Request too large. Requests for this resource "
                    "can be at most " +
                        std::to_string(kMaxRequestBody) + " bytes");
  }
  if (route_.writes) return (this->*route_.handler)();
  prepare_order();
  const std::shared_lock lock(state_.content_mutex);
  return (this->*route_.handler)();
}

// Orders are made when they are first asked for, with the content to ourselves.
void Api::prepare_order() {
  const std::string sort = request_.query.get("sort").value_or("id");
  const SortBy by = sort.ends_with("created-date")    ? SortBy::kCreated
                    : sort.ends_with("modified-date") ? SortBy::kModified
                    : sort.ends_with("title")         ? SortBy::kTitle
                                                      : SortBy::kId;
  {
    const std::shared_lock lock(state_.content_mutex);
    if (state_.content.order().ready(by)) return;
  }
  const std::scoped_lock lock(state_.content_mutex);
  state_.content.order().prepare(by);
}

bool Api::visible(Index space) const {
  const Space& asked = state_.content.spaces()[space];
  return !asked.restricted && (!anonymous_ || asked.open_to_anonymous);
}

}  // namespace site
