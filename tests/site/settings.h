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

// Drawn anew for every API request, in this order; the first that hits is played. Those from
// short-page to beta-headers are drawn apart from the others and change what a listing holds, not
// whether it arrives. Those from no-answer on are drawn for writes only.
//
// Of a write that drew one of the first, `-` below says that it was not applied, `+` that it was
// (if the site's rules allowed it: a refusal is hidden as well). A 429 always comes before
// processing.
enum class Fault : std::uint8_t {
  k429,              // - with Retry-After, before processing
  k429NoRetryAfter,  // - as the gateway does: X-Failure-Category, under `full` X-RateLimit-Reset
  k429HttpDate,      // - Retry-After is an HTTP date
  k500,              // - JSON errors body
  k502Html,          // -
  k503RetryAfter,    // -
  kResetBefore,      // - RST instead of an answer
  kResetAfter,       // + RST in the middle of the body, of an answer without one: of the head
  kTruncatedJson,    // + the JSON stops half-way, Content-Length agrees with it; not to a DELETE
  kCutBody,          // + FIN before Content-Length is reached, or in the head
  kMalformedJson,    // + whole, but no JSON; not to a DELETE
  kEmpty200,         // +
  kHtml200,          // - a log-in page: the request never reached the application
  kSlowDrip,         // + the body comes in small pieces over drip_ms
  kRefusedCursor,    // requests with a cursor only
  kShortPage,        // fewer rows than there are, with next
  kEmptyPage,        // no rows, with next
  kRepeatedRow,      // the next page begins with the last row of this one
  kLostNext,         // the listing ends here, as if there were no more
  kBetaHeaders,      // Beta-Retry-After and X-Beta-RateLimit-* on an ordinary answer
  kNoAnswer,         // - nothing is sent until the client gives up
  kRace409,          // - 409 with the text of a race inside Confluence
  kRace500,          // - 500 with the text of a transaction rolled back
  kFresh409,        // - the same, only to a write on a page created less than fresh_conflict_ms ago
  kAppliedReset,    // + RST instead of an answer
  kApplied500,      // + JSON errors body
  kApplied502Html,  // +
  kApplied503,      // + with Retry-After
  kAppliedNoAnswer,  // + nothing is sent until the client gives up
  kAppliedLater503,  // + 503 at once, as a proxy does; applied applied_later_ms afterwards
};
inline constexpr std::size_t kFaultCount = 30;
inline constexpr auto kFirstWriteFault = static_cast<std::size_t>(Fault::kNoAnswer);

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
  std::uint32_t date_ahead_s = 0;  // of the Date header: the site's clock against ours
  bool rewrite_bodies = true;      // writes: storage comes out changed, see storage_check.h
  bool echo_body = true;           // the answer to a write holds body.storage
  bool trashed_titles_block = false;
  bool forbidden_is_403 = false;               // to writes on read-only pages: 403 instead of 404
  bool restore_adds_version = false;           // else only the status changes
  std::uint32_t archived_update_status = 400;  // 400, 403, 404 or 409
  std::uint32_t publish_version = 2;           // that publishing a draft has to give; 0 = 1 or 2
  std::uint32_t fresh_page_delay_ms = 0;       // until a new page can be read
  std::uint32_t fresh_conflict_ms = 1000;      // see the fault fresh-409
  std::uint32_t applied_later_ms = 300;        // see the fault applied-later-503
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
