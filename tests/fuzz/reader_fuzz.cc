// The two ways to read a body: the strict one refuses or gives spans that cover it all; the
// forgiving one takes whatever it is, and agrees with the strict one where that reads it.

#include <algorithm>
#include <iterator>

#include "daemon/storage_format/document.h"
#include "daemon/storage_format/forgiving.h"
#include "tests/fuzz/document_check.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace sf = storage_format;
  const auto body = text_of(data, size);
  const auto strict = sf::read(body);
  const auto fault = sf::check(body);
  FUZZ_EXPECT(strict.has_value() == !fault);
  const auto forgiving = sf::read_forgiving(body);
  if (strict) {
    expect_spans(strict->root());
    expect_same(strict->root(), forgiving.root());
  } else {
    expect_printable(*fault);
  }
  sf::Limits small;
  small.max_depth = 4;
  small.max_nodes = 20;
  (void)sf::read_forgiving(body, small);
  return 0;
}
