#include "config/load.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  config::Config config;
  const auto problems = config::parse(text_of(data, size), "/etc/confmirror/fuzz.toml", config);
  for (const auto& problem : problems) {
    FUZZ_EXPECT(!problem.text.empty());
    FUZZ_EXPECT(!config::to_string(problem).empty());
  }
  return 0;
}
