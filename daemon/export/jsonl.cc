#include "daemon/export/jsonl.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "daemon/export/row_json.h"

namespace exporting {

namespace {

class Exporter {
 public:
  Exporter(store::Reader& reader, const JsonlOptions& options, const WriteLine& write)
      : reader_(reader), options_(options), write_(write) {}

  store::Result<JsonlCounts> run();

 private:
  bool visit(const store::PageRow& page);
  bool write_head();  // what comes before the pages
  bool write_spaces();
  bool write_nodes();
  bool write_versions(store::Id page_id);
  bool write_line(const Json& json);
  Json space_json(const store::SpaceRow& space) const;
  static Json node_json(const store::NodeRow& node);
  static Json version_json(store::Id page_id, const store::VersionRow& version);
  bool keep(store::Result<void> result);

  store::Reader& reader_;
  const JsonlOptions& options_;
  const WriteLine& write_;
  std::string site_url_;
  bool head_written_ = false;
  JsonlCounts counts_;
  std::optional<store::Error> error_;
  std::string line_;
};

store::Result<JsonlCounts> Exporter::run() {
  auto visited = reader_.for_each_page([this](const store::PageRow& page) { return visit(page); },
                                       /*with_bodies=*/true, options_.space_ids, options_.as_of);
  if (error_) return store::fail(std::move(*error_));
  if (!visited) return store::fail(visited.error());
  if (!head_written_ && !write_head()) return store::fail(std::move(*error_));
  return counts_;
}

// Spaces and nodes are read inside the walk over the pages, because that is what holds the snapshot
// which all must come from.
bool Exporter::visit(const store::PageRow& page) {
  if (!head_written_ && !write_head()) return false;
  if (options_.live_only && page.gone_at) return true;
  if (!write_line(page_json(page, site_url_))) return false;
  ++counts_.pages;
  return !options_.history || write_versions(page.id);
}

bool Exporter::write_head() {
  head_written_ = true;
  return write_spaces() && write_nodes();
}

bool Exporter::write_nodes() {
  auto write_one = [this](const store::NodeRow& node) {
    if (options_.live_only && node.gone_at) return true;
    if (!write_line(node_json(node))) return false;
    ++counts_.nodes;
    return true;
  };
  return keep(reader_.for_each_node(write_one, options_.space_ids)) && !error_;
}

bool Exporter::write_spaces() {
  auto site_url = reader_.meta("site_url");
  if (!site_url) return keep(store::fail(site_url.error()));
  site_url_ = site_url->value_or("");
  auto spaces = reader_.spaces(options_.as_of);
  if (!spaces) return keep(store::fail(spaces.error()));
  std::sort(spaces->begin(), spaces->end(),
            [](const auto& a, const auto& b) { return a.id < b.id; });
  const auto& wanted = options_.space_ids;
  for (const auto& space : *spaces) {
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), space.id) == wanted.end()) {
      continue;
    }
    if (!write_line(space_json(space))) return false;
    ++counts_.spaces;
  }
  return true;
}

bool Exporter::write_versions(store::Id page_id) {
  auto write_one = [this, page_id](const store::VersionRow& version) {
    if (options_.as_of && version.version.created_at > *options_.as_of) return false;
    if (!write_line(version_json(page_id, version))) return false;
    ++counts_.versions;
    return true;
  };
  return keep(reader_.for_each_version(page_id, write_one, /*with_bodies=*/true)) && !error_;
}

bool Exporter::write_line(const Json& json) {
  // Bytes that are not UTF-8 cannot come from the site's JSON; should they be in a damaged file,
  // they must not end the export.
  line_ = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  line_ += '\n';
  return keep(write_(line_));
}

bool Exporter::keep(store::Result<void> result) {
  if (!result && !error_) error_ = std::move(result.error());
  return !error_;
}

Json Exporter::space_json(const store::SpaceRow& space) const {
  Json json;
  json["kind"] = "space";
  json["space_id"] = std::to_string(space.id);
  json["space_key"] = space.key;
  json["current_alias"] = text_or_null(space.current_alias);
  json["name"] = space.name;
  json["type"] = space.type;
  json["status"] = space.status;
  json["description"] = text_or_null(space.description);
  json["homepage_id"] = id_or_null(space.homepage_id);
  json["icon_url"] = space.icon_path ? Json(site_url_ + *space.icon_path) : Json();
  json["labels"] = space.labels;
  json["author_id"] = account_or_null(space.author_id);
  json["created_at"] = store::to_iso8601(space.created_at);
  json["web_url"] = web_url(site_url_, space.web_path);
  return json;
}

Json Exporter::node_json(const store::NodeRow& node) {
  Json json;
  json["kind"] = "node";
  json["node_id"] = std::to_string(node.id);
  json["type"] = node.type;
  json["space_key"] = node.space_key.empty() ? Json() : Json(node.space_key);
  json["title"] = node.title;
  json["status"] = node.status;
  json["version"] = node.version ? Json(*node.version) : Json();
  json["space_id"] = id_or_null(node.space_id);
  json["parent_id"] = id_or_null(node.parent_id);
  json["parent_type"] = text_or_null(node.parent_type);
  json["position"] = node.position ? Json(*node.position) : Json();
  json["author_id"] = account_or_null(node.author_id);
  json["created_at"] = node.created_at ? Json(store::to_iso8601(*node.created_at)) : Json();
  add_tombstone(json, node.gone_at, node.gone_reason);
  return json;
}

Json Exporter::version_json(store::Id page_id, const store::VersionRow& version) {
  Json json;
  json["kind"] = "version";
  json["page_id"] = std::to_string(page_id);
  json["version"] = version.version.number;
  json["created_at"] = store::to_iso8601(version.version.created_at);
  json["author_id"] = account_or_null(version.version.author_id);
  json["message"] = version.version.message;
  json["minor_edit"] = version.version.minor_edit;
  json["body"] = body_or_null(version.body);
  json["body_sha256"] = hash_or_null(version.body_hash);
  return json;
}

}  // namespace

store::Result<JsonlCounts> export_jsonl(store::Reader& reader, const JsonlOptions& options,
                                        const WriteLine& write) {
  return Exporter(reader, options, write).run();
}

}  // namespace exporting
