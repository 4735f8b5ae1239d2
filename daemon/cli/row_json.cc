#include "daemon/cli/row_json.h"

#include <optional>

namespace cli {

namespace {

Json id_or_null(const std::optional<store::Id>& id) {
  return id ? Json(std::to_string(*id)) : Json();
}

Json text_or_null(const std::optional<std::string>& text) { return text ? Json(*text) : Json(); }

// Accounts and their names are empty while unknown.
Json filled_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

Json hash_or_null(const std::optional<store::Sha256>& hash) {
  return hash ? Json(store::to_hex(*hash)) : Json();
}

Json storage(const store::Body& body) {
  Json json;
  json["storage"] = body.text;
  return json;
}

}  // namespace

Json space_json(const store::SpaceRow& space, const std::string& site_url) {
  Json json;
  json["space_id"] = std::to_string(space.id);
  json["space_key"] = space.key;
  json["current_alias"] = text_or_null(space.current_alias);
  json["name"] = space.name;
  json["type"] = space.type;
  json["status"] = space.status;
  json["description"] = text_or_null(space.description);
  json["homepage_id"] = id_or_null(space.homepage_id);
  json["icon_url"] = space.icon_path ? Json(site_url + *space.icon_path) : Json();
  json["labels"] = space.labels;
  json["author_id"] = filled_or_null(space.author_id);
  json["created_at"] = store::to_iso8601(space.created_at);
  json["web_url"] = site_url + "/wiki" + space.web_path;
  json["pages"] = space.pages;
  json["synced_at"] = store::to_iso8601(space.synced_at);
  return json;
}

Json page_json(const store::PageRow& page, const std::string& site_url) {
  Json json;
  json["page_id"] = std::to_string(page.id);
  json["space_id"] = std::to_string(page.space_id);
  json["space_key"] = page.space_key;
  json["parent_id"] = id_or_null(page.parent_id);
  json["parent_type"] = text_or_null(page.parent_type);
  json["position"] = page.position ? Json(*page.position) : Json();
  json["title"] = page.title;
  json["status"] = page.status;
  json["version"] = page.version.number;
  json["author_id"] = filled_or_null(page.author_id);
  json["author_name"] = filled_or_null(page.author_name);
  json["owner_id"] = text_or_null(page.owner_id);
  json["created_at"] = store::to_iso8601(page.created_at);
  json["modified_at"] = store::to_iso8601(page.version.created_at);
  json["modified_by"] = filled_or_null(page.version.author_id);
  json["modified_by_name"] = filled_or_null(page.modified_by_name);
  json["version_message"] = page.version.message;
  json["minor_edit"] = page.version.minor_edit;
  if (page.body) json["body"] = storage(*page.body);
  json["body_sha256"] = hash_or_null(page.body_hash);
  json["web_url"] = site_url + "/wiki" + page.web_path;
  json["synced_at"] = store::to_iso8601(page.synced_at);
  if (page.gone_at) {
    json["gone_at"] = store::to_iso8601(*page.gone_at);
    json["gone_reason"] = page.gone_reason;
  }
  return json;
}

Json version_json(const store::VersionRow& version) {
  Json json;
  json["version"] = version.version.number;
  json["created_at"] = store::to_iso8601(version.version.created_at);
  json["author_id"] = filled_or_null(version.version.author_id);
  json["author_name"] = filled_or_null(version.author_name);
  json["message"] = version.version.message;
  json["minor_edit"] = version.version.minor_edit;
  json["title"] = text_or_null(version.title);
  if (version.body) json["body"] = storage(*version.body);
  json["body_sha256"] = hash_or_null(version.body_hash);
  json["body_bytes"] = version.body_hash ? Json(version.body_bytes) : Json();
  return json;
}

std::string to_line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace cli
