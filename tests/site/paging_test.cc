// Listings: cursors, next links, limits, order, filters.

#include <algorithm>

#include "tests/site/site_fixture.h"

namespace site {
namespace {

class PagingTest : public SiteTest {
 protected:
  void SetUp() override { start(); }

  static std::string cursor_of(const Json& answer) {
    const std::string next = answer["_links"].value("next", "");
    const std::size_t begin = next.find("cursor=") + 7;
    return next.substr(begin, next.find('&', begin) - begin);
  }
};

TEST_F(PagingTest, NextIsRelativeToTheSiteAndHoldsWiki) {
  const Reply reply = ask(kApi + "/pages?limit=10");
  const Json answer = Json::parse(reply.body);
  const std::string next = answer["_links"]["next"];
  EXPECT_TRUE(next.starts_with("/wiki/api/v2/pages?")) << next;
  const std::string base = answer["_links"]["base"];
  EXPECT_TRUE(base.ends_with("/wiki")) << base;
  EXPECT_EQ(base.find(std::to_string(server_->port())), std::string::npos)
      << "base must not lead here";
  EXPECT_EQ(ask("/wiki" + next).status, 404) << "what a client gets that joins base and next";
  EXPECT_EQ(reply.header("link"), "<" + next + ">; rel=\"next\", <" + base + ">; rel=\"base\"");
}

TEST_F(PagingTest, CursorStandsBeforeTheLastParameterAndItsPaddingIsEncoded) {
  std::string target = kApi + "/pages?limit=7&sort=title&status=current";
  for (int i = 0; i < 20; ++i) {
    const Json answer = get(target);
    const std::string next = answer["_links"]["next"];
    const std::string cursor = cursor_of(answer);
    EXPECT_TRUE(cursor.ends_with("%3D")) << next;
    EXPECT_EQ(cursor.find('='), std::string::npos);
    EXPECT_FALSE(next.ends_with(cursor)) << next;
    EXPECT_NE(next.find("status=current"), std::string::npos) << "filters travel in the link";
    target = next;
  }
}

TEST_F(PagingTest, CursorIsBase64JsonWithAKeysetPosition) {
  const Json answer = get(kApi + "/pages?limit=3");
  const Json cursor = Json::parse(*base64_decode(percent_decode(cursor_of(answer))));
  EXPECT_EQ(cursor["id"], answer["results"][2]["id"]);
  EXPECT_EQ(cursor["contentOrder"], "id");
  EXPECT_EQ(std::to_string(cursor["contentOrderValue"].get<std::int64_t>()),
            answer["results"][2]["id"]);
}

TEST_F(PagingTest, EveryOrderShowsEveryPageOnceAndInOrder) {
  const auto reference = [&] {
    auto all = ids(walk(kApi + "/pages?limit=250&" + kAllStatuses));
    std::sort(all.begin(), all.end());
    return all;
  }();
  EXPECT_EQ(reference.size(), 400U);
  for (const std::string order : {"id", "-id", "created-date", "-created-date", "modified-date",
                                  "-modified-date", "title", "-title"}) {
    const auto rows = walk(kApi + "/pages?limit=37&sort=" + order + "&" + kAllStatuses);
    auto found = ids(rows);
    std::sort(found.begin(), found.end());
    EXPECT_EQ(found, reference) << order;
    for (std::size_t i = 1; i < rows.size(); ++i) {
      Json before = rows[i - 1];
      Json after = rows[i];
      if (order[0] == '-') std::swap(before, after);
      if (order.ends_with("title")) {
        EXPECT_LE(before["title"].get<std::string>(), after["title"].get<std::string>());
      } else if (order.ends_with("created-date")) {
        EXPECT_LE(before["createdAt"], after["createdAt"]);
      } else if (order.ends_with("modified-date")) {
        EXPECT_LE(before["version"]["createdAt"], after["version"]["createdAt"]);
      } else {
        EXPECT_LT(std::stoll(before["id"].get<std::string>()),
                  std::stoll(after["id"].get<std::string>()));
      }
    }
  }
}

TEST_F(PagingTest, BadCursorIsRefusedWithTheExactText) {
  const std::string foreign = cursor_of(get(kApi + "/pages?limit=3&sort=title"));
  for (const std::string& cursor :
       {std::string("rubbish"), std::string("e30%3D"), foreign, std::string()}) {
    const Reply reply = ask(kApi + "/pages?limit=3&cursor=" + cursor);
    EXPECT_EQ(reply.status, 400) << cursor;
    const Json error = Json::parse(reply.body)["errors"][0];
    EXPECT_EQ(error["code"], "INVALID_REQUEST_PARAMETER");
    EXPECT_EQ(error["title"],
              "Provided value for 'cursor' is not the correct type. Expected type is Cursor.");
    EXPECT_FALSE(error["detail"].is_null());
  }
}

TEST_F(PagingTest, InsertsAndDeletesBehindTheCursorDoNotDisturbAWalk) {
  const Json first = get(kApi + "/pages?limit=100");
  const Id gone = std::stoll(first["results"][3]["id"].get<std::string>());
  server_->with_content([&](Content& content) {
    const Index page = content.find_page(gone);
    ASSERT_TRUE(content.set_status(page, Status::kTrashed));
  });
  const auto rest = ids(walk(first["_links"]["next"]));
  const auto now = ids(walk(kApi + "/pages?limit=250"));
  EXPECT_EQ(rest, std::vector<std::string>(now.begin() + 99, now.end()));
}

TEST_F(PagingTest, LimitIsFrom1To250And25WhereNoneIsGiven) {
  EXPECT_EQ(get(kApi + "/pages")["results"].size(), 25U);
  EXPECT_EQ(get(kApi + "/pages?limit=250")["results"].size(), 250U);
  for (const std::string limit : {"0", "251", "-1", "many"}) {
    EXPECT_EQ(ask(kApi + "/pages?limit=" + limit).status, 400) << limit;
  }
}

TEST_F(PagingTest, SpaceIdsFilterRepeatedOrCommaSeparatedAndTheMisspeltOneDoesNot) {
  const auto spaces = ids(walk(kApi + "/spaces"));
  const auto repeated =
      ids(walk(kApi + "/pages?limit=250&space-id=" + spaces[0] + "&space-id=" + spaces[1]));
  const auto commas = ids(walk(kApi + "/pages?limit=250&space-id=" + spaces[0] + "," + spaces[1]));
  const auto all = ids(walk(kApi + "/pages?limit=250"));
  EXPECT_EQ(repeated, commas);
  EXPECT_GT(commas.size(), 0U);
  EXPECT_LT(commas.size(), all.size());
  EXPECT_EQ(ids(walk(kApi + "/pages?limit=250&spaceId=" + spaces[0])), all);
  EXPECT_EQ(walk(kApi + "/pages?space-id=1").size(), 0U);
  std::string many;
  for (int i = 0; i < 101; ++i) many += "&space-id=" + std::to_string(i + 1);
  EXPECT_EQ(ask(kApi + "/pages?limit=1" + many).status, 400);
}

TEST_F(PagingTest, IdsFilterAndUnknownOnesAreAbsent) {
  const auto rows = walk(kApi + "/pages?limit=250&" + kAllStatuses);
  const std::string asked = ids(rows)[5] + "," + ids(rows)[2] + ",1";
  EXPECT_EQ(ids(walk(kApi + "/pages?limit=1&" + kAllStatuses + "&id=" + asked)),
            (std::vector<std::string>{ids(rows)[2], ids(rows)[5]}));
  std::string many;
  for (int i = 0; i < 251; ++i) many += (i == 0 ? "" : ",") + std::to_string(i + 1);
  EXPECT_EQ(ask(kApi + "/pages?id=" + many).status, 400);
  EXPECT_EQ(ask(kApi + "/pages?id=x").status, 400);
}

TEST_F(PagingTest, DefaultStatusIsCurrentAndArchivedAndDraftsCannotBeListed) {
  std::set<std::string> statuses;
  for (const Json& row : walk(kApi + "/pages?limit=250")) statuses.insert(row["status"]);
  EXPECT_EQ(statuses, (std::set<std::string>{"archived", "current"}));
  for (const Json& row : walk(kApi + "/pages?limit=250&status=trashed")) {
    EXPECT_EQ(row["status"], "trashed");
    EXPECT_TRUE(row["parentId"].is_null() && row["parentType"].is_null() &&
                row["position"].is_null());
  }
  EXPECT_EQ(walk(kApi + "/pages?limit=250&status=current,archived,trashed").size(), 400U);
  for (const std::string status : {"draft", "historical", "any", "nonsense"}) {
    EXPECT_EQ(ask(kApi + "/pages?status=" + status).status, 400) << status;
  }
}

TEST_F(PagingTest, TitleIsExactButForCaseAndAnEmptyOneMatchesNothing) {
  const Json page = get(kApi + "/pages?limit=1")["results"][0];
  std::string title = page["title"];
  std::transform(title.begin(), title.end(), title.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  const auto found = ids(walk(kApi + "/pages?title=" + percent_encode(title)));
  EXPECT_NE(std::find(found.begin(), found.end(), page["id"]), found.end());
  EXPECT_EQ(walk(kApi + "/pages?title=" + percent_encode(title.substr(0, title.size() - 1))).size(),
            0U);
  EXPECT_EQ(walk(kApi + "/pages?title=").size(), 0U);
}

TEST_F(PagingTest, BodiesComeOnlyWhenAskedFor) {
  for (const Json& row : walk(kApi + "/pages?limit=250")) EXPECT_TRUE(row["body"].empty());
  for (const Json& row : walk(kApi + "/pages?limit=250&body-format=storage")) {
    EXPECT_EQ(row["body"]["storage"]["representation"], "storage");
  }
  const Json adf = get(kApi + "/pages?limit=1&body-format=atlas_doc_format")["results"][0];
  const Json document = Json::parse(adf["body"]["atlas_doc_format"]["value"].get<std::string>());
  EXPECT_EQ(document["type"], "doc") << "a string that holds JSON";
  EXPECT_EQ(ask(kApi + "/pages?body-format=wiki").status, 400);
}

TEST_F(PagingTest, ResultsCapShortensPagesAndTheWalkStaysWhole) {
  server_->change_settings([](Settings& settings) {
    settings.results_cap = 50;
    settings.body_results_cap = 20;
  });
  const Json capped = get(kApi + "/pages?limit=250");
  EXPECT_EQ(capped["results"].size(), 50U);
  EXPECT_NE(capped["_links"]["next"].get<std::string>().find("limit=250"), std::string::npos);
  EXPECT_EQ(get(kApi + "/pages?limit=250&body-format=storage")["results"].size(), 20U);
  EXPECT_EQ(walk(kApi + "/pages?limit=250&" + kAllStatuses).size(), 400U);
}

TEST_F(PagingTest, ChangedLimitIsRefusedWhenToldSo) {
  const std::string next = get(kApi + "/pages?limit=20")["_links"]["next"];
  std::string changed = next;
  changed.replace(changed.find("limit=20"), 8, "limit=10");
  EXPECT_EQ(ask(changed).status, 200);
  server_->change_settings([](Settings& settings) { settings.refuse_changed_limit = true; });
  EXPECT_EQ(ask(changed).status, 400);
  EXPECT_EQ(ask(next).status, 200);
}

TEST_F(PagingTest, ShortAndEmptyPagesAndRepeatedRowsLoseNothing) {
  server_->set_fault(Fault::kShortPage, 0.3);
  server_->set_fault(Fault::kEmptyPage, 0.3);
  server_->set_fault(Fault::kRepeatedRow, 0.3);
  std::size_t empty = 0;
  std::set<std::string> links;
  for (const std::string order : {"id", "-id", "-title", "modified-date"}) {
    const auto rows =
        walk(kApi + "/pages?limit=40&sort=" + order + "&" + kAllStatuses, [&](const Json& answer) {
          const std::string next = answer["_links"].value("next", "");
          if (answer["results"].empty()) ++empty;
          EXPECT_TRUE(next.empty() || links.insert(next).second) << "a link that led here before";
        });
    const auto found = ids(rows);
    EXPECT_EQ(std::set<std::string>(found.begin(), found.end()).size(), 400U) << order;
    EXPECT_GT(found.size(), 400U) << "no row came twice";
  }
  EXPECT_GT(empty, 0U);
}

TEST_F(PagingTest, VersionsComeNewestFirstWithBodiesInline) {
  Json page;
  for (const Json& row : walk(kApi + "/pages?limit=250")) {
    if (row["version"]["number"] >= 4) page = row;
  }
  ASSERT_TRUE(page.is_object());
  const std::string target = kApi + "/pages/" + page["id"].get<std::string>() + "/versions";
  const auto newest_first = walk(target + "?body-format=storage&limit=2");
  auto oldest_first = walk(target + "?sort=modified-date&limit=250");
  EXPECT_EQ(newest_first.front()["number"], page["version"]["number"]);
  EXPECT_EQ(oldest_first.front()["number"], 1);
  EXPECT_EQ(newest_first.size(), oldest_first.size());
  EXPECT_FALSE(oldest_first[0]["page"].contains("body"));
  for (const Json& row : newest_first) {
    const std::string version = std::to_string(row["number"].get<int>());
    const Json single = get(kApi + "/pages/" + page["id"].get<std::string>() +
                            "?body-format=storage&version=" + version);
    EXPECT_EQ(single["body"]["storage"]["value"], row["page"]["body"]["storage"]["value"]);
    EXPECT_EQ(single["version"]["number"], row["number"]);
  }
}

TEST_F(PagingTest, SpacesFilterByKeyWithoutRegardToCaseAndSortByName) {
  const Json space = get(kApi + "/spaces?limit=1")["results"][0];
  std::string key = space["key"];
  std::transform(key.begin(), key.end(), key.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  EXPECT_EQ(ids(walk(kApi + "/spaces?keys=" + key)), std::vector<std::string>{space["id"]});
  EXPECT_EQ(ids(walk(kApi + "/spaces?ids=" + space["id"].get<std::string>())),
            std::vector<std::string>{space["id"]});
  for (const Json& row : walk(kApi + "/spaces?status=archived"))
    EXPECT_EQ(row["status"], "archived");
  for (const Json& row : walk(kApi + "/spaces?type=personal")) EXPECT_EQ(row["type"], "personal");
  const auto by_name = walk(kApi + "/spaces?sort=-name&limit=3");
  EXPECT_EQ(by_name.size(), 12U);
  for (std::size_t i = 1; i < by_name.size(); ++i) {
    EXPECT_GE(by_name[i - 1]["name"].get<std::string>(), by_name[i]["name"].get<std::string>());
  }
  EXPECT_EQ(ask(kApi + "/spaces?type=nonsense").status, 400);
}

}  // namespace
}  // namespace site
