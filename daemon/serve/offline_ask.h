#pragma once

// Pure: a question to the offline API as its handlers see it, its parameters checked one by one,
// and the errors in the forms of Confluence's two APIs. Parameters are hostile; of several wrong
// ones the first is named. Any thread. Forms and texts: those that Confluence's own servers were
// seen to send (https://developer.atlassian.com/cloud/confluence/rest/v2/ and the community's
// reports of its errors).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/serve/message.h"
#include "daemon/serve/router.h"
#include "store/reader.h"

namespace serve {

Response v2_error(int status, std::string_view title, std::string_view detail = {});
Response v1_error(int status, std::string_view message);
Response bad_parameter(std::string_view name, std::string_view value, std::string_view expected);
Response bad_cursor();
Response cannot_find(std::string_view what, std::string_view id);
// What Confluence has and a mirror of it does not.
Response v2_not_here(std::string_view what);
Response v1_not_here(std::string_view what);

// A whole decimal number, nothing else.
std::optional<std::int64_t> parse_whole(std::string_view text);
std::string percent_encoded(std::string_view text);

struct Ask {
  Ask() = default;
  Ask(Request asked, Parameters of_path, std::string site)
      : request(std::move(asked)), path(std::move(of_path)), site_url(std::move(site)) {}

  Request request;
  Parameters path;
  std::string site_url;

  std::string base() const { return site_url + "/wiki"; }
  const std::string& argument(std::string_view name) const { return path.find(name)->second; }
};

// What answers a question from the mirror: on a thread that owns the Reader, within a snapshot.
using OfflineAnswer = store::Result<Response> (*)(const Ask&, store::Reader&);

// Reads the query of a question. The first problem is kept; what is read after it is of no use.
class OfflineQuery {
 public:
  explicit OfflineQuery(const Request& request) : request_(request) {}

  bool has(std::string_view name) const { return request_.parameter(name).has_value(); }
  std::string text(std::string_view name, std::string_view otherwise = {}) const;
  // All of that name, each a list separated by commas; empty parts are left out.
  std::vector<std::string> list(std::string_view name) const;
  bool flag(std::string_view name, bool otherwise = false);
  std::int64_t whole(std::string_view name, std::int64_t least, std::int64_t most,
                     std::int64_t otherwise);
  std::vector<store::Id> ids(std::string_view name, std::size_t most);
  // One of `known`, or `otherwise` where it is absent.
  std::string one_of(std::string_view name, const std::vector<std::string_view>& known,
                     std::string_view otherwise = {});
  std::vector<std::string> some_of(std::string_view name,
                                   const std::vector<std::string_view>& known);

  void refuse(Response problem);
  const std::optional<Response>& problem() const { return problem_; }

 private:
  const Request& request_;
  std::optional<Response> problem_;
};

}  // namespace serve
