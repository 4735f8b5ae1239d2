#include "store/apply_pages.h"

#include <algorithm>
#include <utility>

namespace store {

struct Pages::Answer {
  const Page& page;
  Observation observation;
  Time observed_at;
  std::optional<Id> author;
  std::optional<Id> owner;
  std::optional<Id> last_owner;

  bool same_state(const Row& row) const {
    return row.title == page.title && row.space_id == page.space_id &&
           row.parent_id == page.parent_id && row.parent_type == page.parent_type &&
           row.position == page.position && row.status == page.status;
  }
  bool same_rest(const Row& row) const {
    return row.author == author && row.owner == owner && row.last_owner == last_owner &&
           row.subtype == page.subtype && row.created_at == page.created_at &&
           row.web_path == page.web_path;
  }
  bool same_body(const Row& row) const {
    return !page.body || (row.has_body_of(page.version.number) && row.body_hash == page.body->hash);
  }
  void copy_to(Row& row) const {
    row.id = page.id;
    row.space_id = page.space_id;
    row.status = page.status;
    row.title = page.title;
    row.parent_id = page.parent_id;
    row.parent_type = page.parent_type;
    row.position = page.position;
    row.author = author;
    row.owner = owner;
    row.last_owner = last_owner;
    row.subtype = page.subtype;
    row.created_at = page.created_at;
    row.version = page.version.number;
    row.modified_at = page.version.created_at;
    row.web_path = page.web_path;
    row.observation = observation;
    row.observed_at = observed_at;
    row.gone = false;
  }
  Versions::Seen seen() const {
    Versions::Seen seen;
    seen.page_id = page.id;
    seen.version = &page.version;
    seen.observation = observation;
    return seen;
  }
};

Pages::Pages(Db& db, Accounts& accounts, HistoryPolicy policy)
    : db_(db),
      accounts_(accounts),
      policy_(policy),
      blobs_(db),
      versions_(db, blobs_, accounts),
      load_(
          db,
          "SELECT space_id, status, title, parent_id, parent_type, position, author, owner,"
          " last_owner, subtype, created_at, version, modified_at, web_path, observation, "
          "observed_at,"
          " state_since, body_id, body_version, body_hash, body_bytes, body_observation, body_due,"
          " history_version, history_floor, history_due, gone_at IS NOT NULL FROM page WHERE id=?"),
      insert_(
          db,
          "INSERT INTO page(id, space_id, status, title, parent_id, parent_type, position, author,"
          " owner, last_owner, subtype, created_at, version, modified_at, web_path, observation,"
          " observed_at, state_since, body_id, body_version, body_hash, body_bytes,"
          " body_observation, body_due, history_version, history_floor, history_due)"
          " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"),
      update_(db,
              "UPDATE page SET space_id=?2, status=?3, title=?4, parent_id=?5, parent_type=?6,"
              " position=?7, author=?8, owner=?9, last_owner=?10, subtype=?11, created_at=?12,"
              " version=?13, modified_at=?14, web_path=?15, observation=?16, observed_at=?17,"
              " state_since=?18, body_id=?19, body_version=?20, body_hash=?21, body_bytes=?22,"
              " body_observation=?23, body_due=?24, history_version=?25, history_floor=?26,"
              " history_due=?27, gone_at=NULL, gone_reason=NULL WHERE id=?1"),
      touch_(db, "UPDATE page SET observation=?2, observed_at=?3, body_observation=?4 WHERE id=?1"),
      update_progress_(
          db,
          "UPDATE page SET body_id=?2, body_version=?3, body_hash=?4, body_bytes=?5,"
          " body_observation=?6, body_due=?7, history_version=?8, history_floor=?9, history_due=?10"
          " WHERE id=?1"),
      insert_body_(db, "INSERT INTO page_body(body) VALUES(?)"),
      update_body_(db, "UPDATE page_body SET body=?2 WHERE id=?1"),
      read_body_(db, "SELECT body FROM page_body WHERE id=?"),
      insert_state_(
          db,
          "INSERT INTO page_state(page_id, seq, valid_from, valid_to, title, space_id,"
          " parent_id, parent_type, position, status)"
          " VALUES(?1, (SELECT coalesce(max(seq), 0) + 1 FROM page_state WHERE page_id=?1),"
          " ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"),
      // A second reason (the space was excluded since, say) does not make it gone anew.
      put_gone_(db,
                "UPDATE page SET gone_at=coalesce(gone_at, ?4), gone_reason=?5, observation=?2,"
                " state_since=?3 WHERE id=?1") {}

bool Pages::load(Id page_id, Row& row) {
  Query query = load_.begin();
  if (!query.bind(page_id).row()) return false;
  row.id = page_id;
  row.space_id = query.integer(0);
  row.status = query.text(1);
  row.title = query.text(2);
  row.parent_id = query.optional_integer(3);
  row.parent_type = query.optional_text(4);
  row.position = query.optional_integer(5);
  row.author = query.optional_integer(6);
  row.owner = query.optional_integer(7);
  row.last_owner = query.optional_integer(8);
  row.subtype = query.optional_text(9);
  row.created_at = query.time(10);
  row.version = query.int32(11);
  row.modified_at = query.time(12);
  row.web_path = query.text(13);
  row.observation = query.integer(14);
  row.observed_at = query.time(15);
  row.state_since = query.time(16);
  row.body_id = query.optional_integer(17);
  row.body_version = query.optional_integer(18);
  row.body_hash = query.hash(19);
  row.body_bytes = query.integer(20);
  row.body_observation = query.integer(21);
  row.body_due = query.flag(22);
  row.history_version = query.int32(23);
  row.history_floor = query.integer(24);
  row.history_due = query.flag(25);
  row.gone = query.flag(26);
  return true;
}

void Pages::put(const Page& page, Observation observation, Time observed_at, CommitInfo& info) {
  const Answer answer{page,
                      observation,
                      observed_at,
                      accounts_.intern(std::string_view(page.author_id)),
                      accounts_.intern(page.owner_id),
                      accounts_.intern(page.last_owner_id)};
  if (db_.failed()) return;
  Row row;
  if (!load(page.id, row)) {
    if (!db_.failed()) insert(answer, info);
    return;
  }
  const bool was_due = row.history_due;
  if (observation > row.observation) {
    put_newer(answer, row, info);
  } else {
    put_older(answer, row, info);
  }
  if (row.history_due && !was_due) ++info.history_due;
}

void Pages::insert(const Answer& answer, CommitInfo& info) {
  const Page& page = answer.page;
  Row row;
  answer.copy_to(row);
  row.state_since = answer.observed_at;
  if (page.body) {
    write_body(*page.body, row);
    row.body_observation = answer.observation;
    ++info.bodies_written;
  }
  row.body_due = !page.body.has_value();
  // Its version is known already only where a listing came before the page.
  if (versions_.see(answer.seen()) != Versions::Outcome::kNew) {
    if (page.body) versions_.detach_body(page.id, page.version.number);
    settle_history(row);
  } else {
    row.history_version = page.version.number <= 1 ? page.version.number : 0;
    row.history_due = policy_ != HistoryPolicy::kNone && page.version.number > 1;
  }
  {
    Query query = insert_.begin();
    bind_row(query, row);
    query.run();
  }
  ++info.pages_new;
  if (row.history_due) ++info.history_due;
}

void Pages::put_newer(const Answer& answer, Row& row, CommitInfo& info) {
  const Page& page = answer.page;
  const bool same_version = row.same_version(page.version);
  const bool same_state = answer.same_state(row);
  if (same_version && same_state && answer.same_rest(row) && answer.same_body(row) && !row.gone) {
    const auto body_observation = page.body ? answer.observation : row.body_observation;
    Query query = touch_.begin();
    query.bind(row.id).bind(answer.observation).bind(answer.observed_at);
    query.bind(body_observation).run();
    return;
  }
  const bool had_body = row.has_body_of(row.version);
  const bool returned = row.gone;
  if (returned) {
    row.state_since = answer.observed_at;
  } else if (!same_state) {
    keep_state(answer.observed_at, row);
  }
  if (!same_version) follow_version(answer, row, info);
  answer.copy_to(row);
  settle_history(row);
  const bool other_body = page.body && put_body(answer, row, info);
  row.body_due = !row.has_body_of(row.version);
  update(row);
  if (!same_state || !same_version || returned || (other_body && had_body)) ++info.pages_changed;
}

void Pages::put_gone(const Gone& gone, Observation observation, Time observed_at,
                     CommitInfo& info) {
  Row row;
  if (!load(gone.id, row) || observation <= row.observation) return;
  const bool was_there = !row.gone;
  if (was_there) keep_state(observed_at, row);
  Query query = put_gone_.begin();
  query.bind(gone.id).bind(observation).bind(row.state_since).bind(observed_at);
  query.bind(gone.reason).run();
  if (was_there) ++info.pages_gone;
}

void Pages::keep_state(Time observed_at, Row& row) {
  // Our clock may have been set back; an interval must not end before it begins.
  const Time until = std::max(observed_at, row.state_since);
  Query query = insert_state_.begin();
  query.bind(row.id).bind(row.state_since).bind(until).bind(row.title).bind(row.space_id);
  query.bind(row.parent_id).bind(row.parent_type).bind(row.position).bind(row.status).run();
  row.state_since = until;
}

// `row` is still what was known before.
void Pages::follow_version(const Answer& answer, Row& row, CommitInfo& info) {
  const std::int32_t number = answer.page.version.number;
  versions_.name(row.id, row.version, row.title);
  if (number <= row.version) {
    shelve_body(row);
    versions_.replace_above(row.id, number);
    start_new_past(row, answer.observation);
    row.history_version = number <= 1 ? number : 0;
  }
  if (versions_.see(answer.seen()) == Versions::Outcome::kNew) ++info.versions_new;
}

void Pages::start_new_past(Row& row, Observation floor) {
  row.history_floor = std::max(row.history_floor, floor);
  row.history_version = row.version <= 1 ? row.version : 0;
}

void Pages::put_older(const Answer& answer, Row& row, CommitInfo& info) {
  const Page& page = answer.page;
  const std::int32_t number = page.version.number;
  const Row before = row;
  if (row.same_version(page.version)) {
    if (!page.body) return;
    const bool had_body = row.has_body_of(number);
    const bool changed = put_body(answer, row, info);
    if (!changed) return;
    if (had_body) ++info.pages_changed;
  } else if (number < row.version) {
    put_older_version(answer, row);
  } else {
    // What it says has been taken back since.
    Versions::Seen seen = answer.seen();
    seen.title = page.title;
    if (page.body) seen.blob = blob_of_body(*page.body, page.id, number);
    versions_.see_replaced(seen);
    if (answer.observation > row.history_floor && answer.observation < row.observation) {
      start_new_past(row, row.observation);
    }
  }
  settle_history(row);
  update_progress(row, before);
}

void Pages::put_older_version(const Answer& answer, Row& row) {
  const Page& page = answer.page;
  const std::int32_t number = page.version.number;
  if (row.has_body_of(number)) {
    const bool known =
        answer.same_body(row) && versions_.created_at(row.id, number) == page.version.created_at;
    if (known) return;
    shelve_body(row);
  }
  Versions::Seen seen = answer.seen();
  seen.title = page.title;
  seen.of_page = page.body.has_value();
  if (page.body) seen.blob = blob_of_body(*page.body, page.id, number);
  versions_.see(seen);
}

bool Pages::put_body(const Answer& answer, Row& row, CommitInfo& info) {
  const Body& body = *answer.page.body;
  if (row.has_body_of(row.version)) {
    if (row.body_hash == body.hash) {
      if (answer.observation <= row.body_observation) return false;
      row.body_observation = answer.observation;
      return true;
    }
    // Another text under the same number: a live document.
    if (answer.observation <= row.body_observation) {
      const Id blob = blob_of_body(body, row.id, row.version);
      versions_.keep_replaced_body(row.id, row.version, blob, answer.observation);
      return false;
    }
    const std::string old = stored_body(row);
    if (db_.failed()) return false;
    const Id blob =
        blobs_.put_text(old, *row.body_hash, versions_.blob_below(row.id, row.version)).id;
    versions_.keep_replaced_body(row.id, row.version, blob, row.body_observation);
  } else {
    shelve_body(row);
    versions_.detach_body(row.id, row.version);
  }
  write_body(body, row);
  row.body_observation = answer.observation;
  ++info.bodies_written;
  return true;
}

void Pages::write_body(const Body& body, Row& row) {
  row.body_version = row.version;
  if (row.body_id && row.body_hash == body.hash) return;
  row.body_hash = body.hash;
  row.body_bytes = static_cast<std::int64_t>(body.text.size());
  if (row.body_id) {
    Query query = update_body_.begin();
    query.bind(*row.body_id).bind(body.text).run();
  } else {
    Query query = insert_body_.begin();
    query.bind(body.text).run();
    row.body_id = sqlite3_last_insert_rowid(db_.handle());
  }
}

// The text stays in page_body until another one comes, but it is of no version there.
void Pages::shelve_body(Row& row) {
  if (!row.body_version || db_.failed()) return;
  const auto number = static_cast<std::int32_t>(*row.body_version);
  const std::string text = stored_body(row);
  if (db_.failed()) return;
  const auto neighbour = versions_.blob_below(row.id, number);
  const Blobs::Found blob = blobs_.put_text(text, *row.body_hash, neighbour);
  if (!db_.failed()) versions_.attach_body(row.id, number, blob.id, row.body_observation);
  row.body_version.reset();
}

std::string Pages::stored_body(const Row& row) {
  std::string text;
  if (row.body_id) {
    Query query = read_body_.begin();
    if (query.bind(*row.body_id).row()) text = query.text(0);
  }
  if (!db_.failed() && (!row.body_hash || sha256(text) != *row.body_hash)) {
    db_.set_error(Error(ErrorKind::kStoreBad, "mirror_damaged",
                        "cannot read '" + db_.path().string() + "': the body of page " +
                            std::to_string(row.id) + " is not what its SHA-256 says",
                        "Run `confmirror db check`; restore a backup."));
  }
  return text;
}

Id Pages::blob_of_body(const Body& body, Id page_id, std::int32_t number) {
  return blobs_.put_text(body.text, body.hash, versions_.blob_below(page_id, number)).id;
}

void Pages::settle_history(Row& row) {
  if (row.version > row.history_version && knows_older_versions(row)) {
    row.history_version = row.version;
  }
  row.history_due = policy_ != HistoryPolicy::kNone && row.history_version < row.version;
}

// The body of version `history_version` itself was that of the page then, and may never have come.
bool Pages::knows_older_versions(const Row& row) {
  const std::int32_t low = std::max(row.history_version, 1) - 1;
  const std::int64_t wanted = row.version - 1 - low;
  if (wanted <= 0) return true;
  const bool with_bodies = policy_ != HistoryPolicy::kMetadata;
  std::int64_t known =
      versions_.count_between(row.id, low, row.version, row.history_floor, with_bodies);
  if (with_bodies && row.body_version && *row.body_version > low &&
      *row.body_version < row.version) {
    ++known;
  }
  return known == wanted;
}

void Pages::bind_row(Query& query, const Row& row) {
  query.bind(row.id).bind(row.space_id).bind(row.status).bind(row.title).bind(row.parent_id);
  query.bind(row.parent_type).bind(row.position).bind(row.author).bind(row.owner);
  query.bind(row.last_owner).bind(row.subtype).bind(row.created_at).bind(row.version);
  query.bind(row.modified_at).bind(row.web_path).bind(row.observation).bind(row.observed_at);
  query.bind(row.state_since).bind(row.body_id).bind(row.body_version).bind(row.body_hash);
  query.bind(row.body_bytes).bind(row.body_observation).bind(row.body_due);
  query.bind(row.history_version).bind(row.history_floor).bind(row.history_due);
}

void Pages::update(const Row& row) {
  Query query = update_.begin();
  bind_row(query, row);
  query.run();
}

// What an answer may change of a page that it does not rule.
void Pages::update_progress(const Row& row, const Row& before) {
  const bool body_due = !row.has_body_of(row.version);
  const bool same =
      row.body_id == before.body_id && row.body_version == before.body_version &&
      row.body_hash == before.body_hash && row.body_observation == before.body_observation &&
      body_due == before.body_due && row.history_version == before.history_version &&
      row.history_floor == before.history_floor && row.history_due == before.history_due;
  if (same) return;
  Query query = update_progress_.begin();
  query.bind(row.id).bind(row.body_id).bind(row.body_version).bind(row.body_hash);
  query.bind(row.body_bytes).bind(row.body_observation).bind(body_due);
  query.bind(row.history_version).bind(row.history_floor).bind(row.history_due).run();
}

}  // namespace store
