#pragma once

// `export`: the mirror as files, without network. As JSON Lines one file, which appears only when
// it is whole, or `out`, and then nothing else goes there; in the other formats a folder
// (daemon/export/folder_export.h). Diagnostics on `err`; returns the exit code of README.md: 4
// where a file of the folder could not be written because it is not ours.

#include <filesystem>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "daemon/cli/globals.h"
#include "store/reader.h"

namespace cli {

struct ExportArgs {
  std::string format = "jsonl";
  std::string out;                  // a path, or - for standard output
  std::vector<std::string> spaces;  // keys; empty = all
  bool history = false;
  bool live_only = false;
  std::string as_of;                  // a time; empty = now
  std::vector<std::string> statuses;  // empty = current and archived; for folders
  bool flat = false;
  bool git = false;
  bool into_existing = false;
  bool reshape = false;
  bool verbose = false;
};

constexpr const char* kJsonl = "jsonl";
// Those that `--format` takes besides.
const std::vector<std::string>& folder_formats();

int run_export(const GlobalOptions& globals, const ExportArgs& args, std::ostream& out,
               std::ostream& err);

// The mirror that the command is for, and what of it.
struct ExportSource {
  std::filesystem::path mirror;
  std::unique_ptr<store::Reader> reader;
  std::vector<store::Id> space_ids;     // empty = all
  std::vector<std::string> space_keys;  // of these
  std::optional<store::Time> as_of;
};

// export_folder.cc
int run_folder_export(const GlobalOptions& globals, const ExportArgs& args, ExportSource& source,
                      std::ostream& out, std::ostream& err);

}  // namespace cli
