#pragma once

// The `account` table: long account ids interned as small integers, names filled in when the site
// tells them. Keeps a bounded cache of ids; forget() must be called after a rollback, because rows
// it knows may be gone then. Uses the Db's sticky errors (store/sqlite.h) and belongs to the Db's
// thread.

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "store/records.h"
#include "store/sqlite.h"

namespace store {

class Accounts {
 public:
  explicit Accounts(Db& db);

  // nullopt for the empty id.
  std::optional<Id> intern(std::string_view account_id);
  std::optional<Id> intern(const std::optional<std::string>& account_id);
  void put(const User& user, Observation observation, Time observed_at);
  void forget() { known_.clear(); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };

  Db& db_;
  Stmt find_;
  Stmt insert_;
  Stmt put_;
  std::unordered_map<std::string, Id, Hash, std::equal_to<>> known_;
};

}  // namespace store
