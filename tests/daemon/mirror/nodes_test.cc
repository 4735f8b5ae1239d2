// Folders, whiteboards, databases and embeds: how many requests they cost, what is found, and what
// is believed gone.

#include <gmock/gmock.h>

#include <map>
#include <set>

#include "tests/daemon/mirror/mirror_fixture.h"

namespace mirror {
namespace {

using site::ContentType;
using site::Fault;
using site::Index;
using site::Status;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class NodesTest : public MirrorTest {
 protected:
  void given_a_mirror() {
    given_site(content(6, 1200, 2));
    expect_done(crawl());
    expect_equal();
    site().reset_counters();
  }
  template <typename Work>
  void change(Work work) {
    site().with_content([&](site::Content& content) { work(content); });
  }
  // Those that some page names, or one of them.
  std::vector<Index> named() {
    std::vector<Index> found;
    change([&](site::Content& content) {
      const auto flags = content.named_containers();
      for (Index node = 0; node < flags.size(); ++node) {
        if (flags[node]) found.push_back(node);
      }
    });
    EXPECT_GT(found.size(), 5U);
    return found;
  }
  Index a_folder() {
    Index folder = site::kNone;
    const auto nodes = named();
    change([&](site::Content& content) {
      for (const auto node : nodes) {
        if (content.containers()[node].type == ContentType::kFolder) folder = node;
      }
    });
    EXPECT_NE(folder, site::kNone);
    return folder;
  }
  store::Id id_of(Index node) {
    store::Id id = 0;
    change([&](site::Content& content) { id = content.containers()[node].id; });
    return id;
  }
  store::NodeRow row(Index node) {
    auto found = reader()->node(id_of(node));
    EXPECT_TRUE(found && *found) << id_of(node);
    return found && *found ? **found : store::NodeRow();
  }
  std::string subject(Index node) { return "node:" + std::to_string(id_of(node)); }
  std::int64_t tombstones() {
    std::int64_t count = 0;
    auto visited = reader()->for_each_node(
        [&count](const store::NodeRow& node) {
          count += node.gone_at.has_value() ? 1 : 0;
          return true;
        },
        {});
    EXPECT_TRUE(visited);
    return count;
  }
  // How often the site was asked for a node.
  std::uint64_t asked() {
    std::uint64_t sum = 0;
    for (const auto& [route, count] : site().counters().by_route) {
      for (const char* type : {"folders", "whiteboards", "databases", "embeds"}) {
        if (route == std::string("GET /wiki/api/v2/") + type + "/{id}") sum += count;
      }
    }
    return sum;
  }
  // A folder below the homepage of a space, with two pages moved into it; the first is edited, so
  // that it shows among the changes.
  Index given_a_new_folder() {
    const auto pages = some_pages(20);
    Index folder = site::kNone;
    change([&](site::Content& content) {
      site::NewContainer wanted;
      wanted.space = content.pages()[pages[0]].space;
      wanted.parent = content.spaces()[wanted.space].homepage;
      wanted.parent_type = ContentType::kPage;
      wanted.title = "New folder";
      folder = content.add_container(wanted);
      int moved = 0;
      for (const auto page : pages) {
        if (moved == 2 || !content.put_into(page, folder)) continue;
        if (moved++ > 0) continue;
        site::Edit edit;
        edit.body = "<p>edited</p>";
        ASSERT_TRUE(content.edit(page, edit));
      }
      ASSERT_EQ(moved, 2);
    });
    return folder;
  }
  void only_changes() {
    options.incremental = true;
    options.overlap = std::chrono::seconds(0);
  }
};

TEST_F(NodesTest, ACrawlBringsEveryNodeOfTheTreeWithOneRequestEach) {
  given_site(content(6, 1200, 2));
  expect_done(crawl());
  expect_equal();
  const auto nodes = named();
  EXPECT_EQ(asked(), nodes.size());
  std::set<std::string> types;
  std::size_t nested = 0;
  for (const auto node : nodes) {
    const auto known = row(node);
    types.insert(known.type);
    nested += known.parent_type.value_or("page") != "page" ? 1 : 0;
    change([&](site::Content& content) {
      const auto& there = content.containers()[node];
      EXPECT_EQ(known.title, there.title);
      EXPECT_EQ(known.author_id, content.users()[there.author].account_id);
      EXPECT_EQ(known.created_at->time_since_epoch().count(), there.created_at);
    });
  }
  EXPECT_EQ(types.size(), 4U);
  EXPECT_GT(nested, 0U) << "no node lies in another one";
  auto unknown = reader()->unknown_users(10);
  ASSERT_TRUE(unknown);
  EXPECT_THAT(*unknown, IsEmpty()) << "the names of their authors too";
}

TEST_F(NodesTest, WithoutHistoryItIsTheSame) {
  given_site(content(6, 1200, 2));
  options.history = History::kNone;
  process.history = "none";
  expect_done(crawl());
  EXPECT_EQ(asked(), named().size());
  site::CompareOptions compare;
  compare.current_only = true;
  expect_equal(compare);
}

TEST_F(NodesTest, ALaterRunAsksForNoneAndAFullOneForEachOnce) {
  given_a_mirror();
  const auto before = export_mirror();
  only_changes();
  expect_done(crawl());
  EXPECT_EQ(asked(), 0U);
  options.incremental = false;
  expect_done(crawl());
  EXPECT_EQ(asked(), named().size());
  EXPECT_TRUE(export_mirror() == before);
}

TEST_F(NodesTest, ANewFolderCostsALaterRunOneRequest) {
  given_a_mirror();
  const auto folder = given_a_new_folder();
  only_changes();
  expect_done(crawl());
  EXPECT_EQ(asked(), 1U);
  EXPECT_EQ(row(folder).title, "New folder");
  EXPECT_EQ(row(folder).parent_type, "page");
  expect_done(crawl());
  EXPECT_EQ(asked(), 1U);
}

TEST_F(NodesTest, AFolderThatAppearsDuringACrawlIsInTheMirrorAtItsEnd) {
  given_site(content(6, 1200, 2));
  Index folder = site::kNone;
  at_request(60, [&] { folder = given_a_new_folder(); });
  expect_done(crawl());
  ASSERT_NE(folder, site::kNone);
  EXPECT_EQ(row(folder).title, "New folder");
}

TEST_F(NodesTest, ARenamedFolderIsFoundByTheNextFullRun) {
  given_a_mirror();
  const auto folder = a_folder();
  change([&](site::Content& content) { ASSERT_TRUE(content.rename_container(folder, "Renamed")); });
  only_changes();
  expect_done(crawl());
  EXPECT_NE(row(folder).title, "Renamed");
  options.incremental = false;
  expect_done(crawl());
  EXPECT_EQ(row(folder).title, "Renamed");
  EXPECT_EQ(row(folder).version, 2);
  expect_equal();
}

TEST_F(NodesTest, TrashedIsAStatusAndRemovedIsATombstoneThatIsNotAskedForAgain) {
  given_a_mirror();
  const auto nodes = named();
  change([&](site::Content& content) {
    ASSERT_TRUE(content.set_container_status(nodes[0], Status::kTrashed));
    ASSERT_TRUE(content.set_container_status(nodes[1], Status::kPurged));
  });
  const auto title = row(nodes[1]).title;
  expect_done(crawl());
  EXPECT_EQ(asked(), nodes.size());
  EXPECT_EQ(row(nodes[0]).status, "trashed");
  EXPECT_FALSE(row(nodes[0]).gone_at);
  EXPECT_EQ(row(nodes[1]).gone_reason, "vanished");
  EXPECT_EQ(row(nodes[1]).title, title);
  EXPECT_EQ(tombstones(), 1);
  expect_equal();
  site().reset_counters();
  expect_done(crawl());
  EXPECT_EQ(asked(), nodes.size() - 1);
}

TEST_F(NodesTest, AFolderThatIsHiddenBelowPagesThatAreNotStaysAndWaitsInQuarantine) {
  given_a_mirror();
  const auto folder = a_folder();
  change([&](site::Content& content) { content.restrict_container(folder, true); });
  const auto outcome = crawl();
  ASSERT_TRUE(outcome.result);
  ASSERT_EQ(outcome.progress.failures.size(), 1U);
  EXPECT_THAT(outcome.progress.failures.front(), HasSubstr("names it as its parent"));
  EXPECT_EQ(last_outcome(), "partial");
  EXPECT_EQ(quarantined(), std::vector<std::string>{subject(folder)});
  EXPECT_FALSE(row(folder).gone_at);
  // Its next try has not come: nothing asks for it, whatever the run.
  site().reset_counters();
  EXPECT_TRUE(crawl().result);
  EXPECT_EQ(asked(), named().size() - 1);
  change([&](site::Content& content) { content.restrict_container(folder, false); });
  options.retry_quarantine = true;
  only_changes();
  expect_done(crawl());
  EXPECT_THAT(quarantined(), IsEmpty());
}

TEST_F(NodesTest, ATombstoneThatAPageNamesAgainIsRevived) {
  given_a_mirror();
  const auto folder = given_a_new_folder();
  const auto pages = some_pages(20);
  expect_done(crawl());
  std::vector<Index> inside;
  change([&](site::Content& content) {
    for (const auto page : pages) {
      const auto& there = content.pages()[page];
      if (there.parent_type != ContentType::kFolder || there.parent != folder) continue;
      inside.push_back(page);
      ASSERT_TRUE(content.reparent(page, site::kNone));
    }
    ASSERT_EQ(inside.size(), 2U);
    content.restrict_container(folder, true);
  });
  expect_done(crawl());
  EXPECT_EQ(row(folder).gone_reason, "vanished");
  change([&](site::Content& content) {
    content.restrict_container(folder, false);
    ASSERT_TRUE(content.put_into(inside[0], folder));
    ASSERT_TRUE(content.edit(inside[0], {}));
  });
  only_changes();
  expect_done(crawl());
  EXPECT_FALSE(row(folder).gone_at);
}

TEST_F(NodesTest, AFolderThatIsForbiddenIsNamedAndStopsNothing) {
  given_site(content(6, 1200, 2));
  const auto folder = a_folder();
  site().set_forbidden({id_of(folder)});
  const auto outcome = crawl();
  ASSERT_TRUE(outcome.result);
  EXPECT_EQ(outcome.progress.quarantined, 1);
  EXPECT_EQ(last_outcome(), "partial");
  EXPECT_EQ(quarantined(), std::vector<std::string>{subject(folder)});
  EXPECT_EQ(asked(), named().size());
  site().set_forbidden({});
  options.retry_quarantine = true;
  expect_done(crawl());
  expect_equal();
}

TEST_F(NodesTest, WhereATypeIsForbiddenAFewRequestsShowIt) {
  given_site(content(6, 3000, 1));
  process.connections = 1;
  std::vector<store::Id> folders;
  std::size_t others = 0;
  for (const auto node : named()) {
    change([&](site::Content& content) {
      const auto& there = content.containers()[node];
      if (there.type == ContentType::kFolder) {
        folders.push_back(there.id);
      } else {
        ++others;
      }
    });
  }
  ASSERT_GT(folders.size(), 10U);
  site().set_forbidden(folders);
  const auto outcome = crawl();
  ASSERT_TRUE(outcome.result);
  EXPECT_LE(asked(), others + 3);
  EXPECT_GE(quarantined().size(), folders.size() / 2) << "those that lie in no folder";
  for (const auto& name : quarantined()) EXPECT_THAT(name, testing::StartsWith("node:"));
}

TEST_F(NodesTest, WhatNobodyNamesAnyMoreLeavesQuarantine) {
  given_site(content(6, 1200, 2));
  const auto folder = given_a_new_folder();
  site().set_forbidden({id_of(folder)});
  const auto outcome = crawl();
  EXPECT_EQ(quarantined(), std::vector<std::string>{subject(folder)});
  change([&](site::Content& content) {
    ASSERT_TRUE(content.set_container_status(folder, Status::kPurged));
  });
  expect_done(crawl());
  EXPECT_THAT(quarantined(), IsEmpty());
  expect_equal();
}

TEST_F(NodesTest, ADeadTokenMarksNothing) {
  given_a_mirror();
  const auto nodes = named();
  const auto hide = [&](bool hidden) {
    change([&](site::Content& content) {
      for (const auto node : nodes) content.restrict_container(node, hidden);
    });
  };
  expect_done(crawl());
  const auto requests = site().counters().requests;
  // Behind the nodes, before the second canary; and among the first of them.
  for (const auto when : {requests, requests - nodes.size()}) {
    for (const bool open : {true, false}) {
      site().change_settings([&](site::Settings& settings) { settings.anonymous_access = open; });
      hide(true);
      at_request(when, [this] { site().set_token("another"); });
      const auto outcome = crawl();
      ASSERT_FALSE(outcome.result);
      EXPECT_EQ(outcome.result.error().kind, store::ErrorKind::kCredentialsBad);
      EXPECT_EQ(tombstones(), 0);
      EXPECT_THAT(quarantined(), IsEmpty());
      hide(false);
      site().set_token(process.token);
    }
  }
  expect_done(crawl());
  expect_equal();
}

TEST_F(NodesTest, NodesOfASpaceThatIsLeftOutAreNotAskedForAndTheirRowsAreExcluded) {
  given_a_mirror();
  std::map<Index, std::vector<Index>> by_space;
  const auto nodes = named();
  change([&](site::Content& content) {
    for (const auto node : nodes) by_space[content.containers()[node].space].push_back(node);
  });
  ASSERT_GT(by_space.size(), 1U);
  const auto& [space, inside] = *by_space.begin();
  std::string key;
  change([&, index = space](site::Content& content) { key = content.spaces()[index].key; });
  options.admits = [key](const store::Space& candidate) { return candidate.key != key; };
  options.scope = "all but one";
  expect_done(crawl());
  EXPECT_EQ(asked(), nodes.size() - inside.size());
  for (const auto node : inside) EXPECT_EQ(row(node).gone_reason, "excluded");
  options.admits = [](const store::Space&) { return true; };
  options.scope = {};
  expect_done(crawl());
  EXPECT_EQ(tombstones(), 0);
  expect_equal();
}

TEST_F(NodesTest, ARunOverOneSpaceAsksForItsNodesOnly) {
  given_a_mirror();
  const auto folder = a_folder();
  std::string key;
  std::size_t inside = 0;
  const auto nodes = named();
  change([&](site::Content& content) {
    const auto space = content.containers()[folder].space;
    key = content.spaces()[space].key;
    for (const auto node : nodes) inside += content.containers()[node].space == space ? 1 : 0;
    for (const auto node : nodes) {
      if (content.containers()[node].space != space) content.restrict_container(node, true);
    }
  });
  options.admits = [key](const store::Space& candidate) { return candidate.key == key; };
  options.whole_site = false;
  options.scope = "one space";
  expect_done(crawl());
  EXPECT_EQ(asked(), inside);
  EXPECT_EQ(tombstones(), 0);
}

TEST_F(NodesTest, PassingFaultsLoseNoNode) {
  given_site(content(6, 1200, 1));
  for (const auto fault : {Fault::k500, Fault::kResetAfter, Fault::kMalformedJson,
                           Fault::kTruncatedJson, Fault::kHtml200}) {
    site().set_fault(fault, 0.03);
  }
  expect_done(crawl());
  expect_equal();
}

TEST_F(NodesTest, ACrashAnywhereLosesNoneAndAsksForFewAgain) {
  given_a_mirror();
  const auto all = named().size();
  constexpr int kStep = 6;
  int cut_short = 0;
  // How many commits there are depends on how they were grouped: where none of these instants was
  // between the nodes, others are tried.
  for (int first = 4; first < 4 + kStep && cut_short == 0; ++first) {
    site().reset_counters();
    for (int commits = first; crawl_and_die_before_commit(commits); commits += kStep) {
      cut_short += asked() > 0 && asked() < all ? 1 : 0;
      // Where the crash came while the file was being closed, the next run is one of its own.
      const bool had_ended = last_outcome() == "done" && asked() == all;
      expect_done(crawl());
      // At most two answers of each of four workers were not on the disk.
      EXPECT_GE(asked(), all);
      EXPECT_LE(asked(), had_ended ? 2 * all : all + 8);
      expect_equal();
      site().reset_counters();
    }
  }
  EXPECT_GT(cut_short, 0) << "no crash came between the nodes";
}

}  // namespace
}  // namespace mirror
