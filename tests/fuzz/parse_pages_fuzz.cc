#include "daemon/confluence/parse.h"
#include "tests/fuzz/fuzz.h"

namespace {
void check(const confluence::Listing<store::Page>& listing, bool bodies) {
  for (const auto& page : listing.rows) {
    FUZZ_EXPECT(page.id > 0 && page.space_id > 0 && page.version.number > 0);
    FUZZ_EXPECT(!bodies || page.body);
    FUZZ_EXPECT(!page.body || page.body->hash == store::sha256(page.body->text));
  }
  for (const auto& bad : listing.bad_rows) FUZZ_EXPECT(!bad.reason.empty());
}
}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (const bool bodies : {false, true}) {
    const auto listing = confluence::parse_pages(std::string(text_of(data, size)), bodies);
    if (listing) check(*listing, bodies);
    const auto page = confluence::parse_page(std::string(text_of(data, size)), bodies);
    if (page) {
      check(*page, bodies);
      FUZZ_EXPECT(page->rows.size() + page->bad_rows.size() == 1);
    }
  }
  return 0;
}
