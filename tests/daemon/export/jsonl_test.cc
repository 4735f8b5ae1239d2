#include "daemon/export/jsonl.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/daemon/export/mirror_builder.h"

namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr store::Id kDocs = 20;
constexpr store::Id kPlans = 10;

class JsonlTest : public ::testing::Test {
 protected:
  static std::string exported(const std::filesystem::path& mirror,
                              const exporting::JsonlOptions& options) {
    auto reader = store::Reader::open(mirror);
    if (!reader) throw std::runtime_error(reader.error().message);
    std::string text;
    auto take = [&text](std::string_view line) -> store::Result<void> {
      EXPECT_EQ(line.find('\n'), line.size() - 1);
      text += line;
      return {};
    };
    const auto counts = exporting::export_jsonl(**reader, options, take);
    if (!counts) throw std::runtime_error(counts.error().message);
    return text;
  }
  std::string exported(const exporting::JsonlOptions& options = {}) const {
    return exported(mirror_.path(), options);
  }
  static exporting::JsonlOptions with_history() {
    exporting::JsonlOptions options;
    options.history = true;
    return options;
  }
  // "page 5", "version 5.2", ...: what the lines are about.
  static std::vector<std::string> subjects(const std::string& text) {
    std::vector<std::string> found;
    std::istringstream lines(text);
    std::string line;
    while (std::getline(lines, line)) {
      const auto json = nlohmann::json::parse(line);
      const auto kind = json.at("kind").get<std::string>();
      const auto key = kind == "version" ? "page_id" : kind + "_id";
      const auto id = json.at(key).get<std::string>();
      const auto number = kind == "version" ? "." + json.at("version").dump() : std::string();
      found.push_back(kind + " " + id + number);
    }
    return found;
  }
  static std::string line_of(const std::string& text, const std::string& beginning) {
    std::istringstream lines(text);
    std::string line;
    while (std::getline(lines, line)) {
      if (line.starts_with(beginning)) return line;
    }
    return "no line begins with " + beginning;
  }

  void given_two_spaces() {
    mirror_.put_site_url();
    mirror_.put([](store::Batch& batch) {
      batch.spaces = {test::space(kDocs, "DOCS"), test::space(kPlans, "PLANS")};
    });
  }
  void given_page(store::Id id, store::Id space_id, const std::string& title,
                  std::int32_t number = 1) {
    mirror_.put(
        [&](store::Batch& batch) { batch.pages = {test::page(id, space_id, title, number)}; });
    mirror_.put([&](store::Batch& batch) { batch.histories = {test::history(id, title, number)}; });
  }

  test::TemporaryFolder folder_;
  test::MirrorBuilder mirror_{folder_ / "mirror.db"};
};

TEST_F(JsonlTest, SpacesComeFirstThenPagesByIdEachFollowedByItsVersions) {
  given_two_spaces();
  given_page(300, kDocs, "Later", 2);
  given_page(5, kPlans, "Early", 1);
  EXPECT_THAT(subjects(exported(with_history())),
              ElementsAre("space 10", "space 20", "page 5", "version 5.1", "page 300",
                          "version 300.1", "version 300.2"));
  EXPECT_THAT(subjects(exported()), ElementsAre("space 10", "space 20", "page 5", "page 300"));
}

TEST_F(JsonlTest, EveryKeyIsThereInAFixedOrderAndNullWithoutAValue) {
  given_two_spaces();
  given_page(5, kPlans, "Early");
  const auto text = exported(with_history());
  const std::string body = "<p>Early, version 1</p>";
  const auto hash = store::to_hex(store::sha256(body));
  EXPECT_EQ(line_of(text, R"({"kind":"space","space_id":"10")"),
            R"({"kind":"space","space_id":"10","space_key":"PLANS","current_alias":null,)"
            R"("name":"Space PLANS","type":"global","status":"current","description":null,)"
            R"("homepage_id":null,"icon_url":null,"labels":[],"author_id":"account-1",)"
            R"("created_at":"2020-01-02T03:04:05.678Z",)"
            R"("web_url":"https://example.atlassian.net/wiki/spaces/PLANS"})");
  EXPECT_EQ(line_of(text, R"({"kind":"page")"),
            R"({"kind":"page","page_id":"5","space_key":"PLANS","title":"Early",)"
            R"("status":"current","version":1,"space_id":"10","parent_id":null,)"
            R"("parent_type":null,"position":null,"subtype":null,"author_id":"account-1",)"
            R"("owner_id":null,"last_owner_id":null,"created_at":"2021-01-01T00:00:00.000Z",)"
            R"("modified_at":"2021-01-02T00:00:00.000Z","modified_by":"account-1",)"
            R"("version_message":"","minor_edit":false,)"
            R"("web_url":"https://example.atlassian.net/wiki/spaces/S/pages/5",)"
            R"("body":{"storage":")" +
                body + R"("},"body_sha256":")" + hash + R"("})");
  EXPECT_EQ(line_of(text, R"({"kind":"version")"),
            R"({"kind":"version","page_id":"5","version":1,)"
            R"("created_at":"2021-01-02T00:00:00.000Z","author_id":"account-1","message":"",)"
            R"("minor_edit":false,"body":{"storage":")" +
                body + R"("},"body_sha256":")" + hash + R"("})");
}

TEST_F(JsonlTest, ValuesOfEveryFieldArrive) {
  auto space = test::space(kDocs, "DOCS");
  space.current_alias = "alias";
  space.description = "About";
  space.homepage_id = 7;
  space.icon_path = "/wiki/icon.png";
  auto page = test::page(7, kDocs, "Full", 4);
  page.parent_id = 6;
  page.parent_type = "folder";
  page.position = 12;
  page.subtype = "live";
  page.owner_id = "owner";
  page.last_owner_id = "former";
  page.version.message = "why";
  page.version.minor_edit = true;
  mirror_.put_site_url();
  mirror_.put([&](store::Batch& batch) {
    batch.spaces = {space};
    batch.pages = {page};
    batch.space_labels = {{kDocs, {"a", "b"}}};
  });
  const auto text = exported();
  const auto space_line = line_of(text, R"({"kind":"space")");
  for (const char* part :
       {R"("current_alias":"alias")", R"("description":"About")", R"("homepage_id":"7")",
        R"("icon_url":"https://example.atlassian.net/wiki/icon.png")", R"("labels":["a","b"])"}) {
    EXPECT_THAT(space_line, HasSubstr(part));
  }
  const auto page_line = line_of(text, R"({"kind":"page")");
  for (const char* part :
       {R"("parent_id":"6","parent_type":"folder","position":12,"subtype":"live")",
        R"("owner_id":"owner","last_owner_id":"former")", R"("version":4)",
        R"("version_message":"why","minor_edit":true)"}) {
    EXPECT_THAT(page_line, HasSubstr(part));
  }
}

TEST_F(JsonlTest, EqualMirrorsGiveEqualBytesHoweverTheyWereFilled) {
  // One sync that saw everything as it is now.
  given_two_spaces();
  given_page(5, kPlans, "Early", 3);
  given_page(300, kDocs, "Later", 2);
  // Many syncs, in another order, at other times; the page grew meanwhile; names were asked for
  // here only.
  test::MirrorBuilder other(folder_ / "other.db");
  other.put([](store::Batch& batch) { batch.pages = {test::page(300, kDocs, "Later", 1)}; }, 10);
  other.put([](store::Batch& batch) { batch.pages = {test::page(5, kPlans, "Before", 3)}; }, 11);
  other.put([](store::Batch& batch) { batch.histories = {test::history(5, "Early", 3)}; }, 12);
  other.put([](store::Batch& batch) { batch.pages = {test::page(300, kDocs, "Later", 2)}; }, 20);
  other.put([](store::Batch& batch) { batch.histories = {test::history(300, "Later", 2)}; }, 21);
  other.put([](store::Batch& batch) { batch.spaces = {test::space(kPlans, "PLANS")}; }, 30);
  other.put([](store::Batch& batch) { batch.pages = {test::page(5, kPlans, "Early", 3)}; }, 31);
  other.put([](store::Batch& batch) { batch.spaces = {test::space(kDocs, "DOCS")}; }, 40);
  other.put([](store::Batch& batch) { batch.users = {{"account-1", "Ann", "active"}}; }, 50);
  other.put_site_url();
  const auto text = exported(with_history());
  EXPECT_THAT(text, HasSubstr("Early, version 2"));
  EXPECT_EQ(text, exported(other.path(), with_history()));
}

TEST_F(JsonlTest, WhatIsGoneSaysWhenAndWhyAndIsLeftOutOnRequest) {
  given_two_spaces();
  given_page(5, kPlans, "Kept");
  given_page(6, kPlans, "Lost", 2);
  mirror_.execute("UPDATE page SET gone_at = 1767225600000, gone_reason = 'vanished' WHERE id = 6");
  auto options = with_history();
  const auto all = exported(options);
  EXPECT_THAT(line_of(all, R"({"kind":"page","page_id":"6")"),
              HasSubstr(R"("gone_at":"2026-01-01T00:00:00.000Z","gone_reason":"vanished",)"
                        R"("body":{"storage":"<p>Lost, version 2</p>"})"));
  EXPECT_THAT(line_of(all, R"({"kind":"page","page_id":"5")"), Not(HasSubstr("gone")));
  options.live_only = true;
  EXPECT_THAT(subjects(exported(options)),
              ElementsAre("space 10", "space 20", "page 5", "version 5.1"));
}

TEST_F(JsonlTest, NodesStandBetweenSpacesAndPagesWithEveryKey) {
  given_two_spaces();
  given_page(5, kPlans, "Early");
  mirror_.put([](store::Batch& batch) {
    store::Node folder;
    folder.id = 300;
    folder.type = "folder";
    folder.status = "current";
    folder.title = "Plans";
    folder.space_id = kPlans;
    folder.parent_id = 5;
    folder.parent_type = "page";
    folder.position = 12;
    folder.author_id = "account-1";
    folder.created_at = test::time_of("2021-01-01T00:00:00Z");
    folder.version = 2;
    store::Node embed;
    embed.id = 4;
    embed.type = "embed";
    embed.status = "trashed";
    embed.title = "";
    batch.nodes = {folder, embed};
  });
  const auto text = exported();
  EXPECT_THAT(subjects(text), ElementsAre("space 10", "space 20", "node 4", "node 300", "page 5"));
  EXPECT_EQ(line_of(text, R"({"kind":"node","node_id":"300")"),
            R"({"kind":"node","node_id":"300","type":"folder","space_key":"PLANS",)"
            R"("title":"Plans","status":"current","version":2,"space_id":"10","parent_id":"5",)"
            R"("parent_type":"page","position":12,"author_id":"account-1",)"
            R"("created_at":"2021-01-01T00:00:00.000Z"})");
  EXPECT_EQ(line_of(text, R"({"kind":"node","node_id":"4")"),
            R"({"kind":"node","node_id":"4","type":"embed","space_key":null,)"
            R"("title":"","status":"trashed","version":null,"space_id":null,"parent_id":null,)"
            R"("parent_type":null,"position":null,"author_id":null,"created_at":null})");
  mirror_.put([](store::Batch& batch) { batch.gone_nodes = {{300, "vanished"}}; }, 10);
  exporting::JsonlOptions options;
  EXPECT_THAT(line_of(exported(options), R"({"kind":"node","node_id":"300")"),
              HasSubstr(R"("gone_at":"2026-01-01T10:00:00.000Z","gone_reason":"vanished"})"));
  options.live_only = true;
  EXPECT_THAT(subjects(exported(options)), ElementsAre("space 10", "space 20", "node 4", "page 5"));
  options.live_only = false;
  options.space_ids = {kPlans};
  EXPECT_THAT(subjects(exported(options)), ElementsAre("space 10", "node 300", "page 5"));
}

TEST_F(JsonlTest, OnlyTheSpacesThatWereAskedFor) {
  given_two_spaces();
  given_page(5, kPlans, "Plan");
  given_page(6, kDocs, "Doc");
  exporting::JsonlOptions options;
  options.space_ids = {kDocs};
  EXPECT_THAT(subjects(exported(options)), ElementsAre("space 20", "page 6"));
}

TEST_F(JsonlTest, AMirrorWithoutPagesStillListsItsSpaces) {
  given_two_spaces();
  EXPECT_THAT(subjects(exported()), ElementsAre("space 10", "space 20"));
}

TEST_F(JsonlTest, BodiesArriveByteForByte) {
  given_two_spaces();
  std::string body =
      "\"quotes\" \\ / <br/> &nbsp; \xE6\xBC\xA2\xE5\xAD\x97 \xF0\x9F\x98\x80 "
      "\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D\r\n\t";
  body += '\x01';
  body += '\x7F';
  body += "\xE2\x80\xA8" + std::string(std::size_t{4} << 20, 'x');
  mirror_.put([&](store::Batch& batch) {
    auto page = test::page(5, kDocs, "Exact");
    page.body.emplace(body);
    batch.pages = {page};
  });
  const auto json = nlohmann::json::parse(line_of(exported(), R"({"kind":"page")"));
  EXPECT_TRUE(json.at("body").at("storage").get<std::string>() == body);
  EXPECT_EQ(json.at("body_sha256"), store::to_hex(store::sha256(body)));
}

TEST_F(JsonlTest, ABodyThatWasNotFetchedIsNull) {
  given_two_spaces();
  mirror_.put([](store::Batch& batch) {
    auto page = test::page(5, kDocs, "Listed", 2);
    page.body.reset();
    batch.pages = {page};
    auto known = test::history(5, "Listed", 2);
    for (auto& row : known.versions) row.body.reset();
    batch.histories = {known};
  });
  const auto text = exported(with_history());
  EXPECT_THAT(line_of(text, R"({"kind":"page")"), HasSubstr(R"("body":null,"body_sha256":null})"));
  EXPECT_THAT(line_of(text, R"({"kind":"version")"),
              HasSubstr(R"("body":null,"body_sha256":null})"));
}

TEST_F(JsonlTest, WhatIsCommittedMeanwhileIsNotSeen) {
  given_two_spaces();
  given_page(5, kPlans, "Early");
  given_page(6, kPlans, "Next");
  auto reader = store::Reader::open(mirror_.path());
  ASSERT_TRUE(reader);
  std::string text;
  auto take = [&](std::string_view line) -> store::Result<void> {
    if (text.empty()) {
      mirror_.put([](store::Batch& batch) {
        batch.spaces = {test::space(30, "LATE")};
        batch.pages = {test::page(6, kPlans, "Changed", 2), test::page(7, 30, "New")};
      });
    }
    text += line;
    return {};
  };
  ASSERT_TRUE(exporting::export_jsonl(**reader, with_history(), take));
  EXPECT_THAT(subjects(text), ElementsAre("space 10", "space 20", "page 5", "version 5.1", "page 6",
                                          "version 6.1"));
  EXPECT_THAT(text, Not(HasSubstr("Changed")));
  EXPECT_THAT(exported(), HasSubstr("Changed"));
}

TEST_F(JsonlTest, AFailingTargetEndsTheExportWithItsError) {
  given_two_spaces();
  given_page(5, kPlans, "Early", 2);
  auto reader = store::Reader::open(mirror_.path());
  ASSERT_TRUE(reader);
  for (int good = 0; good < 5; ++good) {  // of the lines: two spaces, a page, two versions
    int left = good;
    int calls = 0;
    auto take = [&](std::string_view) -> store::Result<void> {
      ++calls;
      if (left-- > 0) return {};
      return store::fail(store::ErrorKind::kSystem, "disk_full", "cannot write 'x': full");
    };
    const auto counts = exporting::export_jsonl(**reader, with_history(), take);
    ASSERT_FALSE(counts) << good;
    EXPECT_EQ(counts.error().name, "disk_full");
    EXPECT_EQ(calls, good + 1) << "nothing is written after the error";
  }
}

TEST_F(JsonlTest, CountsWhatWasWritten) {
  given_two_spaces();
  given_page(5, kPlans, "Early", 2);
  auto reader = store::Reader::open(mirror_.path());
  ASSERT_TRUE(reader);
  auto take = [](std::string_view) -> store::Result<void> { return {}; };
  const auto counts = exporting::export_jsonl(**reader, with_history(), take);
  ASSERT_TRUE(counts);
  EXPECT_EQ(counts->spaces, 2);
  EXPECT_EQ(counts->pages, 1);
  EXPECT_EQ(counts->versions, 2);
}

}  // namespace
