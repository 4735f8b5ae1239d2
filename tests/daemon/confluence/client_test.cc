// The client against a server that does what it is told.

#include "daemon/confluence/client.h"

#include <gmock/gmock.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <nlohmann/json.hpp>

#include "daemon/base/log.h"
#include "tests/daemon/http/scripted_server.h"

namespace confluence {

using namespace std::chrono_literals;
using nlohmann::json;
using scripted::Received;
using scripted::Reply;
using scripted::Server;
using testing::HasSubstr;
namespace asio = boost::asio;

namespace {

constexpr const char* kNotFound =
    R"({"errors":[{"status":404,"code":"NOT_FOUND","title":"Not Found","detail":null}]})";

json page_json(int id) {
  return {{"id", std::to_string(id)},
          {"status", "current"},
          {"title", "T"},
          {"spaceId", "9"},
          {"createdAt", "2026-01-02T03:04:05.678Z"},
          {"version", {{"number", 1}, {"createdAt", "2026-01-02T03:04:05.678Z"}}},
          {"body", {{"storage", {{"value", "<p/>"}}}}}};
}

std::string pages_json(std::vector<int> ids, std::string next = {}) {
  json document{{"results", json::array()}, {"_links", json::object()}};
  for (const int id : ids) document["results"].push_back(page_json(id));
  if (!next.empty()) document["_links"]["next"] = next;
  return document.dump();
}

class ClientTest : public testing::Test {
 protected:
  void serve(Server::Handler handler) {
    server_.emplace(std::move(handler));
    start(server_->url());
  }
  void start(std::string base_url) {
    governor_.emplace(io_, clock_, GovernorOptions{}, nullptr);
    http_.emplace(io_, http::ClientOptions{});
    Backoff backoff;
    backoff.first = 1ms;
    backoff.longest = 4ms;
    const Client::Deps deps{*http_, *governor_, auth_, clock_, pool_};
    client_.emplace(deps, std::move(base_url), 100, timeout_, backoff);
  }

  template <typename T>
  store::Result<T> wait_for(base::Awaitable<store::Result<T>> call) {
    std::optional<store::Result<T>> outcome;
    auto into = [](base::Awaitable<store::Result<T>> awaited,
                   std::optional<store::Result<T>>& out) -> base::Awaitable<void> {
      out = co_await std::move(awaited);
    };
    asio::co_spawn(io_, into(std::move(call), outcome), asio::detached);
    run_until([&] { return outcome.has_value(); });
    if (!outcome) return store::fail(store::ErrorKind::kBug, "test_timed_out", "no outcome");
    return std::move(*outcome);
  }
  template <typename Condition>
  bool run_until(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (!condition() && std::chrono::steady_clock::now() < end) {
      if (io_.stopped()) io_.restart();
      io_.run_one_for(20ms);
    }
    return condition();
  }

  static RetryBudget tries(int attempts) {
    return RetryBudget{attempts, std::chrono::milliseconds(50)};
  }
  auto pages(RetryBudget budget = tries(6),
             std::string target = "/wiki/api/v2/pages?body-format=storage&limit=2") {
    return wait_for(client_->pages(std::move(target), Priority::kBodies, budget));
  }

  std::chrono::milliseconds timeout_{15'000};
  BasicAuth auth_{"a@b.c", base::Secret("hunter2")};
  base::SystemClock clock_;
  asio::thread_pool pool_{2};
  std::optional<Server> server_;
  asio::io_context io_{1};
  std::optional<Governor> governor_;
  std::optional<http::Client> http_;
  std::optional<Client> client_;
};

}  // namespace

TEST_F(ClientTest, AListingComesWithItsNextLinkTimesAndCounts) {
  serve([](const Received&) {
    return Reply::of(200, pages_json({1, 2}, "/wiki/api/v2/pages?cursor=abc=&body-format=storage"),
                     {{"Date", "Sun, 06 Nov 1994 08:49:37 GMT"}});
  });
  const auto listing = pages();
  ASSERT_TRUE(listing) << listing.error().message;
  EXPECT_EQ(listing->rows.size(), 2U);
  EXPECT_EQ(listing->next, "/wiki/api/v2/pages?cursor=abc=&body-format=storage");
  EXPECT_EQ(listing->observation, 101);
  ASSERT_TRUE(listing->server_time);
  EXPECT_EQ(store::to_iso8601(*listing->server_time), "1994-11-06T08:49:37.000Z");
  EXPECT_GT(listing->wire_bytes, 0U);
  EXPECT_EQ(listing->body_bytes, listing->wire_bytes);
  EXPECT_LE(clock_.now() - listing->received_at, 20s);
  const auto request = server_->received().at(0);
  EXPECT_EQ(request.target, "/wiki/api/v2/pages?body-format=storage&limit=2");
  EXPECT_EQ(request.header("authorization"), "Basic YUBiLmM6aHVudGVyMg==");
  EXPECT_EQ(request.header("accept"), "application/json");
  EXPECT_EQ(client_->usage().requests, 1);
}

TEST_F(ClientTest, EveryTryTakesAHigherObservationNumber) {
  serve([](const Received& request) {
    return request.number == 2 ? Reply::of(503, "") : Reply::json(pages_json({1}));
  });
  EXPECT_EQ(pages()->observation, 101);
  EXPECT_EQ(pages()->observation, 103);  // the second try's
  EXPECT_EQ(pages()->observation, 104);
}

TEST_F(ClientTest, NothingLeavesWhileARefusalIsStillBeingRead) {
  serve([](const Received& request) {
    if (request.number > 1) return Reply::json(pages_json({1}));
    Reply refusal;
    refusal.send("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 2\r\n\r\n");
    refusal.hold().send("{}");
    return refusal;
  });
  const std::string target = "/wiki/api/v2/pages?limit=2";
  int done = 0;
  auto ask = [](Client& client, std::string asked, int& count) -> base::Awaitable<void> {
    auto listing = co_await client.pages(std::move(asked), Priority::kBodies, tries(6));
    if (listing) ++count;
  };
  asio::co_spawn(io_, ask(*client_, target, done), asio::detached);
  io_.run_for(300ms);  // the head is read
  ASSERT_EQ(server_->requests(), 1);
  asio::co_spawn(io_, ask(*client_, target, done), asio::detached);
  io_.run_for(100ms);
  EXPECT_EQ(server_->requests(), 1);
  const auto released = std::chrono::steady_clock::now();
  server_->release();
  EXPECT_TRUE(run_until([&] { return done == 2; }));
  EXPECT_GE(std::chrono::steady_clock::now() - released, 900ms);
}

TEST_F(ClientTest, ANextLinkIsFollowedAsItWasSent) {
  serve([](const Received& request) {
    return Reply::json(request.number == 1
                           ? pages_json({1}, "/wiki/api/v2/pages?limit=2&cursor=eyJpZCI6IjMifQ==")
                           : pages_json({2}));
  });
  const auto first = pages();
  // Bodies were asked for and the link has lost them: without, the rest would come bare.
  ASSERT_EQ(first->next, "/wiki/api/v2/pages?limit=2&cursor=eyJpZCI6IjMifQ==&body-format=storage");
  ASSERT_TRUE(pages(tries(1), first->next));
  EXPECT_EQ(server_->received().at(1).target, first->next);
}

TEST_F(ClientTest, ANextLinkToAnotherHostIsRefusedAndNothingIsSentThere) {
  serve(
      [](const Received&) { return Reply::json(pages_json({1}, "https://evil.example/wiki/x")); });
  const auto listing = pages();
  ASSERT_FALSE(listing);
  EXPECT_EQ(listing.error().name, "bad_next_link");
  EXPECT_EQ(listing.error().kind, store::ErrorKind::kSpaceBad);
  EXPECT_EQ(server_->requests(), 1);
}

TEST_F(ClientTest, PassingFaultsAreTriedAgainAndCounted) {
  serve([](const Received& request) {
    switch (request.number) {
      case 1:
        return Reply::of(500, "<html>");
      case 2:
        return Reply().reset();
      case 3:
        return Reply::of(502, "");
      case 4:
        return Reply::json(pages_json({1}).substr(0, 40));
      case 5:
        return Reply::of(200, "");
      default:
        return Reply::json(pages_json({1}));
    }
  });
  const auto listing = pages();
  ASSERT_TRUE(listing) << listing.error().message;
  // The reset came on a kept connection: libcurl sent that request again by itself, and it counts.
  EXPECT_EQ(server_->requests(), 6);
  EXPECT_EQ(client_->usage().requests, 6);
  EXPECT_EQ(client_->usage().retried, 4);
  EXPECT_EQ(client_->usage().refused, 0);
}

TEST_F(ClientTest, ABudgetThatIsUsedUpIsAnErrorThatNamesTheLastFault) {
  serve([](const Received&) { return Reply::of(503, "<html><title>down</title>"); });
  const auto listing = pages(tries(3));
  ASSERT_FALSE(listing);
  EXPECT_EQ(listing.error().kind, store::ErrorKind::kRetryAfter);
  EXPECT_EQ(listing.error().name, "http_503");
  EXPECT_EQ(listing.error().http_status, 503);
  EXPECT_THAT(listing.error().message, HasSubstr("an HTML page: down"));
  EXPECT_THAT(listing.error().message, HasSubstr("(3 tries)"));
  EXPECT_EQ(server_->requests(), 3);
}

TEST_F(ClientTest, AnAnswerThatStaysMalformedIsAnErrorWithItsAddress) {
  serve([](const Received&) { return Reply::json("{\"results\":[}"); });
  const auto listing = pages(tries(2));
  ASSERT_FALSE(listing);
  EXPECT_EQ(listing.error().name, "malformed_json");
  EXPECT_THAT(listing.error().message, HasSubstr("/wiki/api/v2/pages': the answer is malformed"));
  EXPECT_EQ(server_->requests(), 2);
}

TEST_F(ClientTest, ACutCompressedAnswerIsMalformed) {
  std::string rows;
  for (int i = 1; i <= 300; ++i) rows += std::to_string(i * 7919 % 10007);
  const auto packed = scripted::gzip("{\"results\":[{\"id\":\"" + rows + "\"}]}");
  serve([half = packed.substr(0, packed.size() / 2)](const Received&) {
    return Reply::of(200, half, {{"Content-Encoding", "gzip"}});
  });
  const auto listing = pages(tries(1));
  ASSERT_FALSE(listing);
  EXPECT_EQ(listing.error().kind, store::ErrorKind::kRetryAfter);
}

TEST_F(ClientTest, RefusalsAreWaitedOutAsLongAsTheyComeAndAreNoFailures) {
  serve([](const Received& request) {
    return request.number <= 2 ? Reply::of(429, "", {{"Retry-After", "1"}})
                               : Reply::json(pages_json({1}));
  });
  const auto begin = std::chrono::steady_clock::now();
  const auto listing = pages(tries(1));  // not one failure is allowed
  ASSERT_TRUE(listing) << listing.error().message;
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 2s);
  EXPECT_EQ(client_->usage().refused, 2);
  EXPECT_EQ(client_->usage().requests, 3);
  EXPECT_EQ(client_->usage().retried, 0);
}

TEST_F(ClientTest, ASiteThatRefusesForeverIsAskedOnceAWaitAndCanBeCancelled) {
  serve([](const Received&) { return Reply::of(429, "", {{"Retry-After", "3600"}}); });
  asio::cancellation_signal signal;
  bool ended = false;
  auto ask = [](Client& client, RetryBudget budget, bool& done) -> base::Awaitable<void> {
    auto outcome = co_await client.pages("/wiki/api/v2/pages", Priority::kBodies, budget);
    done = !outcome;
  };
  const auto on_end = [&ended](const std::exception_ptr& failure) { ended = failure != nullptr; };
  bool returned = false;
  asio::co_spawn(io_, ask(*client_, tries(6), returned),
                 asio::bind_cancellation_slot(signal.slot(), on_end));
  ASSERT_TRUE(run_until([&] { return client_->usage().refused == 1; }));
  io_.run_for(100ms);
  EXPECT_EQ(server_->requests(), 1);
  ASSERT_TRUE(governor_->status().closed_until);
  EXPECT_GE(*governor_->status().closed_until, clock_.now() + 3590s);
  signal.emit(asio::cancellation_type::terminal);
  EXPECT_TRUE(run_until([&] { return ended || returned; }));
}

TEST_F(ClientTest, NothingLeavesAfterARefusalThatCameWhileItsConnectionWasBeingMade) {
  // Eight start at once; the first answer is a refusal. Whoever has not left by then must not.
  serve([](const Received& request) {
    return request.number == 1 ? Reply::of(429, "", {{"Retry-After", "1"}})
                               : Reply::json(pages_json({1}));
  });
  int done = 0;
  auto ask = [](Client& client, RetryBudget budget, int& count) -> base::Awaitable<void> {
    const auto listing = co_await client.pages("/wiki/p", Priority::kBodies, budget);
    count += listing.has_value();
  };
  for (int i = 0; i < 8; ++i) asio::co_spawn(io_, ask(*client_, tries(1), done), asio::detached);
  ASSERT_TRUE(run_until([&] { return done == 8; }));
  EXPECT_EQ(client_->usage().refused, 1);
  EXPECT_EQ(client_->usage().requests, server_->requests());
}

TEST_F(ClientTest, ASiteThatCannotBeReachedIsUnreachable) {
  std::string url;
  {
    const Server gone([](const Received&) { return Reply::json("{}"); });
    url = gone.url();
  }
  start(url);
  const auto listing = pages();
  ASSERT_FALSE(listing);
  EXPECT_EQ(listing.error().kind, store::ErrorKind::kUnreachable);
  EXPECT_EQ(listing.error().name, "connection_refused");
  EXPECT_GE(client_->usage().retried, 1);
}

TEST_F(ClientTest, TheCanaryKnowsUs) {
  serve([](const Received&) {
    return Reply::of(200, R"({"type":"known","accountId":"a1","displayName":"Ann"})",
                     {{"Date", "Sun, 06 Nov 1994 08:49:37 GMT"}});
  });
  const auto identity = wait_for(client_->who_am_i());
  ASSERT_TRUE(identity) << identity.error().message;
  EXPECT_EQ(identity->account_id, "a1");
  EXPECT_TRUE(identity->server_time);
  EXPECT_EQ(server_->received().at(0).target, "/wiki/rest/api/user/current");
}

TEST_F(ClientTest, ARejectedTokenIsSaidOnceAndNotTriedAgain) {
  for (const auto& [status, body] : std::vector<std::pair<int, std::string>>{
           {403, R"({"message":"Request rejected because caller cannot access Confluence"})"},
           {401, "<html><title>HTTP Status 401</title>"},
           {404, kNotFound}}) {
    serve([status = status, body = body](const Received&) { return Reply::of(status, body); });
    const auto identity = wait_for(client_->who_am_i());
    ASSERT_FALSE(identity);
    EXPECT_EQ(identity.error().kind, store::ErrorKind::kCredentialsBad) << status;
    EXPECT_EQ(server_->requests(), 1) << status;
    EXPECT_THAT(identity.error().message + identity.error().hint,
                testing::Not(HasSubstr("hunter2")));
  }
}

TEST_F(ClientTest, TheAnonymousUserIsNobody) {
  serve([](const Received&) {
    return Reply::json(R"({"type":"anonymous","displayName":"Anonymous"})");
  });
  const auto identity = wait_for(client_->who_am_i());
  ASSERT_FALSE(identity);
  EXPECT_EQ(identity.error().kind, store::ErrorKind::kCredentialsBad);
  EXPECT_EQ(identity.error().name, "anonymous");
  EXPECT_EQ(server_->requests(), 1);
}

TEST_F(ClientTest, APageThatIsNotThereIsThatPagesFault) {
  serve([](const Received& request) {
    return Reply::of(404, request.number == 1 ? R"({"errors":[{"status":404,"code":"NOT_FOUND",)"
                                                R"("title":"Cannot find a page with id [7]"}]})"
                                              : kNotFound);
  });
  const auto named = wait_for(client_->page(7, Priority::kBodies, tries(6)));
  ASSERT_FALSE(named);
  EXPECT_EQ(named.error().kind, store::ErrorKind::kItemBad);
  EXPECT_THAT(named.error().message, HasSubstr("(page 7): HTTP 404: Cannot find a page"));
  const auto unnamed = wait_for(client_->page(7, Priority::kBodies, tries(6)));
  ASSERT_FALSE(unnamed);
  EXPECT_EQ(unnamed.error().kind, store::ErrorKind::kCredentialsBad);
}

TEST_F(ClientTest, APageIsTheOneThatWasAskedFor) {
  serve([](const Received& request) { return Reply::json(page_json(request.number + 6).dump()); });
  const auto right = wait_for(client_->page(7, Priority::kBodies, tries(1)));
  ASSERT_TRUE(right);
  EXPECT_EQ(right->rows.at(0).id, 7);
  const auto wrong = wait_for(client_->page(7, Priority::kBodies, tries(1)));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().name, "unexpected_document");
}

TEST_F(ClientTest, ANodeIsReadAndOneThatIsNamedAsAbsentIsAnAnswerToo) {
  serve([](const Received& request) {
    if (request.target == "/wiki/api/v2/whiteboards/7") {
      return Reply::of(200, R"({"id":"7","type":"any","status":"current","title":"Plan"})");
    }
    if (request.target == "/wiki/api/v2/folders/9") return Reply::of(404, kNotFound);
    return Reply::of(404, R"({"errors":[{"status":404,"code":"NOT_FOUND",)"
                          R"("title":"Cannot find a folder with id [8]"}]})");
  });
  const auto found = wait_for(client_->node("whiteboard", 7));
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->rows.at(0).type, "whiteboard");
  const auto absent = wait_for(client_->node("folder", 8));
  ASSERT_TRUE(absent) << absent.error().message;
  EXPECT_TRUE(absent->rows.empty() && absent->bad_rows.empty());
  EXPECT_GT(absent->observation, found->observation);
  EXPECT_NE(absent->received_at, store::Time{});
  const auto stranger = wait_for(client_->node("folder", 9));
  ASSERT_FALSE(stranger);
  EXPECT_EQ(stranger.error().kind, store::ErrorKind::kCredentialsBad);
  EXPECT_EQ(server_->received().size(), 3U);
}

TEST_F(ClientTest, ANodeIsTheOneThatWasAskedForAndOfAKnownType) {
  serve([](const Received&) {
    return Reply::of(200, R"({"id":"7","type":"folder","status":"current","title":"Plan"})");
  });
  const auto other = wait_for(client_->node("folder", 8));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().name, "unexpected_document");
  const auto asked = server_->received().size();
  const auto unknown = wait_for(client_->node("slide", 8));
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().kind, store::ErrorKind::kBug);
  EXPECT_EQ(server_->received().size(), asked);
}

TEST_F(ClientTest, ARefusedCursorAndARefusedLimitSayToBeginAgain) {
  serve([](const Received& request) {
    const auto title = request.number == 1
                           ? "Provided value for 'cursor' is not the correct type. Expected type "
                             "is Cursor."
                           : "limit must not change";
    return Reply::of(
        400, json{{"errors",
                   {{{"status", 400}, {"code", "INVALID_REQUEST_PARAMETER"}, {"title", title}}}}}
                 .dump());
  });
  const auto cursor = pages(tries(6), "/wiki/api/v2/pages?cursor=x&limit=5");
  ASSERT_FALSE(cursor);
  EXPECT_EQ(cursor.error().name, "cursor_refused");
  EXPECT_EQ(cursor.error().kind, store::ErrorKind::kSpaceBad);
  const auto limit = pages(tries(6), "/wiki/api/v2/pages?cursor=x&limit=5");
  EXPECT_EQ(limit.error().name, "limit_refused");
  EXPECT_EQ(server_->requests(), 2);
}

TEST_F(ClientTest, VersionsSpacesAndLabelsAreRead) {
  serve([](const Received& request) {
    if (request.target.find("/versions") != std::string::npos) {
      return Reply::json(R"({"results":[{"number":1,"createdAt":"2026-01-01T03:04:05Z"}]})");
    }
    if (request.target.find("/labels") != std::string::npos) {
      return Reply::json(R"({"results":[{"id":"1","name":"eng"}]})");
    }
    return Reply::json(
        R"({"results":[{"id":"1","key":"K","name":"N","type":"global","status":"current"}]})");
  });
  EXPECT_EQ(wait_for(client_->versions("/wiki/api/v2/pages/5/versions", tries(1)))->rows.size(),
            1U);
  EXPECT_EQ(wait_for(client_->labels("/wiki/api/v2/labels"))->rows.at(0), "eng");
  EXPECT_EQ(wait_for(client_->spaces("/wiki/api/v2/spaces"))->rows.at(0).key, "K");
}

TEST_F(ClientTest, AVersionListingThatFailsNamesItsPage) {
  serve([](const Received&) { return Reply::of(413, ""); });
  const auto listing = wait_for(client_->versions("/wiki/api/v2/pages/55/versions?x=1", tries(1)));
  ASSERT_FALSE(listing);
  EXPECT_EQ(listing.error().kind, store::ErrorKind::kItemBad);
  EXPECT_THAT(listing.error().message, HasSubstr("(page 55)"));
}

TEST_F(ClientTest, UsersThatTheSiteDoesNotKnowAreAnsweredToo) {
  serve([](const Received&) {
    return Reply::json(
        R"({"results":[{"accountId":"a","displayName":"Ann","accountStatus":"active"},
      {"accountId":"bad","displayName":5},{"accountId":"never asked","displayName":"X"},
      {"accountId":"a","displayName":"again"}]})");
  });
  const auto users = wait_for(client_->users({"a", "gone", "bad", "gone"}));
  ASSERT_TRUE(users) << users.error().message;
  ASSERT_EQ(users->rows.size(), 2U);
  EXPECT_EQ(users->rows[0].account_id, "a");
  EXPECT_EQ(users->rows[0].display_name, "Ann");
  EXPECT_EQ(users->rows[1].account_id, "gone");
  EXPECT_FALSE(users->rows[1].display_name);
  EXPECT_EQ(users->bad_rows.size(), 1U);
  const auto request = server_->received().at(0);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/wiki/api/v2/users-bulk");
  EXPECT_EQ(json::parse(request.body)["accountIds"].size(), 4U);
}

TEST_F(ClientTest, NobodyIsAskedForNobodyAndNotForTooMany) {
  serve([](const Received&) { return Reply::json("{}"); });
  EXPECT_TRUE(wait_for(client_->users({}))->rows.empty());
  const auto many = wait_for(client_->users(std::vector<std::string>(251, "a")));
  ASSERT_FALSE(many);
  EXPECT_EQ(many.error().kind, store::ErrorKind::kBug);
  EXPECT_EQ(server_->requests(), 0);
}

TEST_F(ClientTest, AStalledAnswerIsTriedAgain) {
  timeout_ = 300ms;
  serve([](const Received& request) {
    return request.number == 1 ? Reply().hold() : Reply::json(pages_json({1}));
  });
  EXPECT_TRUE(pages());
  EXPECT_GE(client_->usage().retried, 1);
}

TEST_F(ClientTest, TheTokenIsInNoLogAndNoError) {
  ASSERT_TRUE(base::configure_logging("trace", "text"));
  testing::internal::CaptureStderr();
  serve([](const Received& request) {
    return request.number == 1 ? Reply().reset() : Reply::of(401, "");
  });
  const auto listing = pages(tries(3), "/wiki/api/v2/pages?cursor=secretcursor");
  const auto logs = testing::internal::GetCapturedStderr();
  ASSERT_TRUE(base::configure_logging("info", "text"));
  ASSERT_FALSE(listing);
  const auto all = logs + listing.error().message + listing.error().hint;
  EXPECT_THAT(all, HasSubstr("/wiki/api/v2/pages"));
  for (const auto* secret : {"hunter2", "YUBiLmM6aHVudGVyMg", "secretcursor"}) {
    EXPECT_THAT(all, testing::Not(HasSubstr(secret)));
  }
}

}  // namespace confluence
