#pragma once

// What an export has written, so that the next one knows: which page lies where, the files with
// their hashes, the folders that were made, and for what the export was. It lies in the target as
// JSON with one record a line, sorted, so that equal exports have equal manifests; and since
// anybody may have written what lies there, it is read as hostile input: every path is_safe_path(),
// none twice. Pure; any thread. Errors: kItemBad "bad_manifest".
//
// The journal beside it names what an export is about to write, before it does: after a crash the
// next one knows those files for its own. Its lines are read as far as they are whole.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "store/records.h"

namespace exporting {

inline constexpr const char* kManifestName = ".confmirror-export.json";
inline constexpr const char* kJournalName = ".confmirror-export.journal";

struct WrittenFile {
  bool operator==(const WrittenFile&) const = default;
  std::string path;
  std::int64_t bytes = 0;
  store::Sha256 hash{};
};

// Of a page, or of a part of the whole (a style sheet, an index).
struct Record {
  bool operator==(const Record&) const = default;
  std::string path;          // without extension; of a page
  std::int32_t version = 0;  // of a page
  std::string inputs;        // a digest of all that the files were made from
  std::string asked;         // what the making asked for besides (page_surroundings.h)
  std::vector<WrittenFile> files;
};

// What makes two exports to one folder the same one.
struct Purpose {
  bool operator==(const Purpose&) const = default;
  std::string site;
  std::string format;
  std::vector<std::string> spaces;    // keys, sorted; empty = all
  std::vector<std::string> statuses;  // sorted
  bool flat = false;
};

struct Manifest {
  bool operator==(const Manifest&) const = default;
  Purpose purpose;
  std::map<store::Id, std::string> spaces;  // their folders
  std::map<store::Id, std::string> nodes;
  std::set<std::string> folders;  // that exports have made
  std::map<std::string, Record> parts;
  std::map<store::Id, Record> pages;
};

std::string to_text(const Manifest& manifest);
store::Result<Manifest> parse_manifest(std::string_view text);

struct Journal {
  Purpose purpose;
  std::map<std::string, std::set<store::Sha256>> files;  // by path: what may lie there
  std::set<std::string> folders;
  std::map<store::Id, std::string> spaces;  // the paths that were chosen
  std::map<store::Id, std::string> nodes;
  std::map<store::Id, std::string> pages;
};

std::string journal_head(const Purpose& purpose);
std::string journal_file(const WrittenFile& file);
std::string journal_folder(const std::string& path);
enum class Owner { kSpace, kNode, kPage };
std::string journal_choice(Owner owner, store::Id id, const std::string& path);
store::Result<Journal> parse_journal(std::string_view text);

}  // namespace exporting
