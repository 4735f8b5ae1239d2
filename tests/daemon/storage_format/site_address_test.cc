#include "daemon/storage_format/site_address.h"

#include <gtest/gtest.h>

namespace {

using storage_format::id_of_short_link;
using storage_format::read_site_address;
using Kind = storage_format::SiteAddress::Kind;

constexpr std::string_view kSite = "https://example.atlassian.net";

TEST(SiteAddressTest, AFileIsToldFromThePageThatHoldsIt) {
  const auto file = read_site_address("/wiki/download/attachments/123/a.pdf", kSite);
  EXPECT_EQ(file.kind, Kind::kFile);
  EXPECT_EQ(file.content_id, 123);
  EXPECT_EQ(read_site_address("/wiki/pages/viewpage.action?pageId=123", kSite).kind, Kind::kPage);
}

TEST(SiteAddressTest, WhatIsElsewhereKeepsItsHostWithoutUserAndPort) {
  const auto address = read_site_address("https://u:p@Other.Example:8443/wiki/x/AQ", kSite);
  EXPECT_EQ(address.kind, Kind::kElsewhere);
  EXPECT_EQ(address.host, "Other.Example");
  EXPECT_EQ(read_site_address("https://example.atlassian.net.evil.example/wiki/x/AQ", kSite).kind,
            Kind::kElsewhere);
}

TEST(SiteAddressTest, AnAnchorAloneIsThePageItself) {
  const auto here = read_site_address("#A%20part", kSite);
  EXPECT_EQ(here.kind, Kind::kHere);
  EXPECT_EQ(here.anchor, "A part");
  EXPECT_EQ(read_site_address("#", kSite).kind, Kind::kOther);
}

TEST(SiteAddressTest, ShortLinksAreIdsInBase64) {
  EXPECT_EQ(id_of_short_link("ZA"), 100);
  EXPECT_EQ(id_of_short_link("AYADAw"), 0x03038001);
  EXPECT_EQ(id_of_short_link("BQD-"), 0xFF0005);
  EXPECT_EQ(id_of_short_link("AAAAAA"), std::nullopt);
  EXPECT_EQ(id_of_short_link("__________8"), std::nullopt) << "no id is that large";
}

}  // namespace
