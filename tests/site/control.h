#pragma once

// The control endpoint, for programs that are not in this process: JSON under /__control/. Any
// thread; takes the locks itself.
//
//   GET  state                settings, counters, poison, sizes, and the account of the token
//   GET  counters             POST counters/reset
//   GET  digest               JSON Lines, see digest.h
//   GET  digest/state         JSON Lines: what writes change, see digest.h
//   GET  poison               {"pages":[...],"rows":[...]}; POST the same to change it
//   GET  writes               the write log, JSON Lines, see write_log.h; POST writes/clear
//   POST next-write           {"fault":"applied-reset","page":"1","what":"update","skip":0,
//                             "count":1}, see NextWrite in server.h; POST next-write/clear
//   POST others-write         {"method":"PUT","target":"/wiki/api/v2/pages/1","body":{..}}; answers
//                             {"status":200,"answer":{..}}
//   POST permissions          {"read_only":["1"],"closed_spaces":["3"]}: see server.h
//   POST settings             any of the settings, {"rate":20,"faults":{"500":0.05}}
//   POST faults               {"500":0.05}; the others stay; POST faults/clear ends all
//   POST token                {"token":"new"}; "" revokes it
//   POST connect              {"event":"installed","app":"http://127.0.0.1:8766"}: installs the app
//                             whose descriptor is there; {"event":"uninstalled"}: the last one.
//                             Without "app", for an app that is behind a proxy: "port",
//                             "public_url", "base_url", "app_key". {"expire_tokens":true};
//                             {"rotate_secret":true}; {"remove_user":"id"};
//                             {"keys_available":false}; {"clock_ahead_s":600};
//                             {"explain":false}: see connect.h. Answers with the status of the
//                             app's answer, whether it is installed, and what was verified so far
//   POST credentials          {"scoped_token":"t"} or {"bearer":"t","installed":true} or
//                             {"client_id":"c","secret":"s","expires_in":3600}, each with
//                             "scopes":[..] (all without); {"revoke":"t"};
//                             {"end_access_tokens":true}; {"basic_disabled":true};
//                             {"licence_taken":true}; {"token_endpoint":"429"},
//                             {"tenant_info":"html"}: see credentials.h
//   POST edit                 {"page":"1","title":..,"body":..,"message":..,"minorEdit":..}
//   POST move                 {"page":"1","parent":"2"} or {"page":"1","parent":null} or
//                             {"page":"1","space":"3"}
//   POST status               {"page":"1","status":"trashed"}; current, archived, trashed, deleted,
//                             purged
//   POST restrict             {"page":"1","restricted":true} or {"space":"3","restricted":false}
//   POST remove-version       {"page":"1","version":2}
//   POST add                  {"space":"3","parent":"1","title":..,"body":..}; answers {"page":"7"}
// 409: the site could not hold the result.

#include <string_view>

#include "tests/site/api.h"
#include "tests/site/message.h"
#include "tests/site/state.h"

namespace site {

inline constexpr std::string_view kControlRoot = "/__control/";

Response control(State& state, const Request& request);
// Calls the observer of Server::observe(), if there is one.
void tell_observer(State& state, const Request& request, const Route& route);

}  // namespace site
