#include "tests/site/message.h"

#include <algorithm>

#include "tests/site/text.h"

namespace site {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

Query::Query(std::string_view text) {
  if (text.empty()) return;
  for (const std::string_view part : split(text, '&')) {
    if (part.empty()) continue;
    const std::size_t equals = part.find('=');
    raw_.emplace_back(percent_decode(part.substr(0, equals)),
                      equals == std::string_view::npos ? "" : part.substr(equals + 1));
  }
}

bool Query::has(std::string_view name) const {
  return std::any_of(raw_.begin(), raw_.end(),
                     [&](const auto& pair) { return pair.first == name; });
}

std::optional<std::string> Query::get(std::string_view name) const {
  for (auto pair = raw_.rbegin(); pair != raw_.rend(); ++pair) {
    if (pair->first == name) return percent_decode(pair->second);
  }
  return std::nullopt;
}

std::vector<std::string> Query::list(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [key, value] : raw_) {
    if (key != name) continue;
    const std::string decoded = percent_decode(value);
    for (const std::string_view part : split(decoded, ',')) {
      if (!part.empty()) values.emplace_back(part);
    }
  }
  return values;
}

std::string Query::with_cursor(std::string_view cursor, std::size_t limit) const {
  std::vector<std::string> parts;
  for (const auto& [name, value] : raw_) {
    if (name != "cursor" && name != "limit") parts.push_back(percent_encode(name) + "=" + value);
  }
  parts.push_back("limit=" + std::to_string(limit));
  parts.insert(parts.end() - 1, "cursor=" + percent_encode(cursor));
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : "&") + part;
  return text;
}

void parse_target(std::string_view target, Request& request) {
  request.target = target;
  const std::size_t mark = target.find('?');
  request.path = target.substr(0, mark);
  request.query = Query(mark == std::string_view::npos ? "" : target.substr(mark + 1));
}

Response v2_error(int status, std::string_view code, std::string_view title,
                  std::string_view detail) {
  Response response;
  response.status = status;
  std::string& body = response.body;
  body = R"({"errors":[{"status":)" + std::to_string(status) + R"(,"code":)";
  append_quoted(body, code);
  body += R"(,"title":)";
  append_quoted(body, title);
  body += R"(,"detail":)";
  if (detail.empty()) {
    body += "null";
  } else {
    append_quoted(body, detail);
  }
  body += "}]}";
  return response;
}

Response bad_parameter(std::string_view name, std::string_view value, std::string_view expected) {
  return v2_error(400, "INVALID_REQUEST_PARAMETER",
                  "Provided value {" + std::string(value) + "} for '" + std::string(name) +
                      "' is not the correct type. Expected type is " + std::string(expected));
}

Response bad_cursor() {
  return v2_error(400, "INVALID_REQUEST_PARAMETER",
                  "Provided value for 'cursor' is not the correct type. Expected type is Cursor.",
                  "The cursor cannot be used. Please redo the original request without it.");
}

Response cannot_find(std::string_view what, std::string_view id) {
  return v2_error(404, "NOT_FOUND",
                  "Cannot find a " + std::string(what) + " with id [" + std::string(id) + "]");
}

Response not_found_unnamed() { return v2_error(404, "NOT_FOUND", "Not Found"); }

Response v1_error(int status, std::string_view message) {
  Response response;
  response.status = status;
  response.body =
      R"({"statusCode":)" + std::to_string(status) +
      R"(,"data":{"authorized":false,"valid":true,"errors":[],"successful":false},"message":)";
  append_quoted(response.body, message);
  response.body += '}';
  return response;
}

Response html_page(int status, std::string_view reason, std::string_view message) {
  Response response;
  response.status = status;
  response.content_type = "text/html;charset=utf-8";
  const std::string title =
      "HTTP Status " + std::to_string(status) + " \u2013 " + std::string(reason);
  response.body = "<!doctype html><html lang=\"en\"><head><title>" + title +
                  "</title></head><body><h1>" + title + "</h1><hr class=\"line\" />";
  if (!message.empty()) {
    response.body += "<p><b>Type</b> Status Report</p><p><b>Message</b> ";
    response.body += message;
    response.body += "</p>";
  }
  response.body += "</body></html>";
  return response;
}

std::string_view reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 413:
      return "Payload Too Large";
    case 415:
      return "Unsupported Media Type";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    default:
      return "Unknown";
  }
}

}  // namespace site
