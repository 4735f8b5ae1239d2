#include <gmock/gmock.h>

#include "daemon/confluence/parse.h"

namespace confluence {

namespace {
constexpr std::string_view kSite = "https://your-domain.atlassian.net";

std::string next(std::string_view in_body, const std::vector<std::string_view>& headers = {},
                 std::string_view base = kSite) {
  const auto link = next_link(in_body, headers, base);
  if (link) return *link;
  EXPECT_EQ(link.error().kind, store::ErrorKind::kSpaceBad);
  return link.error().name;
}
}  // namespace

TEST(NextLinkTest, ARelativeLinkIsTakenUnchanged) {
  EXPECT_EQ(next("/wiki/api/v2/pages?limit=250&cursor=eyJpZCI6IjMifQ==&body-format=storage"),
            "/wiki/api/v2/pages?limit=250&cursor=eyJpZCI6IjMifQ==&body-format=storage");
  EXPECT_EQ(next(""), "");
}

TEST(NextLinkTest, JoinedToTheSiteItNeverNamesTheWikiTwice) {
  // `next` holds /wiki already, and the site's address does not end in it.
  EXPECT_EQ(std::string(kSite) + next("/wiki/api/v2/pages?cursor=x"),
            "https://your-domain.atlassian.net/wiki/api/v2/pages?cursor=x");
  EXPECT_EQ(next("https://your-domain.atlassian.net/wiki/api/v2/pages?cursor=x"),
            "/wiki/api/v2/pages?cursor=x");
  // A link that somebody joined wrongly leads nowhere.
  EXPECT_EQ(next("/wiki/wiki/api/v2/pages?cursor=x"), "bad_next_link");
}

TEST(NextLinkTest, TheHeaderIsReadWhereTheBodyHasNone) {
  EXPECT_EQ(next("", {R"(</wiki/api/v2/pages?cursor=h>; rel="next")"}),
            "/wiki/api/v2/pages?cursor=h");
  EXPECT_EQ(next("/wiki/b", {R"(</wiki/h>; rel="next")"}), "/wiki/b");
  EXPECT_EQ(
      next(
          "",
          {R"(<https://your-domain.atlassian.net/wiki>; rel="base", </wiki/x?c=a,b>; title="a;b,c"; rel=next)"}),
      "/wiki/x?c=a,b");
  EXPECT_EQ(next("", {R"(<https://d.example/changelog/#CHANGE-864>; rel="deprecation")",
                      R"(</wiki/y>;REL="NEXT")"}),
            "/wiki/y");
  EXPECT_EQ(next("", {R"(</wiki/y>; rel="base")"}), "");
  for (const auto* broken :
       {"", "<", "<>", "</wiki/x", "</wiki/x>", "</wiki/x>;", "</wiki/x>; rel",
        "</wiki/x>; rel=", "</wiki/x>; rel=\"next", "rel=next", "</wiki/x>;;;"}) {
    const auto found = next("", {broken});
    EXPECT_TRUE(found.empty() || found == "/wiki/x" || found == "bad_next_link") << broken;
  }
}

TEST(NextLinkTest, OtherHostsAreNeverFollowed) {
  for (const auto* link :
       {"https://evil.example/wiki/x", "http://your-domain.atlassian.net/wiki/x",
        "https://your-domain.atlassian.net:444/wiki/x",
        "https://your-domain.atlassian.net.evil.example/wiki/x", "//evil.example/wiki/x",
        "https://your-domain.atlassian.net@evil.example/wiki/x", "/\\evil.example/wiki/x",
        "https:evil.example", "javascript:alert(1)", "wiki/api/v2/pages", "?cursor=x",
        "https://your-domain.atlassian.net\\@evil.example/wiki/x"}) {
    EXPECT_EQ(next(link), "bad_next_link") << link;
  }
  EXPECT_EQ(next("", {"<https://evil.example/wiki/x>; rel=next"}), "bad_next_link");
}

TEST(NextLinkTest, NothingLeavesTheWiki) {
  for (const auto* link :
       {"/", "/admin", "/wikix/api", "/wiki", "/wiki/../admin", "/wiki/./x", "/wiki/x/..",
        "/wiki/%2e%2e/admin", "/wiki/.%2E/admin", "/rest/api/x", "/wiki/a b", "/wiki/a\r\nX: y",
        "/wiki/a\tb", "/wiki/a\x7f", "/wiki/\\..\\x"}) {
    EXPECT_EQ(next(link), "bad_next_link") << link;
  }
  EXPECT_EQ(next("/wiki/x?cursor=../..&y=%2e%2e"), "/wiki/x?cursor=../..&y=%2e%2e");
  EXPECT_EQ(next("/wiki/x?a=b#frag"), "/wiki/x?a=b");
  EXPECT_EQ(next("/wiki/..a/b"), "/wiki/..a/b");
  EXPECT_EQ(next("/wiki/" + std::string(20'000, 'x')), "bad_next_link");
}

TEST(NextLinkTest, BehindTheGatewayThePrefixIsOurs) {
  constexpr std::string_view kGateway = "https://api.atlassian.com/ex/confluence/11-22";
  EXPECT_EQ(next("/wiki/api/v2/pages?cursor=x", {}, kGateway), "/wiki/api/v2/pages?cursor=x");
  EXPECT_EQ(
      next("https://api.atlassian.com/ex/confluence/11-22/wiki/api/v2/pages?c=x", {}, kGateway),
      "/wiki/api/v2/pages?c=x");
  EXPECT_EQ(next("https://api.atlassian.com/ex/confluence/11-223/wiki/x", {}, kGateway),
            "bad_next_link");
  // The site itself: credentials for the gateway are not for it.
  EXPECT_EQ(next("https://your-domain.atlassian.net/wiki/x", {}, kGateway), "bad_next_link");
}

TEST(NextLinkTest, ALinkThatNamesTheSiteIsFollowedAtTheGateway) {
  constexpr std::string_view kGateway = "https://api.atlassian.com/ex/confluence/11-22";
  const auto at_gateway = [&](std::string_view link) {
    const auto found = next_link(link, {}, kGateway, "https://your-domain.atlassian.net");
    return found ? *found : found.error().name;
  };
  EXPECT_EQ(at_gateway("https://your-domain.atlassian.net/wiki/api/v2/pages?cursor=x=&limit=2"),
            "/wiki/api/v2/pages?cursor=x=&limit=2");
  EXPECT_EQ(at_gateway("/ex/confluence/11-22/wiki/api/v2/pages?c=x"), "/wiki/api/v2/pages?c=x");
  EXPECT_EQ(at_gateway("https://your-domain.atlassian.net/ex/confluence/11-22/wiki/x"), "/wiki/x");
  for (const auto* bad :
       {"http://your-domain.atlassian.net/wiki/x", "https://your-domain.atlassian.net:8443/wiki/x",
        "https://your-domain.atlassian.net.evil.example/wiki/x",
        "https://evil.example/ex/confluence/11-22/wiki/x", "/ex/confluence/33-44/wiki/x",
        "https://your-domain.atlassian.net/other", "/ex/confluence/11-22/wiki/../x"}) {
    EXPECT_EQ(at_gateway(bad), "bad_next_link") << bad;
  }
}

TEST(NextLinkTest, TheRefusalNamesTheHostButNotTheCursor) {
  const auto link = next_link("https://evil.example/wiki/x?cursor=hunter2", {}, kSite);
  ASSERT_FALSE(link);
  EXPECT_THAT(link.error().message, testing::HasSubstr("evil.example"));
  EXPECT_THAT(link.error().message, testing::Not(testing::HasSubstr("hunter2")));
}

}  // namespace confluence
