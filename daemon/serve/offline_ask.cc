#include "daemon/serve/offline_ask.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "daemon/serve/offline_json.h"

namespace serve {
namespace {

std::string_view code_of(int status) {
  switch (status) {
    case 400:
      return "BAD_REQUEST";
    case 401:
      return "UNAUTHORIZED";
    case 403:
      return "FORBIDDEN";
    case 404:
      return "NOT_FOUND";
    case 405:
      return "METHOD_NOT_ALLOWED";
    case 409:
      return "CONFLICT";
    case 413:
      return "REQUEST_ENTITY_TOO_LARGE";
    case 415:
      return "UNSUPPORTED_MEDIA_TYPE";
    case 501:
      return "NOT_IMPLEMENTED";
    case 503:
      return "SERVICE_UNAVAILABLE";
    default:
      return status < 500 ? "BAD_REQUEST" : "INTERNAL_SERVER_ERROR";
  }
}

std::string alternatives(const std::vector<std::string_view>& known) {
  std::string text;
  for (const auto name : known) text += (text.empty() ? "one of " : ", ") + std::string(name);
  return text;
}

}  // namespace

Response v2_error(const NoAnswer& refusal) {
  Response response;
  response.status = refusal.status;
  JsonText json(response.body);
  json.open();
  json.open_array("errors");
  json.open();
  json.number("status", refusal.status);
  json.text("code", refusal.of_parameter ? "INVALID_REQUEST_PARAMETER" : code_of(refusal.status));
  json.text("title", refusal.title);
  if (refusal.detail.empty()) {
    json.null("detail");
  } else {
    json.text("detail", refusal.detail);
  }
  json.close();
  json.close_array();
  json.close();
  return response;
}

Response v1_error(const NoAnswer& refusal) {
  const int status = refusal.status;
  Response response;
  response.status = status;
  JsonText json(response.body);
  json.open();
  json.number("statusCode", status);
  json.open("data");
  json.flag("authorized", status != 401 && status != 403);
  json.flag("valid", status >= 500 || status == 404);
  json.open_array("errors");
  json.close_array();
  json.flag("successful", false);
  json.close();
  json.text("message", refusal.title);
  json.close();
  return response;
}

NoAnswer bad_parameter(std::string_view name, std::string_view value, std::string_view expected) {
  NoAnswer refusal(400, "Provided value {" + std::string(value) + "} for '" + std::string(name) +
                            "' is not the correct type. Expected type is " + std::string(expected));
  refusal.of_parameter = true;
  return refusal;
}

NoAnswer bad_cursor() {
  NoAnswer refusal(400,
                   "Provided value for 'cursor' is not the correct type. Expected type is Cursor.",
                   "The cursor cannot be used. Please redo the original request without it.");
  refusal.of_parameter = true;
  return refusal;
}

NoAnswer not_here(std::string_view what) {
  return {501, "The offline mirror does not have " + std::string(what) + ": ask the site itself"};
}

NoAnswer cannot_find(std::string_view what, std::string_view id) {
  return {404, "Cannot find a " + std::string(what) + " with id [" + std::string(id) + "]"};
}

std::optional<std::int64_t> parse_whole(std::string_view text) {
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [next, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc() || next != end) return std::nullopt;
  return value;
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (plain || std::string_view("-._~").find(c) != std::string_view::npos) {
      encoded += c;
    } else {
      encoded += '%';
      encoded += kDigits[byte >> 4U];
      encoded += kDigits[byte & 0xFU];
    }
  }
  return encoded;
}

void OfflineQuery::refuse(NoAnswer problem) {
  if (!problem_) problem_ = std::move(problem);
}

std::string OfflineQuery::text(std::string_view name, std::string_view otherwise) const {
  return std::string(request_.parameter(name).value_or(otherwise));
}

std::vector<std::string> OfflineQuery::list(std::string_view name) const {
  std::vector<std::string> parts;
  for (const auto& [key, value] : request_.query) {
    if (key != name) continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      const auto comma = std::min(rest.find(','), rest.size());
      if (comma > 0) parts.emplace_back(rest.substr(0, comma));
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return parts;
}

bool OfflineQuery::flag(std::string_view name, bool otherwise) {
  const auto value = request_.parameter(name);
  if (!value) return otherwise;
  if (*value != "true" && *value != "false") refuse(bad_parameter(name, *value, "boolean"));
  return *value == "true";
}

std::int64_t OfflineQuery::whole(std::string_view name, std::int64_t least, std::int64_t most,
                                 std::int64_t otherwise) {
  const auto value = request_.parameter(name);
  if (!value) return otherwise;
  const auto number = parse_whole(*value);
  if (number && *number >= least && *number <= most) return *number;
  refuse(bad_parameter(name, *value,
                       "an integer from " + std::to_string(least) + " to " + std::to_string(most)));
  return otherwise;
}

std::vector<store::Id> OfflineQuery::ids(std::string_view name, std::size_t most) {
  std::vector<store::Id> ids;
  for (const auto& part : list(name)) {
    const auto id = parse_whole(part);
    if (!id) refuse(bad_parameter(name, part, "List<Long>"));
    ids.push_back(id.value_or(0));
  }
  if (ids.size() > most) {
    refuse({400, "The '" + std::string(name) + "' parameter takes at most " + std::to_string(most) +
                     " values"});
  }
  return ids;
}

std::string OfflineQuery::one_of(std::string_view name, const std::vector<std::string_view>& known,
                                 std::string_view otherwise) {
  const auto value = request_.parameter(name);
  if (!value) return std::string(otherwise);
  if (std::find(known.begin(), known.end(), *value) == known.end()) {
    refuse(bad_parameter(name, *value, alternatives(known)));
  }
  return std::string(*value);
}

std::vector<std::string> OfflineQuery::some_of(std::string_view name,
                                               const std::vector<std::string_view>& known) {
  auto values = list(name);
  for (const auto& value : values) {
    if (std::find(known.begin(), known.end(), value) == known.end()) {
      refuse(bad_parameter(name, value, alternatives(known)));
    }
  }
  return values;
}

}  // namespace serve
