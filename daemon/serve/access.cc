#include "daemon/serve/access.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace serve {

namespace {

constexpr std::string_view kAs = "as:";
constexpr std::size_t kMostBuffer = std::size_t{1} << 20;

struct Names {
  std::string user;
  std::vector<std::string> groups;
};

std::string user_name(uid_t uid) {
  std::vector<char> buffer(1024);
  passwd entry{};
  passwd* found = nullptr;
  while (getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == ERANGE &&
         buffer.size() < kMostBuffer) {
    buffer.resize(buffer.size() * 2);
  }
  return found != nullptr ? found->pw_name : std::to_string(uid);
}

std::string group_name(gid_t gid) {
  std::vector<char> buffer(1024);
  group entry{};
  group* found = nullptr;
  while (getgrgid_r(gid, &entry, buffer.data(), buffer.size(), &found) == ERANGE &&
         buffer.size() < kMostBuffer) {
    buffer.resize(buffer.size() * 2);
  }
  return found != nullptr ? found->gr_name : std::to_string(gid);
}

Names names_of(uid_t uid, gid_t gid, bool with_groups) {
  Names names;
  names.user = user_name(uid);
  if (!with_groups) return names;
  std::vector<gid_t> groups(64);
  int count = static_cast<int>(groups.size());
  if (getgrouplist(names.user.c_str(), gid, groups.data(), &count) < 0 && count > 0) {
    groups.resize(static_cast<std::size_t>(count));
    if (getgrouplist(names.user.c_str(), gid, groups.data(), &count) < 0) count = 0;
  }
  groups.resize(static_cast<std::size_t>(std::max(count, 0)));
  groups.push_back(gid);
  for (const auto id : groups) names.groups.push_back(group_name(id));
  return names;
}

void grant(Caller& caller, const std::vector<std::string>& rights) {
  for (const auto& right : rights) {
    if (right == "read") {
      caller.may_read = true;
    } else if (right == "submit") {
      caller.may_read = caller.may_submit = true;
    } else if (right == "as:*") {
      caller.may_write_as_any = true;
    } else if (right.starts_with(kAs)) {
      caller.accounts.push_back(right.substr(kAs.size()));
    }
  }
}

}  // namespace

bool Caller::may_write_as(std::string_view account) const {
  if (account.empty() || may_write_as_any) return true;
  return std::find(accounts.begin(), accounts.end(), account) != accounts.end();
}

Caller caller_of(const AccessRules& rules, uid_t uid, gid_t gid) {
  const bool groups_matter = std::any_of(
      rules.begin(), rules.end(), [](const auto& rule) { return rule.first.starts_with('@'); });
  const auto names = names_of(uid, gid, groups_matter);
  Caller caller;
  caller.name = names.user;
  caller.uid = uid;
  caller.may_read = rules.empty();
  if (uid == 0 || uid == geteuid()) caller.may_read = caller.may_submit = true;
  for (const auto& [who, rights] : rules) {
    const bool group = who.starts_with('@') && std::find(names.groups.begin(), names.groups.end(),
                                                         who.substr(1)) != names.groups.end();
    // "token" is who comes by TCP, not a user of that name.
    const bool user = who == names.user && who != "token";
    if (who == "*" || user || group) grant(caller, rights);
  }
  return caller;
}

Caller token_caller(const AccessRules& rules) {
  Caller caller;
  caller.name = "token";
  caller.may_read = rules.empty();
  for (const auto& [who, rights] : rules) {
    if (who == "*" || who == "token") grant(caller, rights);
  }
  return caller;
}

}  // namespace serve
