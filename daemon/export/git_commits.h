#pragma once

// Which commits an export makes, and how they are told to `git fast-import`. Pure; any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "store/records.h"

namespace exporting {

struct GitEdit {
  store::Id page_id = 0;
  std::int32_t version = 0;
  std::string title;
  std::string message;  // of the version
  std::string author_id;
  std::string author_name;
  store::Time time{};
};

struct GitCommit {
  std::string author_name;
  std::string author_mail;
  store::Time time{};
  std::string message;
  std::vector<store::Id> pages;
};

inline constexpr std::size_t kMostCommits = 1000;

// In order of time. See git_history.h for the rules.
std::vector<GitCommit> commits_of(std::vector<GitEdit> edits);

// "commit", "author", "committer" and "data" of one; the committer's time is `committed`.
std::string commit_head(std::string_view branch, const GitCommit& commit, store::Time committed);
std::string quoted_path(std::string_view path);

}  // namespace exporting
