#pragma once

// Pure: who may do what at the local service. A caller on the socket is the user that the kernel
// names (SO_PEERCRED); a caller on TCP is whoever has the bearer token. Owned by value. Any thread.

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace serve {

struct Caller {
  Caller() = default;
  std::string name;          // the user's name, or its number where it has none; on TCP: "token"
  std::optional<uid_t> uid;  // nullopt: on TCP
  bool may_read = false;
  bool may_submit = false;
  bool may_write_as_any = false;
  std::vector<std::string> accounts;  // account ids that it may name as asUser

  bool may_write_as(std::string_view account) const;  // "" (the connection's own) always
};

// [serve.access]: who = what. Who: a user's name, "@" and a group's name, "*" for everyone that can
// connect, "token" for TCP. What: "read", "submit" (and read), "as:ACCOUNT_ID", "as:*".
using AccessRules = std::map<std::string, std::vector<std::string>>;

// Without any rules: root and the service's own user may read and submit as the connection itself,
// whoever else can connect may read (the group of the socket may read the file as well). With rules
// these say it all, but root and the own user always may read and submit.
Caller caller_of(const AccessRules& rules, uid_t uid, gid_t gid);
Caller token_caller(const AccessRules& rules);

}  // namespace serve
