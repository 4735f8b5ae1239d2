#include "daemon/cli/connect_setup.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <nlohmann/json.hpp>

#include "daemon/cli/connect_diagnosis.h"
#include "daemon/cli/report.h"
#include "daemon/cli/single_look.h"
#include "daemon/confluence/connect_auth.h"

namespace cli {

namespace {

constexpr const char* kEnding =
    "Atlassian has blocked new private installs since 31 March 2026 and ends Connect in December "
    "2026: a scoped token or a service account goes on working";

std::optional<confluence::Installation> check_installation(const config::Config& config,
                                                           std::vector<CheckLine>& lines) {
  auto loaded = confluence::load_installation(confluence::installation_path(config.mirror.path));
  if (!loaded) {
    lines.push_back(failure("connect", loaded.error()));
    return std::nullopt;
  }
  if (!*loaded) {
    lines.push_back(failure(
        "connect", store::Error(store::ErrorKind::kCredentialsBad, "app_not_installed",
                                fmt::format("the app is not installed on {}", config.site.url),
                                install_hint(config))));
    return std::nullopt;
  }
  auto& installation = **loaded;
  if (!confluence::is_base_of(installation.base_url, config.site.url)) {
    lines.push_back(
        failure("connect", store::Error(store::ErrorKind::kUsage, "another_site",
                                        fmt::format("the app is installed on {}, not on {}",
                                                    installation.base_url, config.site.url),
                                        "correct site.url, or install the app on that site")));
    return std::nullopt;
  }
  lines.emplace_back(
      "connect", Verdict::kOk,
      fmt::format("installed on {} (client key {}) since {}", installation.base_url,
                  installation.client_key, store::to_iso8601(installation.installed_at)));
  return std::move(installation);
}

void check_key_host(const config::Config& config, bool installed, std::vector<CheckLine>& lines) {
  const auto look = look_at(config.connect.key_host + "/confmirror-check");
  if (look && look->response.status < 500) {
    lines.emplace_back("keys", Verdict::kOk, config.connect.key_host + " answers");
    return;
  }
  const auto cause = look ? fmt::format("HTTP {}", look->response.status) : look.error().message;
  CheckLine line("keys", installed ? Verdict::kWarn : Verdict::kFail,
                 fmt::format("cannot reach the host of the keys that installations are signed "
                             "with: {}",
                             cause),
                 "check connect.key_host and the network: without it no installation is believed");
  if (!installed) line.exit_code = store::exit_code(store::ErrorKind::kUnreachable);
  lines.push_back(std::move(line));
}

int print_descriptor(const GlobalOptions& globals, std::ostream& out, std::ostream& err) {
  const auto config = load_config(globals);
  if (!config) return report(config.error(), err);
  if (auto ready = expect_public_url(*config); !ready) return report(ready.error(), err);
  out << confluence::connect_descriptor(config->connect.app_key, config->connect.name,
                                        config->site.public_url);
  if (!globals.quiet) err << kEnding << "\n";
  return 0;
}

int print_connect_status(const GlobalOptions& globals, std::ostream& out, std::ostream& err) {
  const auto config = load_config(globals);
  if (!config) return report(config.error(), err);
  const auto file = confluence::installation_path(config->mirror.path);
  const auto loaded = confluence::load_installation(file);
  if (!loaded) return report(loaded.error(), err);
  const bool installed = loaded->has_value();
  if (globals.json) {
    nlohmann::ordered_json json = {{"installed", installed}, {"appKey", config->connect.app_key}};
    if (installed) {
      json["baseUrl"] = (*loaded)->base_url;
      json["clientKey"] = (*loaded)->client_key;
      json["canActForUsers"] = !(*loaded)->oauth_client_id.empty();
      json["installedAt"] = store::to_iso8601((*loaded)->installed_at);
    }
    out << json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
  } else if (installed) {
    out << printable(fmt::format("installed on {} since {}\nclient key {}\n{} for users\n",
                                 (*loaded)->base_url, store::to_iso8601((*loaded)->installed_at),
                                 (*loaded)->client_key,
                                 (*loaded)->oauth_client_id.empty() ? "cannot act" : "can act"));
  } else {
    out << "not installed\n";
    if (!globals.quiet) err << install_hint(*config) << "\n";
  }
  return installed ? 0 : 1;
}

}  // namespace

std::string install_hint(const config::Config& config) {
  return fmt::format(
      "while the daemon runs, install {}/atlassian-connect.json on the site (Settings, Connected "
      "apps, Upload app). {}",
      config.site.public_url.empty() ? "site.public_url" : config.site.public_url, kEnding);
}

store::Result<void> expect_public_url(const config::Config& config) {
  if (!config.site.public_url.empty()) return {};
  return store::fail(store::ErrorKind::kUsage, "no_public_url",
                     "cannot serve the Connect app: site.public_url is missing",
                     "set it to the https:// address at which Atlassian reaches connect.listen");
}

store::Result<std::pair<std::string, std::uint16_t>> listen_address(const std::string& text) {
  const auto colon = text.rfind(':');
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  const bool good = colon != text.npos &&
                    std::from_chars(text.data() + colon + 1, end, port).ptr == end &&
                    colon + 1 < text.size();
  if (!good) {
    return store::fail(store::ErrorKind::kUsage, "bad_listen",
                       fmt::format("cannot listen on '{}': it is not HOST:PORT", text));
  }
  auto host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return std::pair(std::move(host), port);
}

void check_connect(const config::Config& config, std::vector<CheckLine>& lines) {
  if (auto ready = expect_public_url(config); !ready) {
    lines.push_back(failure("connect", ready.error()));
  }
  const auto installation = check_installation(config, lines);
  check_key_host(config, installation.has_value(), lines);
  if (exit_code_of(lines) <= 1) return;  // the site is asked next, which tells of the clock as well
  if (const auto ahead = ahead_of_site(config.site.url)) lines.push_back(clock_line(ahead, true));
}

void explain_connect_failure(const config::Config& config, const store::Error& error,
                             std::vector<CheckLine>& lines) {
  if (error.kind != store::ErrorKind::kCredentialsBad) {
    lines.push_back(failure("site", error));
    return;
  }
  auto installation =
      confluence::load_installation(confluence::installation_path(config.mirror.path));
  // What the app itself signs tells its state, whoever else it was that was refused.
  const auto make_auth = [&](confluence::AuthDeps deps) -> std::unique_ptr<confluence::Auth> {
    confluence::ConnectOptions options;
    options.app_key = config.connect.app_key;
    auto known = installation ? std::move(*installation) : std::nullopt;
    return std::make_unique<confluence::ConnectAuth>(deps, std::move(options), std::move(known));
  };
  const auto look = look_at(config.site.url + "/wiki/rest/api/user/current", make_auth);
  const auto ahead = look ? look->ahead : std::nullopt;
  const bool refused = look && (look->response.status == 401 || look->response.status == 403);
  const bool known = look && look->response.status == 200;
  if (refused && error.name != "clock_wrong") {
    lines.push_back(failure("site", refused_app(look->response, ahead, install_hint(config))));
  } else {
    lines.push_back(failure("site", known ? refused_beside_app(error) : error));
  }
  if (known) {
    lines.emplace_back("app", Verdict::kOk, "the site knows the app, and its secret is good");
  }
  if (ahead) lines.push_back(clock_line(ahead, true));
}

void add_connect_commands(CLI::App& app, const GlobalOptions& globals, std::ostream& out,
                          std::ostream& err, int& exit_code) {
  auto* connect = app.add_subcommand("connect", "The Atlassian Connect app: descriptor and state");
  connect->require_subcommand(1);
  auto* descriptor =
      connect->add_subcommand("descriptor", "Print the app's descriptor, atlassian-connect.json");
  descriptor->callback([&] { exit_code = print_descriptor(globals, out, err); });
  auto* status = connect->add_subcommand(
      "status", "Whether the app is installed, on which site, under which client key");
  status->callback([&] { exit_code = print_connect_status(globals, out, err); });
}

}  // namespace cli
