#include "daemon/cli/export_command.h"

#include <fmt/format.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

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

store::Result<std::vector<store::Id>> space_ids(store::Reader& reader,
                                                const std::vector<std::string>& keys) {
  std::vector<store::Id> ids;
  for (const auto& key : keys) {
    const auto space = find_space(reader, key);
    if (!space) return store::fail(space.error());
    ids.push_back(space->id);
  }
  return ids;
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

store::Result<exporting::JsonlCounts> run(const GlobalOptions& globals, const ExportArgs& args,
                                          std::ostream& out) {
  const auto path = resolve_mirror_path(globals);
  if (!path) return store::fail(path.error());
  auto reader = store::Reader::open(*path);
  if (!reader) return store::fail(reader.error());
  auto ids = space_ids(**reader, args.spaces);
  if (!ids) return store::fail(ids.error());
  const exporting::JsonlOptions options{std::move(*ids), args.history, args.live_only};
  if (args.out == kStandardOutput) return export_to(**reader, options, nullptr, out);
  if (auto allowed = refuse_mirror_as_target(*path, args.out); !allowed) {
    return store::fail(allowed.error());
  }
  auto file = exporting::OutputFile::create(args.out);
  if (!file) return store::fail(file.error());
  return export_to(**reader, options, file->get(), out);
}

std::string in_words(const exporting::JsonlCounts& counts, bool history) {
  auto text = fmt::format("{} spaces, {} pages", with_thousands(counts.spaces),
                          with_thousands(counts.pages));
  if (counts.nodes > 0) text += fmt::format(", {} nodes", with_thousands(counts.nodes));
  if (history) text += fmt::format(", {} versions", with_thousands(counts.versions));
  return text;
}

}  // namespace

int run_export(const GlobalOptions& globals, const ExportArgs& args, std::ostream& out,
               std::ostream& err) {
  const auto counts = run(globals, args, out);
  if (!counts) return report(counts.error(), err);
  if (args.out == kStandardOutput) {
    if (!globals.quiet) err << "exported " << in_words(*counts, args.history) << "\n";
  } else if (globals.json) {
    Json json;
    json["file"] = args.out;
    json["spaces"] = counts->spaces;
    json["nodes"] = counts->nodes;
    json["pages"] = counts->pages;
    json["versions"] = counts->versions;
    out << to_line(json);
  } else if (!globals.quiet) {
    out << fmt::format("exported {} to {}\n", in_words(*counts, args.history), printable(args.out));
  }
  return 0;
}

}  // namespace cli
