#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "tests/site/api.h"
#include "tests/site/listing.h"
#include "tests/site/render.h"
#include "tests/site/text.h"

namespace site {
namespace {

constexpr std::array<SortName, 3> kSpaceSorts = {
    {{"id", SortBy::kId}, {"key", SortBy::kTitle}, {"name", SortBy::kTitle}}};
constexpr std::array<SortName, 3> kLabelSorts = {
    {{"id", SortBy::kId}, {"created-date", SortBy::kCreated}, {"name", SortBy::kTitle}}};
constexpr std::array<std::string_view, 7> kSpaceTypes = {
    "global", "collaboration", "knowledge_base",    "personal",
    "system", "onboarding",    "xflow_sample_space"};
constexpr std::size_t kMostValues = 250;

template <typename Values>
bool holds(const Values& values, std::string_view value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

// Which spaces a listing wants.
struct SpaceFilter {
  std::vector<std::string> ids;
  std::vector<std::string> keys;  // folded
  std::vector<std::string> labels;
  std::string type;
  std::string status;

  bool matches(const Content& content, const Space& space) const {
    if (!ids.empty() && !holds(ids, std::to_string(space.id))) return false;
    if (!keys.empty() && !holds(keys, fold_case(space.key)) &&
        !holds(keys, fold_case(space.alias))) {
      return false;
    }
    if (!type.empty() && space.type != type) return false;
    if (!status.empty() && space.status != status) return false;
    return labels.empty() ||
           std::any_of(space.labels.begin(), space.labels.end(),
                       [&](Index label) { return holds(labels, content.labels()[label].name); });
  }
};

std::optional<Response> read_space_filter(const Query& query, SpaceFilter& filter) {
  filter.ids = query.list("ids");
  for (const std::string& id : filter.ids) {
    if (!parse_number(id)) return bad_parameter("ids", id, "List<Long>");
  }
  for (const std::string& key : query.list("keys")) filter.keys.push_back(fold_case(key));
  if (filter.ids.size() > kMostValues || filter.keys.size() > kMostValues) {
    return v2_error(400, "INVALID_REQUEST_PARAMETER",
                    "The parameters 'ids' and 'keys' take at most 250 values");
  }
  filter.labels = query.list("labels");
  filter.type = query.get("type").value_or("");
  if (!filter.type.empty() && !holds(kSpaceTypes, filter.type)) {
    return bad_parameter("type", filter.type, "SpaceType");
  }
  filter.status = query.get("status").value_or("");
  if (!filter.status.empty() && filter.status != "current" && filter.status != "archived") {
    return bad_parameter("status", filter.status, "current or archived");
  }
  return std::nullopt;
}

std::optional<Response> read_description_format(const Query& query, std::string& format) {
  format = query.get("description-format").value_or("");
  if (format.empty() || format == "plain" || format == "view") return std::nullopt;
  return bad_parameter("description-format", format, "plain or view");
}

}  // namespace

Index Api::space_argument() const {
  const auto id = parse_number(route_.arguments[0]);
  const Index space = id ? state_.content.find_space(*id) : kNone;
  return space != kNone && visible(space) ? space : kNone;
}

Response Api::spaces() {
  const Query& query = request_.query;
  SpaceFilter filter;
  if (auto error = read_space_filter(query, filter)) return *error;
  std::string format;
  if (auto error = read_description_format(query, format)) return *error;
  const bool icon = query.get("include-icon") == "true";
  Listing listing;
  if (auto error = Listing::read(request_, draw_, kSpaceSorts, "id", false, listing)) return *error;
  const bool by_name = query.get("sort").value_or("").ends_with("name");
  std::vector<Listing::Row> items;
  const auto& spaces = state_.content.spaces();
  for (Index i = 0; i < spaces.size(); ++i) {
    if (!visible(i) || !filter.matches(state_.content, spaces[i])) continue;
    Position position{spaces[i].id, "", spaces[i].id};
    if (listing.by() == SortBy::kTitle)
      position = {0, by_name ? spaces[i].name : spaces[i].key, spaces[i].id};
    items.push_back({i, std::move(position)});
  }
  const auto rows = listing.collect(std::move(items));
  return listing.envelope(state_, rows, [&](const Listing::Row& row, std::string& out) {
    Renderer renderer(state_, out);
    renderer.open_space(row.index, true);
    renderer.space_extras(row.index, format, icon);
    renderer.space_links(row.index, false);
    renderer.close();
  });
}

Response Api::space() {
  const Index index = space_argument();
  if (index == kNone) return cannot_find("space", route_.arguments[0]);
  std::string format;
  if (auto error = read_description_format(request_.query, format)) return *error;
  Response response;
  std::string& out = response.body;
  Renderer renderer(state_, out);
  renderer.open_space(index, false);
  renderer.space_extras(index, format, request_.query.get("include-icon") == "true");
  const auto include = [&](std::string_view name, const auto& rows) {
    if (request_.query.get("include-" + std::string(name)) != "true") return;
    renderer.member(name == "role-assignments" ? "roleAssignments" : name);
    out += R"({"results":[)";
    rows();
    out += R"(],"meta":{"hasMore":false},"_links":{"self":)";
    append_quoted(out, request_.path + "/" + std::string(name));
    out += "}}";
  };
  include("labels", [&] {
    for (const Index label : state_.content.spaces()[index].labels) {
      if (out.back() != '[') out += ',';
      renderer.label(state_.content.labels()[label]);
    }
  });
  include("operations", [&] { out += R"({"operation":"read","targetType":"space"})"; });
  include("properties", [] {});
  include("permissions", [] {});
  include("role-assignments", [] {});
  renderer.space_links(index, true);
  renderer.close();
  return response;
}

Response Api::list_labels(const std::vector<Index>& labels) {
  const std::vector<std::string> prefixes = request_.query.list("prefix");
  for (const std::string& prefix : prefixes) {
    if (prefix != "my" && prefix != "team" && prefix != "global" && prefix != "system") {
      return bad_parameter("prefix", prefix, "one of my, team, global, system");
    }
  }
  Listing listing;
  if (auto error = Listing::read(request_, draw_, kLabelSorts, "id", false, listing)) return *error;
  std::vector<Listing::Row> items;
  for (const Index index : labels) {
    const Label& label = state_.content.labels()[index];
    if (!prefixes.empty() && !holds(prefixes, label.prefix)) continue;
    Position position{label.id, "", label.id};
    if (listing.by() == SortBy::kTitle) position = {0, label.name, label.id};
    items.push_back({index, std::move(position)});
  }
  const auto rows = listing.collect(std::move(items));
  return listing.envelope(state_, rows, [&](const Listing::Row& row, std::string& out) {
    Renderer(state_, out).label(state_.content.labels()[row.index]);
  });
}

Response Api::space_labels() {
  const Index space = space_argument();
  if (space == kNone) return cannot_find("space", route_.arguments[0]);
  return list_labels(state_.content.spaces()[space].labels);
}

Response Api::labels() {
  std::vector<Index> wanted;
  const std::vector<std::string> ids = request_.query.list("label-id");
  const auto& labels = state_.content.labels();
  for (Index i = 0; i < labels.size(); ++i) {
    if (ids.empty() || holds(ids, std::to_string(labels[i].id))) wanted.push_back(i);
  }
  return list_labels(wanted);
}

Response Api::users_bulk() {
  const auto json = nlohmann::json::parse(request_.body, nullptr, false);
  const auto ids = json.is_object() ? json.find("accountIds") : json.end();
  if (!json.is_object() || ids == json.end() || !ids->is_array() || ids->empty() ||
      ids->size() > kMostValues) {
    return v2_error(400, "BAD_REQUEST", "'accountIds' must be a list of 1 to 250 account ids");
  }
  Response response;
  std::string& out = response.body;
  out = R"({"results":[)";
  Renderer renderer(state_, out);
  for (const auto& id : *ids) {
    if (!id.is_string()) return v2_error(400, "BAD_REQUEST", "an account id must be a string");
    const Index user = state_.content.find_user(id.get_ref<const std::string&>());
    if (user == kNone || !state_.content.users()[user].known) continue;
    if (out.back() != '[') out += ',';
    renderer.user(user);
  }
  out += R"(],"_links":{"base":)";
  append_quoted(out, state_.base_url);
  out += "}}";
  return response;
}

Response Api::container(ContentType type) {
  const std::string& name = route_.arguments[0];
  const auto id = parse_number(name);
  const Index index = id ? state_.content.find_container(*id) : kNone;
  if (index == kNone || state_.content.containers()[index].type != type ||
      !state_.content.container_shown(index) ||
      !visible(state_.content.containers()[index].space)) {
    return cannot_find(to_string(type), name);
  }
  if (state_.forbidden.contains(*id)) {
    return v2_error(403, "FORBIDDEN", "Not permitted to view the " + std::string(to_string(type)));
  }
  Response response;
  Renderer(state_, response.body).container(state_.content.containers()[index]);
  return response;
}

Response Api::current_user() {
  Response response;
  Renderer(state_, response.body).current_user(author_);
  return response;
}

}  // namespace site
