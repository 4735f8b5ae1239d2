#include "daemon/http/message.h"

#include <gtest/gtest.h>

namespace http {

TEST(HeadersTest, NamesAreFoundWithoutRegardToCaseAndInOrder) {
  Headers headers;
  headers.add("Link", "<a>");
  headers.add("LINK", "<b>");
  EXPECT_EQ(headers.get("link"), "<a>");
  ASSERT_EQ(headers.get_all("Link").size(), 2U);
  EXPECT_EQ(headers.get_all("Link")[1], "<b>");
  EXPECT_FALSE(headers.get("Lin"));
}

TEST(UrlTest, PartsAreTakenApart) {
  const auto parts = parse_url("HTTPS://Your-Domain.Atlassian.NET:8443/wiki/x?y=1#z");
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->scheme, "https");
  EXPECT_EQ(parts->host, "your-domain.atlassian.net");
  EXPECT_EQ(parts->port, 8443);
  EXPECT_EQ(parts->target, "/wiki/x?y=1");
  EXPECT_EQ(parse_url("https://a.b")->target, "/");
  EXPECT_EQ(parse_url("https://a.b?x=1")->target, "/?x=1");
  EXPECT_EQ(parse_url("https://a.b")->port, 443);
  EXPECT_EQ(parse_url("http://[::1]:80/")->host, "::1");
}

TEST(UrlTest, WhatIsNotAPlainAbsoluteAddressIsRefused) {
  for (const auto* url : {"",
                          "a.b",
                          "//a.b/",
                          "https:/a.b",
                          "https://",
                          "https:///x",
                          "https://a b/",
                          "https://a\tb/",
                          "https://a.b\r\n/",
                          "https://u@a.b/",
                          "https://u:p@a.b/",
                          "https://a.b:0/",
                          "https://a.b:65536/",
                          "https://a.b:/",
                          "https://a.b:8x/",
                          "https://a.b\\@evil.example/",
                          "https://[::1/",
                          "https://[::1]x/",
                          "https://[zz]/",
                          "https://a%2eb/",
                          "https://ä.b/",
                          "javascript:alert(1)",
                          "file:///etc/passwd",
                          "ftp://a.b/"}) {
    EXPECT_FALSE(parse_url(url)) << url;
  }
}

TEST(UrlTest, PlainHttpIsForThisMachineOnly) {
  for (const auto* url : {"http://localhost/", "http://LOCALHOST:1/", "http://127.0.0.1/",
                          "http://127.255.0.9:99/x", "http://[::1]/", "https://a.b/"}) {
    EXPECT_TRUE(check_url(url)) << url;
  }
  for (const auto* url : {"http://a.b/", "http://127.0.0.1.evil.example/", "http://127.1/",
                          "http://128.0.0.1/", "http://0.0.0.0/", "http://localhost.evil.example/",
                          "http://[::2]/", "http://127.0.0.1x/"}) {
    EXPECT_FALSE(check_url(url)) << url;
  }
}

TEST(UrlTest, WhatIsShownOfAnAddressHoldsNoSecret) {
  EXPECT_EQ(loggable_url("https://a.b/wiki/x?token=hunter2#hunter2"), "https://a.b/wiki/x");
  EXPECT_EQ(loggable_url("https://me:hunter2@a.b/x"), "https://a.b/x");
  EXPECT_EQ(loggable_url("https://me:hunter2@x@a.b/"), "https://a.b/");
  EXPECT_EQ(loggable_url("me:hunter2@a.b/x"), "a.b/x");
  EXPECT_EQ(loggable_url("https://a.b/\x1b[31m\n"), "https://a.b/?[31m?");
  EXPECT_LE(loggable_url("https://a.b/" + std::string(9000, 'x')).size(), 400U);
}

}  // namespace http
