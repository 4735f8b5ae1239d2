#include "daemon/query/answers.h"

#include <utility>

namespace querying {

namespace {

Json id_or_null(const std::optional<store::Id>& id) {
  return id ? Json(std::to_string(*id)) : Json();
}

Json text_or_null(const std::optional<std::string>& text) { return text ? Json(*text) : Json(); }

Json filled_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

std::string web_url(const std::string& site_url, const std::string& path) {
  return path.empty() ? std::string() : site_url + "/wiki" + path;
}

Json relative_json(const Relative& relative, bool with_depth) {
  Json json;
  json["id"] = std::to_string(relative.row.id);
  json["type"] = relative.row.type;
  json["title"] = relative.row.title;
  json["status"] = relative.row.status;
  if (with_depth) {
    json["parentId"] = id_or_null(relative.row.parent_id);
    json["depth"] = relative.depth;
  }
  json["childPosition"] = relative.row.position ? Json(*relative.row.position) : Json();
  return json;
}

Json relatives_json(const std::vector<Relative>& relatives, bool with_depth) {
  auto list = Json::array();
  for (const auto& relative : relatives) list.push_back(relative_json(relative, with_depth));
  return list;
}

Json version_object(const store::Version& version, const std::string& author_name) {
  Json json;
  json["number"] = version.number;
  json["createdAt"] = store::to_iso8601(version.created_at);
  json["message"] = version.message;
  json["minorEdit"] = version.minor_edit;
  json["authorId"] = filled_or_null(version.author_id);
  json["authorName"] = filled_or_null(author_name);
  return json;
}

Json space_of_page(const PageParts& parts, const PageExpand& expand, const std::string& site_url) {
  Json json;
  json["id"] = std::to_string(parts.page.space_id);
  json["key"] = filled_or_null(parts.page.space_key);
  if (!expand.space) return json;
  if (!parts.space) return json;
  json["name"] = parts.space->name;
  json["type"] = parts.space->type;
  json["status"] = parts.space->status;
  json["homepageId"] = id_or_null(parts.space->homepage_id);
  json["url"] = web_url(site_url, parts.space->web_path);
  return json;
}

// Of a version whose body is not there, the value is null: it was not fetched.
Json body_json(const std::optional<store::Body>& body) {
  Json json;
  json["storage"]["value"] = body ? Json(body->text) : Json();
  json["storage"]["representation"] = "storage";
  return json;
}

}  // namespace

Json space_json(const SpaceParts& parts, const SpaceExpand& expand, const std::string& site_url) {
  const auto& space = parts.space;
  Json json;
  json["id"] = std::to_string(space.id);
  json["key"] = space.key;
  json["name"] = space.name;
  json["type"] = space.type;
  json["status"] = space.status;
  json["authorId"] = filled_or_null(space.author_id);
  json["createdAt"] = store::to_iso8601(space.created_at);
  json["homepageId"] = id_or_null(space.homepage_id);
  json["currentActiveAlias"] = text_or_null(space.current_alias);
  json["url"] = web_url(site_url, space.web_path);
  if (expand.description) {
    json["description"]["plain"]["value"] = space.description.value_or("");
    json["description"]["plain"]["representation"] = "plain";
  }
  if (expand.metadata) {
    auto labels = Json::array();
    for (const auto& label : space.labels) labels.push_back({{"name", label}});
    json["metadata"]["labels"]["results"] = std::move(labels);
  }
  if (expand.icon) {
    json["icon"] = Json();
    if (space.icon_path) {
      json["icon"]["path"] = *space.icon_path;
      json["icon"]["url"] = site_url + *space.icon_path;
    }
  }
  if (expand.homepage) {
    json["homepage"] = Json();
    if (space.homepage_id) json["homepage"]["id"] = std::to_string(*space.homepage_id);
    if (parts.homepage) {
      json["homepage"]["title"] = parts.homepage->title;
      json["homepage"]["status"] = parts.homepage->status;
      json["homepage"]["url"] = web_url(site_url, parts.homepage->web_path);
    }
  }
  json["synced_at"] = store::to_iso8601(space.synced_at);
  return json;
}

Json page_json(const PageParts& parts, const PageExpand& expand, bool with_version,
               const std::string& site_url) {
  const auto& page = parts.page;
  const auto& old = parts.version;
  Json json;
  json["id"] = std::to_string(page.id);
  json["title"] = old && old->title ? *old->title : page.title;
  json["url"] = web_url(site_url, page.web_path);
  json["status"] = page.status;
  json["space"] = space_of_page(parts, expand, site_url);
  json["parentId"] = id_or_null(page.parent_id);
  json["parentType"] = text_or_null(page.parent_type);
  json["position"] = page.position ? Json(*page.position) : Json();
  json["authorId"] = filled_or_null(page.author_id);
  json["authorName"] = filled_or_null(page.author_name);
  json["ownerId"] = text_or_null(page.owner_id);
  json["createdAt"] = store::to_iso8601(page.created_at);
  json["modifiedAt"] = store::to_iso8601(old ? old->version.created_at : page.version.created_at);
  if (with_version) {
    json["version"] = old ? version_object(old->version, old->author_name)
                          : version_object(page.version, page.modified_by_name);
    if (old) json["currentVersion"] = page.version.number;
  }
  if (expand.body) json["body"] = body_json(old ? old->body : page.body);
  if (expand.ancestors) json["ancestors"] = relatives_json(parts.ancestors, false);
  if (expand.children) json["children"] = relatives_json(parts.children, false);
  if (expand.descendants) json["descendants"] = relatives_json(parts.descendants, true);
  if (page.gone_at) {
    json["goneAt"] = store::to_iso8601(*page.gone_at);
    json["goneReason"] = page.gone_reason;
  }
  json["synced_at"] = store::to_iso8601(page.synced_at);
  return json;
}

Json list_json(Json results, const Window& window) {
  Json json;
  const auto size = static_cast<std::int64_t>(results.size());
  json["results"] = std::move(results);
  json["start"] = window.start;
  json["limit"] = window.limit;
  json["size"] = size;
  if (window.total) json["totalSize"] = *window.total;
  json["next"] = Json();
  if (window.more) json["next"] = std::to_string(window.start + size);
  return json;
}

std::string to_line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace querying
