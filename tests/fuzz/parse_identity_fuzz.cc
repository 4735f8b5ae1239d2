#include "daemon/confluence/parse.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto identity = confluence::parse_identity(text_of(data, size));
  if (!identity) FUZZ_EXPECT(!identity.error().name.empty() && !identity.error().message.empty());
  return 0;
}
