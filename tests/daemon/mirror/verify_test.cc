// A verification finds what differs between a mirror and its site, and names it rightly.

#include "daemon/mirror/verify.h"

#include <gmock/gmock.h>

#include <map>
#include <set>

#include "tests/daemon/mirror/verify_fixture.h"

namespace mirror {
namespace {

using site::Fault;
using site::Index;
using site::Status;
using Kind = DifferenceKind;
using ::testing::IsEmpty;

TEST_F(VerifyTest, AnEqualMirrorHasNoDifferenceAndCostsFewRequests) {
  given_a_mirror();
  const auto verified = verify();
  expect_no_difference(verified);
  EXPECT_EQ(verified.result->pages_in_mirror, 600);
  EXPECT_EQ(verified.result->pages_on_site, 600);
  EXPECT_EQ(verified.result->spaces_on_site, 6);
  EXPECT_EQ(verified.result->bodies_compared, 100);
  EXPECT_TRUE(verified.result->last_sync_at);
  EXPECT_EQ(verified.usage.requests, kFrame + answers(600) + answers(100));
  EXPECT_EQ(site().counters().requests, static_cast<std::uint64_t>(verified.usage.requests));
  EXPECT_EQ(site().counters().body_listings, 1U);
}

TEST_F(VerifyTest, TheSampleMayBeNothingOrEverything) {
  given_a_mirror();
  verify_options.sample = 0;
  auto verified = verify();
  expect_no_difference(verified);
  EXPECT_EQ(verified.result->bodies_compared, 0);
  EXPECT_EQ(verified.usage.requests, kFrame + answers(600));
  verify_options.sample = kEvery;
  verified = verify();
  expect_no_difference(verified);
  EXPECT_EQ(verified.result->bodies_compared, 600);
  EXPECT_EQ(verified.usage.requests, kFrame + 2 * answers(600));
}

TEST_F(VerifyTest, ManySpacesAreListedSideBySide) {
  given_a_mirror(120, 1500);
  const auto verified = verify();
  expect_no_difference(verified);
  const auto listings = static_cast<std::int64_t>(site().counters().plain_listings);
  EXPECT_GE(listings, answers(1500));
  EXPECT_LE(listings, answers(1500) + process.connections);
}

// Thirty differences of ten kinds, three of each: some in the mirror, some on the site.
class PlantedTest : public VerifyTest {
 protected:
  using Plant = std::function<bool(site::Content&, Index)>;

  // Pages that `plant` takes; each page gets one difference.
  void plant(Kind kind, const Plant& plant, int count = 3) {
    change([&](site::Content& content) {
      for (auto page = pool_.begin(); page != pool_.end() && count > 0;) {
        if (!plant(content, *page)) {
          ++page;
          continue;
        }
        expected_[content.pages()[*page].id].insert(kind);
        page = pool_.erase(page);
        --count;
      }
    });
    EXPECT_EQ(count, 0) << to_string(kind);
  }
  void plant_in_mirror(Kind kind, const std::function<std::string(const std::string&)>& sql,
                       int count = 3) {
    std::string all;
    plant(
        kind,
        [&](site::Content& content, Index page) {
          all += sql(std::to_string(content.pages()[page].id)) + ";";
          return true;
        },
        count);
    alter_mirror(all);
  }
  void plant_another_body() {
    const std::string text = "<p>another text</p>";
    plant_in_mirror(Kind::kBody, [&](const std::string& id) {
      return "UPDATE page_body SET body='" + text +
             "' WHERE id=(SELECT body_id FROM page WHERE id=" + id +
             "); UPDATE page SET body_hash=x'" + store::to_hex(store::sha256(text)) +
             "' WHERE id=" + id;
    });
  }
  static bool move_below_another(site::Content& content, Index page) {
    const auto& now = content.pages()[page];
    const auto homepage = content.spaces()[now.space].homepage;
    return now.parent != homepage && content.reparent(page, homepage);
  }
  static bool move_to_next_space(site::Content& content, Index page) {
    const auto spaces = static_cast<Index>(content.spaces().size());
    return content.move_to_space(page, (content.pages()[page].space + 1) % spaces);
  }
  static bool edit(site::Content& content, Index page) {
    site::Edit edit;
    edit.body = "<p>edited</p>";
    return content.edit(page, edit);
  }
  void plant_thirty() {
    pool_ = some_pages(90);
    // What changes places comes first, while nothing else is in its way.
    plant(Kind::kSpace, move_to_next_space);
    plant(Kind::kParent, move_below_another);
    plant(Kind::kExtraPage, [](site::Content& content, Index page) {
      content.restrict_page(page, true);
      return true;
    });
    plant(Kind::kStaleVersion, edit);
    plant(Kind::kStatus, [](site::Content& content, Index page) {
      return content.set_status(page, Status::kArchived);
    });
    plant_in_mirror(Kind::kMissingPage,
                    [](const std::string& id) { return "DELETE FROM page WHERE id=" + id; });
    plant_in_mirror(Kind::kTombstoneAlive, [](const std::string& id) {
      return "UPDATE page SET gone_at=1700000000000, gone_reason='vanished' WHERE id=" + id;
    });
    plant_in_mirror(Kind::kTitle, [](const std::string& id) {
      return "UPDATE page SET title=title||'?' WHERE id=" + id;
    });
    plant_in_mirror(Kind::kPosition, [](const std::string& id) {
      return "UPDATE page SET position=coalesce(position, 0)+1 WHERE id=" + id;
    });
    plant_another_body();
  }
  void expect_exactly_what_was_planted(const VerifyReport& report) {
    std::map<store::Id, std::set<Kind>> found;
    for (const auto& difference : report.differences) {
      EXPECT_TRUE(found[difference.page_id].insert(difference.kind).second)
          << show_difference(difference);
      if (!expected_.contains(difference.page_id)) ADD_FAILURE() << show_difference(difference);
    }
    for (const auto& [id, kinds] : expected_) {
      EXPECT_EQ(found[id], kinds) << id << " " << to_string(*kinds.begin());
    }
  }

  std::vector<Index> pool_;
  std::map<store::Id, std::set<Kind>> expected_;
};

TEST_F(PlantedTest, ThirtyDifferencesOfTenKindsAreAllFoundAndNoneIsInvented) {
  given_a_mirror();
  plant_thirty();
  ASSERT_EQ(expected_.size(), 30U);
  verify_options.sample = kEvery;
  site().reset_counters();
  const auto verified = verify();
  ASSERT_TRUE(verified.result) << verified.result.error().message;
  expect_exactly_what_was_planted(*verified.result);
  EXPECT_EQ(verified.result->differences.size(), 30U);
  EXPECT_THAT(verified.result->left_out, IsEmpty());
  EXPECT_EQ(verified.result->changing, 0);

  // Neither what the mirror lacks or calls gone nor what the site does not show has two bodies, and
  // three that have are of two versions.
  EXPECT_EQ(verified.result->bodies_compared, 600 - 9 - 3);
  // The second look: nine by id, then the three that were not shown alone, and those once more; and
  // the twenty-one of the sample with their bodies.
  const std::int64_t second_look = answers(9) + 1 + 1 + answers(21);
  EXPECT_EQ(verified.usage.requests,
            kFrame + answers(pages_shown()) + answers(600 - 9) + second_look);
  EXPECT_EQ(site().counters().requests, static_cast<std::uint64_t>(verified.usage.requests));
}

TEST_F(PlantedTest, WithoutASampleOnlyTheBodiesStayUnknown) {
  given_a_mirror();
  plant_thirty();
  std::erase_if(expected_, [](const auto& page) { return page.second.contains(Kind::kBody); });
  verify_options.sample = 0;
  const auto verified = verify();
  ASSERT_TRUE(verified.result);
  expect_exactly_what_was_planted(*verified.result);
  EXPECT_EQ(verified.usage.requests, kFrame + answers(pages_shown()) + answers(27) + 1 + 1);
}

TEST_F(PlantedTest, TheSameIsFoundByASiteThatFailsNowAndThen) {
  given_a_mirror();
  plant_thirty();
  verify_options.sample = kEvery;
  process.connections = 2;
  for (const auto fault : {Fault::k500, Fault::kResetAfter, Fault::kRepeatedRow, Fault::kShortPage,
                           Fault::kEmptyPage, Fault::kMalformedJson}) {
    site().set_fault(fault, 0.04);
  }
  site().change_settings([](site::Settings& settings) { settings.results_cap = 60; });
  const auto verified = verify();
  ASSERT_TRUE(verified.result) << verified.result.error().message;
  expect_exactly_what_was_planted(*verified.result);
}

TEST_F(PlantedTest, FurtherKindsAreTold) {
  given_a_mirror();
  pool_ = some_pages(60);
  plant_in_mirror(Kind::kVersionAhead, [](const std::string& id) {
    return "UPDATE page SET version=version+1, body_version=body_version+1 WHERE id=" + id;
  });
  plant_in_mirror(Kind::kModifiedAt, [](const std::string& id) {
    return "UPDATE page SET modified_at=modified_at+1 WHERE id=" + id;
  });
  plant_in_mirror(Kind::kMessage, [](const std::string& id) {
    return "UPDATE page_version SET message='planted' WHERE page_id=" + id;
  });
  plant_in_mirror(Kind::kModifiedBy, [](const std::string& id) {
    return "UPDATE page_version SET author=NULL WHERE page_id=" + id;
  });
  plant_in_mirror(Kind::kAuthor, [](const std::string& id) {
    return "UPDATE page SET author=NULL WHERE id=" + id;
  });
  plant_in_mirror(Kind::kBodyDue, [](const std::string& id) {
    return "UPDATE page SET body_due=1 WHERE id=" + id;
  });
  plant_in_mirror(Kind::kDamagedBody, [](const std::string& id) {
    return "UPDATE page_body SET body=body||' ' WHERE id=(SELECT body_id FROM page WHERE id=" + id +
           ")";
  });
  verify_options.sample = kEvery;
  const auto verified = verify();
  ASSERT_TRUE(verified.result) << verified.result.error().message;
  expect_exactly_what_was_planted(*verified.result);
  EXPECT_EQ(verified.result->bodies_missing, 3);
}

TEST_F(VerifyTest, SpacesAreComparedToo) {
  given_a_mirror();
  std::vector<site::Space> spaces;
  std::int64_t hidden = 0;
  change([&](site::Content& content) {
    spaces = content.spaces();
    content.restrict_space(0, true);
    for (const auto& page : content.pages()) hidden += page.space == 0 ? 1 : 0;
  });
  const auto id = [&](std::size_t space) { return std::to_string(spaces[space].id); };
  alter_mirror("DELETE FROM space WHERE id=" + id(1) + "; UPDATE space SET name='?' WHERE id=" +
               id(2) + "; UPDATE space SET status='archived' WHERE id=" + id(3) +
               "; UPDATE space SET type='?' WHERE id=" + id(4) +
               "; UPDATE space SET key='OTHER' WHERE id=" + id(5));
  const auto verified = verify();
  ASSERT_TRUE(verified.result) << verified.result.error().message;
  std::map<Kind, std::vector<store::Id>> found;
  for (const auto& difference : verified.result->differences) {
    found[difference.kind].push_back(difference.space_id);
  }
  EXPECT_EQ(found[Kind::kExtraSpace], std::vector<store::Id>{spaces[0].id});
  EXPECT_EQ(found[Kind::kExtraPage].size(), static_cast<std::size_t>(hidden));
  EXPECT_EQ(found[Kind::kMissingSpace], std::vector<store::Id>{spaces[1].id});
  EXPECT_EQ(found[Kind::kSpaceName], std::vector<store::Id>{spaces[2].id});
  EXPECT_EQ(found[Kind::kSpaceStatus], std::vector<store::Id>{spaces[3].id});
  EXPECT_EQ(found[Kind::kSpaceType], std::vector<store::Id>{spaces[4].id});
  EXPECT_EQ(found[Kind::kSpaceKey], std::vector<store::Id>{spaces[5].id});
  EXPECT_EQ(found.size(), 7U);
  ASSERT_EQ(verified.result->spaces.size(), 6U);
  for (const auto& tally : verified.result->spaces) {
    EXPECT_EQ(tally.on_site, tally.space_id == spaces[0].id ? 0 : tally.in_mirror) << tally.key;
  }
}

TEST_F(VerifyTest, WhatTheConfigurationLeavesOutIsNoDifference) {
  given_site(content(6, 600, 2));
  std::string key;
  change([&](site::Content& content) { key = content.spaces()[2].key; });
  options.admits = [key](const store::Space& space) { return space.key != key; };
  options.page_statuses = {"current"};
  expect_done(crawl());
  verify_options.admits = options.admits;
  verify_options.page_statuses = options.page_statuses;
  expect_no_difference(verify());
  // The mirror holds more than what it is asked for now.
  const auto other = verify_options.admits;
  verify_options.whole_site = false;
  change([&](site::Content& content) { key = content.spaces()[1].key; });
  verify_options.admits = [key](const store::Space& space) { return space.key == key; };
  const auto verified = verify();
  expect_no_difference(verified);
  EXPECT_EQ(verified.result->spaces.size(), 1U);
  verify_options.admits = [](const store::Space&) { return false; };
  const auto none = verify();
  ASSERT_FALSE(none.result);
  EXPECT_EQ(none.result.error().name, "no_such_space");
}

TEST_F(VerifyTest, APageOfAnotherStatusThanThoseAskedForIsStillFoundById) {
  given_site(content(6, 600, 2));
  options.page_statuses = verify_options.page_statuses = {"current"};
  expect_done(crawl());
  const auto page = some_pages(1).front();
  change([&](site::Content& content) { ASSERT_TRUE(content.set_status(page, Status::kArchived)); });
  const auto verified = verify();
  ASSERT_TRUE(verified.result);
  ASSERT_EQ(verified.result->differences.size(), 1U);
  EXPECT_EQ(verified.result->differences[0].kind, Kind::kStatus);
  EXPECT_EQ(verified.result->differences[0].page_id, id_of(page));
}

}  // namespace
}  // namespace mirror
