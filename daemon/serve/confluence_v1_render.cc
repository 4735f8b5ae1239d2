#include "daemon/serve/confluence_v1_render.h"

#include "daemon/serve/offline_ask.h"

namespace serve {
namespace {

std::string content_path(store::Id id) { return "/rest/api/content/" + std::to_string(id); }

void put_storage_value(JsonText& json, const std::string& text) {
  json.open("storage");
  json.text("value", text);
  json.text("representation", "storage");
  json.open_array("embeddedContent");
  json.close_array();
  json.close();
}

void put_body(JsonText& json, const V1Page& page, const V1Form& form) {
  if (!form.expand.has("body")) return;
  const bool storage = form.expand.has("body.storage") && page.row.body;
  json.open("body");
  if (storage) put_storage_value(json, page.row.body->text);
  json.open("_expandable");
  for (const auto* name : {"editor", "view", "export_view", "styled_view", "storage", "editor2",
                           "anonymous_export_view", "atlas_doc_format"}) {
    if (std::string_view(name) != "storage" || !storage) json.text(name, "");
  }
  json.close();
  json.close();
}

void put_history(JsonText& json, const V1Page& page, const V1Form& form) {
  const store::PageRow& row = page.row;
  json.open("history");
  json.flag("latest", true);
  if (!row.author_id.empty()) {
    put_v1_user(json, "createdBy", row.author_id, row.author_name, form.base);
  }
  json.time("createdDate", row.created_at);
  const bool last = form.expand.has("history.lastUpdated");
  if (last) {
    put_v1_version(json, "lastUpdated", row.version, row.modified_by_name, form.base);
  }
  json.open("_expandable");
  if (!last) json.text("lastUpdated", "");
  for (const auto* name : {"previousVersion", "contributors", "nextVersion"}) json.text(name, "");
  json.close();
  json.open("_links");
  json.text("self", form.base + content_path(row.id) + "/history");
  json.close();
  json.close();
}

void put_links(JsonText& json, const V1Page& page, const V1Form& form) {
  const std::string id = std::to_string(page.row.id);
  json.open("_links");
  json.text("self", form.base + content_path(page.row.id));
  json.text_if_known("webui", page.row.web_path);
  json.text("editui", "/pages/resumedraft.action?draftId=" + id);
  if (form.alone) {
    json.text("context", "/wiki");
    json.text("base", form.base);
  }
  json.close();
}

void put_expandable(JsonText& json, const V1Page& page, const V1Form& form) {
  const std::string path = content_path(page.row.id);
  json.open("_expandable");
  const auto offer = [&](std::string_view name, const std::string& where) {
    if (!form.expand.has(name)) json.text(name, where);
  };
  json.text("container", page.row.space_key.empty() ? "" : "/rest/api/space/" + page.row.space_key);
  json.text("metadata", "");
  json.text("operations", "");
  json.text("restrictions", path + "/restriction/byOperation");
  json.text("descendants", path + "/descendant");
  json.text("childTypes", "");
  if (!form.expand.has("children.page")) json.text("children", path + "/child");
  offer("history", path + "/history");
  offer("ancestors", "");
  offer("body", "");
  offer("version", "");
  if (!form.expand.has("space") || !page.space) {
    json.text("space", page.row.space_key.empty() ? "" : "/rest/api/space/" + page.row.space_key);
  }
  json.close();
}

// A page beside another one: without anything expanded.
void put_plain(JsonText& json, const store::PageRow& row, const V1Form& form) {
  V1Page plain;
  plain.row = row;
  V1Form bare;
  bare.base = form.base;
  bare.alone = false;
  put_v1_page(json, plain, bare);
}

void put_children(JsonText& json, const V1Page& page, const V1Form& form) {
  json.open("children");
  json.open("page");
  json.open_array("results");
  for (const auto& child : page.children) put_plain(json, child, form);
  json.close_array();
  V1Part part;
  part.size = static_cast<std::int64_t>(page.children.size());
  part.self = content_path(page.row.id) + "/child/page";
  if (page.more_children) {
    part.next =
        part.self + "?limit=" + std::to_string(part.limit) + "&start=" + std::to_string(part.size);
  }
  put_v1_part(json, part, form.base);
  json.close();
  json.open("_expandable");
  json.text("attachment", content_path(page.row.id) + "/child/attachment");
  json.text("comment", content_path(page.row.id) + "/child/comment");
  json.close();
  json.open("_links");
  json.text("self", form.base + content_path(page.row.id) + "/child");
  json.close();
  json.close();
}

void put_description(JsonText& json, const std::string& text) {
  json.open("description");
  json.open("plain");
  json.text("value", text);
  json.text("representation", "plain");
  json.open_array("embeddedContent");
  json.close_array();
  json.close();
  json.close();
}

void put_labels(JsonText& json, const std::vector<std::string>& labels) {
  json.open("metadata");
  json.open("labels");
  json.open_array("results");
  for (const auto& label : labels) {
    json.open();
    json.text("name", label);
    json.text("label", label);
    json.close();
  }
  json.close_array();
  json.number("size", static_cast<std::int64_t>(labels.size()));
  json.close();
  json.close();
}

}  // namespace

Expand::Expand(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    for (auto dot = name.find('.'); dot != std::string::npos; dot = name.find('.', dot + 1)) {
      names_.insert(name.substr(0, dot));
    }
    names_.insert(name);
  }
}

void put_v1_user(JsonText& json, std::string_view name, std::string_view account_id,
                 std::string_view display_name, const std::string& base) {
  json.open(name);
  json.text("type", "known");
  json.text("accountId", account_id);
  if (!display_name.empty()) {
    json.text("publicName", display_name);
    json.text("displayName", display_name);
  }
  json.open("_links");
  json.text("self", base + "/rest/api/user?accountId=" + percent_encoded(account_id));
  json.close();
  json.close();
}

void put_v1_version(JsonText& json, std::string_view name, const store::Version& version,
                    std::string_view author_name, const std::string& base) {
  name.empty() ? json.open() : json.open(name);
  if (!version.author_id.empty()) {
    put_v1_user(json, "by", version.author_id, author_name, base);
  }
  json.time("when", version.created_at);
  json.text("message", version.message);
  json.number("number", version.number);
  json.flag("minorEdit", version.minor_edit);
  json.close();
}

void put_v1_page(JsonText& json, const V1Page& page, const V1Form& form) {
  const store::PageRow& row = page.row;
  json.open();
  json.id("id", row.id);
  json.text("type", "page");
  json.text("status", row.status);
  json.text("title", row.title);
  if (form.expand.has("space") && page.space) {
    V1Form of_space;
    of_space.base = form.base;
    of_space.alone = false;
    std::string text;
    JsonText inner(text);
    put_v1_space(inner, *page.space, of_space, std::nullopt);
    json.raw("space", text);
  }
  if (form.expand.has("history")) put_history(json, page, form);
  if (form.expand.has("version")) {
    put_v1_version(json, "version", row.version, row.modified_by_name, form.base);
  }
  if (form.expand.has("ancestors")) {
    json.open_array("ancestors");
    for (const auto& ancestor : page.ancestors) put_plain(json, ancestor, form);
    json.close_array();
  }
  if (form.expand.has("children.page")) put_children(json, page, form);
  put_body(json, page, form);
  json.open("extensions");
  if (row.position) json.number("position", *row.position);
  json.close();
  put_expandable(json, page, form);
  put_links(json, page, form);
  json.close();
}

void put_v1_space(JsonText& json, const store::SpaceRow& row, const V1Form& form,
                  const std::optional<store::PageRow>& homepage) {
  const std::string path = "/rest/api/space/" + percent_encoded(row.key);
  json.open();
  json.number("id", row.id);
  json.text("key", row.key);
  if (row.current_alias) json.text("alias", *row.current_alias);
  json.text("name", row.name);
  json.text("type", row.type == "personal" ? "personal" : "global");
  json.text("status", row.status);
  const bool description = form.expand.has("description.plain") && row.description;
  const bool labels = form.expand.has("metadata.labels");
  if (description) put_description(json, *row.description);
  if (labels) put_labels(json, row.labels);
  if (homepage) {
    std::string text;
    JsonText inner(text);
    put_plain(inner, *homepage, form);
    json.raw("homepage", text);
  }
  json.open("_expandable");
  json.text("settings", path + "/settings");
  if (!labels) json.text("metadata", "");
  json.text("operations", "");
  json.text("permissions", "");
  json.text("icon", "");
  if (!description) json.text("description", "");
  json.text("theme", path + "/theme");
  json.text("history", "");
  if (!homepage) {
    json.text("homepage", row.homepage_id ? content_path(*row.homepage_id) : std::string());
  }
  json.close();
  json.open("_links");
  json.text("self", form.base + path);
  json.text_if_known("webui", row.web_path);
  if (form.alone) {
    json.text("context", "/wiki");
    json.text("base", form.base);
  }
  json.close();
  json.close();
}

void put_v1_part(JsonText& json, const V1Part& part, const std::string& base) {
  json.number("start", part.start);
  json.number("limit", part.limit);
  json.number("size", part.size);
  json.open("_links");
  json.text("self", base + part.self);
  json.text_if_known("next", part.next);
  json.text("context", "/wiki");
  json.text("base", base);
  json.close();
}

}  // namespace serve
