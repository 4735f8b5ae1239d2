#include "daemon/confluence/parse.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (const bool bodies : {false, true}) {
    const auto listing = confluence::parse_versions(std::string(text_of(data, size)), bodies);
    if (!listing) continue;
    for (const auto& row : listing->rows) {
      FUZZ_EXPECT(row.version.number > 0);
      FUZZ_EXPECT(!bodies || row.body);
    }
    for (const auto& bad : listing->bad_rows) FUZZ_EXPECT(!bad.reason.empty());
  }
  return 0;
}
