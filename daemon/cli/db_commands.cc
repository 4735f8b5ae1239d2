#include "daemon/cli/db_commands.h"

#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>

#include "daemon/base/clock.h"
#include "daemon/cli/forget_command.h"
#include "daemon/cli/long_task.h"
#include "daemon/cli/progress_line.h"
#include "daemon/cli/report.h"
#include "daemon/cli/row_json.h"
#include "store/upkeep.h"

namespace cli {

namespace {

namespace fs = std::filesystem;

struct BackupArgs {
  std::string target;
  std::int64_t keep = 0;  // 0: all
};

int print_findings(const store::CheckReport& report, const std::string& file,
                   const GlobalOptions& globals, std::ostream& out) {
  if (globals.json) {
    Json json;
    json["file"] = file;
    json["sound"] = report.findings.empty();
    json["findings"] = report.findings;
    json["pages"] = report.pages;
    json["versions"] = report.versions;
    json["index_checked"] = report.index_checked;
    out << to_line(json);
  } else {
    for (const auto& finding : report.findings) out << printable(finding) << "\n";
    const auto verdict = report.findings.empty()
                             ? std::string("sound")
                             : fmt::format("{} findings", report.findings.size());
    if (!globals.quiet || !report.findings.empty()) {
      out << fmt::format("{}: {} (bodies of {} pages and {} versions read)\n", printable(file),
                         verdict, with_thousands(report.pages), with_thousands(report.versions));
      if (!report.index_checked) {
        out << "the index of the search was not read: it needs the right to write, and nobody who "
               "crawls\n";
      }
    }
  }
  return report.findings.empty() ? 0 : kFindings;
}

int run_db_check(const GlobalOptions& globals, std::ostream& out, std::ostream& err) {
  const auto path = resolve_mirror_path(globals);
  if (!path) return report(path.error(), err);
  const auto found = [&] {
    LongTask task("checking", globals, err);
    return store::check(*path, task.progress());
  }();
  if (!found) return report(found.error(), err);
  return print_findings(*found, path->string(), globals, out);
}

int run_restore_check(const GlobalOptions& globals, const std::string& file, std::ostream& out,
                      std::ostream& err) {
  const auto found = [&] {
    LongTask task("restoring", globals, err);
    return store::restore_check(file, task.progress());
  }();
  if (!found) return report(found.error(), err);
  return print_findings(*found, file, globals, out);
}

store::Result<store::FolderBackup> make_backup(const fs::path& mirror, const BackupArgs& args,
                                               const store::UpkeepProgress& progress) {
  std::error_code absent;
  if (fs::is_directory(args.target, absent)) {
    return store::backup_into(mirror, args.target, base::SystemClock().now(), args.keep, progress);
  }
  if (args.keep > 0) {
    return store::fail(
        store::ErrorKind::kUsage, "not_a_folder",
        fmt::format("cannot keep {} backups in '{}': no such folder", args.keep, args.target),
        "--keep needs a folder that is there");
  }
  const auto bytes = store::backup(mirror, args.target, progress);
  if (!bytes) return store::fail(bytes.error());
  return store::FolderBackup{args.target, *bytes, {}};
}

int run_backup(const GlobalOptions& globals, const BackupArgs& args, std::ostream& out,
               std::ostream& err) {
  const auto path = resolve_mirror_path(globals);
  if (!path) return report(path.error(), err);
  const auto made = [&] {
    LongTask task("copying", globals, err);
    return make_backup(*path, args, task.progress());
  }();
  if (!made) return report(made.error(), err);
  if (globals.json) {
    Json json;
    json["file"] = made->file.string();
    json["bytes"] = made->bytes;
    json["removed"] = Json::array();
    for (const auto& file : made->removed) json["removed"].push_back(file.string());
    out << to_line(json);
  } else if (!globals.quiet) {
    out << fmt::format("copied {} to {} ({})\n", printable(path->string()),
                       printable(made->file.string()), bytes_in_words(made->bytes));
    for (const auto& file : made->removed) {
      out << fmt::format("removed {}\n", printable(file.string()));
    }
  }
  return 0;
}

int run_compact(const GlobalOptions& globals, std::ostream& out, std::ostream& err) {
  const auto path = resolve_mirror_path(globals);
  if (!path) return report(path.error(), err);
  const auto compacted = [&] {
    LongTask task("compacting", globals, err);
    return store::compact(*path, task.progress());
  }();
  if (!compacted) return report(compacted.error(), err);
  if (globals.json) {
    Json json;
    json["file"] = path->string();
    json["bytes_before"] = compacted->bytes_before;
    json["bytes_after"] = compacted->bytes_after;
    json["blobs_dropped"] = compacted->blobs_dropped;
    out << to_line(json);
  } else if (!globals.quiet) {
    out << fmt::format("{}: {} before, {} now; {} bodies dropped that nothing needed\n",
                       printable(path->string()), bytes_in_words(compacted->bytes_before),
                       bytes_in_words(compacted->bytes_after),
                       with_thousands(compacted->blobs_dropped));
  }
  return 0;
}

}  // namespace

void add_db_commands(CLI::App& app, const GlobalOptions& globals, std::ostream& out,
                     std::ostream& err, int& exit_code) {
  auto* db = app.add_subcommand("db", "Care of the mirror file");
  db->require_subcommand(1);
  auto* check = db->add_subcommand("check", "Read everything and say what is not as it should be");
  check->callback(
      [&globals, &out, &err, &exit_code] { exit_code = run_db_check(globals, out, err); });
  auto args = std::make_shared<BackupArgs>();
  auto* backup = db->add_subcommand("backup", "A consistent copy, also while a sync runs");
  backup
      ->add_option("file", args->target,
                   "Where it goes: a file that is not there yet, or a folder, for a name with the "
                   "time")
      ->type_name("FILE")
      ->required();
  backup
      ->add_option("--keep", args->keep,
                   "Then remove the oldest backups of such names from the folder, but for N")
      ->type_name("N")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000}));
  backup->callback([&globals, &out, &err, &exit_code, args] {
    exit_code = run_backup(globals, *args, out, err);
  });
  auto* compact = db->add_subcommand("compact", "Give back the room that nothing needs any more");
  compact->callback(
      [&globals, &out, &err, &exit_code] { exit_code = run_compact(globals, out, err); });
  auto file = std::make_shared<std::string>();
  auto* restore = db->add_subcommand("restore-check", "Prove that a backup can be restored");
  restore->add_option("file", *file, "The backup")->type_name("FILE")->required();
  restore->callback([&globals, &out, &err, &exit_code, file] {
    exit_code = run_restore_check(globals, *file, out, err);
  });
  add_forget_command(*db, globals, out, err, exit_code);
}

}  // namespace cli
