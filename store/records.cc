#include "store/records.h"

#include <openssl/evp.h>

#include <memory>
#include <new>

namespace store {
namespace {

// Reads exactly `count` decimal digits at `at`; -1 where one is missing.
int digits(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return -1;
  int value = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    const char c = text[i];
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

bool is_at(std::string_view text, std::size_t at, char c) {
  return at < text.size() && text[at] == c;
}

void put_digits(char* out, int value, int count) {
  for (int i = count - 1; i >= 0; --i) {
    out[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
}

// Minutes east of UTC of `Z`, `+hh:mm`, `+hhmm`; false where it is none of these or something
// follows.
bool parse_offset(std::string_view text, std::size_t at, int& minutes) {
  if (is_at(text, at, 'Z')) {
    minutes = 0;
    return at + 1 == text.size();
  }
  if (!is_at(text, at, '+') && !is_at(text, at, '-')) return false;
  const bool colon = is_at(text, at + 3, ':');
  const int hours = digits(text, at + 1, 2);
  const int rest = digits(text, at + (colon ? 4 : 3), 2);
  if (hours < 0 || hours > 23 || rest < 0 || rest > 59) return false;
  minutes = (text[at] == '-' ? -1 : 1) * (hours * 60 + rest);
  return at + (colon ? 6 : 5) == text.size();
}

bool parse_time(std::string_view text, Time& out) {
  // YYYY-MM-DDTHH:MM:SS
  const int year = digits(text, 0, 4);
  const int month = digits(text, 5, 2);
  const int day = digits(text, 8, 2);
  const int hour = digits(text, 11, 2);
  const int minute = digits(text, 14, 2);
  const int second = digits(text, 17, 2);
  if (year < 0 || month < 0 || day < 0 || hour < 0 || minute < 0 || second < 0) return false;
  if (text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':') {
    return false;
  }
  if (hour > 23 || minute > 59 || second > 59) return false;
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return false;
  std::size_t at = 19;
  int millis = 0;
  if (is_at(text, at, '.')) {
    int weight = 100;
    const std::size_t first = ++at;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, weight /= 10) {
      millis += (text[at] - '0') * weight;
    }
    if (at == first) return false;
  }
  int offset = 0;
  if (!parse_offset(text, at, offset)) return false;
  out = std::chrono::sys_days(date) + std::chrono::hours(hour) +
        std::chrono::minutes(minute - offset) + std::chrono::seconds(second) +
        std::chrono::milliseconds(millis);
  return true;
}

struct DigestContextDeleter {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

}  // namespace

std::string to_iso8601(Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const auto millis = static_cast<int>((time - day).count());
  std::string out = "0000-00-00T00:00:00.000Z";
  put_digits(&out[0], static_cast<int>(date.year()), 4);
  put_digits(&out[5], static_cast<int>(static_cast<unsigned>(date.month())), 2);
  put_digits(&out[8], static_cast<int>(static_cast<unsigned>(date.day())), 2);
  put_digits(&out[11], millis / 3'600'000, 2);
  put_digits(&out[14], millis / 60'000 % 60, 2);
  put_digits(&out[17], millis / 1000 % 60, 2);
  put_digits(&out[20], millis % 1000, 3);
  return out;
}

Result<Time> parse_iso8601(std::string_view text) {
  Time time;
  if (parse_time(text, time)) return time;
  constexpr std::size_t kShown = 64;
  return fail(ErrorKind::kItemBad, "bad_time",
              "cannot read '" + std::string(text.substr(0, kShown)) + "': not an ISO-8601 time");
}

std::string to_hex(const Sha256& hash) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(2 * hash.size());
  for (const std::uint8_t byte : hash) {
    out.push_back(kDigits[byte >> 4]);
    out.push_back(kDigits[byte & 15]);
  }
  return out;
}

Sha256 sha256(std::string_view bytes) {
  // Fetching the algorithm and making a context cost more than hashing a small body; both are kept.
  static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  thread_local const std::unique_ptr<EVP_MD_CTX, DigestContextDeleter> context(EVP_MD_CTX_new());
  Sha256 hash;
  if (algorithm == nullptr || !context ||
      EVP_DigestInit_ex2(context.get(), algorithm, nullptr) != 1 ||
      EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) != 1 ||
      EVP_DigestFinal_ex(context.get(), hash.data(), nullptr) != 1) {
    throw std::bad_alloc();  // the only way in which OpenSSL's own SHA-256 can fail
  }
  return hash;
}

}  // namespace store
