#include "daemon/confluence/governor_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "daemon/confluence/text.h"

namespace confluence {

namespace {

using std::chrono::duration_cast;
using std::chrono::seconds;
using namespace std::chrono_literals;
using Duration = GovernorRules::Duration;

constexpr seconds kLongest{10LL * 365 * 24 * 3600};
constexpr seconds kQuotaReset{60};       // a reset farther away than this is not a burst limit's
constexpr double kMostPerSecond = 2000;  // a larger limit counts something else
constexpr double kNamedShare = 0.96;     // of a rate the site names
constexpr double kLeastShare = 0.1;
constexpr double kReserve = 0.25;          // of a named limit, for other clients of the same bucket
constexpr double kLearnedShare = 0.98;     // of a rate that refusals taught
constexpr int kProofHolds = 16;            // refusals
constexpr double kLeastRate = 0.2;         // requests a second
constexpr auto kSlack = 100ms;             // how much of its pace a late request may make up
constexpr double kCautiousGrowth = 0.005;  // a second
constexpr double kEagerGrowth = 0.05;
constexpr auto kFirstBackoff = 1000ms;
constexpr auto kLongestBackoff = 60s;
constexpr auto kProbeAgain = 10min;  // after a probe that told nothing

double in_seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }
Duration from_seconds(double value) {
  return duration_cast<Duration>(std::chrono::duration<double>(value));
}

// The number at the front of a header; saturates, so that it is never an error to be large.
std::optional<std::int64_t> leading_number(std::string_view text) {
  text = trimmed(text);
  std::int64_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) return text.front() == '-' ? -1 : INT64_MAX;
  if (error != std::errc()) return std::nullopt;
  return value;
}

std::optional<store::Time> parse_instant(std::string_view text) {
  text = trimmed(text);
  std::string full(text.substr(0, 40));
  // Seen without seconds: 2026-03-26T16:00Z.
  if (full.size() > 16 && full[10] == 'T' && full[16] != ':') full.insert(16, ":00");
  const auto parsed = store::parse_iso8601(full);
  return parsed ? std::optional(*parsed) : std::nullopt;
}

Duration saturated(store::Time until, store::Time now) {
  const auto wait = until - now;
  if (wait <= 0ms) return Duration::zero();
  return std::min<std::chrono::milliseconds>(wait, kLongest);
}

// Seconds to the reset in `RateLimit: "name";r=0;t=600`, the largest of several.
std::optional<seconds> reset_of_policy(std::string_view header) {
  std::optional<seconds> longest;
  for (auto at = header.find("t="); at != header.npos; at = header.find("t=", at + 2)) {
    if (at > 0 && header[at - 1] != ';' && header[at - 1] != ' ') continue;
    const auto value = leading_number(header.substr(at + 2));
    if (!value || *value <= 0) continue;
    longest = std::max(longest.value_or(0s), std::min(seconds(*value), kLongest));
  }
  return longest;
}

std::optional<seconds> requested_wait(const http::Headers& headers, store::Time now) {
  if (const auto value = headers.get("Retry-After")) {
    if (const auto wait = parse_retry_after(*value, now)) return wait;
  }
  if (const auto value = headers.get("X-RateLimit-Reset")) {
    if (const auto instant = parse_instant(*value)) {
      const auto wait = std::chrono::ceil<seconds>(saturated(*instant, now));
      if (wait > 0s) return wait;
    }
  }
  if (const auto value = headers.get("RateLimit")) return reset_of_policy(*value);
  return std::nullopt;
}

}  // namespace

std::optional<store::Time> parse_http_date(std::string_view text) {
  using namespace std::chrono;
  text = trimmed(text);
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  // Sun, 06 Nov 1994 08:49:37 GMT
  if (text.size() != 29 || text[3] != ',' || text.substr(26) != "GMT") return std::nullopt;
  const auto number = [text](std::size_t at, std::size_t length) {
    int value = -1;
    const auto* const end = text.data() + at + length;
    const auto [stop, error] = std::from_chars(text.data() + at, end, value);
    return error == std::errc() && stop == end ? value : -1;
  };
  const auto month_at = kMonths.find(text.substr(8, 3));
  const int day_number = number(5, 2);
  const int year_number = number(12, 4);
  const int h = number(17, 2);
  const int m = number(20, 2);
  const int s = number(23, 2);
  if (month_at == kMonths.npos || month_at % 3 != 0 || day_number < 1 || year_number < 1970 ||
      h < 0 || h > 23 || m < 0 || m > 59 || s < 0 || s > 60) {
    return std::nullopt;
  }
  const year_month_day date{year(year_number), month(static_cast<unsigned>(month_at / 3 + 1)),
                            day(static_cast<unsigned>(day_number))};
  if (!date.ok()) return std::nullopt;
  return store::Time(sys_days(date)) + hours(h) + minutes(m) + seconds(s);
}

std::optional<seconds> parse_retry_after(std::string_view value, store::Time now) {
  value = trimmed(value);
  if (value.empty()) return std::nullopt;
  if (const auto date = parse_http_date(value)) {
    const auto wait = std::chrono::ceil<seconds>(saturated(*date, now));
    return wait > 0s ? std::optional(wait) : std::nullopt;
  }
  const auto number = leading_number(value);
  if (!number || *number <= 0) return std::nullopt;
  // Digits, perhaps with a fraction, which is rounded up.
  auto wait = seconds(std::min<std::int64_t>(*number, kLongest.count()));
  if (contains(value, ".")) wait += 1s;
  return std::min(wait, kLongest);
}

GovernorRules::GovernorRules(GovernorOptions options, std::uint32_t seed)
    : options_(options),
      random_(seed),
      concurrency_(std::max(1, options.max_concurrency)),
      named_share_(kNamedShare) {}

double GovernorRules::requests_per_second() const {
  double rate = 0;
  for (const double bound :
       {options_.max_requests_per_second, learned_rate_, named_rate_ * named_share_, quota_rate_}) {
    if (bound > 0 && (rate == 0 || bound < rate)) rate = bound;
  }
  return rate;
}

bool GovernorRules::open(Steady now) const {
  if (!wait_) return true;
  return now >= opens_at_;
}

GovernorRules::Steady GovernorRules::next_send(Steady now) const {
  if (in_flight_ >= concurrency() || probing_) return Steady::max();
  auto at = now;
  if (wait_) {
    // The probe of a long wait goes alone.
    if (probe_only_ && in_flight_ > 0) return Steady::max();
    at = std::max(at, opens_at_);
  }
  if (requests_per_second() > 0) at = std::max(at, next_slot_);
  return at;
}

GovernorRules::Ticket GovernorRules::sent(Steady now) {
  ++in_flight_;
  if (!cycle_start_) cycle_start_ = now;
  const auto rate = requests_per_second();
  if (rate > 0) {
    const bool bound = next_slot_ + kSlack >= now;
    if (bound) {
      paced_at_ = now;
      grow(now);
    } else {
      grown_at_ = now;
    }
    next_slot_ = std::max(next_slot_, now - kSlack) + from_seconds(1.0 / requests_per_second());
  }
  Ticket ticket{now};
  if (wait_ && probe_only_) {
    ticket.probe = true;
    probing_ = true;
  }
  return ticket;
}

void GovernorRules::grow(Steady now) {
  const auto elapsed = std::min<Duration>(now - grown_at_, 1s);
  grown_at_ = now;
  if (learned_rate_ > 0) {
    // One refusal only bounds the rate; two measure it. Long peace after that means that the site
    // bears more now.
    auto growth = kEagerGrowth;
    if (events_ > 1) {
      const auto peace = in_seconds(now - event_at_);
      growth = std::min(kEagerGrowth, kCautiousGrowth * std::exp2(peace / 30));
    }
    learned_rate_ *= 1 + growth * in_seconds(elapsed);
  }
  if (named_share_ < kNamedShare && now - share_changed_at_ > 1s && now - scarce_at_ > 1s) {
    named_share_ = std::min(kNamedShare, named_share_ * 1.03);
    share_changed_at_ = now;
  }
}

void GovernorRules::answered(const Ticket& ticket, int status, const http::Headers& headers,
                             Moment now) {
  --in_flight_;
  if (ticket.probe) probing_ = false;
  if (status == 429) {
    read_limits(headers, now);
    refused(ticket, headers, now);
    return;
  }
  if (status >= 500) {
    const auto asked = headers.get("Retry-After");
    const auto wait = asked ? parse_retry_after(*asked, now.wall) : std::nullopt;
    if (wait) {
      close(*wait + jitter(*wait), fmt::format("HTTP {} with Retry-After", status), now);
    } else {
      lower_concurrency(now.steady);
      if (ticket.probe) opens_at_ = now.steady + kProbeAgain;
    }
    return;
  }
  read_limits(headers, now);
  succeeded(ticket, now.steady);
}

void GovernorRules::lost(const Ticket& ticket, Steady now) {
  --in_flight_;
  if (ticket.probe) {
    probing_ = false;
    opens_at_ = now + kProbeAgain;
  }
  lower_concurrency(now);
}

void GovernorRules::withdrawn(const Ticket& ticket) {
  --in_flight_;
  if (ticket.probe) probing_ = false;
}

void GovernorRules::succeeded(const Ticket& ticket, Steady now) {
  ++granted_;
  if (ticket.sent_at >= closed_at_) refusals_in_a_row_ = 0;
  if (ticket.probe && wait_) {
    opens_at_ = now;
    probe_only_ = false;
  }
  concurrency_ =
      std::min(static_cast<double>(std::max(1, options_.max_concurrency)), concurrency_ + 0.1);
}

void GovernorRules::lower_concurrency(Steady now) {
  // Several failures of one moment are one failure.
  if (now - lowered_at_ < 500ms) return;
  lowered_at_ = now;
  concurrency_ = std::max(1.0, concurrency_ * 0.7);
}

void GovernorRules::refused(const Ticket& ticket, const http::Headers& headers, Moment now) {
  const auto reason = headers.get("RateLimit-Reason").value_or("");
  const auto asked = requested_wait(headers, now.wall);
  const bool new_event = events_ == 0 || ticket.sent_at > event_at_;
  if (new_event) ++refusals_in_a_row_;
  const Duration wait = asked ? Duration(*asked) : backoff();

  if (new_event && contains(reason, "concurren")) {
    event_at_ = now.steady;
    lower_concurrency(now.steady);
  } else if (new_event && !contains(reason, "quota") && wait <= kQuotaReset) {
    learn_from_refusal(now.steady);
  }
  close(
      wait + jitter(wait),
      reason.empty() ? std::string("HTTP 429") : fmt::format("HTTP 429, {}", reason.substr(0, 80)),
      now);
}

void GovernorRules::learn_from_refusal(Steady now) {
  ++events_;
  lower_concurrency(now);
  if (named_rate_ > 0) {
    named_share_ = std::max(kLeastShare, named_share_ * 0.85);
    share_changed_at_ = now;
  }
  // A rate that was named and refuses all the same is not the one that holds, or not ours alone.
  if (named_rate_ == 0 || (events_ > 1 && now - event_at_ < 30s)) {
    const auto start = cycle_start_.value_or(now);
    // A bucket is full after a while: of a long wait only a second counts.
    const auto shut = opens_at_ > start ? Duration(opens_at_ - start) : Duration::zero();
    const auto run = std::max<Duration>(now - start - shut, 10ms);
    const auto measured =
        static_cast<double>(granted_) / in_seconds(run + std::min<Duration>(shut, 2s));
    const auto before = learned_rate_;
    const bool first = events_ == 1;
    if (!first && (measured >= proven_rate_ || ++since_proof_ > kProofHolds)) {
      proven_rate_ = measured;
      since_proof_ = 0;
    }
    if (granted_ < 3 && (first || proven_rate_ < before / 2)) {
      learned_rate_ = before > 0 ? before / 2 : 2;
    } else if (first) {
      // The bucket was full when we began: what it gave is above its rate.
      learned_rate_ = measured * (run > 5s ? 0.7 : 0.5);
    } else {
      learned_rate_ = kLearnedShare * proven_rate_;
      if (before > 0) learned_rate_ = std::min(before, learned_rate_);
    }
    learned_rate_ = std::max(kLeastRate, learned_rate_);
  }
  event_at_ = now;
  grown_at_ = now;
  cycle_start_ = now;
  granted_ = 0;
}

GovernorRules::Duration GovernorRules::backoff() {
  const int doublings = std::clamp(refusals_in_a_row_ - 1, 0, 6);
  return std::min<Duration>(kFirstBackoff * (1 << doublings), kLongestBackoff);
}

GovernorRules::Duration GovernorRules::jitter(Duration wait) {
  const auto most = std::min<Duration>(100ms + wait / 20, 30s);
  return Duration(std::uniform_int_distribution<std::int64_t>(0, most.count())(random_));
}

void GovernorRules::close(Duration wait, std::string reason, Moment now) {
  wait = std::min<Duration>(wait, kLongest);
  const auto until = now.wall + std::chrono::ceil<std::chrono::milliseconds>(wait);
  if (wait_ && wait_->until >= until && !(now.steady >= opens_at_)) return;
  closed_at_ = now.steady;
  probe_only_ = wait > kProbeAfter;
  opens_at_ = now.steady + std::min<Duration>(wait, kProbeAfter);
  next_slot_ = std::max(next_slot_, opens_at_ - kSlack);
  Wait opened;
  opened.until = until;
  opened.reason = std::move(reason);
  wait_ = std::move(opened);
}

void GovernorRules::restore(store::Time until, std::string reason, Moment now) {
  const auto wait = saturated(until, now.wall);
  if (wait > Duration::zero()) close(wait, std::move(reason), now);
}

bool GovernorRules::expire_wait(Steady now) {
  if (!wait_ || now < opens_at_ || probe_only_) return false;
  wait_.reset();
  return true;
}

bool GovernorRules::rate_bound(Steady now) const {
  return requests_per_second() > 0 && now - paced_at_ < 1s;
}

void GovernorRules::read_limits(const http::Headers& headers, Moment now) {
  const auto number = [&headers](std::string_view name) -> std::optional<double> {
    const auto value = headers.get(name);
    const auto parsed = value ? leading_number(*value) : std::nullopt;
    if (!parsed || *parsed < 0) return std::nullopt;
    return static_cast<double>(*parsed);
  };
  const bool near = headers.get("X-RateLimit-NearLimit").value_or("") == "true";
  const auto remaining = number("X-RateLimit-Remaining");
  const auto fill = number("X-RateLimit-FillRate");
  const auto interval = number("X-RateLimit-Interval-Seconds");
  if (fill && interval && *fill > 0 && *interval > 0) {
    read_burst(*fill / *interval, remaining, near, now.steady);
    return;
  }
  const auto limit = number("X-RateLimit-Limit");
  if (!limit || *limit < 1) return;
  Duration to_reset{0};
  if (const auto value = headers.get("X-RateLimit-Reset")) {
    if (const auto instant = parse_instant(*value)) to_reset = saturated(*instant, now.wall);
  }
  const bool quota = contains(headers.get("RateLimit-Reason").value_or(""), "quota") ||
                     to_reset > kQuotaReset || *limit > kMostPerSecond;
  if (quota) {
    if (remaining) read_quota(*limit, *remaining, near, to_reset);
  } else {
    read_burst(*limit, remaining, near, now.steady);
  }
}

void GovernorRules::read_quota(double limit, double remaining, bool near, Duration to_reset) {
  if (quota_left_ && *quota_left_ > remaining) {
    quota_cost_ += 0.2 * (std::max(1.0, *quota_left_ - remaining) - quota_cost_);
  }
  quota_left_ = remaining;
  if ((near || remaining < 0.2 * limit) && to_reset > 1s) {
    quota_rate_ = std::max(0.01, remaining / quota_cost_ / in_seconds(to_reset));
  } else {
    quota_rate_ = 0;
  }
}

void GovernorRules::read_burst(double limit, std::optional<double> remaining, bool near,
                               Steady now) {
  // Routes may have limits of their own: the lowest that was named lately holds.
  if (named_rate_ == 0 || limit <= named_rate_ || now - named_at_ > 10s) {
    if (named_rate_ == 0) {
      next_slot_ = std::max(next_slot_, now + from_seconds(1.0 / limit));
      share_changed_at_ = now;
      learned_rate_ = 0;
    }
    named_rate_ = limit;
    named_at_ = now;
  }
  if (limit > named_rate_) return;
  // What is under way will take its share of what is left.
  if (remaining && *remaining <= in_flight_) {
    next_slot_ =
        std::max(next_slot_, now + from_seconds((in_flight_ + 1 - *remaining) / named_rate_));
  }
  // A stock beyond that and a reserve: the site has granted more than our pace took.
  const bool named_rate_binds = requests_per_second() >= named_rate_ * named_share_;
  if (named_rate_binds && remaining && *remaining > in_flight_ + std::max(2.0, kReserve * limit)) {
    next_slot_ = std::min(next_slot_, now);
  }
  const bool scarce = remaining ? *remaining < std::max(1.0, 0.05 * limit) : near;
  if (scarce) scarce_at_ = now;
  if (scarce && now - share_changed_at_ > 1s) {
    named_share_ = std::max(kLeastShare, named_share_ * 0.9);
    share_changed_at_ = now;
  }
}

}  // namespace confluence
