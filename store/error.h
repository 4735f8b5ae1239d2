#pragma once

// What can go wrong, and what the caller must do about it.
//
// `Result<T>` is the std::expected subset (tl::expected underneath) and is [[nodiscard]]; use only
// has_value(), operator bool, *, ->, error(). An `Error` is a value: it can be copied between
// threads. Its kind says how far the damage reaches, not which call failed. Messages read `cannot
// <verb> '<object>': <cause>`, the hint says what the user can do next; neither ever holds a
// secret, nor the query part of a URL.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace store {

enum class ErrorKind {
  kRetryAfter,      // passing: the same thing may succeed later (network, 5xx, time-out)
  kItemBad,         // this page, version list or row is bad; everything else can go on
  kSpaceBad,        // this space (or listing) is bad; other spaces can go on
  kCredentialsBad,  // the site does not accept who we are; stop asking
  kUsage,           // wrong configuration or command line
  kStopped,         // a safety valve stopped the work
  kStoreBad,        // the mirror is damaged, foreign, or written by a newer version
  kBusy,            // another process crawls or executes on this mirror
  kUnreachable,     // the site cannot be reached (after the retries)
  kSystem,          // disk or operating system refused
  kCanceled,        // the user or a shutdown ended it
  kBug,             // an invariant of ours broke
};

struct Error {
  Error(ErrorKind error_kind, std::string error_name, std::string error_message,
        std::string error_hint = {})
      : kind(error_kind),
        name(std::move(error_name)),
        message(std::move(error_message)),
        hint(std::move(error_hint)) {}

  ErrorKind kind;
  std::string name;  // stable, for machines: "response_too_large", "disk_full", "http_404", ...
  std::string message;
  std::string hint;
  int http_status = 0;  // where an HTTP answer was the cause, else 0
};

// Exit code of the program for an error that ends it (see README.md).
int exit_code(ErrorKind kind);
std::string_view to_string(ErrorKind kind);

template <typename T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};

using Failure = tl::unexpected<Error>;

inline Failure fail(Error error) { return Failure(std::move(error)); }
inline Failure fail(ErrorKind kind, std::string name, std::string message, std::string hint = {}) {
  return Failure(Error(kind, std::move(name), std::move(message), std::move(hint)));
}

}  // namespace store
