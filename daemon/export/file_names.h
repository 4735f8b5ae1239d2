#pragma once

// Names of files and folders for titles: readable, the same each time, and safe on every file
// system that people unpack, clone or serve an export on. A name is NFC and holds no separator, no
// control or invisible character, nothing that turns the direction of text, none of \ / : * ? " < >
// |; it begins and ends with neither a dot nor a blank, does not look like an option, is none of
// the device names of Windows, nothing that git refuses, and never empty. Lengths are in bytes,
// cuts are between characters. Pure; any thread.

#include <cstddef>
#include <string>
#include <string_view>

#include "store/records.h"

namespace exporting {

// What nearly every file system takes for one name.
inline constexpr std::size_t kMaxNameBytes = 255;

// At most `most_bytes` (at least 40 are needed).
std::string safe_name(std::string_view title, std::size_t most_bytes);

// The names to try for a title, in this order: 0 is safe_name(), 1 has the id behind it, the next
// ones a number too.
std::string name_to_try(std::string_view title, store::Id id, int attempt, std::size_t most_bytes);

// Two names with one key may be one file somewhere: case and Unicode's forms are folded.
std::string name_key(std::string_view name);

// A relative path as it may stand in a manifest: names between single slashes, none of them empty,
// "." or "..", no control character, nothing within ".git".
bool is_safe_path(std::string_view path);

// The folder that a path lies in, "" = the top; and the name alone.
std::string_view folder_of(std::string_view path);
std::string_view name_of(std::string_view path);
// "a/b" for "a" and "b", "b" for "" and "b".
std::string joined(std::string_view folder, std::string_view name);

}  // namespace exporting
