#pragma once

// What the configuration says of Atlassian Connect, and `confmirror connect`. Any thread.

#include <CLI/App.hpp>
#include <cstdint>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "daemon/cli/globals.h"
#include "daemon/cli/setup_checks.h"

namespace cli {

// How to install the app.
std::string install_hint(const config::Config& config);
// kUsage where site.public_url is missing.
store::Result<void> expect_public_url(const config::Config& config);
// "HOST:PORT".
store::Result<std::pair<std::string, std::uint16_t>> listen_address(const std::string& text);

// Lines of `confmirror check`: before the site is asked, and after it refused. Ask the network;
// block.
void check_connect(const config::Config& config, std::vector<CheckLine>& lines);
void explain_connect_failure(const config::Config& config, const store::Error& error,
                             std::vector<CheckLine>& lines);

// `connect descriptor` prints atlassian-connect.json; `connect status` says where the app is
// installed (exit code 1: nowhere). Never the secret.
void add_connect_commands(CLI::App& app, const GlobalOptions& globals, std::ostream& out,
                          std::ostream& err, int& exit_code);

}  // namespace cli
