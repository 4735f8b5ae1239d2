#include "daemon/confluence/parse.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto found = confluence::parse_node(text_of(data, size));
  if (!found) return 0;
  FUZZ_EXPECT(found->rows.size() + found->bad_rows.size() == 1);
  for (const auto& node : found->rows) FUZZ_EXPECT(node.id > 0);
  for (const auto& bad : found->bad_rows) FUZZ_EXPECT(!bad.reason.empty());
  return 0;
}
