#include "store/accounts.h"

namespace store {
namespace {

constexpr std::size_t kMostKnown = 20'000;  // about 3 MiB

}  // namespace

Accounts::Accounts(Db& db)
    : db_(db),
      find_(db, "SELECT id FROM account WHERE account_id=?"),
      insert_(db, "INSERT INTO account(account_id) VALUES(?)"),
      put_(db,
           "UPDATE account SET name=?2, status=?3, asked_at=?4, observation=?5"
           " WHERE id=?1 AND (asked_at IS NULL OR observation<?5)") {}

std::optional<Id> Accounts::intern(std::string_view account_id) {
  if (account_id.empty()) return std::nullopt;
  if (const auto found = known_.find(account_id); found != known_.end()) return found->second;
  std::optional<Id> id;
  {
    Query query = find_.begin();
    if (query.bind(account_id).row()) id = query.integer(0);
  }
  if (!id) {
    Query query = insert_.begin();
    query.bind(account_id).run();
    id = sqlite3_last_insert_rowid(db_.handle());
  }
  if (db_.failed()) return std::nullopt;
  if (known_.size() >= kMostKnown) known_.clear();
  known_.emplace(account_id, *id);
  return id;
}

std::optional<Id> Accounts::intern(const std::optional<std::string>& account_id) {
  return account_id ? intern(std::string_view(*account_id)) : std::nullopt;
}

void Accounts::put(const User& user, Observation observation, Time observed_at) {
  const auto id = intern(std::string_view(user.account_id));
  if (!id) return;
  Query query = put_.begin();
  query.bind(*id)
      .bind(user.display_name)
      .bind(user.account_status)
      .bind(observed_at)
      .bind(observation)
      .run();
}

}  // namespace store
