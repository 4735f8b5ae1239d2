#include "daemon/confluence/requests.h"

#include <gtest/gtest.h>

namespace confluence {

TEST(RequestsTest, SpacesWithDetails) {
  SpacesQuery query;
  query.status = "archived";
  EXPECT_EQ(spaces_target(query),
            "/wiki/api/v2/spaces?sort=id&limit=250&status=archived&description-format=plain"
            "&include-icon=true");
}

TEST(RequestsTest, SpacesWithALabelThatNeedsEscaping) {
  SpacesQuery query;
  query.label = "a b&limit=1";
  query.details = false;
  EXPECT_EQ(spaces_target(query), "/wiki/api/v2/spaces?sort=id&limit=250&labels=a%20b%26limit%3D1");
}

TEST(RequestsTest, PagesInBulk) {
  PagesQuery query;
  query.space_ids = {1, 22};
  query.statuses = {"current", "archived"};
  query.limit = 125;
  EXPECT_EQ(pages_target(query),
            "/wiki/api/v2/pages?space-id=1,22&status=current&status=archived&sort=id"
            "&body-format=storage&limit=125");
}

TEST(RequestsTest, PagesByIdWithoutBodies) {
  PagesQuery query;
  query.page_ids = {7};
  query.bodies = false;
  query.sort = "";
  EXPECT_EQ(pages_target(query), "/wiki/api/v2/pages?id=7&limit=250");
}

TEST(RequestsTest, OnePageOfAnyStatus) {
  EXPECT_EQ(page_target(9007199254740993),
            "/wiki/api/v2/pages/9007199254740993?body-format=storage&status=current"
            "&status=archived&status=trashed&status=deleted");
}

TEST(RequestsTest, VersionsNewestFirst) {
  EXPECT_EQ(versions_target(5, true),
            "/wiki/api/v2/pages/5/versions?body-format=storage&sort=-modified-date&limit=250");
  EXPECT_EQ(versions_target(5, false, 10),
            "/wiki/api/v2/pages/5/versions?sort=-modified-date&limit=10");
}

TEST(RequestsTest, NodesOfTheTreeByTheirType) {
  EXPECT_EQ(node_target("folder", 5), "/wiki/api/v2/folders/5");
  EXPECT_EQ(node_target("whiteboard", 5), "/wiki/api/v2/whiteboards/5");
  EXPECT_EQ(node_target("database", 5), "/wiki/api/v2/databases/5");
  EXPECT_EQ(node_target("embed", 5), "/wiki/api/v2/embeds/5");
  for (const auto* type : {"", "page", "folders", "../folder"}) EXPECT_EQ(node_target(type, 5), "");
}

TEST(RequestsTest, LabelsOfSpaces) {
  EXPECT_EQ(team_labels_target(), "/wiki/api/v2/labels?prefix=team&sort=id&limit=250");
  EXPECT_EQ(space_labels_target(3), "/wiki/api/v2/spaces/3/labels?prefix=team&sort=id&limit=250");
}

TEST(LimitTest, OnlyTheLimitIsReplacedWhereverItStands) {
  EXPECT_EQ(with_limit("/p?limit=250&cursor=a%3D%3D", 10), "/p?limit=10&cursor=a%3D%3D");
  EXPECT_EQ(with_limit("/p?cursor=eyJ=&limit=250", 125), "/p?cursor=eyJ=&limit=125");
  EXPECT_EQ(with_limit("/p?limit=250", 1), "/p?limit=1");
  EXPECT_EQ(with_limit("/p?sublimit=3&limit=250#limit=9", 1), "/p?sublimit=3&limit=1#limit=9");
  EXPECT_EQ(with_limit("/p?limit=", 5), "/p?limit=5");
}

TEST(LimitTest, ALinkWithoutALimitHasNoneToReplace) {
  for (const auto* link : {"", "/limit=3", "/p?cursor=limit=3", "/p?x=1#?limit=3", "/p?"}) {
    EXPECT_EQ(with_limit(link, 10), "") << link;
    EXPECT_EQ(limit_of(link), 0) << link;
  }
}

TEST(LimitTest, TheLimitIsReadWhereItIsANumber) {
  EXPECT_EQ(limit_of("/p?a=b&limit=25&c=d"), 25);
  EXPECT_EQ(limit_of("/p?limit=250#x"), 250);
  for (const auto* link : {"/p?limit=x", "/p?limit=-1", "/p?limit=0", "/p?limit=2x",
                           "/p?limit=", "/p?limit=99999999999999999999"}) {
    EXPECT_EQ(limit_of(link), 0) << link;
  }
}

}  // namespace confluence
