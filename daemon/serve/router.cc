#include "daemon/serve/router.h"

#include <fmt/format.h>

#include <algorithm>

namespace serve {

namespace {

bool is_variable(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> segments;
  while (!path.empty()) {
    path.remove_prefix(1);
    const auto end = std::min(path.find('/'), path.size());
    if (end > 0) segments.emplace_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return segments;
}

bool matches(const std::vector<std::string>& pattern, const std::vector<std::string>& path) {
  return pattern.size() == path.size() &&
         std::equal(pattern.begin(), pattern.end(), path.begin(),
                    [](const auto& a, const auto& b) { return is_variable(a) || a == b; });
}

bool begins_with(std::string_view path, std::string_view prefix) {
  return path.starts_with(prefix) &&
         (prefix.ends_with('/') || path.size() == prefix.size() || path[prefix.size()] == '/');
}

Response plain_error(int status, const std::string& message) {
  return {status, "text/plain; charset=utf-8", message + "\n"};
}

}  // namespace

void Router::errors_below(std::string prefix, ErrorForm form) {
  forms_.insert_or_assign(std::move(prefix), std::move(form));
}

void Router::add(std::string method, std::string path, Needs needs, Handle handle) {
  Route route;
  route.method = std::move(method);
  route.segments = split(path);
  route.path = std::move(path);
  route.needs = needs;
  route.handle = std::move(handle);
  routes_.push_back(std::move(route));
}

// A path that is spelled out goes before one with variables.
const Router::Route* Router::find(const Request& request, Parameters& parameters,
                                  std::vector<std::string>& methods) const {
  const std::string& method = request.method == "HEAD" ? std::string("GET") : request.method;
  const Route* best = nullptr;
  std::size_t fewest = 0;
  for (const auto& route : routes_) {
    if (!matches(route.segments, request.segments)) continue;
    if (std::find(methods.begin(), methods.end(), route.method) == methods.end()) {
      methods.push_back(route.method);
    }
    if (route.method != method) continue;
    const auto variables = static_cast<std::size_t>(
        std::count_if(route.segments.begin(), route.segments.end(), is_variable));
    if (best != nullptr && variables >= fewest) continue;
    best = &route;
    fewest = variables;
  }
  for (std::size_t i = 0; best != nullptr && i < best->segments.size(); ++i) {
    const auto& name = best->segments[i];
    if (is_variable(name)) parameters[name.substr(1, name.size() - 2)] = request.segments[i];
  }
  return best;
}

Response Router::error(std::string_view path, int status, const std::string& message) const {
  const ErrorForm* form = nullptr;
  std::size_t longest = 0;
  for (const auto& [prefix, candidate] : forms_) {
    if (!begins_with(path, prefix) || (form != nullptr && prefix.size() <= longest)) continue;
    form = &candidate;
    longest = prefix.size();
  }
  return form != nullptr ? (*form)(status, message) : plain_error(status, message);
}

namespace {

std::string allowed(std::vector<std::string> methods) {
  if (std::find(methods.begin(), methods.end(), "GET") != methods.end()) {
    methods.emplace_back("HEAD");
  }
  methods.emplace_back("OPTIONS");
  std::sort(methods.begin(), methods.end());
  return fmt::format("{}", fmt::join(methods, ", "));
}

bool permits(const Caller& caller, Needs needs) {
  switch (needs) {
    case Needs::kNothing:
      return true;
    case Needs::kRead:
      return caller.may_read;
    case Needs::kSubmit:
      return caller.may_submit;
  }
  return false;
}

}  // namespace

std::optional<Response> Router::refusal(const Request& head) const {
  Parameters parameters;
  std::vector<std::string> methods;
  const auto* route = find(head, parameters, methods);
  if (route == nullptr && methods.empty()) {
    return error(head.path, 404, fmt::format("there is nothing at {}", head.path));
  }
  if (route == nullptr && head.method == "OPTIONS") {
    Response answer(204, "", "");
    answer.headers.emplace_back("Allow", allowed(methods));
    return answer;
  }
  if (route == nullptr) {
    auto answer = error(head.path, 405, fmt::format("{} does not go here", head.method));
    answer.headers.emplace_back("Allow", allowed(methods));
    return answer;
  }
  if (permits(head.caller, route->needs)) return {};
  if (!head.caller.uid && head.caller.name.empty()) {
    auto answer = error(head.path, 401, "a bearer token is needed, and this is not it");
    answer.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"confmirror\"");
    return answer;
  }
  const auto* right = route->needs == Needs::kSubmit ? "submit" : "read";
  return error(
      head.path, 403,
      fmt::format("'{}' may not {} here ([serve.access] says who may)", head.caller.name, right));
}

base::Awaitable<Response> Router::route(Request request) const {
  auto refused = refusal(request);
  if (refused) co_return std::move(*refused);
  Parameters parameters;
  std::vector<std::string> methods;
  const auto* route = find(request, parameters, methods);
  co_return co_await route->handle(std::move(request), std::move(parameters));
}

std::string Router::name_of(const Request& request) const {
  Parameters parameters;
  std::vector<std::string> methods;
  const auto* route = find(request, parameters, methods);
  return route != nullptr ? route->path : std::string();
}

}  // namespace serve
