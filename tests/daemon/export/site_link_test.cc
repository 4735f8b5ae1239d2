#include "daemon/export/site_link.h"

#include <gtest/gtest.h>

namespace {

using exporting::read_link;
using exporting::relative_href;

constexpr const char* kSite = "https://example.atlassian.net";

TEST(SiteLinkTest, PagesAreKnownByTheirIdInAllForms) {
  for (const char* url :
       {"https://example.atlassian.net/wiki/spaces/DOCS/pages/123/Some+Title",
        "https://EXAMPLE.atlassian.net/wiki/spaces/DOCS/pages/123", "/wiki/spaces/DOCS/pages/123/x",
        "/wiki/pages/viewpage.action?pageId=123", "/wiki/pages/viewpage.action?a=b&pageId=123#c",
        "https://example.atlassian.net/wiki/spaces/~ann/pages/123/T#Part"}) {
    EXPECT_EQ(read_link(url, kSite).content_id, 123) << url;
  }
  EXPECT_EQ(read_link("/wiki/x/BQD-", kSite).content_id, 0xFF0005) << "a short link";
  EXPECT_EQ(read_link("/wiki/x/AQ", kSite).content_id, 1);
}

TEST(SiteLinkTest, TitlesSpacesAndAnchorsAreDecoded) {
  const auto page = read_link("/wiki/display/DOCS/Some+T%C3%ADtle#A%20part", kSite);
  EXPECT_EQ(page.space_key, "DOCS");
  EXPECT_EQ(page.title, "Some Títle");
  EXPECT_EQ(page.anchor, "A part");
  const auto space = read_link("/wiki/spaces/DOCS/overview", kSite);
  EXPECT_EQ(space.space_key, "DOCS");
  EXPECT_EQ(space.title, "");
}

TEST(SiteLinkTest, OtherAddressesStayWhatTheyAre) {
  for (const char* url :
       {"https://example.atlassian.net.evil.example/wiki/spaces/D/pages/1",
        "https://other.example/wiki/spaces/D/pages/1", "mailto:a@b.example",
        "//example.atlassian.net/wiki/x/AQ", "javascript:alert(1)", "#here", ""}) {
    const auto link = read_link(url, kSite);
    EXPECT_FALSE(link.of_site) << url;
    EXPECT_EQ(link.url, url);
  }
  EXPECT_EQ(read_link("/browse/X-1", kSite).url, "https://example.atlassian.net/browse/X-1");
  EXPECT_FALSE(
      read_link("/wiki/pages/viewpage.action?pageId=99999999999999999999", kSite).content_id);
  EXPECT_FALSE(read_link("/wiki/x/!!", kSite).content_id);
}

TEST(SiteLinkTest, TheWayBetweenTwoFilesIsRelativeAndEncoded) {
  EXPECT_EQ(relative_href("", "a.md"), "a.md");
  EXPECT_EQ(relative_href("D", "D/a.md"), "a.md");
  EXPECT_EQ(relative_href("D/x", "D/a.md"), "../a.md");
  EXPECT_EQ(relative_href("D/x/y", "E/a b.md"), "../../../E/a%20b.md");
  EXPECT_EQ(relative_href("D", "D/x/a.md"), "x/a.md");
  EXPECT_EQ(relative_href("Do", "D/a.md"), "../D/a.md");
  EXPECT_EQ(relative_href("D", "Do/a.md"), "../Do/a.md");
  EXPECT_EQ(relative_href("", "D/計 (1)#?.md"), "D/%E8%A8%88%20%281%29%23%3F.md");
}

}  // namespace
