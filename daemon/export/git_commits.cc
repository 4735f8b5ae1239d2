#include "daemon/export/git_commits.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <map>
#include <tuple>
#include <utility>

namespace exporting {

namespace {

using std::chrono::milliseconds;

// ".invalid" belongs to nobody, ever (RFC 2606).
constexpr const char* kMailDomain = "confluence.invalid";
constexpr std::size_t kMostSubjectBytes = 200;
constexpr std::size_t kMostTitles = 50;

std::string one_line(std::string_view text, std::size_t most_bytes) {
  std::string line;
  for (const char c : text) {
    const bool blank = static_cast<unsigned char>(c) <= 0x20 || c == 0x7F;
    if (!blank) line += c;
    if (blank && !line.empty() && line.back() != ' ') line += ' ';
  }
  if (line.size() > most_bytes) {
    std::size_t end = most_bytes;
    while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0U) == 0x80) --end;
    line.resize(end);
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

// What git takes for a name: no angle brackets, no line breaks.
std::string name_for_git(const std::string& name, const std::string& account) {
  auto clean = one_line(name.empty() ? account : name, 100);
  std::erase_if(clean, [](char c) { return c == '<' || c == '>'; });
  return clean.empty() ? "unknown" : clean;
}

std::string mail_of(const std::string& account) {
  std::string local;
  for (const char c : account) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.';
    local += plain ? c : '-';
  }
  return (local.empty() ? "unknown" : local) + "@" + kMailDomain;
}

std::string shown(const std::string& title) {
  auto line = one_line(title, kMostSubjectBytes);
  return line.empty() ? "(untitled)" : line;
}

std::string message_of(const std::vector<GitEdit>& edits) {
  std::string message;
  if (edits.size() == 1) {
    const auto& edit = edits.front();
    const auto said = one_line(edit.message, kMostSubjectBytes);
    message = shown(edit.title) + (said.empty() ? "" : ": " + said) + "\n\n";
  } else {
    message = fmt::format("Edit {} pages\n\n", edits.size());
    for (std::size_t i = 0; i < edits.size() && i < kMostTitles; ++i) {
      const auto said = one_line(edits[i].message, kMostSubjectBytes);
      message += "- " + shown(edits[i].title) + (said.empty() ? "" : ": " + said) + "\n";
    }
    if (edits.size() > kMostTitles) {
      message += fmt::format("- and {} more\n", edits.size() - kMostTitles);
    }
    message += "\n";
  }
  for (std::size_t i = 0; i < edits.size() && i < kMostTitles; ++i) {
    message += fmt::format("Confluence-Version: {}/{}\n", edits[i].page_id, edits[i].version);
  }
  return message;
}

GitCommit commit_of(const std::vector<GitEdit>& edits) {
  GitCommit commit;
  commit.author_name = name_for_git(edits.back().author_name, edits.back().author_id);
  commit.author_mail = mail_of(edits.back().author_id);
  commit.time = edits.back().time;
  commit.message = message_of(edits);
  for (const auto& edit : edits) commit.pages.push_back(edit.page_id);
  return commit;
}

using Groups = std::vector<std::vector<GitEdit>>;

// One after the other, of one author, and not long after the first.
Groups sessions_of(const std::vector<GitEdit>& edits) {
  constexpr std::chrono::minutes kSession{10};
  Groups groups;
  for (const auto& edit : edits) {
    const bool same = !groups.empty() && groups.back().front().author_id == edit.author_id &&
                      edit.time - groups.back().front().time <= kSession;
    if (!same) groups.emplace_back();
    groups.back().push_back(edit);
  }
  return groups;
}

// Of one author within one stretch of time, whatever others did meanwhile.
Groups stretches_of(const std::vector<GitEdit>& edits, milliseconds stretch) {
  std::map<std::pair<std::int64_t, std::string>, std::vector<GitEdit>> by_stretch;
  for (const auto& edit : edits) {
    const auto number = edit.time.time_since_epoch() / stretch;
    by_stretch[{number, edit.author_id}].push_back(edit);
  }
  Groups groups;
  for (auto& [key, group] : by_stretch) groups.push_back(std::move(group));
  std::stable_sort(groups.begin(), groups.end(),
                   [](const auto& a, const auto& b) { return a.back().time < b.back().time; });
  return groups;
}

}  // namespace

std::vector<GitCommit> commits_of(std::vector<GitEdit> edits) {
  std::sort(edits.begin(), edits.end(), [](const GitEdit& a, const GitEdit& b) {
    return std::tie(a.time, a.page_id) < std::tie(b.time, b.page_id);
  });
  auto groups = sessions_of(edits);
  constexpr std::chrono::hours kDay{24};
  for (const int days : {1, 30, 365, 36500}) {
    if (groups.size() <= kMostCommits) break;
    groups = stretches_of(edits, kDay * days);
  }
  std::vector<GitCommit> commits;
  commits.reserve(groups.size());
  for (const auto& group : groups) commits.push_back(commit_of(group));
  return commits;
}

std::string commit_head(std::string_view branch, const GitCommit& commit, store::Time committed) {
  const auto seconds = [](store::Time time) {
    // git knows no time before 1970.
    return std::max<std::int64_t>(
        0, std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count());
  };
  return fmt::format(
      "commit {}\nauthor {} <{}> {} +0000\ncommitter confmirror <confmirror@{}> {} +0000\n"
      "data {}\n{}\n",
      branch, commit.author_name, commit.author_mail, seconds(commit.time), kMailDomain,
      seconds(committed), commit.message.size(), commit.message);
}

std::string quoted_path(std::string_view path) {
  std::string quoted = "\"";
  for (const char c : path) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

}  // namespace exporting
