#pragma once

// Pure: what an answer that is not 200 means, and what a caller must do about it. Any thread. The
// table is the one of the API notes: rejected credentials are served as the anonymous user, so a v2
// route answers 404 `Not Found` to a dead token, while a 404 that names its target is about that
// target.

#include <optional>
#include <string>

#include "daemon/http/message.h"
#include "store/error.h"
#include "store/records.h"

namespace confluence {

struct Subject {
  std::string url;  // for messages; only its loggable part is used
  std::optional<store::Id> page_id;
  bool has_cursor = false;    // it goes on in a listing
  const char* verb = "read";  // read, write
  bool shows_page = false;    // of a write: a good answer is the page
};

// The error for an answer whose status is not 200. Those of kind kRetryAfter may pass and are worth
// another try.
store::Error error_of(const http::Response& response, const Subject& subject);

// A race inside Confluence, whatever the status: the same request may succeed in a moment.
bool is_race(const http::Response& response);

// `cannot read '<url>' (page 123): <cause>`
std::string cannot_read(const Subject& subject, std::string_view cause);

}  // namespace confluence
