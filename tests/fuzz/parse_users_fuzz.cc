#include "daemon/confluence/parse.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto users = confluence::parse_users(text_of(data, size));
  if (!users) return 0;
  for (const auto& user : users->rows) {
    FUZZ_EXPECT(!user.display_name || !user.display_name->empty());
  }
  for (const auto& bad : users->bad_rows) FUZZ_EXPECT(!bad.reason.empty());
  return 0;
}
