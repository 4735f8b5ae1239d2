#pragma once

// Pure: the query string hash of Atlassian Connect, which ties a token to one request: SHA-256 of
// METHOD & canonical path & canonical query. Any thread.
// Source: https://developer.atlassian.com/cloud/confluence/understanding-jwt/ (section 5.5 of the
// API notes).

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace confluence {

using QueryPairs = std::vector<std::pair<std::string, std::string>>;  // decoded, in any order

// `path`: relative to the base of whoever is called (of Confluence: without /wiki), as it is sent.
std::string canonical_request(std::string_view method, std::string_view path,
                              const QueryPairs& query);
std::string query_string_hash(std::string_view method, std::string_view path,
                              const QueryPairs& query);

// The same of a target (path and query as sent). `base`: the path that it is relative to, "/wiki".
std::string query_string_hash(std::string_view method, std::string_view target,
                              std::string_view base);

}  // namespace confluence
