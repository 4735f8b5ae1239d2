#pragma once

// Installing an app by hand, as an administrator does it: the site reads the app's descriptor at
// the address that it is given, and calls what stands in there. Blocking; any thread but the app's
// own.

#include <cstdint>
#include <string>

#include "tests/site/connect.h"

namespace site {

// `url`: http://127.0.0.1:PORT, where the app serves atlassian-connect.json. The token of the call
// is for the descriptor's baseUrl, which may be another address, behind a proxy. Throws
// std::runtime_error: nobody answers, or what answers is no descriptor.
struct App {
  std::string key;
  std::string name;
  std::string base_url;
  bool acts_as_users = false;
  std::uint16_t port = 0;
};
App read_app(const std::string& url);

// Calls `installed`; the status of the app's answer, 0 without one. Whether it may act for users is
// as the descriptor says.
int install(Connect& connect, const App& app);

}  // namespace site
