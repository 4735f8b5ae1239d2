#pragma once

// What lies around the API: Atlassian's gateway (/ex/confluence/{cloudId}/wiki/...), the token
// endpoint (/oauth/token) and /_edge/tenant_info, all on the one port of the simulated site; and
// who is let through to the API. Any thread.

#include <optional>

#include "tests/site/api.h"
#include "tests/site/message.h"
#include "tests/site/state.h"

namespace site {

// What is not the API's: tenant_info and the token endpoint.
bool is_beside_api(const Request& request);
Response beside_api(State& state, const Request& request);

// Takes the gateway's prefix off the path; what came through it is marked.
void enter_gateway(Request& request);

struct Admission {
  Caller caller = Caller::kAnonymous;
  std::optional<Response> refusal;  // before the API sees it
};
Admission admit(const State& state, const Request& request, const Route& route);

}  // namespace site
