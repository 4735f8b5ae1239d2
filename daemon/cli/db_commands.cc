#include "daemon/cli/db_commands.h"

#include <fmt/format.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "daemon/cli/progress_line.h"
#include "daemon/cli/report.h"
#include "daemon/cli/row_json.h"
#include "daemon/cli/terminal.h"
#include "store/upkeep.h"

namespace cli {

namespace {

// One line on a terminal that says how far a long task is; removed when the task ends.
class Percentage {
 public:
  Percentage(std::string what, const GlobalOptions& globals, std::ostream& err)
      : what_(std::move(what)),
        err_(err),
        shown_(terminal_of(err).is_terminal && !globals.quiet && !globals.no_progress) {}
  ~Percentage() {
    if (last_ >= 0) err_ << "\r\033[K" << std::flush;
  }
  Percentage(const Percentage&) = delete;
  Percentage& operator=(const Percentage&) = delete;

  store::UpkeepProgress progress() {
    if (!shown_) return {};
    return [this](double done) { show(static_cast<int>(done * 100)); };
  }

 private:
  void show(int percent) {
    if (percent == last_) return;
    last_ = percent;
    err_ << fmt::format("\r{} {} %", what_, percent) << std::flush;
  }

  std::string what_;
  std::ostream& err_;
  bool shown_;
  int last_ = -1;
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
    out << to_line(json);
  } else {
    for (const auto& finding : report.findings) out << printable(finding) << "\n";
    const auto verdict = report.findings.empty()
                             ? std::string("sound")
                             : fmt::format("{} findings", report.findings.size());
    if (!globals.quiet || !report.findings.empty()) {
      out << fmt::format("{}: {} (bodies of {} pages and {} versions read)\n", printable(file),
                         verdict, with_thousands(report.pages), with_thousands(report.versions));
    }
  }
  return report.findings.empty() ? 0 : kFindings;
}

int run_db_check(const GlobalOptions& globals, std::ostream& out, std::ostream& err) {
  const auto path = resolve_mirror_path(globals);
  if (!path) return report(path.error(), err);
  const auto found = [&] {
    Percentage percentage("checking", globals, err);
    return store::check(*path, percentage.progress());
  }();
  if (!found) return report(found.error(), err);
  return print_findings(*found, path->string(), globals, out);
}

int run_restore_check(const GlobalOptions& globals, const std::string& file, std::ostream& out,
                      std::ostream& err) {
  const auto found = [&] {
    Percentage percentage("restoring", globals, err);
    return store::restore_check(file, percentage.progress());
  }();
  if (!found) return report(found.error(), err);
  return print_findings(*found, file, globals, out);
}

int run_backup(const GlobalOptions& globals, const std::string& target, std::ostream& out,
               std::ostream& err) {
  const auto path = resolve_mirror_path(globals);
  if (!path) return report(path.error(), err);
  const auto bytes = [&] {
    Percentage percentage("copying", globals, err);
    return store::backup(*path, target, percentage.progress());
  }();
  if (!bytes) return report(bytes.error(), err);
  if (globals.json) {
    Json json;
    json["file"] = target;
    json["bytes"] = *bytes;
    out << to_line(json);
  } else if (!globals.quiet) {
    out << fmt::format("copied {} to {} ({})\n", printable(path->string()), printable(target),
                       bytes_in_words(*bytes));
  }
  return 0;
}

int run_compact(const GlobalOptions& globals, std::ostream& out, std::ostream& err) {
  const auto path = resolve_mirror_path(globals);
  if (!path) return report(path.error(), err);
  const auto compacted = store::compact(*path);
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
  auto file = std::make_shared<std::string>();
  auto* backup = db->add_subcommand("backup", "A consistent copy, also while a sync runs");
  backup->add_option("file", *file, "Where it goes; must not exist")->type_name("FILE")->required();
  backup->callback([&globals, &out, &err, &exit_code, file] {
    exit_code = run_backup(globals, *file, out, err);
  });
  auto* compact = db->add_subcommand("compact", "Give back the room that nothing needs any more");
  compact->callback(
      [&globals, &out, &err, &exit_code] { exit_code = run_compact(globals, out, err); });
  auto* restore = db->add_subcommand("restore-check", "Prove that a backup can be restored");
  restore->add_option("file", *file, "The backup")->type_name("FILE")->required();
  restore->callback([&globals, &out, &err, &exit_code, file] {
    exit_code = run_restore_check(globals, *file, out, err);
  });
}

}  // namespace cli
