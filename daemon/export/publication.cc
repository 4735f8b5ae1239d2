#include "daemon/export/publication.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "daemon/export/file_names.h"

namespace exporting {

namespace {

constexpr std::int64_t kMostManifestBytes = std::int64_t{1} << 30;
constexpr std::int64_t kMostFileBytes = std::int64_t{1} << 30;
constexpr std::size_t kMostPending = 512;
constexpr std::size_t kMostPendingBytes = std::size_t{4} << 20;
constexpr const char* kChanged = "changed since it was exported: kept as it is";
constexpr const char* kInTheWay = "something else has the name of a page's file: kept as it is";

store::Error unreadable(const TargetFolder& target, const char* name, const store::Error& error) {
  return store::Error(store::ErrorKind::kUsage, "bad_manifest",
                      fmt::format("cannot export to '{}': '{}' there is no manifest of ours: {}",
                                  target.path().string(), name, error.message),
                      "export to another folder; or move that file away and allow the export to go "
                      "beside what is there with --into-existing");
}

std::string purpose_in_words(const Purpose& purpose) {
  std::string text = purpose.spaces.empty() ? "all spaces" : "space";
  const char* between = " ";
  for (const auto& key : purpose.spaces) text += between + key, between = ", ";
  text += ", pages that are";
  between = " ";
  for (const auto& status : purpose.statuses) text += between + status, between = ", ";
  return text + (purpose.flat ? ", flat" : "");
}

template <typename Values>
std::optional<std::string> value_of(const Values& values, store::Id id) {
  const auto found = values.find(id);
  if (found == values.end()) return std::nullopt;
  return found->second;
}

}  // namespace

store::Result<std::unique_ptr<Publication>> Publication::open(TargetFolder& target, Purpose purpose,
                                                              Permissions permissions) {
  std::unique_ptr<Publication> made(new Publication(target, std::move(purpose)));
  if (auto read = made->read_before(); !read) return store::fail(read.error());
  if (made->text_before_.empty() && !made->has_journal_ && !permissions.into_existing) {
    if (auto empty = made->check_empty(); !empty) return store::fail(empty.error());
  }
  if (auto same = made->check_purpose(permissions); !same) return store::fail(same.error());
  return made;
}

store::Result<void> Publication::read_before() {
  auto text = target_.read(kManifestName, kMostManifestBytes);
  if (!text) return store::fail(unreadable(target_, kManifestName, text.error()));
  if (*text) {
    auto manifest = parse_manifest(**text);
    if (!manifest) return store::fail(unreadable(target_, kManifestName, manifest.error()));
    before_ = std::move(*manifest);
    text_before_ = std::move(**text);
    if (auto discarded = target_.discard_temporary(); !discarded) return discarded;
  }
  for (const auto& [id, record] : before_.pages) {
    for (const auto& file : record.files) files_before_.emplace(file.path, &file);
  }
  for (const auto& [id, record] : before_.parts) {
    for (const auto& file : record.files) files_before_.emplace(file.path, &file);
  }
  auto lines = target_.read(kJournalName, kMostManifestBytes);
  if (!lines) return store::fail(unreadable(target_, kJournalName, lines.error()));
  const auto whole = *lines ? (*lines)->rfind('\n') : std::string::npos;
  if (whole == std::string::npos) return {};
  (*lines)->resize(whole + 1);
  auto journal = parse_journal(**lines);
  if (!journal) return store::fail(unreadable(target_, kJournalName, journal.error()));
  journal_ = std::move(*journal);
  has_journal_ = true;
  if (auto discarded = target_.discard_temporary(); !discarded) return discarded;
  // Its last line may be torn; what is added must not hang on it.
  return target_.write_durably(kJournalName, **lines);
}

store::Result<void> Publication::check_empty() const {
  const auto names = target_.names();
  if (!names) return store::fail(names.error());
  const auto foreign = std::find_if(names->begin(), names->end(), [](const std::string& name) {
    return name != ".git" && name != kJournalName;
  });
  if (foreign == names->end()) return {};
  return store::fail(store::ErrorKind::kUsage, "target_not_empty",
                     fmt::format("cannot export to '{}': '{}' and more lies there, and no export",
                                 target_.path().string(), *foreign),
                     "name a new folder; or allow it with --into-existing, then files that are "
                     "there keep their names");
}

store::Result<void> Publication::check_purpose(Permissions permissions) const {
  const auto& now = after_.purpose;
  for (const auto* was : {text_before_.empty() ? nullptr : &before_.purpose,
                          has_journal_ ? &journal_.purpose : nullptr}) {
    if (was == nullptr) continue;
    if (was->site != now.site || was->format != now.format) {
      return store::fail(
          store::ErrorKind::kUsage, "another_export",
          fmt::format("cannot export to '{}': it holds the {} export of {}, this is the {} of {}",
                      target_.path().string(), was->format, was->site, now.format, now.site),
          "give each site and each format its own folder");
    }
    if (*was != now && !permissions.reshape) {
      return store::fail(
          store::ErrorKind::kUsage, "another_selection",
          fmt::format("cannot export to '{}': it holds {}; this would be {}",
                      target_.path().string(), purpose_in_words(*was), purpose_in_words(now)),
          "export to another folder; or allow it with --reshape, then what no longer belongs "
          "there is removed");
    }
  }
  return {};
}

std::optional<std::string> Publication::earlier(Owner owner, store::Id id) const {
  if (owner == Owner::kPage) {
    if (auto chosen = value_of(journal_.pages, id)) return chosen;
    const auto found = before_.pages.find(id);
    if (found == before_.pages.end() || found->second.path.empty()) return std::nullopt;
    return found->second.path;
  }
  const bool space = owner == Owner::kSpace;
  if (auto chosen = value_of(space ? journal_.spaces : journal_.nodes, id)) return chosen;
  return value_of(space ? before_.spaces : before_.nodes, id);
}

bool Publication::is_known(const std::string& path, const store::Sha256& hash) const {
  const auto before = files_before_.find(path);
  if (before != files_before_.end() && before->second->hash == hash) return true;
  const auto noted = journal_.files.find(path);
  return noted != journal_.files.end() && noted->second.contains(hash);
}

store::Result<bool> Publication::is_ours(const std::string& path) {
  const auto before = files_before_.find(path);
  const bool noted = journal_.files.contains(path);
  if (before == files_before_.end() && !noted) return false;
  auto content = target_.read(path, noted ? kMostFileBytes : before->second->bytes);
  if (!content && content.error().kind != store::ErrorKind::kItemBad) {
    return store::fail(content.error());
  }
  if (!content || !*content) return false;
  // After a loss of power a file may be there and its content not.
  if (noted && (*content)->empty()) return true;
  return is_known(path, store::sha256(**content));
}

bool Publication::occupied(const std::string& path, bool as_folder) {
  if (error_) return false;
  const auto state = target_.state(path);
  if (!state) {
    error_ = state.error();
    return false;
  }
  if (state->kind == TargetFolder::Kind::kAbsent) return false;
  if (as_folder) return state->kind != TargetFolder::Kind::kFolder;
  if (state->kind != TargetFolder::Kind::kFile) return true;
  const auto ours = is_ours(path);
  if (!ours) error_ = ours.error();
  return ours && !*ours;
}

store::Result<void> Publication::choose(Owner owner, store::Id id, const std::string& path) {
  if (error_) return store::fail(*error_);
  if (owner == Owner::kSpace) after_.spaces[id] = path;
  if (owner == Owner::kNode) after_.nodes[id] = path;
  // What the manifest says already needs no second note.
  if (earlier(owner, id) == path) return {};
  journal_lines_ += journal_choice(owner, id, path);
  return {};
}

store::Result<bool> Publication::is_there(const Record& record) {
  for (const auto& file : record.files) {
    const auto state = target_.state(file.path);
    if (!state) return store::fail(state.error());
    if (state->kind == TargetFolder::Kind::kAbsent) return false;
    // An interrupted export may have written what was to come.
    if (journal_.files.contains(file.path)) return false;
    if (state->kind != TargetFolder::Kind::kFile) {
      add_problem(file.path, kInTheWay);
    } else if (state->bytes != file.bytes) {
      add_problem(file.path, kChanged);
    }
  }
  return true;
}

void Publication::add_problem(const std::string& path, std::string what) {
  problems_.push_back({path, std::move(what)});
}

template <typename Records, typename Key>
void Publication::keep(const Records& before, Records& after, const Key& key) {
  const auto found = before.find(key);
  if (found == before.end()) return;
  for (const auto& file : found->second.files) paths_after_.insert(file.path);
  counts_.unchanged += static_cast<std::int64_t>(found->second.files.size());
  after[key] = found->second;
}

void Publication::keep_page(store::Id id) { keep(before_.pages, after_.pages, id); }

void Publication::keep_part(const std::string& id) { keep(before_.parts, after_.parts, id); }

template <typename Records, typename Key>
store::Result<void> Publication::put(const Records& before, Records& after, const Key& key,
                                     Record record, std::vector<FileContent> files) {
  const auto earlier = before.find(key);
  for (auto& content : files) {
    WrittenFile file{std::move(content.path), static_cast<std::int64_t>(content.content.size()),
                     store::sha256(content.content)};
    const auto done = put_file(file, std::move(content.content));
    if (!done) return store::fail(done.error());
    if (*done) {
      record.files.push_back(std::move(file));
      continue;
    }
    record.inputs.clear();  // the next export tries again
    if (earlier == before.end()) continue;
    for (const auto& old : earlier->second.files) {
      if (old.path == file.path) record.files.push_back(old);
    }
  }
  for (const auto& file : record.files) paths_after_.insert(file.path);
  after[key] = std::move(record);
  return {};
}

store::Result<void> Publication::put_page(store::Id id, Record record,
                                          std::vector<FileContent> files) {
  return put(before_.pages, after_.pages, id, std::move(record), std::move(files));
}

store::Result<void> Publication::put_part(const std::string& id, Record record,
                                          std::vector<FileContent> files) {
  return put(before_.parts, after_.parts, id, std::move(record), std::move(files));
}

store::Result<Publication::Verdict> Publication::judge(const WrittenFile& file) {
  const auto state = target_.state(file.path);
  if (!state) return store::fail(state.error());
  if (state->kind == TargetFolder::Kind::kAbsent) return Verdict::kWrite;
  if (state->kind != TargetFolder::Kind::kFile) return Verdict::kForeign;
  const bool noted = journal_.files.contains(file.path);
  const auto before = files_before_.find(file.path);
  if (!noted && before != files_before_.end() && before->second->bytes == state->bytes &&
      before->second->hash == file.hash) {
    return Verdict::kSame;
  }
  auto content = target_.read(file.path, kMostFileBytes);
  if (!content && content.error().kind != store::ErrorKind::kItemBad) {
    return store::fail(content.error());
  }
  if (!content || !*content) return Verdict::kForeign;
  const auto hash = store::sha256(**content);
  if (hash == file.hash) return Verdict::kSame;
  if (noted && (*content)->empty()) return Verdict::kWrite;
  return is_known(file.path, hash) ? Verdict::kWrite : Verdict::kForeign;
}

// false: something foreign is there.
store::Result<bool> Publication::put_file(WrittenFile file, std::string content) {
  const auto verdict = judge(file);
  if (!verdict) return store::fail(verdict.error());
  if (*verdict == Verdict::kForeign) {
    add_problem(file.path, files_before_.contains(file.path) ? kChanged : kInTheWay);
    return false;
  }
  if (*verdict == Verdict::kSame) {
    ++counts_.unchanged;
    return true;
  }
  pending_bytes_ += content.size();
  pending_.push_back({std::move(file), std::move(content)});
  if (pending_.size() < kMostPending && pending_bytes_ < kMostPendingBytes) return true;
  if (auto flushed = flush(); !flushed) return store::fail(flushed.error());
  return true;
}

store::Result<void> Publication::note(std::string lines) {
  if (lines.empty()) return {};
  if (!has_journal_) lines = journal_head(after_.purpose) + lines;
  if (auto written = target_.append_durably(kJournalName, lines); !written) return written;
  has_journal_ = true;
  return {};
}

// Which folders on the way to `path` are to be made, outermost first.
store::Result<void> Publication::plan_folders(const std::string& path,
                                              std::vector<std::string>& missing,
                                              std::string& lines) {
  const std::string folder(folder_of(path));
  if (folder.empty() || !folders_seen_.insert(folder).second) return {};
  if (auto planned = plan_folders(folder, missing, lines); !planned) return planned;
  const auto state = target_.state(folder);
  if (!state) return store::fail(state.error());
  if (state->kind == TargetFolder::Kind::kAbsent) {
    missing.push_back(folder);
    lines += journal_folder(folder);
  }
  return {};
}

store::Result<void> Publication::make_folders(const std::vector<std::string>& missing) {
  for (const auto& folder : missing) {
    const auto made = target_.make_folder(folder);
    if (!made && made.error().name != "in_the_way") return store::fail(made.error());
    if (made && *made) journal_.folders.insert(folder);
  }
  return {};
}

store::Result<void> Publication::flush() {
  std::vector<std::string> missing;
  auto lines = std::move(journal_lines_);
  journal_lines_.clear();
  for (const auto& pending : pending_) {
    lines += journal_file(pending.file);
    if (auto planned = plan_folders(pending.file.path, missing, lines); !planned) return planned;
  }
  if (pending_.empty()) return {};
  if (auto noted = note(std::move(lines)); !noted) return noted;
  if (auto made = make_folders(missing); !made) return made;
  for (const auto& pending : pending_) {
    auto written = target_.write(pending.file.path, pending.content);
    if (!written && written.error().name != "in_the_way") return written;
    if (written) {
      ++counts_.written;
    } else {
      add_problem(pending.file.path, kInTheWay);
    }
  }
  pending_.clear();
  pending_bytes_ = 0;
  return {};
}

store::Result<void> Publication::finish() {
  if (error_) return store::fail(*error_);
  if (auto flushed = flush(); !flushed) return flushed;
  if (counts_.written > 0) {
    if (auto synced = target_.sync(); !synced) return synced;
  }
  if (auto removed = remove_stale(); !removed) return removed;
  if (auto removed = remove_empty_folders(); !removed) return removed;
  if (auto written = write_manifest(); !written) return written;
  return has_journal_ ? target_.remove_file(kJournalName) : store::Result<void>();
}

store::Result<void> Publication::remove_stale() {
  std::set<std::string> stale;
  for (const auto& [path, file] : files_before_) {
    if (!paths_after_.contains(file->path)) stale.insert(file->path);
  }
  for (const auto& [path, hashes] : journal_.files) {
    if (!paths_after_.contains(path)) stale.insert(path);
  }
  for (const auto& path : stale) {
    if (auto removed = remove_stale_file(path); !removed) return removed;
  }
  return {};
}

// Where case does not count, the old name of a file whose page was renamed may be the new one.
store::Result<bool> Publication::is_a_new_file(const std::string& path,
                                               const TargetFolder::State& state) {
  if (keys_after_.empty()) {
    for (const auto& after : paths_after_) keys_after_.emplace(name_key(after), after);
  }
  const auto found = keys_after_.find(name_key(path));
  if (found == keys_after_.end()) return false;
  const auto other = target_.state(found->second);
  if (!other) return store::fail(other.error());
  return other->device == state.device && other->inode == state.inode;
}

store::Result<void> Publication::remove_stale_file(const std::string& path) {
  const auto state = target_.state(path);
  if (!state) return store::fail(state.error());
  if (state->kind != TargetFolder::Kind::kFile) return {};
  const auto is_new = is_a_new_file(path, *state);
  if (!is_new) return store::fail(is_new.error());
  if (*is_new) return {};
  const auto ours = is_ours(path);
  if (!ours) return store::fail(ours.error());
  if (!*ours) {
    // What an interrupted export only meant to write is no loss.
    if (files_before_.contains(path)) {
      add_problem(path, "belongs to the export no longer, but was changed since: kept as it is");
    }
    return {};
  }
  ++counts_.removed;
  return target_.remove_file(path);
}

store::Result<void> Publication::remove_empty_folders() {
  std::unordered_set<std::string> needed;
  for (const auto& path : paths_after_) {
    for (auto folder = folder_of(path); !folder.empty(); folder = folder_of(folder)) {
      if (!needed.emplace(folder).second) break;
    }
  }
  auto ours = before_.folders;
  ours.insert(journal_.folders.begin(), journal_.folders.end());
  // Backwards, what lies in a folder comes before it.
  for (auto it = ours.rbegin(); it != ours.rend(); ++it) {
    if (!needed.contains(*it)) {
      const auto removed = target_.remove_folder(*it);
      if (!removed) return store::fail(removed.error());
      if (*removed) continue;
    }
    const auto state = target_.state(*it);
    if (!state) return store::fail(state.error());
    if (state->kind == TargetFolder::Kind::kFolder) after_.folders.insert(*it);
  }
  return {};
}

store::Result<void> Publication::write_manifest() {
  const auto text = to_text(after_);
  if (text == text_before_) return {};
  return target_.write_durably(kManifestName, text);
}

}  // namespace exporting
