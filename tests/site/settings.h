#pragma once

// What can be changed while the simulated site runs: pace, limits, caps, faults, churn. Plain
// values; the server guards its own copy with a mutex and every request works with the copy that it
// took on arrival. Probabilities are 0..1, rates per second.

#include <array>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace site {

// Drawn anew for every API request, in this order; the first that hits is played. Those after
// refused-cursor are drawn apart from the
// others and change what a listing holds, not whether it arrives.
enum class Fault : std::uint8_t {
  k429,              // with Retry-After, before processing
  k429NoRetryAfter,  // as the gateway does: X-Failure-Category and, under `full`, X-RateLimit-Reset
  k429HttpDate,      // Retry-After is an HTTP date
  k500,              // JSON errors body
  k502Html,
  k503RetryAfter,
  kResetBefore,    // RST instead of an answer
  kResetAfter,     // RST in the middle of the body
  kTruncatedJson,  // the JSON stops half-way, Content-Length agrees with it
  kCutBody,        // FIN before Content-Length is reached
  kMalformedJson,  // whole, but no JSON
  kEmpty200,
  kHtml200,
  kSlowDrip,       // the body comes in small pieces over drip_ms
  kRefusedCursor,  // requests with a cursor only
  kShortPage,      // fewer rows than there are, with next
  kEmptyPage,      // no rows, with next
  kRepeatedRow,    // the next page begins with the last row of this one
  kLostNext,       // the listing ends here, as if there were no more
  kBetaHeaders,    // Beta-Retry-After and X-Beta-RateLimit-* on an ordinary answer
};
inline constexpr std::size_t kFaultCount = 20;

std::string_view to_string(Fault fault);  // `502-html`
std::optional<Fault> parse_fault(std::string_view name);

enum class RateHeaders : std::uint8_t { kNothing, kRetryAfter, kFull };
std::string_view to_string(RateHeaders headers);  // `retry-after`
std::optional<RateHeaders> parse_rate_headers(std::string_view name);

struct Settings {
  std::uint32_t latency_ms = 0;
  double rate = 0;  // requests per second of all clients together; 0 = no limit
  double burst = 20;
  RateHeaders rate_headers = RateHeaders::kFull;
  std::uint32_t retry_after_s = 1;     // announced by the faults 429 and 503-retry-after
  std::uint32_t grace_ms = 50;         // see traffic.h
  std::uint32_t results_cap = 0;       // rows of a listing at most, whatever its limit; 0 = none
  std::uint32_t body_results_cap = 0;  // the same for listings with bodies
  bool refuse_changed_limit = false;
  bool gzip = true;
  bool anonymous_access = false;  // a dead token sees some spaces instead of 404
  std::uint32_t drip_ms = 1500;
  double edits_per_second = 0;
  double moves_per_second = 0;
  std::array<double, kFaultCount> faults{};

  double& operator[](Fault fault) { return faults[static_cast<std::size_t>(fault)]; }
  double operator[](Fault fault) const { return faults[static_cast<std::size_t>(fault)]; }
};

nlohmann::json to_json(const Settings& settings);
// Takes over what `changes` names ({"rate": 20, "faults": {"500": 0.1}}). The text says what was
// wrong with it, if anything; then nothing is changed.
std::optional<std::string> apply(const nlohmann::json& changes, Settings& settings);

}  // namespace site
