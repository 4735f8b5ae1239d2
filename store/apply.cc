#include "store/apply.h"

#include <utility>

namespace store {
namespace {

std::string to_json(const std::vector<Id>& ids) {
  std::string text = "[";
  for (const Id id : ids) {
    if (text.size() > 1) text += ',';
    text += std::to_string(id);
  }
  return text + "]";
}

}  // namespace

Result<HistoryPolicy> parse_history_policy(const std::string& text) {
  if (text == "none") return HistoryPolicy::kNone;
  if (text == "metadata") return HistoryPolicy::kMetadata;
  if (text == "bodies") return HistoryPolicy::kBodies;
  return fail(ErrorKind::kUsage, "bad_history",
              "cannot keep the history '" + text + "': it is not one of none, metadata, bodies");
}

Result<void> adopt_history_policy(Db& db, HistoryPolicy policy, const std::string& text) {
  auto known = db.ask("SELECT value FROM meta WHERE key='history'");
  if (!known) return fail(known.error());
  if (*known == text) return {};
  Txn txn(db, Txn::Mode::kWrite);
  Stmt forget(db,
              "UPDATE page SET history_version=0 WHERE version>1 AND history_version>0 AND EXISTS"
              " (SELECT 1 FROM page_version v WHERE v.page_id=page.id AND v.number<page.version"
              " AND v.blob_id IS NULL AND v.number IS NOT page.body_version)");
  Stmt mark(db,
            "UPDATE page SET history_due=(?1 AND history_version<version)"
            " WHERE history_due!=(?1 AND history_version<version)");
  Stmt keep(db,
            "INSERT INTO meta(key, value) VALUES('history', ?)"
            " ON CONFLICT(key) DO UPDATE SET value=excluded.value");
  // Under another policy, what counted as known may lack its bodies.
  if (policy == HistoryPolicy::kBodies) forget.begin().run();
  {
    Query query = mark.begin();
    query.bind(policy != HistoryPolicy::kNone).run();
  }
  {
    Query query = keep.begin();
    query.bind(text).run();
  }
  return txn.commit();
}

Applier::Applier(Db& db, HistoryPolicy policy)
    : db_(db),
      accounts_(db),
      pages_(db, accounts_, policy),
      jobs_(db),
      texts_(db),
      put_space_(
          db,
          "INSERT INTO space(id, key, name, type, status, current_alias, author, created_at,"
          " homepage_id, description, icon_path, web_path, observation, observed_at)"
          " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(id) DO UPDATE SET key=excluded.key,"
          " name=excluded.name, type=excluded.type, status=excluded.status,"
          " current_alias=excluded.current_alias, author=excluded.author,"
          " created_at=excluded.created_at, homepage_id=excluded.homepage_id,"
          " description=excluded.description, icon_path=excluded.icon_path,"
          " web_path=excluded.web_path, observation=excluded.observation,"
          " observed_at=excluded.observed_at, gone_at=NULL, gone_reason=NULL"
          " WHERE excluded.observation>space.observation"),
      put_gone_space_(db,
                      "UPDATE space SET gone_at=?3, gone_reason=?4, observation=?2"
                      " WHERE id=?1 AND observation<?2 AND gone_reason IS NOT ?4"),
      put_node_(db,
                "INSERT INTO node(id, type, space_id, parent_id, parent_type, position, title,"
                " status, author, created_at, version, observation, observed_at)"
                " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(id) DO UPDATE SET"
                " type=excluded.type, space_id=excluded.space_id, parent_id=excluded.parent_id,"
                " parent_type=excluded.parent_type, position=excluded.position,"
                " title=excluded.title, status=excluded.status, author=excluded.author,"
                " created_at=excluded.created_at, version=excluded.version,"
                " observation=excluded.observation, observed_at=excluded.observed_at,"
                " gone_at=NULL, gone_reason=NULL WHERE excluded.observation>node.observation"),
      put_gone_node_(db,
                     "UPDATE node SET gone_at=coalesce(gone_at, ?3), gone_reason=?4, observation=?2"
                     " WHERE id=?1 AND observation<?2"),
      forget_vanished_(db, "DELETE FROM vanished_candidate WHERE run_id=?1 OR run_id<=?1-20"),
      put_vanished_(db, "INSERT INTO vanished_candidate(run_id, page_id) VALUES(?,?)"),
      put_label_set_(db,
                     "INSERT INTO space_label_set(space_id, observation, observed_at) VALUES(?,?,?)"
                     " ON CONFLICT(space_id) DO UPDATE SET observation=excluded.observation,"
                     " observed_at=excluded.observed_at"
                     " WHERE excluded.observation>=space_label_set.observation"),
      clear_labels_(db, "DELETE FROM space_label WHERE space_id=?"),
      put_label_(db, "INSERT INTO space_label(space_id, label) VALUES(?,?) ON CONFLICT DO NOTHING"),
      put_walk_(db,
                "INSERT INTO walk(walk_id, crawl_id, kind, space_ids, sort, next_link, reached,"
                " page_size, done) VALUES(?,?,?,?,?,?,?,?,?) ON CONFLICT(walk_id) DO UPDATE SET"
                " crawl_id=excluded.crawl_id, kind=excluded.kind, space_ids=excluded.space_ids,"
                " sort=excluded.sort, next_link=excluded.next_link, reached=excluded.reached,"
                " page_size=excluded.page_size, done=excluded.done"),
      drop_walks_(db, "DELETE FROM walk WHERE crawl_id=?"),
      put_run_(
          db,
          "INSERT INTO sync_run(run_id, kind, started_at, finished_at, outcome, requests, bytes,"
          " pages_changed, error) VALUES(?,?,?,?,?,?,?,?,?) ON CONFLICT(run_id) DO UPDATE SET"
          " kind=excluded.kind, started_at=excluded.started_at,"
          " finished_at=excluded.finished_at, outcome=excluded.outcome,"
          " requests=excluded.requests, bytes=excluded.bytes,"
          " pages_changed=excluded.pages_changed, error=excluded.error"),
      forget_runs_(db, "DELETE FROM sync_run WHERE run_id<=?1-10000"),
      put_quarantine_(db,
                      "INSERT INTO quarantined(subject, reason, attempts, next_try_at)"
                      " VALUES(?,?,1,?) ON CONFLICT(subject) DO UPDATE SET reason=excluded.reason,"
                      " attempts=attempts+1, next_try_at=excluded.next_try_at"),
      release_(db, "DELETE FROM quarantined WHERE subject=?"),
      put_meta_(db,
                "INSERT INTO meta(key, value) VALUES(?,?)"
                " ON CONFLICT(key) DO UPDATE SET value=excluded.value WHERE value!=excluded.value"),
      drop_meta_(db, "DELETE FROM meta WHERE key=?"),
      put_observation_(db,
                       "INSERT INTO meta(key, value) VALUES('last_observation', CAST(?1 AS TEXT))"
                       " ON CONFLICT(key) DO UPDATE SET value=excluded.value"
                       " WHERE CAST(value AS INTEGER)<?1") {}

Result<CommitInfo> Applier::apply(const Batch& batch) {
  CommitInfo info;
  for (const Space& space : batch.spaces) put_space(space, batch);
  for (const SpaceLabels& labels : batch.space_labels) put_labels(labels, batch);
  for (const Page& page : batch.pages) {
    pages_.put(page, batch.observation, batch.observed_at, info);
  }
  for (const PageHistory& history : batch.histories) {
    pages_.put_history(history, batch.observation, info);
  }
  for (const Gone& page : batch.gone_pages) {
    pages_.put_gone(page, batch.observation, batch.observed_at, info);
  }
  for (const Gone& space : batch.gone_spaces) put_gone_space(space, batch);
  for (const Node& node : batch.nodes) put_node(node, batch);
  for (const Gone& node : batch.gone_nodes) put_gone_node(node, batch);
  for (const User& user : batch.users) accounts_.put(user, batch.observation, batch.observed_at);
  for (const JobUpdate& job : batch.jobs) {
    if (jobs_.move(job, batch.observed_at)) info.jobs_moved.push_back(job.id);
  }
  texts_.put(batch.texts);
  put_rest(batch);
  if (auto error = db_.take_error()) return fail(std::move(*error));
  return info;
}

void Applier::put_gone_space(const Gone& space, const Batch& batch) {
  Query query = put_gone_space_.begin();
  query.bind(space.id).bind(batch.observation).bind(batch.observed_at).bind(space.reason).run();
}

void Applier::put_vanished(const VanishedCandidates& candidates) {
  {
    Query query = forget_vanished_.begin();
    query.bind(candidates.run_id).run();
  }
  for (const Id page_id : candidates.page_ids) {
    Query query = put_vanished_.begin();
    query.bind(candidates.run_id).bind(page_id).run();
  }
}

void Applier::put_rest(const Batch& batch) {
  if (batch.vanished) put_vanished(*batch.vanished);
  if (batch.drop_walks_of_crawl) {
    Query query = drop_walks_.begin();
    query.bind(*batch.drop_walks_of_crawl).run();
  }
  for (const WalkState& walk : batch.walks) put_walk(walk);
  for (const std::string& subject : batch.released) {
    Query query = release_.begin();
    query.bind(subject).run();
  }
  for (const QuarantineEntry& entry : batch.quarantined) put_quarantine(entry);
  for (const RunUpdate& run : batch.runs) put_run(run);
  for (const auto& [key, value] : batch.meta) put_meta(key, value);
  if (batch.observation > 0) {
    Query query = put_observation_.begin();
    query.bind(batch.observation).run();
  }
}

void Applier::put_space(const Space& space, const Batch& batch) {
  const auto author = accounts_.intern(std::string_view(space.author_id));
  Query query = put_space_.begin();
  query.bind(space.id).bind(space.key).bind(space.name).bind(space.type).bind(space.status);
  query.bind(space.current_alias).bind(author).bind(space.created_at).bind(space.homepage_id);
  query.bind(space.description).bind(space.icon_path).bind(space.web_path);
  query.bind(batch.observation).bind(batch.observed_at).run();
}

void Applier::put_node(const Node& node, const Batch& batch) {
  const auto author = accounts_.intern(std::string_view(node.author_id));
  Query query = put_node_.begin();
  query.bind(node.id).bind(node.type).bind(node.space_id).bind(node.parent_id);
  query.bind(node.parent_type).bind(node.position).bind(node.title).bind(node.status);
  query.bind(author).bind(node.created_at).bind(node.version);
  query.bind(batch.observation).bind(batch.observed_at).run();
}

void Applier::put_gone_node(const Gone& node, const Batch& batch) {
  Query query = put_gone_node_.begin();
  query.bind(node.id).bind(batch.observation).bind(batch.observed_at).bind(node.reason).run();
}

void Applier::put_labels(const SpaceLabels& labels, const Batch& batch) {
  {
    Query query = put_label_set_.begin();
    query.bind(labels.space_id).bind(batch.observation).bind(batch.observed_at).run();
  }
  if (db_.failed() || db_.changes() == 0) return;
  {
    Query query = clear_labels_.begin();
    query.bind(labels.space_id).run();
  }
  for (const std::string& label : labels.labels) {
    Query query = put_label_.begin();
    query.bind(labels.space_id).bind(label).run();
  }
}

void Applier::put_walk(const WalkState& walk) {
  const std::string space_ids = to_json(walk.space_ids);
  Query query = put_walk_.begin();
  query.bind(walk.walk_id).bind(walk.crawl_id).bind(walk.kind).bind(space_ids).bind(walk.sort);
  query.bind(walk.next_link).bind(walk.reached).bind(walk.page_size).bind(walk.done).run();
}

void Applier::put_run(const RunUpdate& run) {
  Query query = put_run_.begin();
  query.bind(run.run_id).bind(run.kind).bind(run.started_at).bind(run.finished_at);
  query.bind(run.outcome).bind(run.requests).bind(run.bytes).bind(run.pages_changed);
  if (run.error.empty()) {
    query.bind_null().run();
  } else {
    query.bind(run.error).run();
  }
  Query forget = forget_runs_.begin();
  forget.bind(run.run_id).run();
}

void Applier::put_quarantine(const QuarantineEntry& entry) {
  Query query = put_quarantine_.begin();
  query.bind(entry.subject).bind(entry.reason).bind(entry.next_try_at).run();
}

void Applier::put_meta(const std::string& key, const std::string& value) {
  if (value.empty()) {
    Query query = drop_meta_.begin();
    query.bind(key).run();
    return;
  }
  Query query = put_meta_.begin();
  query.bind(key).bind(value).run();
}

}  // namespace store
