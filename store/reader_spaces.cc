#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/fold.h"
#include "store/reader.h"
#include "store/reader_impl.h"
#include "store/sqlite.h"

namespace store {
namespace {

SpaceRow read_space(const Query& query) {
  SpaceRow row;
  row.id = query.integer(0);
  row.key = query.text(1);
  row.name = query.text(2);
  row.type = query.text(3);
  row.status = query.text(4);
  row.current_alias = query.optional_text(5);
  row.author_id = query.text(6);
  row.created_at = query.time(7);
  row.homepage_id = query.optional_integer(8);
  row.description = query.optional_text(9);
  row.icon_path = query.optional_text(10);
  row.web_path = query.text(11);
  row.synced_at = query.time(12);
  row.pages = query.integer(13);
  return row;
}

constexpr const char* kSpaceColumns =
    "SELECT s.id, s.key, s.name, s.type, s.status, s.current_alias, a.account_id, s.created_at,"
    " s.homepage_id, s.description, s.icon_path, s.web_path, s.observed_at,";
constexpr const char* kSpaceTables = " FROM space s LEFT JOIN account a ON a.id=s.author";
// Takes time in the number of pages.
constexpr const char* kPagesOfSpace =
    " (SELECT count(*) FROM page p WHERE p.space_id=s.id AND p.gone_at IS NULL)";

}  // namespace

void Reader::Impl::add_labels(std::vector<SpaceRow>& spaces) {
  std::map<Id, std::vector<std::string>> labels;
  each("SELECT space_id, label FROM space_label ORDER BY space_id, label", nullptr,
       [&](const Query& query) {
         labels[query.integer(0)].push_back(query.text(1));
         return true;
       });
  for (SpaceRow& space : spaces) {
    if (const auto found = labels.find(space.id); found != labels.end()) {
      space.labels = std::move(found->second);
    }
  }
}

Result<std::vector<SpaceRow>> Reader::spaces(std::optional<Time> as_of) {
  impl_->db->adopt_thread();
  std::vector<SpaceRow> spaces;
  const std::string which = as_of
                                ? " WHERE s.created_at<=?1 AND (s.gone_at IS NULL OR s.gone_at>?1)"
                                : " WHERE s.gone_at IS NULL";
  impl_->each(
      std::string(kSpaceColumns) + kPagesOfSpace + kSpaceTables + which + " ORDER BY s.id",
      [&](Query& query) {
        if (as_of) query.bind(*as_of);
      },
      [&](const Query& query) {
        spaces.push_back(read_space(query));
        return true;
      });
  impl_->add_labels(spaces);
  return impl_->answer(std::move(spaces));
}

Result<std::vector<SpaceRow>> Reader::list_spaces() {
  impl_->db->adopt_thread();
  std::vector<SpaceRow> spaces;
  impl_->each(
      std::string(kSpaceColumns) + " 0" + kSpaceTables + " WHERE s.gone_at IS NULL ORDER BY s.id",
      nullptr, [&](const Query& query) {
        spaces.push_back(read_space(query));
        return true;
      });
  impl_->add_labels(spaces);
  return impl_->answer(std::move(spaces));
}

Result<std::optional<SpaceRow>> Reader::space(Id space_id) {
  impl_->db->adopt_thread();
  std::vector<SpaceRow> found;
  impl_->each(
      std::string(kSpaceColumns) + " 0" + kSpaceTables + " WHERE s.gone_at IS NULL AND s.id=?",
      [&](Query& query) { query.bind(space_id); },
      [&](const Query& query) {
        found.push_back(read_space(query));
        return false;
      });
  impl_->add_labels(found);
  std::optional<SpaceRow> space;
  if (!found.empty()) space = std::move(found.front());
  return impl_->answer(std::move(space));
}

Result<std::optional<SpaceRow>> Reader::space_by_key(const std::string& key) {
  impl_->db->adopt_thread();
  std::vector<SpaceRow> found;
  const std::string folded = fold_case(key);
  impl_->each(
      std::string(kSpaceColumns) + " 0" + kSpaceTables +
          " WHERE s.gone_at IS NULL AND (fold(s.key)=?1 OR fold(s.current_alias)=?1)"
          " ORDER BY fold(s.key)=?1 DESC, s.key=?2 DESC, s.status='current' DESC, s.id LIMIT 1",
      [&](Query& query) { query.bind(folded).bind(key); },
      [&](const Query& query) {
        found.push_back(read_space(query));
        return true;
      });
  impl_->add_labels(found);
  std::optional<SpaceRow> space;
  if (!found.empty()) space = std::move(found.front());
  return impl_->answer(std::move(space));
}

}  // namespace store
