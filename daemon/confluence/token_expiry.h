#pragma once

// When a token ends, where that is known, and whether to say so. Pure; any thread.

#include <optional>
#include <string>
#include <string_view>

#include "store/records.h"

namespace confluence {

// Said so long before.
inline constexpr std::chrono::hours kWarnBefore{24 * 14};

// The `exp` of a JWT, nullopt where it is no JWT, says none or something absurd. Nothing is
// verified: it is for a warning, never for a decision.
std::optional<store::Time> jwt_expiry(std::string_view token);

enum class ExpiryState { kUnknown, kGood, kSoon, kPast };
ExpiryState expiry_state(std::optional<store::Time> expires_at, store::Time now);
// "the token ends on 2027-03-01, in 9 days"; "" where there is nothing to say (kUnknown, kGood).
std::string expiry_words(std::optional<store::Time> expires_at, store::Time now);
// For metrics: seconds left, negative when it is over.
std::optional<std::int64_t> seconds_left(std::optional<store::Time> expires_at, store::Time now);

}  // namespace confluence
