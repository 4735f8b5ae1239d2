#include "daemon/confluence/requests.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

namespace confluence {

namespace {

constexpr std::string_view kApi = "/wiki/api/v2";

// RFC 3986: everything but the unreserved characters is escaped.
std::string encoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out.push_back(c);
    } else {
      fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

class Target {
 public:
  explicit Target(std::string_view path) : text_(kApi) { text_ += path; }

  Target& with(std::string_view name, std::string_view value) {
    text_ += separator_;
    separator_ = '&';
    text_ += name;
    text_ += '=';
    text_ += encoded(value);
    return *this;
  }
  Target& with(std::string_view name, int value) { return with(name, std::to_string(value)); }
  // Commas separate ids and are left as they are: the API documents them so.
  Target& with(std::string_view name, const std::vector<store::Id>& ids) {
    if (ids.empty()) return *this;
    text_ += separator_;
    separator_ = '&';
    text_ += fmt::format("{}={}", name, fmt::join(ids, ","));
    return *this;
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
  char separator_ = '?';
};

// Where the value of `limit` stands in a link; npos if there is none.
struct Place {
  std::size_t begin = std::string_view::npos;
  std::size_t end = std::string_view::npos;
};

Place place_of_limit(std::string_view link) {
  constexpr std::string_view kName = "limit=";
  auto at = link.find('?');
  const auto stop = std::min(link.find('#'), link.size());
  while (at < stop) {
    ++at;
    if (link.substr(at, kName.size()) == kName) {
      const auto begin = at + kName.size();
      return {begin, std::min({link.find('&', begin), stop})};
    }
    at = link.find('&', at);
  }
  return {};
}

nlohmann::json content_json(const PageContent& content) {
  return {{"status", content.status},
          {"title", content.title},
          {"body", {{"representation", content.representation}, {"value", content.body}}}};
}

// What is not UTF-8 was refused before.
std::string dumped(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

std::string spaces_target(const SpacesQuery& query) {
  Target target("/spaces");
  target.with("sort", "id").with("limit", 250);
  if (!query.status.empty()) target.with("status", query.status);
  if (query.label) target.with("labels", *query.label);
  if (!query.keys.empty()) {
    for (const auto& key : query.keys) target.with("keys", key);
  }
  if (!query.type.empty()) target.with("type", query.type);
  target.with("ids", query.ids);
  if (query.details) target.with("description-format", "plain").with("include-icon", "true");
  return target.take();
}

std::string pages_target(const PagesQuery& query) {
  Target target("/pages");
  target.with("space-id", query.space_ids).with("id", query.page_ids);
  for (const auto& status : query.statuses) target.with("status", status);
  if (query.title) target.with("title", *query.title);
  if (!query.sort.empty()) target.with("sort", query.sort);
  if (query.bodies) target.with("body-format", "storage");
  target.with("limit", query.limit);
  return target.take();
}

std::string page_target(store::Id page_id) {
  Target target(fmt::format("/pages/{}", page_id));
  target.with("body-format", "storage");
  // Without these a page that is not current may be refused.
  for (const auto* status : {"current", "archived", "trashed", "deleted"}) {
    target.with("status", status);
  }
  return target.take();
}

std::string page_titled_target(store::Id space_id, std::string_view title) {
  Target target(fmt::format("/spaces/{}/pages", space_id));
  target.with("title", title);
  for (const auto* status : {"current", "archived", "trashed"}) target.with("status", status);
  target.with("body-format", "storage").with("sort", "id").with("limit", 25);
  return target.take();
}

std::string draft_target(store::Id page_id) {
  Target target(fmt::format("/pages/{}", page_id));
  target.with("get-draft", "true").with("body-format", "storage");
  return target.take();
}

Write create_page_write(store::Id space_id, std::optional<store::Id> parent_id,
                        const PageContent& content) {
  auto json = content_json(content);
  json["spaceId"] = std::to_string(space_id);
  if (parent_id) json["parentId"] = std::to_string(*parent_id);
  return Write("POST", Target("/pages").take(), dumped(json));
}

Write update_page_write(store::Id page_id, const PageContent& content, std::int32_t version,
                        const std::string& message, bool minor_edit) {
  auto json = content_json(content);
  json["id"] = std::to_string(page_id);
  json["version"] = {{"number", version}, {"message", message}};
  if (minor_edit) json["version"]["minorEdit"] = true;
  return Write("PUT", Target(fmt::format("/pages/{}", page_id)).take(), dumped(json));
}

Write delete_page_write(store::Id page_id, bool draft) {
  Target target(fmt::format("/pages/{}", page_id));
  if (draft) target.with("draft", "true");
  return Write("DELETE", target.take());
}

Write move_page_write(store::Id page_id, store::Id parent_id) {
  return Write("PUT", fmt::format("/wiki/rest/api/content/{}/move/append/{}", page_id, parent_id));
}

Write move_page_after_write(store::Id page_id, store::Id sibling_id) {
  return Write("PUT", fmt::format("/wiki/rest/api/content/{}/move/after/{}", page_id, sibling_id));
}

std::string page_version_target(store::Id page_id, std::int32_t version) {
  Target target(fmt::format("/pages/{}", page_id));
  return target.with("body-format", "storage").with("version", version).take();
}

std::string children_target(store::Id page_id) {
  Target target(fmt::format("/pages/{}/direct-children", page_id));
  return target.with("sort", "id").with("limit", 250).take();
}

std::string descendants_target(store::Id page_id) {
  Target target(fmt::format("/pages/{}/descendants", page_id));
  return target.with("depth", kDeepestDescendants).with("limit", 250).take();
}

std::string versions_target(store::Id page_id, bool bodies, int limit) {
  Target target(fmt::format("/pages/{}/versions", page_id));
  if (bodies) target.with("body-format", "storage");
  target.with("sort", "-modified-date").with("limit", limit);
  return target.take();
}

std::string node_target(std::string_view type, store::Id node_id) {
  for (const std::string_view known : {"folder", "whiteboard", "database", "embed"}) {
    if (type == known) return Target(fmt::format("/{}s/{}", known, node_id)).take();
  }
  return {};
}

std::string team_labels_target() {
  Target target("/labels");
  target.with("prefix", "team").with("sort", "id").with("limit", 250);
  return target.take();
}

std::string space_labels_target(store::Id space_id) {
  Target target(fmt::format("/spaces/{}/labels", space_id));
  target.with("prefix", "team").with("sort", "id").with("limit", 250);
  return target.take();
}

std::string with_limit(std::string_view link, int limit) {
  const auto place = place_of_limit(link);
  if (place.begin == std::string_view::npos) return {};
  std::string out(link.substr(0, place.begin));
  out += std::to_string(limit);
  out += link.substr(place.end);
  return out;
}

int limit_of(std::string_view link) {
  const auto place = place_of_limit(link);
  if (place.begin == std::string_view::npos) return 0;
  int value = 0;
  const auto* const end = link.data() + place.end;
  const auto [stop, error] = std::from_chars(link.data() + place.begin, end, value);
  return error == std::errc() && stop == end && value > 0 ? value : 0;
}

}  // namespace confluence
