#pragma once

// What the body of a write asks for, checked for its form: fields, types, the text of the page.
// Whether the site can hold the result is the routes' question (writes.cc). Pure, any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tests/site/content.h"
#include "tests/site/message.h"
#include "tests/site/settings.h"

namespace site {

inline constexpr std::size_t kMaxRequestBody = 5'242'880;  // then 413

enum class WriteForm : std::uint8_t { kCreate, kUpdate, kTitle };

struct PageWrite {
  std::string id;  // update only
  bool draft = false;
  std::string title;   // trimmed; "" = none, which drafts may have
  std::string space;   // id as sent, "" = not named
  std::string parent;  // the same
  std::string owner;   // account, "" = not named
  std::optional<std::int64_t> version;
  std::string message;
  std::optional<std::string> body;   // as it will be stored
  std::optional<Response> bad_body;  // the answer where it cannot be stored
  std::string received_sha256;       // of the value as sent; "" = there was none
};

// An error, or `write` is filled in. `seed` makes the ids that the site adds to bodies.
std::optional<Response> read_write(const Request& request, WriteForm form, const Settings& settings,
                                   std::uint64_t seed, PageWrite& write);

Response bad_request(std::string_view title);
Response title_clash();
// `Version must be incremented when updating a page. Current Version: [3]. Provided version: [3]`
Response stale_version(std::int32_t current, std::int64_t provided);
// true and false alone; an absent parameter is false.
std::optional<Response> read_flag(const Query& query, std::string_view name, bool& flag);

}  // namespace site
