#pragma once

// What one request gets: the rate limit's verdict, what was drawn, and the answer made of both. No
// input or output here; any thread.

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "tests/site/api.h"
#include "tests/site/message.h"
#include "tests/site/state.h"

namespace site {

struct Answer {
  Response response;
  std::uint64_t write = 0;  // its number in the write log; 0: no write
  bool early = false;       // given before the request was looked at
  std::optional<Fault> played;
  std::function<void()> later;                         // applies the write after applied_later_ms
  std::optional<Fault> fault;                          // that the sender of the answer has to play
  std::optional<std::chrono::milliseconds> announced;  // by Retry-After on a 429
};

// Rolls the dice for a request. `fault` is the first failure that hit.
Draw draw_for(State& state, const Request& request, std::optional<Fault>& fault);

Answer make_answer(State& state, const Request& request, const Route& route, const Draw& draw,
                   std::optional<Fault> fault);

// See Server::others_write().
Response others_write(State& state, std::string_view method, std::string_view target,
                      std::string_view json);

// The head of an answer whose body has `length` bytes.
std::string head_of(const Response& response, std::size_t length, bool keep_alive,
                    std::uint64_t dice, std::int64_t date_ahead_s);

}  // namespace site
