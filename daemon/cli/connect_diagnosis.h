#pragma once

// What it means that a site refuses what a Connect app signs itself, by the words of Atlassian's
// own library for it (com.atlassian.jwt, as it is published with its products): an unknown issuer,
// a signature that does not fit and a token that has expired are all 401, and the page of the error
// may say which, or not. Where it does not, an uninstalled app and a changed secret look the same:
// then both are named. Pure; any thread.

#include <chrono>
#include <optional>
#include <string>

#include "daemon/http/message.h"
#include "store/error.h"

namespace cli {

// kCredentialsBad, with a name of its own for each cause: clock_wrong, app_unknown, secret_changed,
// request_changed, app_without_access, app_refused. `ahead`: of this machine's clock, where that is
// known. `install_hint`: how the app is installed.
store::Error refused_app(const http::Response& answer, std::optional<std::chrono::seconds> ahead,
                         const std::string& install_hint);

// The token endpoint refused, and the site takes what the app signs: the hint leaves out what that
// rules out.
store::Error refused_beside_app(store::Error error);

}  // namespace cli
