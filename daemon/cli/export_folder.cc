#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <set>
#include <utility>

#include "daemon/cli/as_of.h"
#include "daemon/cli/export_command.h"
#include "daemon/cli/interrupt.h"
#include "daemon/cli/progress_line.h"
#include "daemon/cli/report.h"
#include "daemon/cli/row_json.h"
#include "daemon/cli/terminal.h"
#include "daemon/export/folder_export.h"
#include "daemon/export/git_history.h"
#include "daemon/export/page_form.h"

namespace cli {

namespace {

constexpr int kPartlyDone = 4;

std::unique_ptr<exporting::PageForm> form_of(const std::string& format) {
  if (format == "markdown") return exporting::make_markdown_form();
  if (format == "html") return exporting::make_html_form();
  return exporting::make_storage_form();
}

std::set<std::string> wanted_statuses(const ExportArgs& args) {
  std::set<std::string> statuses(args.statuses.begin(), args.statuses.end());
  if (statuses.empty()) statuses = {"current", "archived"};
  if (args.live_only) statuses.erase("gone");
  return statuses;
}

// One line that is written over and over, on a terminal alone.
class FolderProgress {
 public:
  FolderProgress(const GlobalOptions& globals, std::ostream& err)
      : err_(err),
        shown_(terminal_of(err).is_terminal && !globals.quiet && !globals.no_progress &&
               !globals.json) {}
  ~FolderProgress() {
    if (any_) err_ << "\r\033[K" << std::flush;
  }
  FolderProgress(const FolderProgress&) = delete;
  FolderProgress& operator=(const FolderProgress&) = delete;

  void show(std::int64_t done, std::int64_t all) {
    constexpr std::chrono::milliseconds kPause{200};
    const auto now = std::chrono::steady_clock::now();
    if (!shown_ || (any_ && now - last_ < kPause)) return;
    last_ = now;
    any_ = true;
    err_ << fmt::format("\r\033[Kpages {} of {}", with_thousands(done), with_thousands(all))
         << std::flush;
  }

 private:
  std::ostream& err_;
  bool shown_;
  bool any_ = false;
  std::chrono::steady_clock::time_point last_;
};

struct FolderOutcome {
  exporting::FolderExportResult files;
  std::int64_t commits = 0;
};

store::Result<FolderOutcome> export_files(const GlobalOptions& globals, const ExportArgs& args,
                                          ExportSource& source, std::ostream& err) {
  const Interrupt interrupt;
  FolderProgress progress(globals, err);
  auto target = exporting::TargetFolder::open(args.out, [] { return Interrupt::check(); });
  if (!target) return store::fail(target.error());
  exporting::FolderExportOptions options;
  options.format = args.format;
  options.space_keys = source.space_keys;
  options.selection = {source.space_ids, wanted_statuses(args), source.as_of};
  options.flat = args.flat;
  options.permissions = {args.into_existing, args.reshape};
  options.progress = [&progress](std::int64_t done, std::int64_t all) { progress.show(done, all); };
  FolderOutcome outcome;
  std::unique_ptr<exporting::GitHistory> history;
  if (args.git) {
    auto opened = exporting::GitHistory::open(**target);
    if (!opened) return store::fail(opened.error());
    history = std::move(*opened);
    options.finished = [&](const exporting::Manifest& after) -> store::Result<void> {
      auto commits = history->commit(after, *source.reader, source.as_of);
      if (!commits) return store::fail(commits.error());
      outcome.commits = *commits;
      return {};
    };
  }
  auto done = exporting::export_folder(*source.reader, **target, *form_of(args.format), options);
  if (!done) return store::fail(done.error());
  outcome.files = std::move(*done);
  return outcome;
}

Json approximations_json(const exporting::FolderExportResult& result) {
  auto json = Json::array();
  for (const auto& page : result.approximated) {
    Json one;
    one["page_id"] = std::to_string(page.page_id);
    one["path"] = page.path;
    one["what"] = page.what;
    json.push_back(std::move(one));
  }
  return json;
}

Json result_json(const ExportArgs& args, const FolderOutcome& outcome) {
  const auto& result = outcome.files;
  Json json;
  json["folder"] = args.out;
  json["format"] = args.format;
  json["spaces"] = result.spaces;
  json["pages"] = result.pages;
  if (!args.as_of.empty()) json["assumed"] = result.assumed;
  json["rendered"] = result.rendered;
  json["written"] = result.files.written;
  json["unchanged"] = result.files.unchanged;
  json["removed"] = result.files.removed;
  if (args.git) json["commits"] = outcome.commits;
  json["approximations"] = result.approximations;
  json["approximated"] = approximations_json(result);
  json["problems"] = Json::array();
  for (const auto& problem : result.problems) {
    Json one;
    one["path"] = problem.path;
    one["problem"] = problem.what;
    json["problems"].push_back(std::move(one));
  }
  return json;
}

void print_result(const ExportArgs& args, const FolderOutcome& outcome, std::ostream& out) {
  const auto& result = outcome.files;
  out << fmt::format(
      "exported {} spaces, {} pages to {}: {} files written, {} unchanged, {} removed\n",
      with_thousands(result.spaces), with_thousands(result.pages), printable(args.out),
      with_thousands(result.files.written), with_thousands(result.files.unchanged),
      with_thousands(result.files.removed));
  if (args.git) out << fmt::format("committed: {} commits\n", with_thousands(outcome.commits));
  if (result.approximations == 0) return;
  out << fmt::format("approximated {} things in {} of the {} pages that were rendered{}\n",
                     with_thousands(result.approximations),
                     with_thousands(result.pages_approximated), with_thousands(result.rendered),
                     args.verbose ? ":" : " (--verbose names them)");
  if (!args.verbose) return;
  for (const auto& page : result.approximated) {
    for (const auto& what : page.what) {
      out << fmt::format("  {}:{}\n", printable(page.path), printable(what));
    }
  }
}

}  // namespace

int run_folder_export(const GlobalOptions& globals, const ExportArgs& args, ExportSource& source,
                      std::ostream& out, std::ostream& err) {
  const auto outcome = export_files(globals, args, source, err);
  if (!outcome) return report(outcome.error(), err);
  if (globals.json) {
    out << to_line(result_json(args, *outcome));
  } else if (!globals.quiet) {
    print_result(args, *outcome, out);
  }
  for (const auto& problem : outcome->files.problems) {
    err << fmt::format("confmirror: {}: {}\n",
                       printable((std::filesystem::path(args.out) / problem.path).string()),
                       printable(problem.what));
  }
  if (source.as_of) {
    const auto noted =
        note_as_of(*source.reader, *source.as_of, outcome->files.assumed, globals, err);
    if (!noted) return report(noted.error(), err);
  }
  if (outcome->files.problems.empty()) return 0;
  err << "  Move or delete what is named; the next export writes the pages' files there.\n";
  return kPartlyDone;
}

}  // namespace cli
