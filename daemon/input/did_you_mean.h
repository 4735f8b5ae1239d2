#pragma once

// The look-alike of a mistyped word. Pure; any thread.

#include <string>
#include <string_view>
#include <vector>

namespace input {

// `did you mean 'docs'?` where `word` looks like one of the known, without regard to case; else
// empty.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& known);

}  // namespace input
