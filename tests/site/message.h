#pragma once

// Requests and answers of the simulated site as plain values, and the query string that both
// listings and next links need. Pure, any thread.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace site {

class Query {
 public:
  Query() = default;
  explicit Query(std::string_view text);  // without '?'

  bool has(std::string_view name) const;
  // The last one of that name, decoded.
  std::optional<std::string> get(std::string_view name) const;
  // All values of that name: repeated parameters and comma-separated ones alike.
  std::vector<std::string> list(std::string_view name) const;
  // The same query with another cursor, which stands before the last of the other parameters, and
  // with a limit.
  std::string with_cursor(std::string_view cursor, std::size_t limit) const;

 private:
  std::vector<std::pair<std::string, std::string>> raw_;  // name decoded, value as sent
};

struct Request {
  std::string method;
  std::string target;
  std::string path;  // as sent, without the query
  Query query;
  std::string authorization;
  std::string content_type;
  bool accepts_gzip = false;
  std::string body;
  bool at_gateway = false;  // it came through Atlassian's gateway; `path` is without its prefix
  std::string cloud_id;     // of that prefix
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

void parse_target(std::string_view target, Request& request);
std::vector<std::string_view> split(std::string_view text, char separator);

// Error answers in the forms that the site has.
Response v2_error(int status, std::string_view code, std::string_view title,
                  std::string_view detail = {});
Response bad_parameter(std::string_view name, std::string_view value, std::string_view expected);
Response bad_cursor();
// `Cannot find a page with id [1]`
Response cannot_find(std::string_view what, std::string_view id);
Response not_found_unnamed();  // what a v2 route says to credentials that are not good
Response v1_error(int status, std::string_view message);
// As the servlet container has it; `message`: why, where it says so.
Response html_page(int status, std::string_view reason, std::string_view message = {});
std::string_view reason_of(int status);

}  // namespace site
