#include "daemon/confluence/parse.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto spaces = confluence::parse_spaces(text_of(data, size));
  if (spaces) {
    for (const auto& space : spaces->rows) FUZZ_EXPECT(space.id > 0);
    for (const auto& bad : spaces->bad_rows) FUZZ_EXPECT(!bad.reason.empty());
  }
  const auto labels = confluence::parse_labels(text_of(data, size));
  FUZZ_EXPECT(labels.has_value() == spaces.has_value());
  return 0;
}
