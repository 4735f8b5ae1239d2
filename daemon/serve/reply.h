#pragma once

// Pure: answers of the service's own API as status and JSON, and errors in their one form:
//   {"error": {"name", "kind", "message", "hint"}, "problems": [{"line", "field", "text"}]}
// `problems` only where the input was wrong. Any thread.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/input/fields.h"
#include "daemon/serve/message.h"
#include "store/error.h"

namespace serve {

using Json = nlohmann::ordered_json;

struct Reply {
  Reply() = default;
  Reply(int code, Json json) : status(code), body(std::move(json)) {}
  int status = 200;
  Json body;
};

Reply error_reply(const store::Error& error);
Reply error_reply(int status, const std::string& name, const std::string& message,
                  const std::string& hint = {});
// `what`: what they are of, "the batch", "create_page".
Reply problems_reply(const std::string& what, const std::vector<input::Problem>& problems);

// The error that such a body tells; nullopt: it tells none.
std::optional<store::Error> error_of(const Json& body);

// One line and its end, whatever bytes the texts hold.
std::string to_line(const Json& json);
Response to_response(const Reply& reply);

}  // namespace serve
