#include "daemon/export/row_json.h"

namespace exporting {

Json id_or_null(const std::optional<store::Id>& id) {
  return id ? Json(std::to_string(*id)) : Json();
}

Json text_or_null(const std::optional<std::string>& text) { return text ? Json(*text) : Json(); }

Json account_or_null(const std::string& id) { return id.empty() ? Json() : Json(id); }

Json body_or_null(const std::optional<store::Body>& body) {
  if (!body) return {};
  Json json;
  json["storage"] = body->text;
  return json;
}

Json hash_or_null(const std::optional<store::Sha256>& hash) {
  return hash ? Json(store::to_hex(*hash)) : Json();
}

void add_tombstone(Json& json, const std::optional<store::Time>& gone_at,
                   const std::string& reason) {
  if (!gone_at) return;
  json["gone_at"] = store::to_iso8601(*gone_at);
  json["gone_reason"] = reason;
}

std::string web_url(const std::string& site_url, const std::string& path) {
  return site_url + "/wiki" + path;
}

Json page_json(const store::PageRow& page, const std::string& site_url) {
  Json json;
  json["kind"] = "page";
  json["page_id"] = std::to_string(page.id);
  json["space_key"] = page.space_key;
  json["title"] = page.title;
  json["status"] = page.status;
  json["version"] = page.version.number;
  json["space_id"] = std::to_string(page.space_id);
  json["parent_id"] = id_or_null(page.parent_id);
  json["parent_type"] = text_or_null(page.parent_type);
  json["position"] = page.position ? Json(*page.position) : Json();
  json["subtype"] = text_or_null(page.subtype);
  json["author_id"] = account_or_null(page.author_id);
  json["owner_id"] = text_or_null(page.owner_id);
  json["last_owner_id"] = text_or_null(page.last_owner_id);
  json["created_at"] = store::to_iso8601(page.created_at);
  json["modified_at"] = store::to_iso8601(page.version.created_at);
  json["modified_by"] = account_or_null(page.version.author_id);
  json["version_message"] = page.version.message;
  json["minor_edit"] = page.version.minor_edit;
  json["web_url"] = web_url(site_url, page.web_path);
  add_tombstone(json, page.gone_at, page.gone_reason);
  json["body"] = body_or_null(page.body);
  json["body_sha256"] = page.body ? hash_or_null(page.body_hash) : Json();
  return json;
}

}  // namespace exporting
