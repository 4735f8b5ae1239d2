#pragma once

// The known name that a mistyped one was probably meant to be. Pure; any thread.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace config {

// nullopt: none is near. Case does not matter; '-' and '_' are the same.
std::optional<std::string> nearest(std::string_view name, const std::vector<std::string>& known);
// "a, b, c"
std::string comma_list(const std::vector<std::string>& names);

}  // namespace config
