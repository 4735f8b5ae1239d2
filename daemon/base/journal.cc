#include "daemon/base/journal.h"

// sd_journal_sendv would name this file as the place of every entry.
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include <array>
#include <utility>

namespace base {

namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kFields{{
    {"space_key", "SPACE_KEY"},
    {"page_id", "PAGE_ID"},
    {"status", "STATUS"},
    {"retry_after", "RETRY_AFTER"},
    {"run_id", "RUN_ID"},
}};

bool is_key_character(char c) { return (c >= 'a' && c <= 'z') || c == '_'; }

// The end of a value that begins at `begin`: a quoted one ends at its quote.
std::size_t value_end(std::string_view text, std::size_t begin) {
  const bool quoted = begin < text.size() && text[begin] == '"';
  const auto end = text.find(quoted ? '"' : ' ', quoted ? begin + 1 : begin);
  return end == text.npos ? text.size() : end;
}

}  // namespace

bool stderr_is_journal() {
  const char* const stream = ::getenv("JOURNAL_STREAM");
  struct stat status {};
  if (stream == nullptr || ::fstat(STDERR_FILENO, &status) != 0) return false;
  return fmt::format("{}:{}", status.st_dev, status.st_ino) == stream;
}

std::vector<std::string> journal_fields(std::string_view logger, int priority,
                                        std::string_view message) {
  std::vector<std::string> fields{fmt::format("MESSAGE={}", message),
                                  fmt::format("PRIORITY={}", priority),
                                  "SYSLOG_IDENTIFIER=confmirror", fmt::format("LOGGER={}", logger)};
  std::size_t at = 0;
  while (at < message.size()) {
    const auto equals = message.find('=', at);
    if (equals == message.npos) break;
    auto begin = equals;
    while (begin > at && is_key_character(message[begin - 1])) --begin;
    const auto key = message.substr(begin, equals - begin);
    const bool quoted = equals + 1 < message.size() && message[equals + 1] == '"';
    const auto end = value_end(message, equals + 1);
    const auto value_begin = std::min(end, equals + (quoted ? 2 : 1));
    for (const auto& [name, field] : kFields) {
      if (name != key || value_begin == end) continue;
      fields.push_back(fmt::format("{}={}", field, message.substr(value_begin, end - value_begin)));
    }
    at = end + 1;
  }
  return fields;
}

void send_to_journal(const std::vector<std::string>& fields) {
  std::vector<iovec> parts;
  parts.reserve(fields.size());
  for (const auto& field : fields) {
    // The interface is C's: nothing is written through it.
    parts.push_back({const_cast<char*>(field.data()), field.size()});
  }
  static_cast<void>(sd_journal_sendv(parts.data(), static_cast<int>(parts.size())));
}

}  // namespace base
