#pragma once

// Writes an export beside what is in the target already, by these rules:
// 1. Nothing is overwritten or removed that an export did not write, or that somebody has changed
//    since: it is named among the problems and stays. Whether a file is still ours is told by its
//    hash, looked at before it is touched.
// 2. What is there as it should be is not touched: neither its time nor its inode change.
// 3. The journal names a file before it is written, new files come before old ones go, the manifest
//    last. Whatever ends an export, the next one comes to the same end.
// 4. A folder that holds another site, another format or another selection is refused, and so is
//    one with files in it and no manifest, unless the caller allows these two.
//
// One thread; holds the manifests of before and after, and a few megabytes of what waits to be
// written. Errors: those of TargetFolder but for "in_the_way"; kUsage for what is refused.

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "daemon/export/manifest.h"
#include "daemon/export/target_folder.h"

namespace exporting {

struct FileContent {
  std::string path;
  std::string content;
};

struct Problem {
  std::string path;
  std::string what;  // "changed since it was exported: kept as it is"
};

struct PublicationCounts {
  std::int64_t written = 0;  // files
  std::int64_t unchanged = 0;
  std::int64_t removed = 0;
};

class Publication {
 public:
  struct Permissions {
    bool into_existing = false;  // files that are not ours may lie in the folder
    bool reshape = false;        // the selection may be another one than before
  };
  static store::Result<std::unique_ptr<Publication>> open(TargetFolder& target, Purpose purpose,
                                                          Permissions permissions);

  const Manifest& before() const { return before_; }
  const Manifest& after() const { return after_; }
  // The path that was given before, without an extension.
  std::optional<std::string> earlier(Owner owner, store::Id id) const;
  // For lay_out(). An error is kept for choose().
  bool occupied(const std::string& path, bool as_folder);
  store::Result<void> choose(Owner owner, store::Id id, const std::string& path);

  // Whether the files of that record are all there; one of another size is a problem, and there.
  store::Result<bool> is_there(const Record& record);
  void keep_page(store::Id id);  // as it was before
  void keep_part(const std::string& id);
  // `record` without its files.
  store::Result<void> put_page(store::Id id, Record record, std::vector<FileContent> files);
  store::Result<void> put_part(const std::string& id, Record record,
                               std::vector<FileContent> files);

  // Ends it: what is no longer part of the export goes, the manifest tells what is.
  store::Result<void> finish();

  const PublicationCounts& counts() const { return counts_; }
  const std::vector<Problem>& problems() const { return problems_; }

 private:
  struct Pending {
    WrittenFile file;
    std::string content;
  };
  enum class Verdict { kWrite, kSame, kForeign };

  Publication(TargetFolder& target, Purpose purpose) : target_(target) {
    after_.purpose = std::move(purpose);
  }
  store::Result<void> read_before();
  store::Result<void> check_purpose(Permissions permissions) const;
  store::Result<void> check_empty() const;
  template <typename Records, typename Key>
  void keep(const Records& before, Records& after, const Key& key);
  template <typename Records, typename Key>
  store::Result<void> put(const Records& before, Records& after, const Key& key, Record record,
                          std::vector<FileContent> files);
  store::Result<bool> put_file(WrittenFile file, std::string content);
  store::Result<Verdict> judge(const WrittenFile& file);
  store::Result<bool> is_ours(const std::string& path);
  bool is_known(const std::string& path, const store::Sha256& hash) const;
  store::Result<void> note(std::string lines);
  store::Result<void> flush();
  store::Result<void> plan_folders(const std::string& path, std::vector<std::string>& missing,
                                   std::string& lines);
  store::Result<void> make_folders(const std::vector<std::string>& missing);
  store::Result<void> remove_stale();
  store::Result<void> remove_stale_file(const std::string& path);
  store::Result<bool> is_a_new_file(const std::string& path, const TargetFolder::State& state);
  store::Result<void> remove_empty_folders();
  store::Result<void> write_manifest();
  void add_problem(const std::string& path, std::string what);

  TargetFolder& target_;
  Manifest before_;
  std::string text_before_;
  Manifest after_;
  Journal journal_;
  bool has_journal_ = false;
  std::string journal_lines_;  // not yet written
  std::unordered_map<std::string_view, const WrittenFile*> files_before_;
  std::unordered_set<std::string> paths_after_;
  std::unordered_map<std::string, std::string> keys_after_;  // name_key -> path, made when needed
  std::unordered_set<std::string> folders_seen_;
  std::vector<Pending> pending_;
  std::size_t pending_bytes_ = 0;
  std::optional<store::Error> error_;
  PublicationCounts counts_;
  std::vector<Problem> problems_;
};

}  // namespace exporting
