#include <algorithm>

#include "daemon/confluence/parse.h"
#include "daemon/confluence/requests.h"
#include "tests/fuzz/fuzz.h"

// The body's link, the header's link and the base, one a line.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto text = text_of(data, size);
  const auto take_line = [&text] {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    return line;
  };
  const auto in_body = take_line();
  const auto in_header = take_line();
  for (const std::string_view base :
       {std::string_view("https://your-domain.atlassian.net"),
        std::string_view("https://api.atlassian.com/ex/confluence/1"), text}) {
    const auto link = confluence::next_link(in_body, {in_header}, base);
    if (!link) {
      FUZZ_EXPECT(link.error().name == "bad_next_link");
      continue;
    }
    if (link->empty()) continue;
    FUZZ_EXPECT(link->compare(0, 6, "/wiki/") == 0);
    for (const char c : *link) FUZZ_EXPECT(static_cast<unsigned char>(c) > 0x20);
    // Appended to the site it stays on the site.
    const auto whole = http::parse_url("https://your-domain.atlassian.net" + *link);
    if (whole) FUZZ_EXPECT(whole->host == "your-domain.atlassian.net" && whole->port == 443);
    const auto changed = confluence::with_limit(*link, 25);
    if (!changed.empty()) FUZZ_EXPECT(confluence::limit_of(changed) == 25);
  }
  return 0;
}
