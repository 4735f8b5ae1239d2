#include "store/reader.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include "store/as_of.h"
#include "store/blobs.h"
#include "store/fold.h"
#include "store/open.h"
#include "store/reader_impl.h"
#include "store/sqlite.h"

namespace store {
namespace {

// With the joins of kJoins; read_page() reads them in this order.
constexpr const char* kPageColumns =
    "SELECT p.id, p.space_id, p.status, p.title, p.parent_id, p.parent_type, p.position,"
    " a.account_id, o.account_id, l.account_id, p.subtype, p.created_at, p.version, p.modified_at,"
    " p.web_path, p.observed_at, p.body_due, p.gone_at, p.gone_reason, s.key, a.name, m.account_id,"
    " m.name, v.message, v.minor_edit,"
    " CASE WHEN p.body_version=p.version THEN p.body_hash END,"
    " CASE WHEN p.body_version=p.version THEN p.body_bytes END";
constexpr const char* kJoins =
    " LEFT JOIN space s ON s.id=p.space_id"
    " LEFT JOIN page_version v ON v.page_id=p.id AND v.number=p.version"
    " LEFT JOIN account a ON a.id=p.author LEFT JOIN account o ON o.id=p.owner"
    " LEFT JOIN account l ON l.id=p.last_owner LEFT JOIN account m ON m.id=v.author";
constexpr const char* kBodyTable =
    " LEFT JOIN page_body b ON b.id=p.body_id AND p.body_version=p.version";
constexpr int kAssumedColumn = 27;
constexpr int kBodyColumn = 28;

std::string page_sql(bool with_bodies, const std::optional<Time>& as_of, const std::string& rest) {
  std::string sql = kPageColumns;
  sql += as_of ? ", p.assumed" : ", 0";
  if (with_bodies) sql += ", b.body";
  sql += " FROM " + (as_of ? pages_as_of(*as_of) : std::string("page")) + " p";
  sql += kJoins;
  if (with_bodies) sql += kBodyTable;
  return sql + rest;
}

std::string id_list(const std::vector<Id>& ids) {
  std::string text;
  for (const Id id : ids) text += (text.empty() ? "(" : ",") + std::to_string(id);
  return text + ")";
}

std::vector<Id> ids_from_json(std::string_view text) {
  std::vector<Id> ids;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    Id id = 0;
    const auto [next, error] = std::from_chars(at, end, id);
    if (error == std::errc()) ids.push_back(id);
    at = error == std::errc() ? next : at + 1;
  }
  return ids;
}

std::int64_t sql_limit(std::size_t limit) {
  constexpr auto kMost = static_cast<std::size_t>(std::numeric_limits<std::int64_t>::max());
  return static_cast<std::int64_t>(std::min(limit, kMost));
}

const char* order_of(const std::string& sort) {
  if (sort == "title") return " ORDER BY fold(p.title), p.id";
  if (sort == "-title") return " ORDER BY fold(p.title) DESC, p.id DESC";
  if (sort == "id") return " ORDER BY p.id";
  if (sort == "-id") return " ORDER BY p.id DESC";
  if (sort == "modified") return " ORDER BY p.modified_at, p.id";
  if (sort == "-modified") return " ORDER BY p.modified_at DESC, p.id DESC";
  return nullptr;
}

std::string where_of(const PageFilter& filter) {
  std::string where = " WHERE p.gone_at IS NULL";
  if (filter.space_id) where += " AND p.space_id=" + std::to_string(*filter.space_id);
  std::string statuses;
  for (std::size_t i = 0; i < filter.statuses.size(); ++i) statuses += i == 0 ? "?" : ",?";
  if (!statuses.empty()) where += " AND p.status IN (" + statuses + ")";
  if (filter.title) where += " AND fold(p.title)=?";
  return where;
}

// `title`: the filter's, folded; it must outlive the query, as the filter must.
Query& bind(Query& query, const PageFilter& filter, const std::optional<std::string>& title) {
  for (const std::string& status : filter.statuses) query.bind(status);
  if (title) query.bind(*title);
  return query;
}

std::optional<std::string> folded_title(const PageFilter& filter) {
  if (!filter.title) return std::nullopt;
  return fold_case(*filter.title);
}

PageRow read_page(const Query& query) {
  PageRow row;
  row.id = query.integer(0);
  row.space_id = query.integer(1);
  row.status = query.text(2);
  row.title = query.text(3);
  row.parent_id = query.optional_integer(4);
  row.parent_type = query.optional_text(5);
  row.position = query.optional_integer(6);
  row.author_id = query.text(7);
  row.owner_id = query.optional_text(8);
  row.last_owner_id = query.optional_text(9);
  row.subtype = query.optional_text(10);
  row.created_at = query.time(11);
  row.version.number = query.int32(12);
  row.version.created_at = query.time(13);
  row.web_path = query.text(14);
  row.synced_at = query.time(15);
  row.body_due = query.flag(16);
  row.gone_at = query.optional_time(17);
  row.gone_reason = query.text(18);
  row.space_key = query.text(19);
  row.author_name = query.text(20);
  row.version.author_id = query.text(21);
  row.modified_by_name = query.text(22);
  row.version.message = query.text(23);
  row.version.minor_edit = query.flag(24);
  row.body_hash = query.hash(25);
  row.body_bytes = query.integer(26);
  row.assumed = query.flag(kAssumedColumn);
  return row;
}

}  // namespace

Reader::Reader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Reader::~Reader() = default;

Result<std::unique_ptr<Reader>> Reader::open(const std::filesystem::path& path) {
  auto db = open_for_reading(path);
  if (!db) return fail(db.error());
  if (auto done = add_fold_function(**db); !done) return fail(done.error());
  return std::unique_ptr<Reader>(new Reader(std::make_unique<Impl>(std::move(*db))));
}

Result<std::optional<std::string>> Reader::meta(const std::string& key) {
  impl_->db->adopt_thread();
  std::optional<std::string> value;
  impl_->each(
      "SELECT value FROM meta WHERE key=?", [&](Query& query) { query.bind(key); },
      [&](const Query& query) {
        value = query.text(0);
        return false;
      });
  return impl_->answer(std::move(value));
}

Result<Counts> Reader::counts() {
  impl_->db->adopt_thread();
  Counts counts;
  counts.spaces = impl_->count("SELECT count(*) FROM space WHERE gone_at IS NULL");
  counts.bodies_due =
      impl_->count("SELECT count(*) FROM page WHERE body_due=1 AND gone_at IS NULL");
  counts.history_due =
      impl_->count("SELECT count(*) FROM page WHERE history_due=1 AND gone_at IS NULL");
  counts.versions = impl_->count("SELECT count(*) FROM page_version");
  counts.nodes = impl_->count("SELECT count(*) FROM node WHERE gone_at IS NULL");
  impl_->each("SELECT status, count(*) FROM page WHERE gone_at IS NULL GROUP BY status", nullptr,
              [&](const Query& query) {
                counts.pages_by_status[query.text(0)] = query.integer(1);
                counts.pages += query.integer(1);
                return true;
              });
  return impl_->answer(std::move(counts));
}

Result<std::vector<PageRow>> Reader::pages(const PageFilter& filter) {
  impl_->db->adopt_thread();
  const char* order = order_of(filter.sort);
  if (order == nullptr) {
    return fail(ErrorKind::kUsage, "bad_sort", "cannot sort pages by '" + filter.sort + "'",
                "Sort by title, id or modified, with a minus before it for the other way round.");
  }
  std::vector<PageRow> rows;
  const auto title = folded_title(filter);
  impl_->each(
      page_sql(filter.with_bodies, filter.as_of, where_of(filter) + order + " LIMIT ? OFFSET ?"),
      [&](Query& query) { bind(query, filter, title).bind(filter.limit).bind(filter.offset); },
      [&](const Query& query) {
        rows.push_back(read_page(query));
        if (filter.with_bodies) impl_->add_body(rows.back(), query);
        if (filter.with_bodies && filter.as_of) impl_->add_old_body(rows.back());
        return !impl_->db->failed();
      });
  return impl_->answer(std::move(rows));
}

Result<std::int64_t> Reader::count_pages(const PageFilter& filter) {
  impl_->db->adopt_thread();
  std::int64_t count = 0;
  const auto title = folded_title(filter);
  const auto pages = filter.as_of ? pages_as_of(*filter.as_of) : std::string("page");
  impl_->each(
      "SELECT count(*) FROM " + pages + " p" + where_of(filter),
      [&](Query& query) { bind(query, filter, title); },
      [&](const Query& query) {
        count = query.integer(0);
        return false;
      });
  return impl_->answer(count);
}

// An older version's body is not with the page.
void Reader::Impl::add_old_body(PageRow& row) {
  if (row.body || !row.body_hash || db->failed()) return;
  each(
      "SELECT blob_id FROM page_version WHERE page_id=? AND number=?",
      [&](Query& query) { query.bind(row.id).bind(row.version.number); },
      [&](const Query& query) {
        Body body;
        body.text = blobs.read(query.integer(0));
        body.hash = *row.body_hash;
        if (!db->failed()) row.body = std::move(body);
        return false;
      });
}

void Reader::Impl::add_body(PageRow& row, const Query& query) {
  if (!row.body_hash || query.is_null(kBodyColumn)) return;
  Body body;
  body.text = query.text(kBodyColumn);
  body.hash = sha256(body.text);
  if (body.hash != *row.body_hash) damaged("the body of page " + std::to_string(row.id));
  row.body = std::move(body);
}

Result<std::optional<PageRow>> Reader::page(Id page_id, bool with_body, std::optional<Time> as_of) {
  impl_->db->adopt_thread();
  std::optional<PageRow> row;
  impl_->each(
      page_sql(with_body, as_of, " WHERE p.id=?"), [&](Query& query) { query.bind(page_id); },
      [&](const Query& query) {
        row = read_page(query);
        if (with_body) impl_->add_body(*row, query);
        return false;
      });
  if (row && with_body && as_of) impl_->add_old_body(*row);
  return impl_->answer(std::move(row));
}

Result<std::vector<PageRow>> Reader::pages_by_id(const std::vector<Id>& page_ids,
                                                 bool with_bodies) {
  impl_->db->adopt_thread();
  std::vector<PageRow> rows;
  if (page_ids.empty()) return rows;
  impl_->each(page_sql(with_bodies, {}, " WHERE p.id IN " + id_list(page_ids) + " ORDER BY p.id"),
              nullptr, [&](const Query& query) {
                rows.push_back(read_page(query));
                if (with_bodies) impl_->add_body(rows.back(), query);
                return !impl_->db->failed();
              });
  return impl_->answer(std::move(rows));
}

Result<std::map<Id, BodyHashes>> Reader::body_hashes(const std::vector<Id>& page_ids) {
  impl_->db->adopt_thread();
  std::map<Id, BodyHashes> hashes;
  if (page_ids.empty()) return hashes;
  impl_->each(
      "SELECT p.id, p.body_hash, b.body FROM page p JOIN page_body b ON b.id=p.body_id"
      " WHERE p.body_version=p.version AND p.id IN " +
          id_list(page_ids),
      nullptr, [&](const Query& query) {
        if (const auto stored = query.hash(1)) {
          auto& both = hashes[query.integer(0)];
          both.stored = *stored;
          both.of_text = sha256(query.view(2));
        }
        return true;
      });
  return impl_->answer(std::move(hashes));
}

Result<void> Reader::for_each_page(const std::function<bool(const PageRow&)>& visit,
                                   bool with_bodies, const std::vector<Id>& space_ids,
                                   std::optional<Time> as_of) {
  impl_->db->adopt_thread();
  std::string rest;
  if (!space_ids.empty()) rest = " WHERE p.space_id IN " + id_list(space_ids);
  impl_->each(page_sql(with_bodies, as_of, rest + " ORDER BY p.id"), nullptr,
              [&](const Query& query) {
                PageRow row = read_page(query);
                if (with_bodies) impl_->add_body(row, query);
                if (with_bodies && as_of) impl_->add_old_body(row);
                return !impl_->db->failed() && visit(row);
              });
  return impl_->answer();
}

bool Reader::Impl::add_body(VersionRow& row, std::optional<Id> blob, Blobs::Cache& cache) {
  if (!blob || !row.body_hash) return !db->failed();
  Body body;
  body.text = blobs.read(*blob, &cache);
  body.hash = *row.body_hash;
  row.body = std::move(body);
  return !db->failed();
}

Result<void> Reader::for_each_version(Id page_id,
                                      const std::function<bool(const VersionRow&)>& visit,
                                      bool with_bodies) {
  impl_->db->adopt_thread();
  std::string sql =
      "SELECT v.number, v.created_at, a.account_id, a.name, v.message, v.minor_edit,"
      " CASE WHEN p.version=v.number THEN p.title ELSE v.title END, v.blob_id,"
      " p.body_version=v.number,"
      " CASE WHEN p.body_version=v.number THEN p.body_hash ELSE b.sha256 END,"
      " CASE WHEN p.body_version=v.number THEN p.body_bytes ELSE b.raw_bytes END";
  if (with_bodies) sql += ", c.body";
  sql +=
      " FROM page_version v LEFT JOIN page p ON p.id=v.page_id LEFT JOIN blob b ON b.id=v.blob_id"
      " LEFT JOIN account a ON a.id=v.author";
  if (with_bodies) sql += " LEFT JOIN page_body c ON c.id=p.body_id AND p.body_version=v.number";
  sql += " WHERE v.page_id=? ORDER BY v.number";
  Blobs::Cache cache;
  impl_->each(
      sql, [&](Query& query) { query.bind(page_id); },
      [&](const Query& query) {
        VersionRow row;
        row.version.number = query.int32(0);
        row.version.created_at = query.time(1);
        row.version.author_id = query.text(2);
        row.author_name = query.text(3);
        row.version.message = query.text(4);
        row.version.minor_edit = query.flag(5);
        row.title = query.optional_text(6);
        row.body_hash = query.hash(9);
        row.body_bytes = query.integer(10);
        if (with_bodies && query.flag(8)) {
          row.body = Body(query.text(11));
          if (row.body->hash != row.body_hash) {
            impl_->damaged("the body of page " + std::to_string(page_id));
          }
        } else if (with_bodies) {
          impl_->add_body(row, query.optional_integer(7), cache);
        }
        return !impl_->db->failed() && visit(row);
      });
  return impl_->answer();
}

Result<std::vector<VersionRow>> Reader::versions(Id page_id) {
  std::vector<VersionRow> rows;
  const auto keep = [&](const VersionRow& row) {
    rows.push_back(row);
    return true;
  };
  if (auto done = for_each_version(page_id, keep, false); !done) return fail(done.error());
  return rows;
}

Result<std::optional<std::string>> Reader::version_body(Id page_id, std::int32_t version) {
  impl_->db->adopt_thread();
  std::optional<std::string> body;
  impl_->each(
      "SELECT v.blob_id, b.body, p.body_hash FROM page_version v LEFT JOIN page p ON p.id=v.page_id"
      " LEFT JOIN page_body b ON b.id=p.body_id AND p.body_version=v.number"
      " WHERE v.page_id=? AND v.number=?",
      [&](Query& query) { query.bind(page_id).bind(version); },
      [&](const Query& query) {
        if (!query.is_null(1)) {
          body = query.text(1);
          const auto hash = query.hash(2);
          if (!hash || sha256(*body) != *hash) {
            impl_->damaged("the body of page " + std::to_string(page_id));
          }
        } else if (const auto blob = query.optional_integer(0)) {
          body = impl_->blobs.read(*blob);
        }
        return false;
      });
  return impl_->answer(std::move(body));
}

static DuePage due_page_of(const Query& query) {
  DuePage page;
  page.page_id = query.integer(0);
  page.version = query.int32(1);
  page.space_id = query.integer(2);
  return page;
}

Result<std::vector<DuePage>> Reader::Impl::due(const char* flag, const char* subject, Id after,
                                               std::size_t limit, Time now) {
  db->adopt_thread();
  std::vector<DuePage> pages;
  each(
      std::string("SELECT p.id, p.version, p.space_id FROM page p WHERE p.") + flag +
          "=1 AND p.id>?1 AND p.gone_at IS NULL AND NOT EXISTS (SELECT 1 FROM quarantined q"
          " WHERE q.subject='" +
          subject + ":'||p.id AND q.next_try_at>?2) ORDER BY p.id LIMIT ?3",
      [&](Query& query) { query.bind(after).bind(now).bind(sql_limit(limit)); },
      [&](const Query& query) {
        pages.push_back(due_page_of(query));
        return true;
      });
  return answer(std::move(pages));
}

Result<std::vector<DuePage>> Reader::bodies_due(Id after, std::size_t limit, Time now) {
  return impl_->due("body_due", "page", after, limit, now);
}

Result<std::vector<DuePage>> Reader::history_due(Id after, std::size_t limit, Time now) {
  return impl_->due("history_due", "versions", after, limit, now);
}

Result<std::vector<DuePage>> Reader::unseen_pages(Observation since, Id after, std::size_t limit) {
  impl_->db->adopt_thread();
  std::vector<DuePage> pages;
  impl_->each(
      "SELECT id, version, space_id FROM page WHERE id>?1 AND observation<=?2 AND gone_at IS NULL"
      " ORDER BY id LIMIT ?3",
      [&](Query& query) { query.bind(after).bind(since).bind(sql_limit(limit)); },
      [&](const Query& query) {
        pages.push_back(due_page_of(query));
        return true;
      });
  return impl_->answer(std::move(pages));
}

Result<std::vector<DuePage>> Reader::vanished_since(Time since) {
  impl_->db->adopt_thread();
  std::vector<DuePage> pages;
  impl_->each(
      "SELECT id, version, space_id FROM page WHERE gone_reason='vanished' AND gone_at>=?"
      " ORDER BY id",
      [&](Query& query) { query.bind(since); },
      [&](const Query& query) {
        pages.push_back(due_page_of(query));
        return true;
      });
  return impl_->answer(std::move(pages));
}

Result<VanishedCandidates> Reader::vanished_candidates(std::optional<std::int64_t> run_id) {
  impl_->db->adopt_thread();
  VanishedCandidates candidates;
  candidates.run_id = run_id.value_or(0);
  impl_->each(
      "SELECT run_id, page_id FROM vanished_candidate WHERE run_id="
      "coalesce(?, (SELECT max(run_id) FROM vanished_candidate)) ORDER BY page_id",
      [&](Query& query) { query.bind(run_id); },
      [&](const Query& query) {
        candidates.run_id = query.integer(0);
        candidates.page_ids.push_back(query.integer(1));
        return true;
      });
  return impl_->answer(std::move(candidates));
}

Result<std::vector<std::string>> Reader::unknown_users(std::size_t limit) {
  impl_->db->adopt_thread();
  std::vector<std::string> ids;
  impl_->each(
      "SELECT account_id FROM account WHERE asked_at IS NULL ORDER BY id LIMIT ?",
      [&](Query& query) { query.bind(sql_limit(limit)); },
      [&](const Query& query) {
        ids.push_back(query.text(0));
        return true;
      });
  return impl_->answer(std::move(ids));
}

Result<std::vector<WalkState>> Reader::walks() {
  impl_->db->adopt_thread();
  std::vector<WalkState> walks;
  impl_->each(
      "SELECT walk_id, crawl_id, kind, space_ids, sort, next_link, reached, page_size, done FROM "
      "walk"
      " ORDER BY walk_id",
      nullptr, [&](const Query& query) {
        WalkState walk;
        walk.walk_id = query.integer(0);
        walk.crawl_id = query.integer(1);
        walk.kind = query.text(2);
        walk.space_ids = ids_from_json(query.view(3));
        walk.sort = query.text(4);
        walk.next_link = query.text(5);
        walk.reached = query.optional_integer(6);
        walk.page_size = query.int32(7);
        walk.done = query.flag(8);
        walks.push_back(std::move(walk));
        return true;
      });
  return impl_->answer(std::move(walks));
}

Result<std::optional<Time>> Reader::observed_since() {
  impl_->db->adopt_thread();
  std::optional<Time> since;
  impl_->each("SELECT min(started_at) FROM sync_run", nullptr, [&](const Query& query) {
    since = query.optional_time(0);
    return false;
  });
  return impl_->answer(since);
}

Result<Observation> Reader::last_observation() {
  impl_->db->adopt_thread();
  const auto value = impl_->count(
      "SELECT coalesce((SELECT CAST(value AS INTEGER) FROM meta WHERE key='last_observation'), 0)");
  return impl_->answer(value);
}

Result<std::int64_t> Reader::next_run_id() {
  impl_->db->adopt_thread();
  const auto value = impl_->count("SELECT coalesce(max(run_id), 0) + 1 FROM sync_run");
  return impl_->answer(value);
}

Result<std::vector<RunUpdate>> Reader::runs(std::size_t limit) {
  return impl_->runs("ORDER BY run_id DESC LIMIT " + std::to_string(sql_limit(limit)));
}

Result<std::vector<RunUpdate>> Reader::unfinished_runs() {
  return impl_->runs(
      "WHERE outcome='running' OR run_id IN (SELECT crawl_id FROM walk) ORDER BY run_id DESC");
}

Result<std::vector<RunUpdate>> Reader::Impl::runs(const std::string& which) {
  db->adopt_thread();
  std::vector<RunUpdate> runs;
  each(
      "SELECT run_id, kind, started_at, finished_at, outcome, requests, bytes, pages_changed, error"
      " FROM sync_run " +
          which,
      nullptr, [&](const Query& query) {
        RunUpdate run;
        run.run_id = query.integer(0);
        run.kind = query.text(1);
        run.started_at = query.time(2);
        run.finished_at = query.optional_time(3);
        run.outcome = query.text(4);
        run.requests = query.integer(5);
        run.bytes = query.integer(6);
        run.pages_changed = query.integer(7);
        run.error = query.text(8);
        runs.push_back(std::move(run));
        return true;
      });
  return answer(std::move(runs));
}

Result<std::vector<QuarantineRow>> Reader::quarantine() {
  impl_->db->adopt_thread();
  std::vector<QuarantineRow> rows;
  impl_->each("SELECT subject, reason, next_try_at, attempts FROM quarantined ORDER BY subject",
              nullptr, [&](const Query& query) {
                QuarantineRow row;
                row.subject = query.text(0);
                row.reason = query.text(1);
                row.next_try_at = query.time(2);
                row.attempts = query.integer(3);
                rows.push_back(std::move(row));
                return true;
              });
  return impl_->answer(std::move(rows));
}

}  // namespace store
