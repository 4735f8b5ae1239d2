#pragma once

// The mirror as a folder of files, a page each: which pages, where they lie (layout.h), what has
// changed since the last export to that folder, what is written (publication.h). A page is rendered
// only where its inputs have changed: what the mirror says of it, its body, its place, and what its
// links, mentions and includes lead to.
//
// Uses the Reader on the calling thread, in one snapshot. Holds titles and paths of all pages, and
// one body at a time. Errors: those of the Reader, of TargetFolder and of Publication; what could
// not be written because of foreign files is no error but in the result.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "daemon/export/page_form.h"
#include "daemon/export/publication.h"
#include "daemon/export/site_catalog.h"

namespace exporting {

struct FolderExportOptions {
  std::string format;                   // for the manifest
  std::vector<std::string> space_keys;  // of the selection's spaces
  Selection selection;
  bool flat = false;
  Publication::Permissions permissions;
  // Called now and then with how many pages of how many are done.
  std::function<void(std::int64_t done, std::int64_t all)> progress;
  // Called at the end, still in the snapshot, with what lies in the folder now.
  std::function<store::Result<void>(const Manifest& after)> finished;
};

struct PageApproximations {
  store::Id page_id = 0;
  std::string path;
  std::vector<std::string> what;  // as the renderer says it, with its place
};

struct FolderExportResult {
  std::int64_t spaces = 0;
  std::int64_t pages = 0;
  std::int64_t rendered = 0;
  std::int64_t assumed = 0;         // as of a time: something of them was not observed then
  std::int64_t approximations = 0;  // of the pages that were rendered
  std::int64_t pages_approximated = 0;
  std::vector<PageApproximations> approximated;  // the first twenty thousand
  PublicationCounts files;
  std::vector<Problem> problems;
};

store::Result<FolderExportResult> export_folder(store::Reader& reader, TargetFolder& target,
                                                const PageForm& form,
                                                const FolderExportOptions& options);

}  // namespace exporting
