#pragma once

// What is wrong with a configuration or a token source. Every such error is one of usage: whoever
// reports it uses that exit code. Messages name files and keys, never a secret.

#include <string>
#include <system_error>
#include <tl/expected.hpp>

namespace config {

struct Error {
  std::string name;     // stable, for machines: "config_invalid", "token_missing", ...
  std::string message;  // `cannot <verb> '<object>': <cause>`; one line for each problem
  std::string hint;     // what to do next; may be empty
};

template <typename T>
using Result = tl::expected<T, Error>;

// What an errno value means, in words.
inline std::string cause(int error) { return std::generic_category().message(error); }

}  // namespace config
