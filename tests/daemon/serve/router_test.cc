#include "daemon/serve/router.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

namespace serve {
namespace {

class RouterTest : public ::testing::Test {
 protected:
  void add(const std::string& method, const std::string& path, Needs needs = Needs::kNothing) {
    router_.add(method, path, needs,
                [path](Request, Parameters parameters) -> base::Awaitable<Response> {
                  std::string text = path;
                  for (const auto& [name, value] : parameters) text += " " + name + "=" + value;
                  co_return Response(200, "text/plain", text);
                });
  }
  Response ask(const std::string& method, std::vector<std::string> segments, Caller caller = {}) {
    Request request;
    request.method = method;
    for (const auto& segment : segments) request.path += "/" + segment;
    request.segments = std::move(segments);
    request.caller = std::move(caller);
    boost::asio::io_context io;
    Response response;
    boost::asio::co_spawn(io, router_.route(std::move(request)),
                          [&](const std::exception_ptr& failure, Response got) {
                            if (failure) std::rethrow_exception(failure);
                            response = std::move(got);
                          });
    io.run();
    return response;
  }
  static std::string header(const Response& response, const std::string& name) {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return {};
  }

  Router router_;
};

TEST_F(RouterTest, MatchesBySegmentsAndGivesTheirValues) {
  add("GET", "/v1/jobs/{id}");
  add("GET", "/v1/jobs/{id}/events");
  EXPECT_EQ(ask("GET", {"v1", "jobs", "7"}).body, "/v1/jobs/{id} id=7");
  EXPECT_EQ(ask("GET", {"v1", "jobs", "7", "events"}).body, "/v1/jobs/{id}/events id=7");
  EXPECT_EQ(ask("GET", {"v1", "jobs"}).status, 404);
}

TEST_F(RouterTest, ASpelledOutPathGoesBeforeAVariable) {
  add("POST", "/v1/jobs/{id}");
  add("POST", "/v1/jobs/pause");
  EXPECT_EQ(ask("POST", {"v1", "jobs", "pause"}).body, "/v1/jobs/pause");
  EXPECT_EQ(ask("POST", {"v1", "jobs", "9"}).body, "/v1/jobs/{id} id=9");
}

TEST_F(RouterTest, OtherMethodsAreToldWhichOnesGo) {
  add("GET", "/a");
  add("POST", "/a");
  const auto refused = ask("DELETE", {"a"});
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(header(refused, "Allow"), "GET, HEAD, OPTIONS, POST");
  const auto options = ask("OPTIONS", {"a"});
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(header(options, "Allow"), "GET, HEAD, OPTIONS, POST");
  EXPECT_EQ(ask("HEAD", {"a"}).status, 200);
}

TEST_F(RouterTest, RightsAreAskedForBeforeAnythingElse) {
  add("GET", "/read", Needs::kRead);
  add("POST", "/submit", Needs::kSubmit);
  Caller nobody;
  const auto without_token = ask("GET", {"read"}, nobody);
  EXPECT_EQ(without_token.status, 401);
  EXPECT_EQ(header(without_token, "WWW-Authenticate"), "Bearer realm=\"confmirror\"");
  Caller reader;
  reader.uid = 1000;
  reader.name = "reader";
  reader.may_read = true;
  EXPECT_EQ(ask("GET", {"read"}, reader).status, 200);
  EXPECT_EQ(ask("POST", {"submit"}, reader).status, 403);
  reader.may_submit = true;
  EXPECT_EQ(ask("POST", {"submit"}, reader).status, 200);
  Caller token;
  token.name = "token";
  EXPECT_EQ(ask("GET", {"read"}, token).status, 403);
}

TEST_F(RouterTest, EachFamilyHasItsFormOfErrors) {
  router_.errors_below(
      "/v1", [](int status, const std::string&) { return Response(status, "text/plain", "v1"); });
  router_.errors_below("/v1/wiki", [](int status, const std::string&) {
    return Response(status, "text/plain", "wiki");
  });
  EXPECT_EQ(ask("GET", {"v1", "x"}).body, "v1");
  EXPECT_EQ(ask("GET", {"v1", "wiki", "x"}).body, "wiki");
  EXPECT_EQ(ask("GET", {"v1x"}).body, "there is nothing at /v1x\n");
}

TEST_F(RouterTest, ARouteHasOneNameWhateverItsValues) {
  add("GET", "/v1/jobs/{id}");
  Request request;
  request.method = "HEAD";
  request.segments = {"v1", "jobs", "12345"};
  EXPECT_EQ(router_.name_of(request), "/v1/jobs/{id}");
  request.segments = {"else"};
  EXPECT_EQ(router_.name_of(request), "");
}

}  // namespace
}  // namespace serve
