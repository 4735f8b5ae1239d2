#include "daemon/confluence/token_expiry.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace confluence {

namespace {

constexpr std::size_t kLongestJwt = 16u << 10;
constexpr std::size_t kMostBrackets = 200;
constexpr double kEarliest = 978'307'200;  // 2001
constexpr double kLatest = 4'102'444'800;  // 2100
constexpr std::chrono::hours kDay{24};

std::optional<std::string> base64url_decoded(std::string_view text) {
  std::string standard(text);
  for (char& c : standard) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (plain) continue;
    if (c != '-' && c != '_') return std::nullopt;
    c = c == '-' ? '+' : '/';
  }
  const std::size_t padding = (4 - standard.size() % 4) % 4;
  if (standard.empty() || padding == 3) return std::nullopt;
  standard.append(padding, '=');
  std::string out(standard.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(standard.data()),
                                   static_cast<int>(standard.size()));
  if (size < 0) return std::nullopt;
  out.resize(static_cast<std::size_t>(size) - padding);
  return out;
}

std::string day_of(store::Time time) { return store::to_iso8601(time).substr(0, 10); }

}  // namespace

std::optional<store::Time> jwt_expiry(std::string_view token) {
  if (token.size() > kLongestJwt) return std::nullopt;
  const auto first = token.find('.');
  const auto second = first == token.npos ? first : token.find('.', first + 1);
  if (second == token.npos || token.find('.', second + 1) != token.npos) return std::nullopt;
  const auto payload = base64url_decoded(token.substr(first + 1, second - first - 1));
  if (!payload) return std::nullopt;
  const auto brackets = static_cast<std::size_t>(
      std::count_if(payload->begin(), payload->end(), [](char c) { return c == '{' || c == '['; }));
  if (brackets > kMostBrackets) return std::nullopt;
  const auto document = nlohmann::json::parse(*payload, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) return std::nullopt;
  const auto exp = document.find("exp");
  if (exp == document.end() || !exp->is_number()) return std::nullopt;
  const double seconds = exp->get<double>();
  if (!(seconds >= kEarliest && seconds <= kLatest)) return std::nullopt;
  return store::Time(std::chrono::seconds(static_cast<std::int64_t>(seconds)));
}

ExpiryState expiry_state(std::optional<store::Time> expires_at, store::Time now) {
  if (!expires_at) return ExpiryState::kUnknown;
  if (now >= *expires_at) return ExpiryState::kPast;
  return *expires_at - now <= kWarnBefore ? ExpiryState::kSoon : ExpiryState::kGood;
}

std::string expiry_words(std::optional<store::Time> expires_at, store::Time now) {
  switch (expiry_state(expires_at, now)) {
    case ExpiryState::kUnknown:
    case ExpiryState::kGood:
      return {};
    case ExpiryState::kPast:
      return fmt::format("the token has ended on {}", day_of(*expires_at));
    case ExpiryState::kSoon:
      break;
  }
  const auto left = *expires_at - now;
  const auto days = left / kDay;
  return fmt::format("the token ends on {}, {}", day_of(*expires_at),
                     days == 0   ? "within a day"
                     : days == 1 ? "in 1 day"
                                 : fmt::format("in {} days", days));
}

std::optional<std::int64_t> seconds_left(std::optional<store::Time> expires_at, store::Time now) {
  if (!expires_at) return std::nullopt;
  return std::chrono::floor<std::chrono::seconds>(*expires_at - now).count();
}

}  // namespace confluence
