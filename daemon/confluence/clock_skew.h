#pragma once

// How far two clocks are apart, by the header Date of an answer. What is signed here and what a
// site gives out are good for a minute or so: a clock that is wrong looks like a secret that is.
// Pure; any thread. Times to the second, which is what Date has.

#include <chrono>
#include <optional>
#include <string>

#include "daemon/http/message.h"
#include "store/records.h"

namespace confluence {

// An assertion lives 59 s, and a site allows 30 s at most on top.
inline constexpr std::chrono::seconds kSignersSkew{30};

// This clock against the one of whoever answered: positive = this one is ahead. `received_at`: by
// this clock, when the answer had come. A cache's Age is added to its Date. nullopt where there is
// no Date that can be read.
std::optional<std::chrono::seconds> clock_ahead(const http::Response& response,
                                                store::Time received_at);

// "10m 00s ahead of", "3h 02m behind".
std::string skew_words(std::chrono::seconds ahead);

}  // namespace confluence
