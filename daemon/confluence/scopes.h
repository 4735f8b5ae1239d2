#pragma once

// The scopes that confmirror needs at the gateway, each with the request that shows whether a
// credential has it: the gateway looks at scopes before it routes, so a request for something that
// does not exist is answered 401 without the scope and another 4xx with it (section 5.2 of the API
// notes). Pure; any thread.

#include <string_view>
#include <vector>

namespace confluence {

struct ScopeNeed {
  std::string_view scope;
  std::string_view purpose;
  bool writes = false;  // for jobs only
  std::string_view method;
  std::string_view target;  // changes nothing: there is no page 0
  std::string_view body{};
};

const std::vector<ScopeNeed>& scope_needs();

}  // namespace confluence
