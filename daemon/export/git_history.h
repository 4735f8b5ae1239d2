#pragma once

// The history of an export in a git repository that lies in its folder: each export adds what has
// changed, in the names of those who edited, with the times of their edits. What is committed is
// told by the manifest that the branch holds, so that an export that was interrupted before its
// commits is made up for by the next.
//
// 1. Edits of one author within ten minutes are one commit; where that would be more than a
//    thousand, more of them are put together. What is gone, and the files that belong to no page,
//    come last, by confmirror itself.
// 2. Addresses of authors are their account ids at a domain that never exists.
// 3. Only files of the export are committed; the branch, the index and the files of others stay as
//    they are. No hook, filter or helper of the repository's configuration runs, nobody is asked
//    anything, nothing is fetched.
//
// Runs the program git, which must be there. One thread. Errors: kSystem "program_missing",
// "git_failed" with what git said; kUsage where the folder is part of a repository around it or no
// branch is checked out; those of TargetFolder and of the Reader.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/export/manifest.h"
#include "daemon/export/program.h"
#include "daemon/export/target_folder.h"
#include "store/reader.h"

namespace exporting {

class GitHistory {
 public:
  // Looks whether commits will be possible, and changes nothing.
  static store::Result<std::unique_ptr<GitHistory>> open(TargetFolder& target);

  // Makes a repository where there is none. Returns how many commits were made.
  store::Result<std::int64_t> commit(const Manifest& after, store::Reader& reader,
                                     std::optional<store::Time> as_of);

 private:
  explicit GitHistory(TargetFolder& target) : target_(target) {}
  store::Result<ProgramOutcome> git(std::vector<std::string> arguments,
                                    const Feed& feed = nullptr) const;
  // An exit code other than 0 is an error.
  store::Result<std::string> ask(const char* verb, std::vector<std::string> arguments,
                                 const Feed& feed = nullptr) const;
  store::Result<void> find_branch();
  store::Result<void> expect_no_repository_around() const;
  struct Tip {
    bool exists = false;
    store::Time time{};
    Manifest manifest;  // of what was exported then; empty = nothing was
  };
  store::Result<Tip> read_tip() const;
  store::Result<std::int64_t> write_commits(const Tip& tip, const Manifest& after,
                                            store::Reader& reader,
                                            std::optional<store::Time> as_of) const;
  store::Result<void> update_index(const Manifest& before, const Manifest& after) const;

  TargetFolder& target_;
  std::string branch_;  // refs/heads/...; "" = there is no repository yet
};

}  // namespace exporting
