#include <algorithm>
#include <string>

#include "daemon/storage_format/diff.h"
#include "daemon/storage_format/document.h"
#include "daemon/storage_format/merge.h"
#include "daemon/storage_format/normal_form.h"
#include "daemon/storage_format/tidy.h"
#include "tests/fuzz/document_check.h"
#include "tests/fuzz/fuzz.h"

namespace sf = storage_format;

// Three bodies, with lines of "\n%\n" between them.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto text = text_of(data, size);
  const auto take = [&text] {
    const auto part = text.substr(0, text.find("\n%\n"));
    text.remove_prefix(std::min(part.size() + 3, text.size()));
    return part;
  };
  const auto base = take();
  const auto ours = take();
  const auto theirs = take();

  const auto document = sf::read(base);
  const auto fault = sf::check(base);
  FUZZ_EXPECT(document.has_value() == !fault);
  if (document) {
    expect_spans(document->root());
  } else {
    expect_printable(*fault);
  }
  if (const auto tidied = sf::tidy(base)) {
    FUZZ_EXPECT(!sf::check(tidied->body));
    FUZZ_EXPECT(tidied->changes.empty() == (tidied->body == base));
  } else {
    expect_printable(tidied.error());
  }
  const bool both = document.has_value() && !sf::check(ours);
  const bool same = sf::same_content(base, ours);
  if (both) FUZZ_EXPECT(sf::readable_diff(base, ours).empty() == same);
  FUZZ_EXPECT((sf::content_hash(base) == sf::content_hash(ours)) == same);
  if (const auto merged = sf::merge(base, ours, theirs); merged && merged->clean()) {
    FUZZ_EXPECT(!sf::check(merged->body));
    if (same) FUZZ_EXPECT(sf::same_content(merged->body, theirs));
    if (sf::same_content(base, theirs)) FUZZ_EXPECT(sf::same_content(merged->body, ours));
  }
  (void)sf::readable_diff3(base, ours, theirs);
  return 0;
}
