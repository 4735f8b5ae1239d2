#include "daemon/export/git_history.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <unordered_set>
#include <utility>

#include "daemon/export/file_names.h"
#include "daemon/export/git_commits.h"

namespace exporting {

namespace {

constexpr std::int64_t kMostGitFileBytes = std::int64_t{1} << 30;

// Nothing of the caller's environment reaches git but where programs are.
std::vector<std::string> git_environment() {
  const char* path = std::getenv("PATH");
  return {std::string("PATH=") + (path == nullptr ? "/usr/local/bin:/usr/bin:/bin" : path),
          "LC_ALL=C.UTF-8",
          "HOME=/nonexistent",
          "GIT_CONFIG_NOSYSTEM=1",
          "GIT_CONFIG_GLOBAL=/dev/null",
          "GIT_TERMINAL_PROMPT=0",
          "GIT_ASKPASS=false",
          "GIT_SSH_COMMAND=false",
          "GIT_ALLOW_PROTOCOL=none",
          "GIT_NO_LAZY_FETCH=1",
          "GIT_NO_REPLACE_OBJECTS=1",
          "GIT_LITERAL_PATHSPECS=1"};
}

// What may be set in the repository and would run something.
const std::vector<std::string>& git_settings() {
  static const std::vector<std::string> kSettings = {
      "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false",
      "-c", "commit.gpgSign=false",     "-c", "gc.auto=0",
      "-c", "maintenance.auto=false",   "-c", "core.attributesFile=/dev/null",
      "-c", "core.quotePath=false",     "-c", "core.sshCommand=false",
      "-c", "credential.helper="};
  return kSettings;
}

std::set<std::string> paths_of(const Manifest& manifest) {
  std::set<std::string> paths{kManifestName};
  for (const auto& [id, record] : manifest.parts) {
    for (const auto& file : record.files) paths.insert(file.path);
  }
  for (const auto& [id, record] : manifest.pages) {
    for (const auto& file : record.files) paths.insert(file.path);
  }
  return paths;
}

// The commits of one export, as `git fast-import` reads them.
class CommitStream {
 public:
  CommitStream(TargetFolder& target, const Manifest& before, const Manifest& after)
      : target_(target), before_(before), after_(after), paths_after_(paths_of(after)) {
    for (const auto& path : paths_after_) {
      for (auto folder = folder_of(path); !folder.empty(); folder = folder_of(folder)) {
        if (!folders_after_.emplace(folder).second) break;
      }
    }
  }

  std::vector<store::Id> changed_pages() const {
    std::vector<store::Id> ids;
    for (const auto& [id, record] : after_.pages) {
      const auto old = before_.pages.find(id);
      if (old == before_.pages.end() || old->second.files != record.files) ids.push_back(id);
    }
    return ids;
  }

  // Of pages that are no longer exported, and files of no page.
  bool has_rest() const { return !removed_paths().empty() || before_.parts != after_.parts; }

  store::Result<void> write_page(store::Id id, const WriteInput& write) {
    const auto old = before_.pages.find(id);
    if (old != before_.pages.end()) {
      for (const auto& file : old->second.files) {
        if (auto done = remove(file.path, write); !done) return done;
      }
    }
    return write_files(after_.pages.at(id), old == before_.pages.end() ? nullptr : &old->second,
                       write);
  }

  store::Result<void> write_rest(const WriteInput& write) {
    for (const auto& path : removed_paths()) {
      if (auto done = remove(path, write); !done) return done;
    }
    for (const auto& [id, record] : after_.parts) {
      const auto old = before_.parts.find(id);
      auto done = write_files(record, old == before_.parts.end() ? nullptr : &old->second, write);
      if (!done) return done;
    }
    return {};
  }

  store::Result<void> write_manifest(const WriteInput& write) {
    return write_content(kManifestName, to_text(after_), write);
  }

 private:
  std::vector<std::string> removed_paths() const {
    std::vector<std::string> removed;
    const auto add = [&](const Record& record) {
      for (const auto& file : record.files) {
        if (!paths_after_.contains(file.path)) removed.push_back(file.path);
      }
    };
    for (const auto& [id, record] : before_.parts) add(record);
    for (const auto& [id, record] : before_.pages) {
      if (!after_.pages.contains(id)) add(record);
    }
    return removed;
  }

  // Not what has another content now: a file of another page, or a folder.
  store::Result<void> remove(const std::string& path, const WriteInput& write) const {
    if (paths_after_.contains(path) || folders_after_.contains(path)) return {};
    return write("D " + quoted_path(path) + "\n");
  }

  store::Result<void> write_files(const Record& record, const Record* old,
                                  const WriteInput& write) {
    for (const auto& file : record.files) {
      if (old != nullptr &&
          std::find(old->files.begin(), old->files.end(), file) != old->files.end()) {
        continue;
      }
      auto content = target_.read(file.path, kMostGitFileBytes);
      if (!content && content.error().kind != store::ErrorKind::kItemBad) {
        return store::fail(content.error());
      }
      // What somebody has changed meanwhile is theirs to commit.
      if (!content || !*content || store::sha256(**content) != file.hash) continue;
      if (auto done = write_content(file.path, **content, write); !done) return done;
    }
    return {};
  }

  static store::Result<void> write_content(const std::string& path, const std::string& content,
                                           const WriteInput& write) {
    return write(fmt::format("M 100644 inline {}\ndata {}\n", quoted_path(path), content.size()) +
                 content + "\n");
  }

  TargetFolder& target_;
  const Manifest& before_;
  const Manifest& after_;
  const std::set<std::string> paths_after_;
  std::unordered_set<std::string> folders_after_;
};

store::Result<std::vector<GitEdit>> edits_of(const std::vector<store::Id>& ids,
                                             store::Reader& reader,
                                             std::optional<store::Time> as_of) {
  std::vector<GitEdit> edits;
  for (const auto id : ids) {
    auto row = reader.page(id, /*with_body=*/false, as_of);
    if (!row) return store::fail(row.error());
    GitEdit edit;
    edit.page_id = id;
    if (*row) {
      edit.version = (*row)->version.number;
      edit.title = (*row)->title;
      edit.message = (*row)->version.message;
      edit.author_id = (*row)->version.author_id;
      edit.author_name = (*row)->modified_by_name;
      edit.time = (*row)->version.created_at;
    }
    edits.push_back(std::move(edit));
  }
  return edits;
}

}  // namespace

store::Result<ProgramOutcome> GitHistory::git(std::vector<std::string> arguments,
                                              const Feed& feed) const {
  // Named outright, so that no repository around the folder is found.
  const auto folder = std::filesystem::absolute(target_.path()).string();
  std::vector<std::string> all = {"git", "--git-dir=" + folder + "/.git", "--work-tree=" + folder};
  all.insert(all.end(), git_settings().begin(), git_settings().end());
  all.insert(all.end(), arguments.begin(), arguments.end());
  return run_program(all, git_environment(), feed);
}

store::Result<std::string> GitHistory::ask(const char* verb, std::vector<std::string> arguments,
                                           const Feed& feed) const {
  auto outcome = git(std::move(arguments), feed);
  if (!outcome) return store::fail(outcome.error());
  if (outcome->exit_code == 0) return std::move(outcome->out);
  auto said = outcome->err.substr(0, 2000);
  while (!said.empty() && said.back() == '\n') said.pop_back();
  return store::fail(store::ErrorKind::kSystem, "git_failed",
                     fmt::format("cannot {} '{}': git ended with {}: {}", verb,
                                 target_.path().string(), outcome->exit_code, said),
                     "the files themselves are exported; the next export makes up for the commits");
}

store::Result<std::unique_ptr<GitHistory>> GitHistory::open(TargetFolder& target) {
  std::unique_ptr<GitHistory> made(new GitHistory(target));
  const auto state = target.state(".git");
  if (!state) return store::fail(state.error());
  if (state->kind == TargetFolder::Kind::kFolder) {
    if (auto found = made->find_branch(); !found) return store::fail(found.error());
    return made;
  }
  if (state->kind != TargetFolder::Kind::kAbsent) {
    return store::fail(
        store::ErrorKind::kUsage, "bad_repository",
        fmt::format("cannot commit in '{}': its .git is no folder", target.path().string()),
        "export to a repository of its own, not to a linked work tree");
  }
  if (auto none = made->expect_no_repository_around(); !none) return store::fail(none.error());
  const auto there = run_program({"git", "--version"}, git_environment());
  if (!there) return store::fail(there.error());
  return made;
}

store::Result<void> GitHistory::expect_no_repository_around() const {
  std::error_code failed;
  auto folder = std::filesystem::canonical(target_.path(), failed);
  while (!failed && folder.has_relative_path()) {
    folder = folder.parent_path();
    if (!std::filesystem::exists(std::filesystem::symlink_status(folder / ".git", failed))) {
      failed.clear();
      continue;
    }
    return store::fail(store::ErrorKind::kUsage, "repository_around",
                       fmt::format("cannot commit in '{}': it lies in the repository '{}'",
                                   target_.path().string(), folder.string()),
                       "export without --git and commit there yourself, or name another folder");
  }
  return {};
}

store::Result<void> GitHistory::find_branch() {
  auto outcome = git({"symbolic-ref", "-q", "HEAD"});
  if (!outcome) return store::fail(outcome.error());
  branch_ = outcome->out;
  while (!branch_.empty() && branch_.back() == '\n') branch_.pop_back();
  if (outcome->exit_code == 0 && branch_.starts_with("refs/heads/")) return {};
  return store::fail(
      store::ErrorKind::kUsage, "no_branch",
      fmt::format("cannot commit in '{}': no branch is checked out there", target_.path().string()),
      "`git switch BRANCH` there, then export again");
}

store::Result<GitHistory::Tip> GitHistory::read_tip() const {
  Tip tip;
  const auto head = git({"rev-parse", "-q", "--verify", branch_ + "^{commit}"});
  if (!head) return store::fail(head.error());
  tip.exists = head->exit_code == 0;
  if (!tip.exists) return tip;
  const auto text = git({"cat-file", "blob", branch_ + ":" + kManifestName});
  if (!text) return store::fail(text.error());
  if (text->exit_code == 0) {
    // One that cannot be read is none: then everything is committed again, as it is.
    if (auto parsed = parse_manifest(text->out)) tip.manifest = std::move(*parsed);
  }
  const auto time = ask("read the history of", {"log", "-1", "--format=%ct", branch_});
  if (!time) return store::fail(time.error());
  std::int64_t seconds = 0;
  std::from_chars(time->data(), time->data() + time->size(), seconds);
  tip.time = store::Time(std::chrono::seconds(seconds));
  return tip;
}

store::Result<std::int64_t> GitHistory::write_commits(const Tip& tip, const Manifest& after,
                                                      store::Reader& reader,
                                                      std::optional<store::Time> as_of) const {
  CommitStream stream(target_, tip.manifest, after);
  auto edits = edits_of(stream.changed_pages(), reader, as_of);
  if (!edits) return store::fail(edits.error());
  auto commits = commits_of(std::move(*edits));
  if (stream.has_rest() || commits.empty()) {
    GitCommit rest;
    rest.author_name = "confmirror";
    rest.author_mail = "confmirror@confluence.invalid";
    rest.time = commits.empty() ? tip.time : commits.back().time;
    rest.message = "Follow the site\n\nWhat is gone, and files that belong to no page.\n";
    commits.push_back(std::move(rest));
  }
  auto feed = [&](const WriteInput& write) -> store::Result<void> {
    auto last = tip.time;
    for (const auto& commit : commits) {
      last = std::max(last, commit.time);
      auto begun = commit_head(branch_, commit, last);
      if (&commit == &commits.front() && tip.exists) begun += "from " + branch_ + "^0\n";
      if (auto done = write(begun); !done) return done;
      for (const auto id : commit.pages) {
        if (auto done = stream.write_page(id, write); !done) return done;
      }
    }
    if (auto done = stream.write_rest(write); !done) return done;
    if (auto done = stream.write_manifest(write); !done) return done;
    return write("done\n");
  };
  auto imported = ask("commit in", {"fast-import", "--quiet", "--done", "--date-format=raw"}, feed);
  if (!imported) return store::fail(imported.error());
  return static_cast<std::int64_t>(commits.size());
}

store::Result<std::int64_t> GitHistory::commit(const Manifest& after, store::Reader& reader,
                                               std::optional<store::Time> as_of) {
  if (branch_.empty()) {
    // Without the template's hooks.
    const auto begun =
        ask("make a repository in", {"init", "-q", "--template=", "--initial-branch=main"});
    if (!begun) return store::fail(begun.error());
    if (auto found = find_branch(); !found) return store::fail(found.error());
  }
  auto tip = read_tip();
  if (!tip) return store::fail(tip.error());
  std::int64_t count = 0;
  if (!(tip->manifest == after)) {
    auto written = write_commits(*tip, after, reader, as_of);
    if (!written) return written;
    count = *written;
  }
  if (!tip->exists && count == 0) return count;
  if (auto updated = update_index(tip->manifest, after); !updated) {
    return store::fail(updated.error());
  }
  return count;
}

// The index gets what the branch has, for the export's own paths alone.
store::Result<void> GitHistory::update_index(const Manifest& before, const Manifest& after) const {
  const auto differences =
      ask("read the index of", {"diff-index", "--cached", "-r", "-z", "--no-renames", branch_});
  if (!differences) return store::fail(differences.error());
  auto ours = paths_of(after);
  ours.merge(paths_of(before));
  std::string lines;
  std::string_view rest = *differences;
  while (rest.starts_with(':')) {
    const auto end = rest.find('\0');
    const auto path_end = end == rest.npos ? rest.npos : rest.find('\0', end + 1);
    if (path_end == rest.npos) break;
    // ":MODE MODE HASH HASH STATUS", the branch's side first.
    const auto facts = rest.substr(1, end - 1);
    const std::string path(rest.substr(end + 1, path_end - end - 1));
    rest.remove_prefix(path_end + 1);
    const auto mode = facts.substr(0, 6);
    const auto hash = facts.substr(14, facts.find(' ', 14) - 14);
    if (!ours.contains(path)) continue;
    lines += fmt::format("{} {}\t{}", mode == "000000" ? "0" : mode, hash, path);
    lines += '\0';
  }
  if (lines.empty()) return {};
  const auto updated = ask("update the index of", {"update-index", "-z", "--index-info"},
                           [&lines](const WriteInput& write) { return write(lines); });
  if (!updated) return store::fail(updated.error());
  return {};
}

}  // namespace exporting
