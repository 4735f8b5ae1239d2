#pragma once

// Page bodies in Confluence's storage format, made anew each time from (seed, version): nothing is
// stored. A body is a row of blocks (paragraphs, macros, tables, lists, code, ...); every version
// after the first rewrites one block of the version before, as an editor would. Pure, any thread.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace site {

struct BodySpec {
  std::uint64_t seed = 0;        // of the page
  std::int32_t version = 1;      // 1, 2, ...: the number of the version, holes counted
  std::size_t target_bytes = 0;  // about how large; 0 = empty
};

enum class BodyForm {
  kStorage,  // as stored
  kJson,     // escaped for the inside of a JSON string; the same text
};

void append_body(std::string& out, const BodySpec& spec, BodyForm form);

}  // namespace site
