#include "daemon/confluence/governor_rules.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto time = confluence::parse_http_date(text_of(data, size));
  if (time) {
    const auto text = store::to_iso8601(*time);
    const auto again = store::parse_iso8601(text);
    FUZZ_EXPECT(again && *again == *time);
  }
  const auto instant = store::parse_iso8601(text_of(data, size));
  if (instant) {
    const auto again = store::parse_iso8601(store::to_iso8601(*instant));
    FUZZ_EXPECT(again && *again == *instant);
  }
  return 0;
}
