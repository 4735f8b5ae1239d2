// Every fault of a write: what the client sees, and what the write log says of what was applied.

#include "tests/site/write_fixture.h"

namespace site {
namespace {

class WriteFaultsTest : public WriteTest {
 protected:
  void SetUp() override {
    WriteTest::SetUp();
    id_ = given_page("page");
  }

  // The answer to an update that meets the fault.
  Reply update_with(Fault fault) {
    server_->next_write({.fault = fault, .page = std::stoll(id_), .what = "update"});
    return put(id_, an_update(id_, 2, "page"));
  }
  void expect_logged(Fault fault, bool applied, int status) {
    const WriteEntry entry = last_write();
    EXPECT_EQ(entry.fault, to_string(fault));
    EXPECT_EQ(entry.applied, applied) << to_string(fault);
    EXPECT_EQ(entry.status, status) << to_string(fault);
    EXPECT_EQ(get(page(id_))["version"]["number"], applied ? 2 : 1) << to_string(fault);
    EXPECT_EQ(applied_to(id_), applied ? 2U : 1U);
  }
  void start_again() { WriteFaultsTest::SetUp(); }

  std::string id_;
};

TEST_F(WriteFaultsTest, RefusalsAndFailuresBeforeProcessingApplyNothing) {
  const std::vector<std::pair<Fault, int>> faults = {
      {Fault::k429, 429},     {Fault::k429NoRetryAfter, 429}, {Fault::k429HttpDate, 429},
      {Fault::k500, 500},     {Fault::k502Html, 502},         {Fault::k503RetryAfter, 503},
      {Fault::kHtml200, 200}, {Fault::kRace409, 409},         {Fault::kRace500, 500},
      {Fault::kFresh409, 409}};
  for (const auto& [fault, status] : faults) {
    EXPECT_EQ(update_with(fault).status, status) << to_string(fault);
    expect_logged(fault, false, status);
  }
  const Reply reset = update_with(Fault::kResetBefore);
  EXPECT_TRUE(reset.status == 0 && reset.reset);
  expect_logged(Fault::kResetBefore, false, 0);
  EXPECT_EQ(put(id_, an_update(id_, 2, "page")).status, 200) << "each was played once";
  EXPECT_EQ(server_->counters().faults["429"], 1U);
}

TEST_F(WriteFaultsTest, TheRaceIsAConflictWithItsOwnText) {
  EXPECT_NE(error_title(update_with(Fault::kRace409)).find("StaleObjectStateException"),
            std::string::npos);
  server_->change_settings([](Settings& settings) { settings.fresh_conflict_ms = 0; });
  EXPECT_EQ(update_with(Fault::kFresh409).status, 200) << "the page is no longer new";
}

TEST_F(WriteFaultsTest, FailuresAfterProcessingHideAWriteThatWasApplied) {
  const std::vector<std::pair<Fault, int>> faults = {
      {Fault::kApplied500, 500}, {Fault::kApplied502Html, 502}, {Fault::kApplied503, 503},
      {Fault::kEmpty200, 200},   {Fault::kTruncatedJson, 200},  {Fault::kMalformedJson, 200},
      {Fault::kCutBody, 200},    {Fault::kResetAfter, 200},     {Fault::kSlowDrip, 200}};
  for (const auto& [fault, status] : faults) {
    start_again();
    server_->change_settings([](Settings& settings) { settings.drip_ms = 50; });
    const Reply reply = update_with(fault);
    EXPECT_EQ(reply.status, status) << to_string(fault);
    const bool broken = fault == Fault::kCutBody || fault == Fault::kResetAfter;
    EXPECT_EQ(reply.whole, !broken) << to_string(fault);
    EXPECT_EQ(status == 200 && reply.whole && Json::accept(reply.body), fault == Fault::kSlowDrip)
        << to_string(fault);
    expect_logged(fault, true, status);
    EXPECT_EQ(broken ? last_write().whole : !last_whole_write().whole, false) << to_string(fault);
  }
  start_again();
  const Reply reset = update_with(Fault::kAppliedReset);
  EXPECT_TRUE(reset.status == 0 && reset.reset);
  expect_logged(Fault::kAppliedReset, true, 0);
}

TEST_F(WriteFaultsTest, WithoutAnAnswerTheClientHasToGiveUp) {
  for (const auto& [fault, applied] :
       {std::pair{Fault::kNoAnswer, false}, std::pair{Fault::kAppliedNoAnswer, true}}) {
    start_again();
    server_->next_write({.fault = fault});
    client_->send("PUT", page(id_), an_update(id_, 2, "page").dump(),
                  {"Content-Type: application/json"});
    std::this_thread::sleep_for(std::chrono::milliseconds(150));
    EXPECT_EQ(server_->counters().open_requests, 1U);
    client_->close();
    for (int i = 0; i < 200 && server_->counters().open_requests > 0; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    EXPECT_EQ(server_->counters().open_requests, 0U) << "the site waits no longer";
    expect_logged(fault, applied, 0);
  }
}

TEST_F(WriteFaultsTest, AProxyMayGiveUpOnAWriteThatIsAppliedLater) {
  server_->change_settings([](Settings& settings) { settings.applied_later_ms = 200; });
  EXPECT_EQ(update_with(Fault::kAppliedLater503).status, 503);
  EXPECT_FALSE(last_write().applied);
  EXPECT_EQ(get(page(id_))["version"]["number"], 1);
  for (int i = 0; i < 400 && !last_write().applied; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  expect_logged(Fault::kAppliedLater503, true, 503);
}

TEST_F(WriteFaultsTest, WhatIsAppliedLaterMayComeTooLate) {
  server_->change_settings([](Settings& settings) { settings.applied_later_ms = 100; });
  update_with(Fault::kAppliedLater503);
  EXPECT_EQ(put(id_, an_update(id_, 2, "page", "<p>by another</p>")).status, 200);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_EQ(applied_to(id_), 2U) << "the late one met a conflict";
  EXPECT_EQ(body_of(id_), "<p>by another</p>");
}

TEST_F(WriteFaultsTest, DeletesBreakWithoutABody) {
  for (const Fault fault : {Fault::kCutBody, Fault::kResetAfter, Fault::kAppliedReset,
                            Fault::kEmpty200, Fault::kMalformedJson, Fault::kApplied502Html}) {
    start_again();
    server_->next_write({.fault = fault});
    const Reply reply = remove(id_);
    EXPECT_EQ(get(page(id_))["status"], "trashed") << to_string(fault);
    EXPECT_TRUE(last_write().applied);
    if (fault == Fault::kEmpty200) {
      EXPECT_TRUE(reply.status == 200 && reply.whole && reply.body.empty());
    } else if (fault == Fault::kMalformedJson) {
      EXPECT_EQ(reply.status, 204) << "there is nothing to break";
      EXPECT_EQ(last_write().fault, "");
    } else if (fault == Fault::kApplied502Html) {
      EXPECT_EQ(reply.status, 502);
    } else {
      EXPECT_EQ(reply.status, 0) << to_string(fault);
    }
  }
}

TEST_F(WriteFaultsTest, WhatGoesWrongAfterProcessingHidesARefusalToo) {
  server_->next_write({.fault = Fault::kApplied502Html});
  EXPECT_EQ(put(id_, an_update(id_, 7, "page")).status, 502);
  EXPECT_FALSE(last_write().applied);
}

TEST_F(WriteFaultsTest, FaultsAreLaidOutForOnePageOneKindAndLater) {
  const std::string other = given_page("other");
  server_->next_write({.fault = Fault::k500, .page = std::stoll(other)});
  server_->next_write({.fault = Fault::k502Html, .what = "delete"});
  server_->next_write({.fault = Fault::kApplied503, .what = "create", .skip = 1, .count = 2});
  EXPECT_EQ(put(id_, an_update(id_, 2, "page")).status, 200);
  EXPECT_EQ(put(other, an_update(other, 2, "other")).status, 500);
  EXPECT_EQ(put(other, an_update(other, 2, "other")).status, 200);
  EXPECT_EQ(remove(other).status, 502);
  EXPECT_EQ(remove(other).status, 204);
  for (const auto& [title, status] :
       {std::pair{"a", 200}, std::pair{"b", 503}, std::pair{"c", 503}, std::pair{"d", 200}}) {
    EXPECT_EQ(create(a_create(title)).status, status) << title;
  }
  server_->next_write({.fault = Fault::k500});
  server_->clear_next_writes();
  EXPECT_EQ(create(a_create("e")).status, 200);
}

TEST_F(WriteFaultsTest, AWriteThatTheRateLimitRefusesUsesNoFaultUp) {
  server_->next_write({.fault = Fault::k500});
  server_->change_settings([](Settings& settings) {
    settings.rate = 0.001;
    settings.burst = 1;
  });
  ask(kApi + "/labels");
  EXPECT_EQ(put(id_, an_update(id_, 2, "page")).status, 429);
  EXPECT_EQ(last_write().status, 429);
  server_->change_settings([](Settings& settings) { settings.rate = 0; });
  EXPECT_EQ(put(id_, an_update(id_, 2, "page")).status, 500);
}

TEST_F(WriteFaultsTest, DrawnFaultsOfWritesLeaveReadsAlone) {
  server_->set_fault(Fault::kApplied502Html, 1);
  EXPECT_EQ(ask(page(id_)).status, 200);
  EXPECT_EQ(create(a_create("drawn")).status, 502);
  server_->clear_faults();
  server_->set_fault(Fault::kNoAnswer, 0.5);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(ask(page(id_)).status, 200);
  const Reply users = send("POST", kApi + "/users-bulk", {{"accountIds", Json::array()}});
  EXPECT_NE(users.status, 0) << "a POST that writes nothing";
}

}  // namespace
}  // namespace site
