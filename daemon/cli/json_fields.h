#pragma once

// Fields of what the daemon, or the file in its stead, answers, for output to people: what is not
// there, or is null, is shown as nothing. Any thread; nothing throws.

#include <cstdint>
#include <string>

#include "daemon/serve/reply.h"

namespace cli {

// A string as it is, anything else as JSON; "" for null.
inline std::string text(const serve::Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || found->is_null()) return {};
  return found->is_string() ? found->get<std::string>()
                            : found->dump(-1, ' ', false, serve::Json::error_handler_t::replace);
}

inline std::int64_t number(const serve::Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

inline bool is_set(const serve::Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_boolean() && found->get<bool>();
}

// null where there is none; lists of it are empty then.
inline const serve::Json& part(const serve::Json& json, const char* name) {
  static const serve::Json kNone;
  const auto found = json.find(name);
  return found == json.end() ? kNone : *found;
}

}  // namespace cli
