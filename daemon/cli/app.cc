#include "daemon/cli/app.h"

#include <CLI/CLI.hpp>
#include <string>

#include "daemon/base/log.h"
#include "daemon/cli/completion.h"
#include "daemon/cli/db_commands.h"
#include "daemon/cli/globals.h"
#include "daemon/cli/read_commands.h"
#include "daemon/cli/report.h"
#include "daemon/cli/setup_commands.h"
#include "daemon/cli/status_command.h"
#include "daemon/cli/sync_command.h"

namespace cli {

namespace {

constexpr int kUsageExit = 2;

struct Streams {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
};

void add_globals(CLI::App& app, GlobalOptions& globals) {
  app.add_option("--config", globals.config, "Configuration file (else see README.md)")->type_name("FILE");
  app.add_option("--db", globals.db, "Mirror file, instead of the configuration's")->type_name("FILE");
  app.add_flag("--json", globals.json, "Machine output on stdout");
  app.add_flag("--quiet,-q", globals.quiet, "Nothing but results and errors");
  app.add_flag("--no-progress", globals.no_progress, "No progress lines");
  app.add_option("--log-level", globals.log_level, "trace, debug, info, warn, error or off")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "off"}));
}

void add_sync(CLI::App& app, const GlobalOptions& globals, SyncArgs& args, Streams streams, int& exit_code) {
  auto* sync = app.add_subcommand("sync", "Bring the mirror up to date with the site, then exit");
  sync->add_option("--space", args.spaces, "Only this space (repeatable)")->type_name("KEY");
  sync->add_flag("--full", args.full, "Try again now what waits in quarantine");
  sync->add_option("--split", args.split, "How one huge space is shared out: none, ends or scout")
      ->check(CLI::IsMember({"none", "ends", "scout"}))
      ->group("For measurements");
  sync->callback([&globals, &args, streams, &exit_code] {
    exit_code = run_sync(globals, args, streams.out, streams.err);
  });
}

void add_setup(CLI::App& app, const GlobalOptions& globals, InitArgs& args, Streams streams, int& exit_code) {
  auto* init = app.add_subcommand("init", "Write the configuration and validate the connection");
  init->add_option("--site", args.site, "https://your-domain.atlassian.net")->type_name("URL");
  init->add_option("--email", args.email, "E-mail address of the account")->type_name("ADDRESS");
  init->add_option("--token-file", args.token_file, "File with the API token; written if it is not there")
      ->type_name("FILE");
  init->add_option("--token-env", args.token_env, "Environment variable that holds the API token")
      ->type_name("NAME");
  init->add_option("--mirror", args.mirror, "Where the mirror file goes")->type_name("FILE");
  init->add_flag("--force", args.force, "Overwrite an existing configuration");
  init->add_flag("--offline", args.offline, "Do not ask the site");
  init->callback([&globals, &args, streams, &exit_code] {
    exit_code = run_init(globals, args, streams.in, streams.out, streams.err);
  });
  auto* check = app.add_subcommand("check", "Test configuration, credentials, clock and mirror");
  check->callback(
      [&globals, streams, &exit_code] { exit_code = run_check(globals, streams.out, streams.err); });
}

}  // namespace

int run(int argc, char** argv, std::istream& in, std::ostream& out, std::ostream& err) {
  CLI::App app("confmirror keeps a complete, versioned copy of a Confluence Cloud site in one SQLite file.",
               "confmirror");
  app.set_version_flag("--version", "confmirror " CONFMIRROR_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  GlobalOptions globals;
  SyncArgs sync_args;
  InitArgs init_args;
  int exit_code = 0;
  const Streams streams{in, out, err};
  add_globals(app, globals);
  app.parse_complete_callback([&globals] {
    const auto level = globals.log_level.empty() ? std::string("warn") : globals.log_level;
    if (!base::configure_logging(level, "text")) throw CLI::ValidationError("--log-level", "unknown level");
  });
  add_setup(app, globals, init_args, streams, exit_code);
  add_sync(app, globals, sync_args, streams, exit_code);
  auto* status = app.add_subcommand("status", "What the mirror holds, how fresh it is, what is amiss");
  status->callback([&] { exit_code = run_status(globals, out, err); });
  add_read_commands(app, globals, out, err, exit_code);
  add_db_commands(app, globals, out, err, exit_code);
  add_completion_command(app, out, exit_code);
  auto* help = app.add_subcommand("help", "This text");
  help->callback([&] { out << app.help(); });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e, out, err) == 0 ? 0 : kUsageExit;
  }
  return exit_code;
}

}  // namespace cli
