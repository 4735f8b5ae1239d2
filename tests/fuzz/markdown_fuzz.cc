#include <string>

#include "daemon/storage_format/render.h"
#include "tests/daemon/storage_format/gfm.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/html_check.h"

// What GitHub's reader makes of our Markdown, raw HTML and all, is as harmless as our own HTML.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace sf = storage_format;
  const auto markdown = sf::to_markdown(text_of(data, size)).text;
  const auto fault = sf::HtmlCheck::fault_in(sf::gfm_to_html(markdown));
  FUZZ_EXPECT(fault.empty());
  return 0;
}
