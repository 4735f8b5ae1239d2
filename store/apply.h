#pragma once

// Turns a Batch into statements inside the transaction that the caller has opened. The rules are
// those of apply_pages.h for pages and versions; of two answers about a space, its labels, a node
// or a user the later observed one rules. Applying the same batch again changes nothing but the
// count of attempts in quarantine. An error may leave half a batch behind: the caller rolls back
// and calls forget(). Belongs to the Db's thread.

#include <string>

#include "store/accounts.h"
#include "store/apply_jobs.h"
#include "store/apply_pages.h"
#include "store/apply_texts.h"
#include "store/batch.h"
#include "store/sqlite.h"

namespace store {

// none | metadata | bodies; anything else is kUsage.
Result<HistoryPolicy> parse_history_policy(const std::string& text);
// Makes the file's due marks those of that policy, in a transaction of its own, if it was written
// under another one.
Result<void> adopt_history_policy(Db& db, HistoryPolicy policy, const std::string& text);

class Applier {
 public:
  Applier(Db& db, HistoryPolicy policy);

  Result<CommitInfo> apply(const Batch& batch);
  void forget() { accounts_.forget(); }

 private:
  void put_space(const Space& space, const Batch& batch);
  void put_labels(const SpaceLabels& labels, const Batch& batch);
  void put_gone_space(const Gone& space, const Batch& batch);
  void put_node(const Node& node, const Batch& batch);
  void put_gone_node(const Gone& node, const Batch& batch);
  void put_vanished(const VanishedCandidates& candidates);
  void put_walk(const WalkState& walk);
  void put_run(const RunUpdate& run);
  void put_quarantine(const QuarantineEntry& entry);
  void put_meta(const std::string& key, const std::string& value);
  void put_rest(const Batch& batch);

  Db& db_;
  Accounts accounts_;
  Pages pages_;
  JobRows jobs_;
  TextRows texts_;
  Stmt put_space_;
  Stmt put_gone_space_;
  Stmt put_node_;
  Stmt put_gone_node_;
  Stmt forget_vanished_;
  Stmt put_vanished_;
  Stmt put_label_set_;
  Stmt clear_labels_;
  Stmt put_label_;
  Stmt put_walk_;
  Stmt drop_walks_;
  Stmt put_run_;
  Stmt forget_runs_;
  Stmt put_quarantine_;
  Stmt release_;
  Stmt put_meta_;
  Stmt drop_meta_;
  Stmt put_observation_;
};

}  // namespace store
