#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "store/fold.h"
#include "store/listing.h"
#include "store/reader.h"
#include "store/reader_impl.h"
#include "store/sqlite.h"

namespace store {
namespace {

constexpr int kDeepest = 10;

std::string json_of(const std::vector<Id>& ids) {
  std::string text = "[";
  for (const Id id : ids) text += (text.size() == 1 ? "" : ",") + std::to_string(id);
  return text + "]";
}

const char* key_of(ListOrder order) {
  switch (order) {
    case ListOrder::kCreated:
      return "p.created_at";
    case ListOrder::kModified:
      return "p.modified_at";
    case ListOrder::kTitle:
      return "fold(p.title)";
    case ListOrder::kId:
      break;
  }
  return nullptr;
}

// The conditions of a listing, with what is bound to them, in their order.
class Conditions {
 public:
  // Both must outlive this.
  Conditions(const PageListing& listing, const std::optional<std::string>& title)
      : listing_(listing), title_(title) {
    if (!listing.page_ids.empty()) ids(" AND p.id IN (", listing.page_ids);
    if (!listing.space_ids.empty()) ids(" AND p.space_id IN (", listing.space_ids);
    for (std::size_t i = 0; i < listing.statuses.size(); ++i) {
      sql_ += i == 0 ? " AND p.status IN (?" : ",?";
    }
    if (!listing.statuses.empty()) sql_ += ")";
    if (title) sql_ += " AND fold(p.title)=?";
    if (listing.subtype) sql_ += " AND coalesce(p.subtype, 'page')=?";
    if (listing.root_only) {
      sql_ +=
          " AND (p.parent_id IS NULL"
          " OR p.id=(SELECT s.homepage_id FROM space s WHERE s.id=p.space_id))";
    }
    if (listing.after) after();
  }

  std::string sql() const { return " WHERE p.gone_at IS NULL" + sql_; }
  std::string order() const {
    const std::string way = listing_.descending ? " DESC" : "";
    const char* key = key_of(listing_.order);
    const std::string first = key == nullptr ? "" : key + way + ", ";
    return " ORDER BY " + first + "p.id" + way;
  }
  void bind(Query& query) const {
    for (const auto& status : listing_.statuses) query.bind(status);
    if (title_) query.bind(*title_);
    query_rest(query);
  }

 private:
  void ids(const char* condition, const std::vector<Id>& list) {
    sql_ += condition;
    for (std::size_t i = 0; i < list.size(); ++i) {
      sql_ += (i == 0 ? "" : ",") + std::to_string(list[i]);
    }
    sql_ += ")";
  }
  void after() {
    const std::string than = listing_.descending ? "<" : ">";
    const char* key = key_of(listing_.order);
    sql_ += key == nullptr ? " AND p.id" + than + "?"
                           : " AND (" + std::string(key) + ", p.id)" + than + "(?, ?)";
  }
  void query_rest(Query& query) const {
    if (listing_.subtype) query.bind(*listing_.subtype);
    if (!listing_.after) return;
    if (listing_.order == ListOrder::kTitle) {
      query.bind(listing_.after->text);
    } else if (listing_.order != ListOrder::kId) {
      query.bind(listing_.after->number);
    }
    query.bind(listing_.after->id);
  }

  const PageListing& listing_;
  const std::optional<std::string>& title_;
  std::string sql_;
};

// In the order of ids, a page of one space and status is found by page_of_space at once, and with
// several of both the first of each are merged; a walk over all ids would pass by all others.
bool is_mergeable(const PageListing& listing) {
  return listing.order == ListOrder::kId && listing.page_ids.empty() && !listing.title &&
         !listing.subtype && !listing.root_only && !listing.statuses.empty();
}

struct Below {
  Id id = 0;
  Id parent_id = 0;
  int depth = 0;
};

constexpr const char* kPageChild =
    "SELECT p.id, 'page', p.status, p.title, p.parent_id, p.position, p.space_id, p.created_at,"
    " p.modified_at FROM page p";
constexpr const char* kNodeChild =
    "SELECT n.id, n.type, n.status, n.title, n.parent_id, n.position, n.space_id,"
    " coalesce(n.created_at, 0), coalesce(n.created_at, 0) FROM node n";
constexpr const char* kListedPage =
    " AND p.gone_at IS NULL AND p.status IN ('current', 'archived')";
constexpr const char* kListedNode =
    " AND n.gone_at IS NULL AND n.status IN ('current', 'archived')";

ChildRow read_child(const Query& query) {
  ChildRow row;
  row.id = query.integer(0);
  row.type = query.text(1);
  row.status = query.text(2);
  row.title = query.text(3);
  row.parent_id = query.optional_integer(4);
  row.position = query.optional_integer(5);
  row.space_id = query.optional_integer(6);
  row.created_at = query.time(7);
  row.modified_at = query.time(8);
  return row;
}

// Pages and nodes whose parent is `=?1` or in a list. Two terms for pages below something,
// so that each finds the index made for it.
std::string children_sql(const std::string& parents) {
  return std::string(kPageChild) + " WHERE p.parent_id" + parents + " AND p.parent_type='page'" +
         kListedPage + " UNION ALL " + kPageChild + " WHERE p.parent_id" + parents +
         " AND p.parent_type<>'page'" + kListedPage + " UNION ALL " + kNodeChild +
         " WHERE n.parent_id" + parents + kListedNode;
}

std::string below_sql() {
  const std::string parents = " IN (SELECT value FROM json_each(?1))";
  return "SELECT p.id, p.parent_id FROM page p WHERE p.parent_id" + parents +
         " AND p.parent_type='page'" + kListedPage +
         " UNION ALL SELECT p.id, p.parent_id FROM page p WHERE p.parent_id" + parents +
         " AND p.parent_type<>'page'" + kListedPage +
         " UNION ALL SELECT n.id, n.parent_id FROM node n WHERE n.parent_id" + parents +
         kListedNode;
}

}  // namespace

ListPlace place_of(const PageRow& row, ListOrder order) {
  ListPlace place;
  place.id = row.id;
  if (order == ListOrder::kCreated) place.number = row.created_at.time_since_epoch().count();
  if (order == ListOrder::kModified) {
    place.number = row.version.created_at.time_since_epoch().count();
  }
  if (order == ListOrder::kTitle) place.text = fold_case(row.title);
  return place;
}

// The ids of the listing's next rows, in its order.
std::vector<Id> Reader::Impl::listed_ids(const PageListing& listing) {
  std::vector<Id> ids;
  const auto title =
      listing.title ? std::optional(fold_case(*listing.title)) : std::optional<std::string>();
  const Conditions conditions(listing, title);
  each(
      "SELECT p.id FROM page p" + conditions.sql() + conditions.order() + " LIMIT ?",
      [&](Query& query) {
        conditions.bind(query);
        query.bind(static_cast<std::int64_t>(listing.limit));
      },
      [&](const Query& query) {
        ids.push_back(query.integer(0));
        return true;
      });
  return ids;
}

std::vector<Id> Reader::Impl::merged_ids(const PageListing& listing) {
  std::vector<Id> spaces = listing.space_ids;
  if (spaces.empty()) {
    each("SELECT DISTINCT space_id FROM page", nullptr, [&](const Query& query) {
      spaces.push_back(query.integer(0));
      return true;
    });
  }
  std::sort(spaces.begin(), spaces.end());
  spaces.erase(std::unique(spaces.begin(), spaces.end()), spaces.end());
  std::vector<Id> ids;
  const std::string way = listing.descending ? " DESC" : "";
  const std::string sql =
      "SELECT p.id FROM page p INDEXED BY page_of_space"
      " WHERE p.space_id=?1 AND p.status=?2 AND p.gone_at IS NULL" +
      std::string(listing.after ? (listing.descending ? " AND p.id<?4" : " AND p.id>?4") : "") +
      " ORDER BY p.id" + way + " LIMIT ?3";
  Stmt stmt(*db, sql.c_str());
  for (const Id space : spaces) {
    for (const auto& status : listing.statuses) {
      Query query = stmt.begin();
      query.bind(space).bind(status).bind(static_cast<std::int64_t>(listing.limit));
      if (listing.after) query.bind(listing.after->id);
      while (query.row()) ids.push_back(query.integer(0));
    }
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  if (listing.descending) std::reverse(ids.begin(), ids.end());
  if (ids.size() > listing.limit) ids.resize(listing.limit);
  return ids;
}

Result<std::vector<PageRow>> Reader::list_pages(const PageListing& listing) {
  impl_->db->adopt_thread();
  const bool has_current = std::find(listing.statuses.begin(), listing.statuses.end(), "current") !=
                           listing.statuses.end();
  // Of all spaces, what is current is nearly everything that a walk over the ids passes.
  const bool merge = is_mergeable(listing) && (!listing.space_ids.empty() || !has_current);
  const std::vector<Id> ids = merge ? impl_->merged_ids(listing) : impl_->listed_ids(listing);
  if (auto done = impl_->answer(); !done) return fail(done.error());
  auto rows = pages_by_id(ids, listing.with_bodies);
  if (!rows) return rows;
  std::unordered_map<Id, std::size_t> places;
  for (std::size_t i = 0; i < ids.size(); ++i) places.emplace(ids[i], i);
  std::sort(rows->begin(), rows->end(),
            [&](const PageRow& a, const PageRow& b) { return places.at(a.id) < places.at(b.id); });
  return rows;
}

Result<std::vector<ChildRow>> Reader::list_children(Id parent_id) {
  impl_->db->adopt_thread();
  std::vector<ChildRow> rows;
  impl_->each(
      children_sql("=?1"), [&](Query& query) { query.bind(parent_id); },
      [&](const Query& query) {
        rows.push_back(read_child(query));
        return true;
      });
  return impl_->answer(std::move(rows));
}

Result<std::vector<ChildRow>> Reader::list_descendants(Id root_id, int depth, Id after,
                                                       std::size_t limit) {
  impl_->db->adopt_thread();
  std::vector<Below> all;
  std::unordered_set<Id> seen{root_id};  // parents may form a circle
  std::vector<Id> level{root_id};
  const std::string sql = below_sql();
  for (int at = 1; at <= std::min(depth, kDeepest) && !level.empty(); ++at) {
    const std::string parents = json_of(level);
    level.clear();
    impl_->each(
        sql, [&](Query& query) { query.bind(parents); },
        [&](const Query& query) {
          if (!seen.insert(query.integer(0)).second) return true;
          all.push_back({query.integer(0), query.integer(1), at});
          level.push_back(query.integer(0));
          return true;
        });
  }
  std::sort(all.begin(), all.end(), [](const Below& a, const Below& b) { return a.id < b.id; });
  std::map<Id, int> chosen;
  std::vector<Id> ids;
  for (const Below& row : all) {
    if (row.id <= after) continue;
    if (ids.size() == limit) break;
    ids.push_back(row.id);
    chosen.emplace(row.id, row.depth);
  }
  std::vector<ChildRow> rows;
  const std::string list = json_of(ids);
  impl_->each(
      std::string("SELECT * FROM (") + kPageChild +
          " WHERE p.id IN (SELECT value FROM json_each(?1)) UNION ALL " + kNodeChild +
          " WHERE n.id IN (SELECT value FROM json_each(?1))) ORDER BY 1",
      [&](Query& query) { query.bind(list); },
      [&](const Query& query) {
        rows.push_back(read_child(query));
        rows.back().depth = chosen.at(rows.back().id);
        return true;
      });
  return impl_->answer(std::move(rows));
}

Result<std::vector<User>> Reader::users(const std::vector<std::string>& account_ids) {
  impl_->db->adopt_thread();
  std::vector<User> users;
  for (const auto& account_id : account_ids) {
    impl_->each(
        "SELECT account_id, name, status FROM account WHERE account_id=?",
        [&](Query& query) { query.bind(account_id); },
        [&](const Query& query) {
          User user;
          user.account_id = query.text(0);
          user.display_name = query.optional_text(1);
          user.account_status = query.optional_text(2);
          users.push_back(std::move(user));
          return false;
        });
  }
  return impl_->answer(std::move(users));
}

Result<bool> Reader::is_history_due(Id page_id) {
  impl_->db->adopt_thread();
  bool due = false;
  impl_->each(
      "SELECT history_due=1 OR history_version<version FROM page WHERE id=?",
      [&](Query& query) { query.bind(page_id); },
      [&](const Query& query) {
        due = query.flag(0);
        return false;
      });
  return impl_->answer(due);
}

}  // namespace store
