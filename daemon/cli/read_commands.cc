#include "daemon/cli/read_commands.h"

#include <cstdint>
#include <memory>
#include <vector>

#include "daemon/cli/export_command.h"
#include "daemon/cli/page_commands.h"
#include "daemon/cli/version_commands.h"

namespace cli {

namespace {

void add_pages(CLI::App& app, const GlobalOptions& globals, std::ostream& out, std::ostream& err,
               int& exit_code) {
  auto args = std::make_shared<PagesArgs>();
  auto* pages = app.add_subcommand("pages", "The pages of the mirror or of one space");
  pages->add_option("--space", args->space, "Only those of this space")->type_name("KEY");
  pages->add_option("--status", args->statuses, "Only those of this status (repeatable)")
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"current", "archived", "trashed", "deleted", "draft"}));
  pages->add_option("--title", args->title, "Only those of exactly this title, in any case")
      ->type_name("TITLE");
  pages->add_option("--sort", args->sort, "By what, with - in front for descending")
      ->check(CLI::IsMember({"title", "-title", "id", "-id", "modified", "-modified"}))
      ->capture_default_str();
  pages->add_option("--limit", args->limit, "At most so many")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber);
  pages->add_option("--offset", args->offset, "Leave out so many at the beginning")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber);
  pages->add_flag("--tree", args->tree, "By their place, with folders and what else is in it");
  pages->add_option("--as-of", args->as_of, "As the site was then")->type_name("TIME");
  pages->callback([&globals, &out, &err, &exit_code, args] {
    exit_code = run_pages(globals, *args, out, err);
  });
}

void add_page(CLI::App& app, const GlobalOptions& globals, std::ostream& out, std::ostream& err,
              int& exit_code) {
  auto args = std::make_shared<PageArgs>();
  auto* page = app.add_subcommand("page", "One page with its body");
  page->add_option("id", args->id, "The page's id")->type_name("ID")->required();
  page->add_option("--version", args->version, "As it was in this version")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  page->add_option("--format", args->format,
                   "The body alone, storage being exactly what Confluence sent; json: everything")
      ->check(CLI::IsMember({"storage", "markdown", "text", "html", "json"}));
  page->add_option("--as-of", args->as_of, "As it was then")->type_name("TIME");
  page->callback(
      [&globals, &out, &err, &exit_code, args] { exit_code = run_page(globals, *args, out, err); });
}

void add_history(CLI::App& app, const GlobalOptions& globals, std::ostream& out, std::ostream& err,
                 int& exit_code) {
  auto id = std::make_shared<std::string>();
  auto* history = app.add_subcommand("history", "The versions of a page, newest first");
  history->add_option("id", *id, "The page's id")->type_name("ID")->required();
  history->callback(
      [&globals, &out, &err, &exit_code, id] { exit_code = run_history(globals, *id, out, err); });
}

void add_diff(CLI::App& app, const GlobalOptions& globals, std::ostream& out, std::ostream& err,
              int& exit_code) {
  auto args = std::make_shared<DiffArgs>();
  auto* diff = app.add_subcommand("diff", "What changed between two versions of a page");
  diff->add_option("id", args->id, "The page's id")->type_name("ID")->required();
  auto versions = std::make_shared<std::vector<std::int32_t>>();
  diff->add_option("versions", *versions,
                   "From one to another; with one, to the newest; with none, what the newest "
                   "changed")
      ->type_name("VERSION")
      ->expected(0, 2)
      ->check(CLI::PositiveNumber);
  diff->add_flag("--storage", args->storage, "Compare the storage format, not the text");
  diff->callback([&globals, &out, &err, &exit_code, args, versions] {
    if (!versions->empty()) args->from = versions->front();
    if (versions->size() > 1) args->to = versions->back();
    exit_code = run_diff(globals, *args, out, err);
  });
}

void add_blame(CLI::App& app, const GlobalOptions& globals, std::ostream& out, std::ostream& err,
               int& exit_code) {
  auto id = std::make_shared<std::string>();
  auto* blame = app.add_subcommand("blame", "Who wrote which paragraph of a page, and when");
  blame->add_option("id", *id, "The page's id")->type_name("ID")->required();
  blame->callback(
      [&globals, &out, &err, &exit_code, id] { exit_code = run_blame(globals, *id, out, err); });
}

void add_export(CLI::App& app, const GlobalOptions& globals, std::ostream& out, std::ostream& err,
                int& exit_code) {
  auto args = std::make_shared<ExportArgs>();
  auto* command = app.add_subcommand("export", "The mirror as files");
  auto formats = folder_formats();
  formats.emplace_back(kJsonl);
  command->add_option("--format", args->format, "The form of what is written")
      ->required()
      ->check(CLI::IsMember(formats));
  command
      ->add_option("--out", args->out,
                   "The folder it goes to; for jsonl a file, or - for standard output")
      ->type_name("DIR|FILE|-")
      ->required();
  command->add_option("--space", args->spaces, "Only this space (repeatable)")
      ->type_name("KEY")
      ->allow_extra_args(false);
  command->add_option("--as-of", args->as_of, "The site as it was then")->type_name("TIME");
  command->add_flag("--history", args->history, "jsonl: every version of a page after it");
  command->add_flag("--live-only", args->live_only, "Without what is gone from the site");
  command
      ->add_option("--status", args->statuses,
                   "Pages of this status (repeatable; else current and archived)")
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"current", "archived", "trashed", "deleted", "draft", "gone"}));
  command->add_flag("--flat", args->flat, "One folder for each space, none for pages");
  command->add_flag("--git", args->git, "Commit what changed, in the names of the editors");
  command->add_flag("--into-existing", args->into_existing,
                    "The folder may hold other files; they stay as they are");
  command->add_flag("--reshape", args->reshape,
                    "The folder may hold another selection; what is no part of this one goes");
  command->add_flag("--verbose", args->verbose, "Name what could only be approximated");
  command->callback([&globals, &out, &err, &exit_code, args] {
    exit_code = run_export(globals, *args, out, err);
  });
}

}  // namespace

void add_read_commands(CLI::App& app, const GlobalOptions& globals, std::ostream& out,
                       std::ostream& err, int& exit_code) {
  auto* spaces = app.add_subcommand("spaces", "The spaces of the mirror");
  spaces->callback(
      [&globals, &out, &err, &exit_code] { exit_code = run_spaces(globals, out, err); });
  add_pages(app, globals, out, err, exit_code);
  add_page(app, globals, out, err, exit_code);
  add_history(app, globals, out, err, exit_code);
  add_diff(app, globals, out, err, exit_code);
  add_blame(app, globals, out, err, exit_code);
  add_export(app, globals, out, err, exit_code);
}

}  // namespace cli
