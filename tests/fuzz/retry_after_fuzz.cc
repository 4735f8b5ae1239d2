#include <algorithm>

#include "daemon/confluence/governor_rules.h"
#include "tests/fuzz/fuzz.h"

using namespace std::chrono_literals;

// `name: value` lines are the headers of answers to a governor, one answer per empty line.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto text = text_of(data, size);
  const store::Time wall(1'800'000'000s);
  const auto wait = confluence::parse_retry_after(text, wall);
  if (wait) FUZZ_EXPECT(*wait > 0s && *wait <= 24h * 3650);

  confluence::GovernorRules rules(confluence::GovernorOptions{}, 1);
  confluence::GovernorRules::Steady now(1000s);
  while (!text.empty()) {
    http::Headers headers;
    int status = 200;
    while (!text.empty()) {
      const auto line = text.substr(0, text.find('\n'));
      text.remove_prefix(std::min(line.size() + 1, text.size()));
      if (line.empty()) break;
      const auto colon = line.find(':');
      if (colon == line.npos) {
        status = line.size() % 2 == 0 ? 429 : 503;
      } else {
        headers.add(std::string(line.substr(0, colon)), std::string(line.substr(colon + 1)));
      }
    }
    const auto at = rules.next_send(now);
    FUZZ_EXPECT(at != confluence::GovernorRules::Steady::max());  // nothing is under way
    FUZZ_EXPECT(at - now <= 25h);
    now = std::max(now, at);
    rules.expire_wait(now);
    const auto ticket = rules.sent(now);
    rules.answered(ticket, status, headers, {now, wall});
    FUZZ_EXPECT(rules.in_flight() == 0 && rules.concurrency() >= 1);
    FUZZ_EXPECT(rules.requests_per_second() >= 0 && rules.requests_per_second() <= 1e9);
  }
  return 0;
}
