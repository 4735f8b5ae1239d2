#include "daemon/cli/export_command.h"

#include <fmt/format.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "daemon/cli/as_of.h"
#include "daemon/cli/interrupt.h"
#include "daemon/cli/lookup.h"
#include "daemon/cli/progress_line.h"
#include "daemon/cli/report.h"
#include "daemon/cli/row_json.h"
#include "daemon/export/jsonl.h"
#include "daemon/export/output_file.h"

namespace cli {

namespace {

namespace fs = std::filesystem;

constexpr const char* kStandardOutput = "-";

// Replacing the mirror by its export would be a very last export.
store::Result<void> refuse_mirror_as_target(const fs::path& mirror, const fs::path& target) {
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
    std::error_code absent;
    fs::path file = mirror;
    file += suffix;
    if (fs::equivalent(file, target, absent) && !absent) {
      return store::fail(
          store::ErrorKind::kUsage, "target_is_mirror",
          fmt::format("cannot export to '{}': it belongs to the mirror", target.string()),
          "give the export a name of its own");
    }
  }
  return {};
}

store::Result<void> find_spaces(ExportSource& source, const std::vector<std::string>& keys) {
  for (const auto& key : keys) {
    auto space = find_space(*source.reader, key);
    if (!space) return store::fail(space.error());
    source.space_ids.push_back(space->id);
    source.space_keys.push_back(std::move(space->key));
  }
  return {};
}

store::Result<ExportSource> open_source(const GlobalOptions& globals, const ExportArgs& args) {
  auto path = resolve_mirror_path(globals);
  if (!path) return store::fail(path.error());
  auto reader = store::Reader::open(*path);
  if (!reader) return store::fail(reader.error());
  ExportSource source{std::move(*path), std::move(*reader), {}, {}, {}};
  if (auto found = find_spaces(source, args.spaces); !found) return store::fail(found.error());
  auto as_of = parse_as_of(args.as_of);
  if (!as_of) return store::fail(as_of.error());
  source.as_of = *as_of;
  return source;
}

// What a format has no use for is refused, or somebody would wait for its effect.
store::Result<void> check_options(const ExportArgs& args) {
  const bool lines = args.format == kJsonl;
  const char* alien = lines && args.flat                      ? "--flat"
                      : lines && args.git                     ? "--git"
                      : lines && args.into_existing           ? "--into-existing"
                      : lines && args.reshape                 ? "--reshape"
                      : lines && !args.statuses.empty()       ? "--status"
                      : !lines && args.history                ? "--history"
                      : !lines && args.out == kStandardOutput ? "--out -"
                                                              : nullptr;
  if (alien == nullptr) return {};
  const char* hint = lines          ? "that is for the formats that make a folder"
                     : args.history ? "that is for jsonl; with --git, each export adds to a history"
                                    : "name a folder; only jsonl goes to standard output";
  return store::fail(store::ErrorKind::kUsage, "alien_option",
                     fmt::format("cannot export as {} with {}", args.format, alien), hint);
}

store::Result<void> write_to(std::ostream& out, std::string_view bytes, bool last) {
  errno = 0;
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (last) out.flush();
  if (out) return {};
  return store::fail(exporting::write_error("standard output", errno == 0 ? EIO : errno));
}

store::Result<exporting::JsonlCounts> export_to(store::Reader& reader,
                                                const exporting::JsonlOptions& options,
                                                exporting::OutputFile* file, std::ostream& out) {
  const Interrupt interrupt;
  auto write = [file, &out](std::string_view line) -> store::Result<void> {
    if (auto going_on = Interrupt::check(); !going_on) return going_on;
    return file != nullptr ? file->write(line) : write_to(out, line, /*last=*/false);
  };
  auto counts = exporting::export_jsonl(reader, options, write);
  if (!counts) return counts;
  const auto ended = file != nullptr ? file->commit() : write_to(out, {}, /*last=*/true);
  if (!ended) return store::fail(ended.error());
  return counts;
}

store::Result<exporting::JsonlCounts> run_jsonl(const ExportArgs& args, ExportSource& source,
                                                std::ostream& out) {
  exporting::JsonlOptions options;
  options.space_ids = source.space_ids;
  options.history = args.history;
  options.live_only = args.live_only;
  options.as_of = source.as_of;
  if (args.out == kStandardOutput) return export_to(*source.reader, options, nullptr, out);
  if (auto allowed = refuse_mirror_as_target(source.mirror, args.out); !allowed) {
    return store::fail(allowed.error());
  }
  auto file = exporting::OutputFile::create(args.out);
  if (!file) return store::fail(file.error());
  return export_to(*source.reader, options, file->get(), out);
}

std::string counts_in_words(const exporting::JsonlCounts& counts, bool history) {
  auto text = fmt::format("{} spaces, {} pages", with_thousands(counts.spaces),
                          with_thousands(counts.pages));
  if (counts.nodes > 0) text += fmt::format(", {} nodes", with_thousands(counts.nodes));
  if (history) text += fmt::format(", {} versions", with_thousands(counts.versions));
  return text;
}

}  // namespace

const std::vector<std::string>& folder_formats() {
  static const std::vector<std::string> kFormats = {"markdown", "html", "storage"};
  return kFormats;
}

int run_export(const GlobalOptions& globals, const ExportArgs& args, std::ostream& out,
               std::ostream& err) {
  if (const auto possible = check_options(args); !possible) return report(possible.error(), err);
  auto source = open_source(globals, args);
  if (!source) return report(source.error(), err);
  if (args.format != kJsonl) return run_folder_export(globals, args, *source, out, err);
  const auto counts = run_jsonl(args, *source, out);
  if (!counts) return report(counts.error(), err);
  if (args.out == kStandardOutput) {
    if (!globals.quiet) err << "exported " << counts_in_words(*counts, args.history) << "\n";
  } else if (globals.json) {
    Json json;
    json["file"] = args.out;
    json["spaces"] = counts->spaces;
    json["nodes"] = counts->nodes;
    json["pages"] = counts->pages;
    json["versions"] = counts->versions;
    out << to_line(json);
  } else if (!globals.quiet) {
    out << fmt::format("exported {} to {}\n", counts_in_words(*counts, args.history),
                       printable(args.out));
  }
  return 0;
}

}  // namespace cli
