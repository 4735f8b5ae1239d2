#include <fmt/format.h>

#include <vector>

#include "daemon/base/clock.h"
#include "daemon/cli/connect_setup.h"
#include "daemon/cli/report.h"
#include "daemon/cli/setup_checks.h"
#include "daemon/cli/setup_commands.h"
#include "daemon/cli/single_look.h"
#include "daemon/cli/site_auth.h"
#include "daemon/cli/site_diagnosis.h"
#include "daemon/cli/site_probe.h"
#include "daemon/http/curl_defects.h"

namespace cli {

namespace {

std::string token_source(const config::SiteConfig& site) {
  if (!site.token_file.empty()) return fmt::format("from the file '{}'", site.token_file.string());
  if (!site.token_env.empty())
    return fmt::format("from the environment variable '{}'", site.token_env);
  if (!site.token_command.empty()) return "from site.token_command";
  return "from the systemd credential 'confmirror.token'";
}

// Of this machine, against the site's clock. One that refuses us is asked without credentials; one
// that cannot be reached, or asks for a wait, is left alone.
std::optional<std::chrono::seconds> clock_ahead(const config::Config& config,
                                                const store::Result<SiteView>& view) {
  if (view && view->identity.server_time) {
    return std::chrono::floor<std::chrono::seconds>(view->answered_at) -
           std::chrono::floor<std::chrono::seconds>(*view->identity.server_time);
  }
  const bool refused = view ? view->identity_error.has_value()
                            : view.error().kind == store::ErrorKind::kCredentialsBad;
  if (!refused || config.site.auth == "connect") return std::nullopt;
  return ahead_of_site(config.site.url);
}

// Whether the gateway takes the token that the site's own host does not read: one with scopes.
// nullopt: it cannot be told.
std::optional<bool> scoped_at_gateway(config::Config config, base::Secret token,
                                      const ProbeOptions& options) {
  config.site.auth = "scoped-token";
  auto alone = options;
  alone.scopes = false;
  const auto view = probe_site(config, std::move(token), alone);
  if (view) return true;
  const auto& error = view.error();
  if (error.kind != store::ErrorKind::kCredentialsBad) return std::nullopt;
  return error.message.find("scope does not match") != std::string::npos;
}

void check_site(const config::Config& config, const std::filesystem::path& mirror,
                std::vector<CheckLine>& lines) {
  auto token = read_site_secret(config.site);
  if (!token) {
    lines.push_back(failure("token", token.error()));
    return;
  }
  const bool connect = config.site.auth == "connect";
  if (connect) {
    check_connect(config, lines);
    if (exit_code_of(lines) > 1) return;
  } else {
    lines.emplace_back("token", Verdict::kOk, token_source(config.site));
  }
  const auto expires_at = token_expiry(config.site, *token);
  ProbeOptions options;
  options.mirror = mirror;
  options.scopes = true;
  const auto view = probe_site(config, token->copy(), options);
  const auto* const refused = !view                  ? &view.error()
                              : view->identity_error ? &*view->identity_error
                                                     : nullptr;
  const auto ahead = clock_ahead(config, view);
  // Dates of tokens are of the site's clock.
  const auto now = base::SystemClock().now() - ahead.value_or(std::chrono::seconds(0));
  if (refused && connect) {
    explain_connect_failure(config, *refused, lines);
    return;
  }
  if (refused) {
    auto told = explained(config.site, expires_at, now, *refused);
    if (auto slip = slip_of_token(config.site, *token)) {
      told.hint = std::move(*slip);
    } else if (is_unreadable_or_scoped(config.site, *refused)) {
      told.hint = hint_of_unread(scoped_at_gateway(config, std::move(*token), options));
    }
    lines.push_back(failure("site", told));
  } else {
    lines.push_back(identity_line(*view));
  }
  if (auto line = expiry_line(expires_at, now, !refused)) lines.push_back(std::move(*line));
  if (view) {
    for (auto& line : scope_lines(*view)) lines.push_back(std::move(line));
  }
  if (!refused) lines.push_back(spaces_line(*view));
  if (!refused || ahead) lines.push_back(clock_line(ahead, connect));
}

}  // namespace

int run_check(const GlobalOptions& globals, std::ostream& out, std::ostream& /*err*/) {
  std::vector<CheckLine> lines;
  const auto config = load_config(globals);
  if (!config) {
    lines.push_back(failure("config", config.error()));
  } else {
    const auto mirror = mirror_path(globals, *config);
    lines.emplace_back("config", Verdict::kOk, fmt::format("'{}'", config->file.string()));
    check_site(*config, mirror, lines);
    lines.push_back(mirror_line(mirror, config->site.url));
    lines.push_back(disk_line(mirror, free_bytes(mirror)));
  }
  lines.push_back(curl_line(http::curl_version_text(), !http::avoid_http2()));
  if (globals.json) {
    out << lines_as_json(lines) << "\n";
  } else {
    std::vector<CheckLine> shown;
    for (const auto& line : lines) {
      if (!globals.quiet || line.verdict != Verdict::kOk) shown.push_back(line);
    }
    print_lines(shown, out);
  }
  return exit_code_of(lines);
}

}  // namespace cli
