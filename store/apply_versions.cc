#include "store/apply_versions.h"

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

namespace store {

Versions::Versions(Db& db, Blobs& blobs, Accounts& accounts)
    : db_(db),
      blobs_(blobs),
      accounts_(accounts),
      find_(db,
            "SELECT number, created_at, author, message, minor_edit, title, blob_id, "
            "body_observation,"
            " body_of_page, observation FROM page_version WHERE page_id=? AND number=?"),
      above_(db,
             "SELECT number, created_at, author, message, minor_edit, title, blob_id, "
             "body_observation,"
             " body_of_page, observation FROM page_version WHERE page_id=? AND number>?"),
      insert_(db,
              "INSERT INTO page_version(page_id, number, created_at, author, message, minor_edit, "
              "title,"
              " blob_id, body_observation, body_of_page, observation) VALUES(?,?,?,?,?,?,?,?,?,?,?)"
              " ON CONFLICT DO NOTHING"),
      update_(
          db,
          "UPDATE page_version SET author=?3, message=?4, minor_edit=?5, title=?6, blob_id=?7,"
          " body_observation=?8, body_of_page=?9, observation=?10 WHERE page_id=?1 AND number=?2"),
      remove_(db, "DELETE FROM page_version WHERE page_id=? AND number=?"),
      archive_(
          db,
          "INSERT INTO replaced_version(page_id, number, observation, created_at, author, message,"
          " minor_edit, title, blob_id) VALUES(?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING"),
      set_body_(db,
                "UPDATE page_version SET blob_id=?3, body_observation=?4, body_of_page=?5"
                " WHERE page_id=?1 AND number=?2"),
      name_(db,
            "UPDATE page_version SET title=?3 WHERE page_id=?1 AND number=?2 AND title IS NULL"),
      blob_below_(
          db,
          "SELECT blob_id FROM page_version WHERE page_id=? AND number<? AND blob_id IS NOT NULL"
          " ORDER BY number DESC LIMIT 1"),
      count_between_(db,
                     "SELECT count(*) FROM page_version WHERE page_id=? AND number>? AND number<?"
                     " AND observation>=? AND (blob_id IS NOT NULL OR NOT ?)") {}

Versions::Row Versions::read_row(Query& query) {
  Row row;
  row.number = query.int32(0);
  row.created_at = query.time(1);
  row.author = query.optional_integer(2);
  row.message = query.optional_text(3);
  row.minor_edit = query.flag(4);
  row.title = query.optional_text(5);
  row.blob = query.optional_integer(6);
  row.body_observation = query.optional_integer(7);
  row.of_page = query.flag(8);
  row.observation = query.integer(9);
  return row;
}

Versions::Row Versions::make_row(const Seen& seen) {
  const Version& version = *seen.version;
  Row row;
  row.number = version.number;
  row.created_at = version.created_at;
  row.author = accounts_.intern(std::string_view(version.author_id));
  if (!version.message.empty()) row.message = version.message;
  row.minor_edit = version.minor_edit;
  if (seen.title) row.title = std::string(*seen.title);
  row.blob = seen.blob;
  if (seen.blob) row.body_observation = seen.observation;
  row.of_page = seen.blob && seen.of_page;
  row.observation = seen.observation;
  return row;
}

Versions::Outcome Versions::see(const Seen& seen) {
  Row row = make_row(seen);
  if (db_.failed()) return Outcome::kKnown;
  // Most versions are new: the attempt costs no more than a look.
  if (insert(seen.page_id, row)) return Outcome::kNew;
  auto old = find(seen.page_id, row.number);
  if (!old) return Outcome::kKnown;  // failed
  if (old->created_at == row.created_at) {
    merge(seen.page_id, std::move(*old), std::move(row));
    return Outcome::kKnown;
  }
  if (seen.observation <= old->observation) {
    see_replaced(seen);
    return Outcome::kOlder;
  }
  // The blob's reference moves with the row, unless the same row was archived before.
  if (!archive(seen.page_id, *old, old->observation) && old->blob) blobs_.unlink(*old->blob);
  remove(seen.page_id, row.number);
  insert(seen.page_id, row);
  return Outcome::kReplaced;
}

void Versions::see_replaced(const Seen& seen) {
  const Row row = make_row(seen);
  if (db_.failed()) return;
  if (archive(seen.page_id, row, row.observation) && row.blob) blobs_.link(*row.blob);
}

// Two answers about the same version.
void Versions::merge(Id page_id, Row old, Row seen) {
  Row next = old;
  if (seen.observation > old.observation) {
    next.observation = seen.observation;
    next.author = seen.author;
    next.message = std::move(seen.message);
    next.minor_edit = seen.minor_edit;
    if (seen.title) next.title = std::move(seen.title);
  } else if (!next.title) {
    next.title = std::move(seen.title);
  }
  const std::pair seen_rank(seen.of_page, seen.body_observation);
  const std::pair old_rank(old.of_page, old.body_observation);
  if (seen.blob && seen.blob == old.blob) {
    std::tie(next.of_page, next.body_observation) = std::max(old_rank, seen_rank);
  } else if (seen.blob) {
    const bool wins = !old.blob || seen_rank > old_rank;
    const bool equals = old.blob && old.of_page == seen.of_page;
    if (wins) {
      next.blob = seen.blob;
      next.of_page = seen.of_page;
      next.body_observation = seen.body_observation;
      blobs_.link(*seen.blob);
      if (old.blob && !(equals && archive(page_id, old, old.body_observation.value_or(0)))) {
        blobs_.unlink(*old.blob);
      }
    } else if (equals) {
      if (archive(page_id, seen, seen.body_observation.value_or(0))) blobs_.link(*seen.blob);
    }
  }
  const auto same = [](const Row& a, const Row& b) {
    return a.observation == b.observation && a.author == b.author && a.message == b.message &&
           a.minor_edit == b.minor_edit && a.title == b.title && a.blob == b.blob &&
           a.of_page == b.of_page && a.body_observation == b.body_observation;
  };
  if (!same(next, old)) update(page_id, next);
}

void Versions::attach_body(Id page_id, std::int32_t number, Id blob, Observation observation) {
  const auto old = blob_of(page_id, number);
  blobs_.link(blob);
  if (old) blobs_.unlink(*old);
  Query query = set_body_.begin();
  query.bind(page_id).bind(number).bind(blob).bind(observation).bind(true).run();
}

void Versions::detach_body(Id page_id, std::int32_t number) {
  const auto old = blob_of(page_id, number);
  if (!old) return;
  blobs_.unlink(*old);
  Query query = set_body_.begin();
  query.bind(page_id).bind(number).bind_null().bind_null().bind_null().run();
}

void Versions::keep_replaced_body(Id page_id, std::int32_t number, Id blob,
                                  Observation observation) {
  auto row = find(page_id, number);
  if (!row) return;
  row->blob = blob;
  if (archive(page_id, *row, observation)) blobs_.link(blob);
}

void Versions::replace_above(Id page_id, std::int32_t number) {
  std::vector<Row> rows;
  {
    Query query = above_.begin();
    query.bind(page_id).bind(number);
    while (query.row()) rows.push_back(read_row(query));
  }
  for (const Row& row : rows) {
    if (!archive(page_id, row, row.observation) && row.blob) blobs_.unlink(*row.blob);
    remove(page_id, row.number);
  }
}

void Versions::name(Id page_id, std::int32_t number, std::string_view title) {
  Query query = name_.begin();
  query.bind(page_id).bind(number).bind(title).run();
}

std::optional<Id> Versions::blob_of(Id page_id, std::int32_t number) {
  Query query = find_.begin();
  if (!query.bind(page_id).bind(number).row()) return std::nullopt;
  return query.optional_integer(6);
}

std::optional<Time> Versions::created_at(Id page_id, std::int32_t number) {
  Query query = find_.begin();
  if (!query.bind(page_id).bind(number).row()) return std::nullopt;
  return query.time(1);
}

std::optional<Id> Versions::blob_below(Id page_id, std::int32_t number) {
  Query query = blob_below_.begin();
  if (!query.bind(page_id).bind(number).row()) return std::nullopt;
  return query.integer(0);
}

std::int64_t Versions::count_between(Id page_id, std::int32_t low, std::int32_t high,
                                     Observation floor, bool with_bodies) {
  Query query = count_between_.begin();
  query.bind(page_id).bind(low).bind(high).bind(floor).bind(with_bodies);
  return query.row() ? query.integer(0) : 0;
}

std::optional<Versions::Row> Versions::find(Id page_id, std::int32_t number) {
  Query query = find_.begin();
  if (!query.bind(page_id).bind(number).row()) return std::nullopt;
  return read_row(query);
}

bool Versions::insert(Id page_id, const Row& row) {
  {
    Query query = insert_.begin();
    query.bind(page_id).bind(row.number).bind(row.created_at).bind(row.author).bind(row.message);
    query.bind(row.minor_edit).bind(row.title).bind(row.blob).bind(row.body_observation);
    if (row.blob) {
      query.bind(row.of_page);
    } else {
      query.bind_null();
    }
    query.bind(row.observation).run();
  }
  if (db_.failed() || db_.changes() == 0) return false;
  if (row.blob) blobs_.link(*row.blob);
  return true;
}

void Versions::update(Id page_id, const Row& row) {
  Query query = update_.begin();
  query.bind(page_id).bind(row.number).bind(row.author).bind(row.message).bind(row.minor_edit);
  query.bind(row.title).bind(row.blob).bind(row.body_observation);
  if (row.blob) {
    query.bind(row.of_page);
  } else {
    query.bind_null();
  }
  query.bind(row.observation).run();
}

void Versions::remove(Id page_id, std::int32_t number) {
  Query query = remove_.begin();
  query.bind(page_id).bind(number).run();
}

bool Versions::archive(Id page_id, const Row& row, Observation observation) {
  Query query = archive_.begin();
  query.bind(page_id).bind(row.number).bind(observation).bind(row.created_at).bind(row.author);
  query.bind(row.message).bind(row.minor_edit).bind(row.title).bind(row.blob).run();
  return !db_.failed() && db_.changes() != 0;
}

}  // namespace store
