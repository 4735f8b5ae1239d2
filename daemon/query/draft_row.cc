#include "daemon/query/draft_row.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

namespace querying {

store::PageRow row_of_draft(store::Job job) {
  store::PageRow row;
  row.id = job.page_id.value_or(0);
  row.status = "draft";
  row.title = job.title;
  row.space_id = job.space_id.value_or(0);
  row.parent_id = job.parent_id;
  if (row.parent_id) row.parent_type = "page";
  row.synced_at = job.updated_at;
  row.created_at = job.updated_at;
  row.version.created_at = job.updated_at;
  row.version.number = job.sent_version.value_or(1);
  if (job.representation == "storage") row.body.emplace(std::move(job.body));
  const auto result = nlohmann::json::parse(job.result, nullptr, false);
  if (!result.is_object()) return row;
  const auto time = [&result](const char* field, store::Time& into) {
    const auto parsed = store::parse_iso8601(result.value(field, ""));
    if (parsed) into = *parsed;
  };
  time("createdAt", row.created_at);
  time("modifiedAt", row.version.created_at);
  if (const auto author = result.find("authorId"); author != result.end() && author->is_string()) {
    row.author_id = author->get<std::string>();
    row.version.author_id = row.author_id;
  }
  const auto id = [&result](const nlohmann::json::json_pointer& place) -> std::optional<store::Id> {
    if (!result.contains(place) || !result.at(place).is_string()) return std::nullopt;
    const auto& text = result.at(place).get_ref<const std::string&>();
    store::Id value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || *end != '\0') return std::nullopt;
    return value;
  };
  if (row.space_id == 0) {
    row.space_id = id(nlohmann::json::json_pointer("/space/id")).value_or(0);
  }
  if (!row.parent_id) {
    row.parent_id = id(nlohmann::json::json_pointer("/parentId"));
    if (row.parent_id) row.parent_type = "page";
  }
  return row;
}

}  // namespace querying
