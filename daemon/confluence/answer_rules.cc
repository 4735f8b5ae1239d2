#include "daemon/confluence/answer_rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/confluence/parse.h"
#include "daemon/confluence/text.h"

namespace confluence {

namespace {

using store::ErrorKind;

bool is_json(const http::Response& response) {
  const auto start = response.body.find_first_not_of(" \t\r\n");
  return start != std::string::npos && response.body[start] == '{';
}

struct Verdict {
  ErrorKind kind;
  std::string name;
  std::string hint;
};

Verdict refused_identity(const http::Response& response, std::string name) {
  if (response.headers.get("X-Seraph-LoginReason").value_or("") == "AUTHENTICATION_DENIED") {
    return {ErrorKind::kCredentialsBad, std::move(name),
            "log in once with a browser and solve the CAPTCHA, then try again"};
  }
  if (contains(response.body, "scope does not match")) {
    return {ErrorKind::kCredentialsBad, std::move(name),
            "the token lacks a scope: 'confmirror check' names each one that is missing; scopes "
            "are fixed when a token is made, so make another"};
  }
  if (contains(response.body, "Basic Authentication has been disabled")) {
    return {ErrorKind::kCredentialsBad, std::move(name),
            "the organisation does not allow API tokens with Basic authentication: ask its admin"};
  }
  return {
      ErrorKind::kCredentialsBad, std::move(name),
      "check site.email and the API token (wrong, revoked or expired?), and that the account has "
      "Confluence on this site; then run 'confmirror check'"};
}

Verdict not_found(const http::Response& response, const ServerMessage& message) {
  if (!is_json(response)) {
    // The edge or a proxy speaks, not Confluence.
    return {ErrorKind::kRetryAfter, "http_404_html",
            "it is tried again; if it stays, check that site.url is a Confluence Cloud site"};
  }
  if (message.title == "Not Found") return refused_identity(response, "http_404_unnamed");
  return {ErrorKind::kItemBad, "http_404", "it is gone, or not visible to this account"};
}

Verdict bad_request(const ServerMessage& message, const Subject& subject, ErrorKind narrow) {
  const auto& text = message.text;
  if (contains(text, "'cursor'")) {
    return {ErrorKind::kSpaceBad, "cursor_refused", "the listing is started again"};
  }
  if (subject.has_cursor && contains(text, "limit")) {
    return {ErrorKind::kSpaceBad, "limit_refused", "the listing is started again"};
  }
  if (subject.has_cursor && (contains(text, "cursor") || contains(text, "Cursor"))) {
    return {ErrorKind::kSpaceBad, "cursor_refused", "the listing is started again"};
  }
  return {narrow, "http_400", "the site did not accept the request; report it if it stays"};
}

Verdict verdict_of(const http::Response& response, const ServerMessage& message,
                   const Subject& subject) {
  const int status = response.status;
  const auto name = fmt::format("http_{}", status);
  const auto narrow = subject.page_id ? ErrorKind::kItemBad : ErrorKind::kSpaceBad;
  switch (status) {
    case 400:
      return bad_request(message, subject, narrow);
    case 401:
    case 403:
      return refused_identity(response, name);
    case 404:
      return not_found(response, message);
    case 408:
    case 425:
    case 429:
      return {ErrorKind::kRetryAfter, name, "it is tried again"};
    case 410:
      return {narrow, name,
              "the site has removed this part of its API; a newer confmirror may know"};
    case 413:
      return {narrow, name, "the request was too large"};
    case 501:
    case 505:
      return {narrow, name, "the site does not offer this"};
    default:
      break;
  }
  if (status >= 500) return {ErrorKind::kRetryAfter, name, "it is tried again"};
  if (status >= 300 && status < 400) {
    return {ErrorKind::kUsage, name, "set site.url to the address that answers itself"};
  }
  if (status < 400) return {ErrorKind::kRetryAfter, name, "it is tried again"};
  return {narrow, name, "report it if it stays"};
}

}  // namespace

std::string cannot_read(const Subject& subject, std::string_view cause) {
  const auto page = subject.page_id ? fmt::format(" (page {})", *subject.page_id) : std::string();
  return fmt::format("cannot {} '{}'{}: {}", subject.verb, http::loggable_url(subject.url), page,
                     cause);
}

bool is_race(const http::Response& response) {
  if (response.status != 409 && response.status < 500) return false;
  for (const std::string_view text : {"OptimisticLock", "StaleObjectState", "UnexpectedRollback",
                                      "Transaction rolled back", "unreconciled"}) {
    if (contains(response.body, text)) return true;
  }
  return false;
}

store::Error error_of(const http::Response& response, const Subject& subject) {
  const auto message = parse_server_message(response.body);
  auto verdict = verdict_of(response, message, subject);
  auto cause = fmt::format("HTTP {}", response.status);
  if (!message.text.empty()) cause += ": " + message.text;
  if (response.status >= 300 && response.status < 400) {
    const auto location = response.headers.get("Location").value_or("");
    cause += fmt::format(": it points to '{}'", http::loggable_url(location));
  }
  store::Error error(verdict.kind, std::move(verdict.name), cannot_read(subject, cause),
                     std::move(verdict.hint));
  error.http_status = response.status;
  return error;
}

}  // namespace confluence
