#include "daemon/edits/batch_file.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parsed = edits::parse_batch(text_of(data, size));
  FUZZ_EXPECT(!parsed.entries.empty() || !parsed.problems.empty());
  for (const auto& problem : parsed.problems) {
    FUZZ_EXPECT(problem.line >= 1);
    FUZZ_EXPECT(!problem.text.empty());
  }
  for (const auto& entry : parsed.entries) {
    FUZZ_EXPECT(entry.spec.action == store::JobAction::kCreatePage || entry.spec.page_id > 0);
  }
  return 0;
}
