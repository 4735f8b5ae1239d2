#include "daemon/cli/forget_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/cli/interrupt.h"
#include "daemon/cli/long_task.h"
#include "daemon/cli/progress_line.h"
#include "daemon/cli/prompt.h"
#include "daemon/cli/report.h"
#include "daemon/cli/row_json.h"
#include "store/forget.h"
#include "store/reader.h"

namespace cli {

namespace {

namespace fs = std::filesystem;

struct ForgetArgs {
  std::string page;
  std::vector<std::string> folders;
  bool yes = false;
};

constexpr const char* kUnknowable =
    "exports, and backups made elsewhere, are not known here: look for them yourself";
constexpr const char* kMayComeBack =
    "a page that is still on the site comes back when a sync next looks at every page; purge it "
    "there, or exclude its space";

store::Result<store::Id> page_id_of(const std::string& text) {
  store::Id id = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, id);
  if (parsed.ec == std::errc() && parsed.ptr == end && id > 0) return id;
  return store::fail(store::ErrorKind::kUsage, "bad_page_id",
                     fmt::format("cannot forget page '{}': an id is a number", text),
                     "it stands in the page's address: .../pages/123456/Title");
}

// What is about to go, for the question. The page may be known by its remains alone.
std::string described(const fs::path& path, store::Id id) {
  auto reader = store::Reader::open(path);
  if (!reader) return fmt::format("page {}", id);
  const auto page = (*reader)->page(id, /*with_body=*/false);
  if (!page || !*page) return fmt::format("page {}", id);
  const auto versions = (*reader)->versions(id);
  return fmt::format("page {} '{}' in space {}, {} versions", id, printable((*page)->title),
                     printable((*page)->space_key), versions ? versions->size() : 0);
}

store::Result<void> confirm(const fs::path& path, store::Id id, const ForgetArgs& args,
                            std::ostream& err) {
  if (args.yes) return {};
  if (::isatty(STDIN_FILENO) != 1) {
    return store::fail(store::ErrorKind::kUsage, "not_confirmed",
                       fmt::format("cannot forget page '{}': nobody is there to ask", id),
                       "--yes erases it without a question");
  }
  const Interrupt interrupt;
  auto answer = Prompt(STDIN_FILENO, err)
                    .ask(fmt::format("erase {} from {} for good? Type its id to say yes: ",
                                     described(path, id), printable(path.string())));
  if (!answer) return store::fail(answer.error());
  if (*answer == std::to_string(id)) return {};
  return store::fail(store::ErrorKind::kUsage, "not_confirmed",
                     fmt::format("page '{}' was not forgotten: the answer was another one", id));
}

void print_json(store::Id id, const store::ForgetReport& forgotten,
                const std::vector<store::KnownCopy>& copies, std::ostream& out) {
  Json json;
  json["page_id"] = std::to_string(id);
  json["versions"] = forgotten.versions;
  json["states"] = forgotten.states;
  json["jobs"] = forgotten.jobs;
  json["bodies_dropped"] = forgotten.bodies_dropped;
  json["bodies_encoded_anew"] = forgotten.bodies_encoded_anew;
  json["bytes_before"] = forgotten.bytes_before;
  json["bytes_after"] = forgotten.bytes_after;
  const auto list = [&](const char* key, store::KnownCopy::Holds holds) {
    json[key] = Json::array();
    for (const auto& copy : copies) {
      if (copy.page == holds) json[key].push_back(copy.file.string());
    }
  };
  list("copies_that_hold_it", store::KnownCopy::Holds::kYes);
  list("copies_that_cannot_be_read", store::KnownCopy::Holds::kUnreadable);
  json["notes"] = {kUnknowable, kMayComeBack};
  out << to_line(json);
}

void print_text(store::Id id, const store::ForgetReport& forgotten,
                const std::vector<store::KnownCopy>& copies, std::ostream& out) {
  out << fmt::format(
      "page {} is erased: {} versions, {} earlier states, {} jobs; the file has {} "
      "now, it had {}\n",
      id, with_thousands(forgotten.versions), with_thousands(forgotten.states),
      with_thousands(forgotten.jobs), bytes_in_words(forgotten.bytes_after),
      bytes_in_words(forgotten.bytes_before));
  for (const auto& copy : copies) {
    if (copy.page == store::KnownCopy::Holds::kYes) {
      out << "still holds it: " << printable(copy.file.string()) << "\n";
    } else if (copy.page == store::KnownCopy::Holds::kUnreadable) {
      out << "may hold it, cannot be read: " << printable(copy.file.string()) << "\n";
    }
  }
  out << kUnknowable << "\n" << kMayComeBack << "\n";
}

store::Result<void> execute_forget(const GlobalOptions& globals, const ForgetArgs& args,
                                   std::ostream& out, std::ostream& err) {
  const auto path = resolve_mirror_path(globals);
  if (!path) return store::fail(path.error());
  const auto id = page_id_of(args.page);
  if (!id) return store::fail(id.error());
  if (auto sure = confirm(*path, *id, args, err); !sure) return sure;
  const auto forgotten = [&] {
    LongTask task("erasing", globals, err);
    return store::forget(*path, *id, base::SystemClock().now(), task.progress());
  }();
  if (!forgotten) return store::fail(forgotten.error());
  std::vector<fs::path> folders(args.folders.begin(), args.folders.end());
  const auto copies = store::copies_with(*path, folders, *id);
  if (globals.json) {
    print_json(*id, *forgotten, copies, out);
  } else if (!globals.quiet) {
    print_text(*id, *forgotten, copies, out);
  }
  return {};
}

}  // namespace

void add_forget_command(CLI::App& db, const GlobalOptions& globals, std::ostream& out,
                        std::ostream& err, int& exit_code) {
  auto args = std::make_shared<ForgetArgs>();
  auto* forget = db.add_subcommand(
      "forget",
      "Erase every copy of a page from the mirror file, and name the backups that hold it");
  forget->add_option("page", args->page, "The page's id")->type_name("PAGE_ID")->required();
  forget->add_flag("--yes", args->yes, "Without a question");
  forget
      ->add_option("--backups", args->folders,
                   "Look for copies in this folder as well (repeatable)")
      ->type_name("DIR")
      ->allow_extra_args(false);
  forget->callback([&globals, &out, &err, &exit_code, args] {
    const auto done = execute_forget(globals, *args, out, err);
    exit_code = done ? 0 : report(done.error(), err);
  });
}

}  // namespace cli
