#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "store/as_of.h"
#include "store/reader.h"
#include "store/reader_impl.h"
#include "store/sqlite.h"

namespace store {
namespace {

constexpr const char* kNodes =
    "SELECT n.id, n.type, n.space_id, n.parent_id, n.parent_type, n.position, n.title, n.status,"
    " a.account_id, n.created_at, n.version, n.observed_at, n.gone_at, n.gone_reason, s.key"
    " FROM node n LEFT JOIN space s ON s.id=n.space_id LEFT JOIN account a ON a.id=n.author";

NodeRow read_node(const Query& query) {
  NodeRow row;
  row.id = query.integer(0);
  row.type = query.text(1);
  row.space_id = query.optional_integer(2);
  row.parent_id = query.optional_integer(3);
  row.parent_type = query.optional_text(4);
  row.position = query.optional_integer(5);
  row.title = query.text(6);
  row.status = query.text(7);
  row.author_id = query.text(8);
  row.created_at = query.optional_time(9);
  if (!query.is_null(10)) row.version = query.int32(10);
  row.synced_at = query.time(11);
  row.gone_at = query.optional_time(12);
  row.gone_reason = query.text(13);
  row.space_key = query.text(14);
  return row;
}

}  // namespace

Result<std::optional<NodeRow>> Reader::node(Id node_id) {
  impl_->db->adopt_thread();
  std::optional<NodeRow> row;
  impl_->each(
      std::string(kNodes) + " WHERE n.id=?", [&](Query& query) { query.bind(node_id); },
      [&](const Query& query) {
        row = read_node(query);
        return false;
      });
  return impl_->answer(std::move(row));
}

Result<void> Reader::for_each_node(const std::function<bool(const NodeRow&)>& visit,
                                   const std::vector<Id>& space_ids) {
  impl_->db->adopt_thread();
  std::string rest;
  for (const Id id : space_ids) {
    rest += (rest.empty() ? " WHERE n.space_id IN (" : ",") + std::to_string(id);
  }
  if (!rest.empty()) rest += ")";
  impl_->each(kNodes + rest + " ORDER BY n.id", nullptr,
              [&](const Query& query) { return visit(read_node(query)); });
  return impl_->answer();
}

Result<std::vector<TreeRow>> Reader::tree(Id space_id, std::optional<Time> as_of) {
  const auto pages = as_of ? pages_as_of(*as_of) : std::string("page");
  return impl_->tree_rows(
      "SELECT p.id, 'page', p.status, p.title, p.parent_id, p.position FROM " + pages +
          " p WHERE p.space_id=?1 AND p.gone_at IS NULL AND p.status IN ('current', 'archived')"
          " UNION ALL SELECT id, type, status, title, parent_id, position FROM node"
          " WHERE space_id=?1 AND gone_at IS NULL AND status IN ('current', 'archived')",
      space_id);
}

Result<std::vector<TreeRow>> Reader::below(Id parent_id) {
  // Two terms for pages, so that each finds the index made for it.
  return impl_->tree_rows(
      "SELECT * FROM (SELECT id, 'page', status, title, parent_id, position FROM page"
      " WHERE parent_id=?1 AND parent_type='page' AND gone_at IS NULL"
      " AND status IN ('current', 'archived')"
      " UNION ALL SELECT id, 'page', status, title, parent_id, position FROM page"
      " WHERE parent_id=?1 AND parent_type<>'page' AND gone_at IS NULL"
      " AND status IN ('current', 'archived')"
      " UNION ALL SELECT id, type, status, title, parent_id, position FROM node"
      " WHERE parent_id=?1 AND gone_at IS NULL AND status IN ('current', 'archived')"
      ") ORDER BY position IS NULL, position, title, id",
      parent_id);
}

Result<std::vector<TreeRow>> Reader::Impl::tree_rows(const std::string& sql, Id bound) {
  db->adopt_thread();
  std::vector<TreeRow> rows;
  each(
      sql, [&](Query& query) { query.bind(bound); },
      [&](const Query& query) {
        TreeRow row;
        row.id = query.integer(0);
        row.type = query.text(1);
        row.status = query.text(2);
        row.title = query.text(3);
        row.parent_id = query.optional_integer(4);
        row.position = query.optional_integer(5);
        rows.push_back(std::move(row));
        return true;
      });
  return answer(std::move(rows));
}

Result<std::vector<DueNode>> Reader::nodes_due(Observation since, Time now) {
  impl_->db->adopt_thread();
  std::vector<DueNode> due;
  impl_->each(
      // The terms of the first line are those of the index page_of_node.
      "WITH named(id, type, space_id) AS ("
      " SELECT parent_id, parent_type, space_id FROM page"
      " WHERE parent_type<>'page' AND gone_at IS NULL AND parent_id IS NOT NULL"
      " UNION ALL SELECT parent_id, parent_type, space_id FROM node"
      " WHERE parent_type<>'page' AND gone_at IS NULL AND parent_id IS NOT NULL"
      " UNION ALL SELECT id, type, space_id FROM node WHERE gone_at IS NULL)"
      " SELECT w.id, w.type, min(w.space_id), n.id IS NOT NULL AND n.gone_at IS NULL"
      " FROM named w LEFT JOIN node n ON n.id=w.id"
      " LEFT JOIN quarantined q ON q.subject='node:'||w.id"
      " WHERE (n.id IS NULL OR n.gone_at IS NOT NULL OR n.observation<=?1"
      "   OR q.subject IS NOT NULL)"
      " AND (q.subject IS NULL OR q.next_try_at<=?2)"
      " GROUP BY w.id ORDER BY w.id",
      [&](Query& query) { query.bind(since).bind(now); },
      [&](const Query& query) {
        DueNode node;
        node.id = query.integer(0);
        node.type = query.text(1);
        node.space_id = query.optional_integer(2);
        node.known = query.flag(3);
        due.push_back(std::move(node));
        return true;
      });
  return impl_->answer(std::move(due));
}

Result<std::unordered_set<Id>> Reader::nodes_named(Observation since) {
  impl_->db->adopt_thread();
  std::unordered_set<Id> ids;
  impl_->each(
      "SELECT parent_id FROM page WHERE parent_type<>'page' AND gone_at IS NULL"
      " AND parent_id IS NOT NULL AND observation>?1"
      " UNION SELECT parent_id FROM node WHERE parent_type<>'page' AND gone_at IS NULL"
      " AND parent_id IS NOT NULL AND observation>?1",
      [&](Query& query) { query.bind(since); },
      [&](const Query& query) {
        ids.insert(query.integer(0));
        return true;
      });
  return impl_->answer(std::move(ids));
}

}  // namespace store
