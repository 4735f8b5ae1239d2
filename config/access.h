#pragma once

// Pure: the rules of [serve.access]: who may do what at the local service. Any thread.

#include <optional>
#include <string_view>

namespace config {

inline constexpr std::string_view kAccessTable = "access";

// What is expected instead; nullopt: it is good.
// Who: a user's name, "@" and a group's name, "*" (everyone that can connect), "token" (by TCP).
std::optional<std::string_view> refusal_of_who(std::string_view who);
// What: "read", "submit", "as:ACCOUNT_ID", "as:*".
std::optional<std::string_view> refusal_of_right(std::string_view what);

}  // namespace config
