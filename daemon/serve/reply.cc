#include "daemon/serve/reply.h"

#include <fmt/format.h>

#include <array>

#include "daemon/query/job_json.h"

namespace serve {

namespace {

using store::ErrorKind;

constexpr std::array kErrorKinds = {
    ErrorKind::kRetryAfter,  ErrorKind::kItemBad, ErrorKind::kSpaceBad, ErrorKind::kCredentialsBad,
    ErrorKind::kUsage,       ErrorKind::kStopped, ErrorKind::kStoreBad, ErrorKind::kBusy,
    ErrorKind::kUnreachable, ErrorKind::kSystem,  ErrorKind::kCanceled, ErrorKind::kBug};

int http_status_of(const store::Error& error) {
  switch (error.kind) {
    case ErrorKind::kUsage:
      return error.name.starts_with("unknown_") || error.name.starts_with("no_such_") ? 404 : 400;
    case ErrorKind::kItemBad:
    case ErrorKind::kSpaceBad:
      return 422;
    case ErrorKind::kStopped:
      return 409;
    case ErrorKind::kCredentialsBad:
    case ErrorKind::kUnreachable:
      return 502;
    case ErrorKind::kRetryAfter:
    case ErrorKind::kBusy:
    case ErrorKind::kSystem:
    case ErrorKind::kCanceled:
      return 503;
    case ErrorKind::kStoreBad:
    case ErrorKind::kBug:
      break;
  }
  return 500;
}

Json error_json(const std::string& name, std::string_view kind, const std::string& message,
                const std::string& hint) {
  Json json;
  json["error"]["name"] = name;
  json["error"]["kind"] = kind;
  json["error"]["message"] = message;
  json["error"]["hint"] = hint;
  return json;
}

std::string text_in(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

Reply error_reply(const store::Error& error) {
  return {http_status_of(error),
          error_json(error.name, store::to_string(error.kind), error.message, error.hint)};
}

Reply error_reply(int status, const std::string& name, const std::string& message,
                  const std::string& hint) {
  // 501 and 505 say what whoever asks wants and cannot have.
  const bool asks_wrongly = status < 500 || status == 501 || status == 505;
  const auto kind = asks_wrongly    ? ErrorKind::kUsage
                    : status == 503 ? ErrorKind::kBusy
                                    : ErrorKind::kBug;
  return {status, error_json(name, store::to_string(kind), message, hint)};
}

Reply problems_reply(const std::string& what, const std::vector<input::Problem>& problems) {
  auto reply = error_reply(400, "bad_input",
                           fmt::format("cannot use {}: {} problem{}", what, problems.size(),
                                       problems.size() == 1 ? "" : "s"));
  reply.body["problems"] = querying::problems_json(problems);
  return reply;
}

std::optional<store::Error> error_of(const Json& body) {
  if (!body.is_object()) return {};
  const auto error = body.find("error");
  if (error == body.end() || !error->is_object()) return {};
  auto kind = ErrorKind::kBug;
  for (const auto one : kErrorKinds) {
    if (store::to_string(one) == text_in(*error, "kind")) kind = one;
  }
  return store::Error(kind, text_in(*error, "name"), text_in(*error, "message"),
                      text_in(*error, "hint"));
}

std::string to_line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Response to_response(const Reply& reply) {
  return {reply.status, "application/json", to_line(reply.body)};
}

}  // namespace serve
