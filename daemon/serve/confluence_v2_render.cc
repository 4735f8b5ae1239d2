#include "daemon/serve/confluence_v2_render.h"

#include <algorithm>

namespace serve {
namespace {

constexpr std::size_t kIncluded = 50;  // entries that an include parameter shows at most

void put_version_fields(JsonText& json, const store::Version& version) {
  json.number("number", version.number);
  json.text("message", version.message);
  json.flag("minorEdit", version.minor_edit);
  json.text_if_known("authorId", version.author_id);
  json.time("createdAt", version.created_at);
}

void put_storage(JsonText& json, const std::string* text) {
  json.open("body");
  if (text != nullptr) {
    json.open("storage");
    json.text("representation", "storage");
    json.text("value", *text);
    json.close();
  }
  json.close();
}

template <typename Put>
void put_included(JsonText& json, std::string_view name, const std::string& self, bool more,
                  const Put& put) {
  json.open(name);
  json.open_array("results");
  put();
  json.close_array();
  json.open("meta");
  json.flag("hasMore", more);
  json.close();
  json.open("_links");
  json.text("self", self);
  json.close();
  json.close();
}

void put_place(JsonText& json, const std::optional<store::Id>& parent,
               const std::optional<std::string>& type,
               const std::optional<std::int64_t>& position) {
  json.id_or_null("parentId", parent);
  json.text_or_null("parentType", type);
  json.number_or_null("position", position);
}

void put_child(JsonText& json, const store::ChildRow& row) {
  json.id("id", row.id);
  json.text("status", row.status);
  json.text("title", row.title);
}

void put_place_as_child(JsonText& json, const store::ChildRow& row) {
  if (row.space_id) json.id("spaceId", *row.space_id);
  json.number_or_null("childPosition", row.position);
}

}  // namespace

void put_space(JsonText& json, const store::SpaceRow& row, const SpaceForm& form) {
  json.open();
  json.id("id", row.id);
  json.text("key", row.key);
  json.text("name", row.name);
  json.text("type", row.type);
  json.text("status", row.status);
  json.text_if_known("authorId", row.author_id);
  if (form.of_listing && row.current_alias) json.text("currentActiveAlias", *row.current_alias);
  json.time("createdAt", row.created_at);
  if (row.homepage_id) json.id("homepageId", *row.homepage_id);
  if (form.description && row.description) {
    json.open("description");
    json.open("plain");
    json.text("representation", "plain");
    json.text("value", *row.description);
    json.close();
    json.close();
  }
  if (form.icon && row.icon_path) {
    json.open("icon");
    json.text("path", *row.icon_path);
    json.close();
  }
  if (form.labels) {
    put_included(json, "labels", "/wiki/api/v2/spaces/" + std::to_string(row.id) + "/labels", false,
                 [&] {
                   for (const auto& label : row.labels) {
                     json.open();
                     json.text("name", label);
                     json.close();
                   }
                 });
  }
  json.open("_links");
  json.text_if_known("webui", row.web_path);
  json.text_if_known("base", form.base);
  json.close();
  json.close();
}

void put_version(JsonText& json, const store::Version& version) {
  json.open();
  put_version_fields(json, version);
  json.close();
}

void put_page(JsonText& json, const store::PageRow& row, const PageForm& form) {
  const std::string id = std::to_string(row.id);
  json.open();
  json.text("id", id);
  json.text("status", row.status);
  json.text("title", row.title);
  json.id("spaceId", row.space_id);
  put_place(json, row.parent_id, row.parent_type, row.position);
  json.text_if_known("authorId", row.author_id);
  json.text_or_null("ownerId", row.owner_id);
  json.text_or_null("lastOwnerId", row.last_owner_id);
  if (form.of_listing && row.subtype) json.text("subtype", *row.subtype);
  json.time("createdAt", row.created_at);
  if (form.version) {
    json.open("version");
    put_version_fields(json, row.version);
    json.close();
  }
  put_storage(json, form.body && row.body ? &row.body->text : nullptr);
  if (form.versions != nullptr) {
    put_included(json, "versions", "/wiki/api/v2/pages/" + id + "/versions",
                 form.versions->size() > kIncluded, [&] {
                   const auto shown = std::min(form.versions->size(), kIncluded);
                   for (std::size_t i = 0; i < shown; ++i) {
                     put_version(json, (*form.versions)[i].version);
                   }
                 });
  }
  json.open("_links");
  json.text_if_known("webui", row.web_path);
  json.text("editui", "/pages/resumedraft.action?draftId=" + id);
  json.text_if_known("base", form.base);
  json.close();
  json.close();
}

void put_page_version(JsonText& json, store::Id page_id, const store::VersionRow& row,
                      const std::optional<std::string>& body) {
  json.open();
  put_version_fields(json, row.version);
  json.open("page");
  json.id("id", page_id);
  if (row.title) json.text("title", *row.title);
  if (body) put_storage(json, &*body);
  json.close();
  json.close();
}

void put_version_detail(JsonText& json, const std::vector<store::VersionRow>& all,
                        std::size_t place) {
  const std::int32_t number = all[place].version.number;
  json.open();
  put_version_fields(json, all[place].version);
  if (place > 0 && all[place - 1].version.number == number - 1) {
    json.number("prevVersion", number - 1);
  }
  if (place + 1 < all.size() && all[place + 1].version.number == number + 1) {
    json.number("nextVersion", number + 1);
  }
  json.close();
}

void put_node(JsonText& json, const store::NodeRow& row, const std::string& base) {
  json.open();
  json.id("id", row.id);
  json.text("type", row.type);
  json.text("status", row.status);
  json.text("title", row.title);
  put_place(json, row.parent_id, row.parent_type, row.position);
  json.text_if_known("authorId", row.author_id);
  if (row.created_at) json.time("createdAt", *row.created_at);
  if (row.space_id) json.id("spaceId", *row.space_id);
  if (row.version) {
    json.open("version");
    json.number("number", *row.version);
    json.close();
  }
  json.open("_links");
  json.text("base", base);
  json.close();
  json.close();
}

void put_child_page(JsonText& json, const store::ChildRow& row) {
  json.open();
  put_child(json, row);
  put_place_as_child(json, row);
  json.close();
}

void put_direct_child(JsonText& json, const store::ChildRow& row) {
  json.open();
  put_child(json, row);
  json.text("type", row.type);
  put_place_as_child(json, row);
  json.close();
}

void put_descendant(JsonText& json, const store::ChildRow& row) {
  json.open();
  put_child(json, row);
  json.text("type", row.type);
  if (row.parent_id) json.id("parentId", *row.parent_id);
  json.number("depth", row.depth);
  json.number_or_null("childPosition", row.position);
  json.close();
}

void put_user(JsonText& json, const store::User& user) {
  json.open();
  json.text("accountId", user.account_id);
  if (user.account_status) json.text("accountStatus", *user.account_status);
  if (user.display_name) json.text("displayName", *user.display_name);
  json.close();
}

}  // namespace serve
