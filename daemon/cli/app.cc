#include "daemon/cli/app.h"

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "daemon/base/log.h"
#include "daemon/cli/audit_command.h"
#include "daemon/cli/checked_output.h"
#include "daemon/cli/completion.h"
#include "daemon/cli/connect_setup.h"
#include "daemon/cli/daemon_command.h"
#include "daemon/cli/db_commands.h"
#include "daemon/cli/globals.h"
#include "daemon/cli/jobs_command.h"
#include "daemon/cli/read_commands.h"
#include "daemon/cli/report.h"
#include "daemon/cli/search_command.h"
#include "daemon/cli/setup_commands.h"
#include "daemon/cli/sql_command.h"
#include "daemon/cli/status_command.h"
#include "daemon/cli/sync_command.h"
#include "daemon/cli/usage.h"
#include "daemon/cli/verify_command.h"

namespace cli {

namespace {

constexpr const char* kFooter =
    "Every command takes --config FILE, --db FILE, --json, --quiet, --no-progress and --log-level "
    "LEVEL.";

struct Streams {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
};

void add_globals(CLI::App& app, GlobalOptions& globals) {
  app.add_option("--config", globals.config, "Configuration file (else see README.md)")
      ->type_name("FILE");
  app.add_option("--db", globals.db, "Mirror file, instead of the configuration's")
      ->type_name("FILE");
  app.add_flag("--json", globals.json, "Machine output on stdout");
  app.add_flag("--quiet,-q", globals.quiet, "Nothing but results and errors");
  app.add_flag("--no-progress", globals.no_progress, "No progress lines");
  app.add_option("--log-level", globals.log_level, "trace, debug, info, warn, error or off")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "off"}));
}

void add_sync(CLI::App& app, const GlobalOptions& globals, SyncArgs& args, Streams streams,
              int& exit_code) {
  auto* sync = app.add_subcommand("sync", "Bring the mirror up to date with the site, then exit");
  sync->add_option("--space", args.spaces, "Only this space (repeatable)")
      ->type_name("KEY")
      ->allow_extra_args(false);
  sync->add_flag("--reconcile", args.reconcile,
                 "Look at every page, not only at what changed: moves, trash, what is gone");
  sync->add_flag("--full", args.full,
                 "Fetch every body again, and try what waits in quarantine now");
  sync->add_option_function<std::int64_t>(
          "--accept-vanished", [&args](std::int64_t run_id) { args.accept_vanished = run_id; },
          "Believe that the pages are gone for which that run (else the newest) stopped")
      ->type_name("RUN_ID")
      ->expected(0, 1)
      ->default_str("0");
  sync->add_option("--split", args.split, "How one huge space is shared out: none, ends or scout")
      ->check(CLI::IsMember({"none", "ends", "scout"}))
      ->group("For measurements");
  sync->callback([&globals, &args, streams, &exit_code] {
    exit_code = run_sync(globals, args, streams.out, streams.err);
  });
}

void add_daemon(CLI::App& app, const GlobalOptions& globals, Streams streams, int& exit_code) {
  auto* daemon = app.add_subcommand(
      "daemon", "The service: keep the mirror up to date until a signal ends it");
  daemon->callback(
      [&globals, streams, &exit_code] { exit_code = run_daemon(globals, streams.err); });
}

void add_setup(CLI::App& app, const GlobalOptions& globals, InitArgs& args, Streams streams,
               int& exit_code) {
  auto* init = app.add_subcommand("init", "Write the configuration and validate the connection");
  init->add_option("--site", args.site, "https://your-domain.atlassian.net")->type_name("URL");
  init->add_option("--email", args.email, "E-mail address of the account")->type_name("ADDRESS");
  init->add_option("--auth", args.auth,
                   "How to sign in: basic, scoped-token, service-account or bearer")
      ->type_name("SCHEME");
  init->add_option("--client-id", args.client_id, "OAuth 2.0 client id of a service account")
      ->type_name("ID");
  init->add_option("--cloud-id", args.cloud_id,
                   "Cloud id of the site; without it the site is asked")
      ->type_name("ID");
  init->add_option("--gateway-url", args.gateway_url,
                   "Address of the gateway, where it is not Atlassian's")
      ->type_name("URL");
  init->add_option("--token-url", args.token_url,
                   "Where a service account gets its tokens, where it is not Atlassian's")
      ->type_name("URL");
  init->add_option("--token-expires", args.token_expires, "Day on which the token ends")
      ->type_name("DATE");
  init->add_option("--token-file", args.token_file,
                   "File with the API token; written if it is not there")
      ->type_name("FILE");
  init->add_option("--token-env", args.token_env, "Environment variable that holds the API token")
      ->type_name("NAME");
  init->add_option("--mirror", args.mirror, "Where the mirror file goes")->type_name("FILE");
  init->add_flag("--force", args.force, "Overwrite an existing configuration");
  init->add_flag("--offline", args.offline, "Do not ask the site");
  init->add_flag("--sample", args.sample,
                 "Print a configuration with every key, and do nothing else");
  init->callback([&globals, &args, streams, &exit_code] {
    exit_code = run_init(globals, args, streams.in, streams.out, streams.err);
  });
  auto* check = app.add_subcommand("check", "Test configuration, credentials, clock and mirror");
  check->callback([&globals, streams, &exit_code] {
    exit_code = run_check(globals, streams.out, streams.err);
  });
}

void add_help(CLI::App& app, std::vector<std::string>& command, Streams streams, int& exit_code) {
  auto* help = app.add_subcommand("help", "This text, or that of a command");
  help->add_option("command", command, "The command to tell about")->type_name("COMMAND");
  help->callback([&app, &command, streams, &exit_code] {
    const auto text = help_of(app, command);
    if (text) {
      streams.out << *text;
    } else {
      exit_code = report(text.error(), streams.err);
    }
  });
}

int parse(CLI::App& app, int argc, char** argv, Streams streams, const int& exit_code) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {  // --help, --version
    return app.exit(asked, streams.out, streams.err);
  } catch (const CLI::ParseError& refusal) {
    return report(explain_refusal(app, refusal), streams.err);
  }
  return exit_code;
}

// An error that was reported already says more than a closed pipe.
int finish(int exit_code, CheckedOutput& output, std::ostream& err) {
  const auto finished = output.finish();
  return finished || exit_code > kFindings ? exit_code : report(finished.error(), err);
}

}  // namespace

int run(int argc, char** argv, std::istream& in, std::ostream& out, std::ostream& err) {
  CLI::App app(
      "confmirror keeps a complete, versioned copy of a Confluence Cloud site in one SQLite file.",
      "confmirror");
  app.set_version_flag("--version", "confmirror " CONFMIRROR_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(kFooter);
  GlobalOptions globals;
  SyncArgs sync_args;
  InitArgs init_args;
  std::vector<std::string> help_command;
  int exit_code = 0;
  const Streams streams{in, out, err};
  CheckedOutput output(out);
  add_globals(app, globals);
  app.parse_complete_callback([&globals] {
    const auto level = globals.log_level.empty() ? std::string("warn") : globals.log_level;
    if (!base::configure_logging(level, "text"))
      throw CLI::ValidationError("--log-level", "unknown level");
  });
  add_setup(app, globals, init_args, streams, exit_code);
  add_sync(app, globals, sync_args, streams, exit_code);
  add_daemon(app, globals, streams, exit_code);
  add_verify_command(app, globals, out, err, exit_code);
  auto* status =
      app.add_subcommand("status", "What the mirror holds, how fresh it is, what is amiss");
  status->callback([&] { exit_code = run_status(globals, out, err); });
  add_read_commands(app, globals, out, err, exit_code);
  add_audit_command(app, globals, out, err, exit_code);
  add_search_command(app, globals, out, err, exit_code);
  add_sql_command(app, globals, in, out, err, exit_code);
  add_jobs_commands(app, globals, in, out, err, exit_code);
  add_db_commands(app, globals, out, err, exit_code);
  add_connect_commands(app, globals, out, err, exit_code);
  add_completion_command(app, out, exit_code);
  add_help(app, help_command, streams, exit_code);
  return finish(parse(app, argc, argv, streams, exit_code), output, err);
}

}  // namespace cli
