#include "daemon/audit/links.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using audit::Target;
using audit::target_of_url;

constexpr std::string_view kSite = "https://example.atlassian.net";

TEST(LinksTest, PagesAreKnownInEveryFormOfTheirAddress) {
  for (const char* url :
       {"https://example.atlassian.net/wiki/spaces/ENG/pages/123/Some+Title",
        "https://EXAMPLE.atlassian.net/wiki/spaces/ENG/pages/123", "/wiki/spaces/ENG/pages/123/",
        "//example.atlassian.net/wiki/spaces/ENG/pages/edit-v2/123?draftShareId=1",
        "/wiki/pages/viewpage.action?pageId=123", "/wiki/pages/viewpage.action?a=b&amp;pageId=123",
        "/wiki/x/ew", "/wiki/x/ewAAAA", "/wiki/download/attachments/123/file.pdf"}) {
    const auto target = target_of_url(url, kSite);
    EXPECT_EQ(target.kind, Target::Kind::kPage) << url;
    EXPECT_EQ(target.page_id, 123) << url;
  }
}

TEST(LinksTest, TitlesAndAnchorsAreDecoded) {
  auto target = target_of_url("/wiki/display/ENG/A+b%C3%A9#Part%202", kSite);
  EXPECT_EQ(target.kind, Target::Kind::kPage);
  EXPECT_EQ(target.space_key, "ENG");
  EXPECT_EQ(target.title, "A bé");
  EXPECT_EQ(target.anchor, "Part 2");
  target = target_of_url("/wiki/pages/viewpage.action?spaceKey=ENG&title=A+b", kSite);
  EXPECT_EQ(target.title, "A b");
  target = target_of_url("#Here", kSite);
  EXPECT_EQ(target.kind, Target::Kind::kPage);
  EXPECT_EQ(target.anchor, "Here");
  EXPECT_TRUE(target.title.empty());
}

TEST(LinksTest, SpacesAndHostsAreKnown) {
  for (const char* url : {"/wiki/spaces/ENG", "/wiki/spaces/ENG/overview", "/wiki/display/ENG",
                          "https://example.atlassian.net/wiki/spaces/ENG/pages"}) {
    const auto target = target_of_url(url, kSite);
    EXPECT_EQ(target.kind, Target::Kind::kSpace) << url;
    EXPECT_EQ(target.space_key, "ENG") << url;
  }
  EXPECT_EQ(target_of_url("https://u:p@Other.Example:8443/x", kSite).host, "other.example");
  EXPECT_EQ(target_of_url("http://[2001:db8::1]:80/x", kSite).host, "[2001:db8::1]");
}

TEST(LinksTest, WhatCannotBeJudgedIsUnknown) {
  for (const char* url :
       {"", " ", "#", "mailto:a@b.example", "javascript:alert(1)", "relative/path", "/browse/X-1",
        "https://example.atlassian.net/browse/X-1", "/wiki", "/wiki/spaces",
        "/wiki/spaces/ENG/blog/1", "/wiki/display/ENG/2020/01/31/News", "/wiki/people/557058:1",
        "/wiki/spaces/ENG/pages/x", "/wiki/pages/viewpage.action?pageId=0", "/wiki/x/",
        "/wiki/x/!!", "/wiki/x/AAAAAAAAAAAAAAAAAAAA"}) {
    EXPECT_EQ(target_of_url(url, kSite).kind, Target::Kind::kUnknown) << url;
  }
}

}  // namespace
