#include <fmt/format.h>

#include <vector>

#include "daemon/base/clock.h"
#include "daemon/cli/connect_setup.h"
#include "daemon/cli/report.h"
#include "daemon/cli/setup_checks.h"
#include "daemon/cli/setup_commands.h"
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
  const auto now = base::SystemClock().now();
  ProbeOptions options;
  options.mirror = mirror;
  options.scopes = true;
  const auto view = probe_site(config, std::move(*token), options);
  const auto* const refused = !view                  ? &view.error()
                              : view->identity_error ? &*view->identity_error
                                                     : nullptr;
  if (refused) {
    if (connect) {
      explain_connect_failure(config, *refused, lines);
    } else {
      lines.push_back(failure("site", explained(config.site, expires_at, now, *refused)));
    }
  } else {
    lines.push_back(identity_line(*view));
  }
  if (auto line = expiry_line(expires_at, now, !refused)) lines.push_back(std::move(*line));
  if (view) {
    for (auto& line : scope_lines(*view)) lines.push_back(std::move(line));
  }
  if (refused) return;
  lines.push_back(spaces_line(*view));
  lines.push_back(clock_line(view->identity.server_time, view->answered_at));
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
