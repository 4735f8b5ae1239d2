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
#include <utility>
#include <vector>

#include "daemon/serve/message.h"
#include "daemon/serve/router.h"
#include "store/reader.h"

namespace serve {

// Why a question is not answered.
struct NoAnswer {
  NoAnswer(int http_status, std::string why, std::string what_to_do = {})
      : status(http_status), title(std::move(why)), detail(std::move(what_to_do)) {}
  int status;
  std::string title;
  std::string detail;
  bool of_parameter = false;
};
NoAnswer bad_parameter(std::string_view name, std::string_view value, std::string_view expected);
NoAnswer bad_cursor();
// What Confluence has and a mirror of it does not.
NoAnswer not_here(std::string_view what);
NoAnswer cannot_find(std::string_view what, std::string_view id);

Response v2_error(const NoAnswer& refusal);
Response v1_error(const NoAnswer& refusal);
inline Response v2_error(int status, std::string title, std::string detail = {}) {
  return v2_error(NoAnswer(status, std::move(title), std::move(detail)));
}
inline Response v1_error(int status, std::string message) {
  return v1_error(NoAnswer(status, std::move(message)));
}

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

  void refuse(NoAnswer problem);
  const std::optional<NoAnswer>& problem() const { return problem_; }

 private:
  const Request& request_;
  std::optional<NoAnswer> problem_;
};

}  // namespace serve
