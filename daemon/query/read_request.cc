#include "daemon/query/read_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <utility>

#include "daemon/input/did_you_mean.h"

namespace querying {

namespace {

using input::Fields;

// Each value that `expand` knows, and what it switches on.
using Switches = std::map<std::string, bool*>;

std::vector<std::string> names_of(const Switches& switches) {
  std::vector<std::string> names;
  for (const auto& [name, on] : switches) names.push_back(name);
  return names;
}

void switch_on(const std::string& value, const Switches& switches, Fields& fields) {
  const auto begin = value.find_first_not_of(" \t");
  const auto end = value.find_last_not_of(" \t");
  const auto name = begin == value.npos ? "" : value.substr(begin, end - begin + 1);
  if (name == "none") return;
  if (name == "all") {
    for (const auto& [known, on] : switches) *on = true;
    return;
  }
  if (const auto found = switches.find(name); found != switches.end()) {
    *found->second = true;
    return;
  }
  const auto known = names_of(switches);
  auto hint = input::did_you_mean(name, known);
  if (hint.empty()) hint = fmt::format("expected none, all or some of {}", fmt::join(known, ", "));
  fields.wrong("expand", fmt::format("'{}' cannot be expanded: {}", name, hint));
}

// "a,b", or a list of strings.
void read_expand(Fields& fields, const Switches& switches) {
  const auto* value = fields.find("expand");
  if (value == nullptr) return;
  if (value->is_array()) {
    for (const auto& item : *value) {
      if (!item.is_string()) return fields.wrong("expand", "expected a list of strings");
      switch_on(item.get<std::string>(), switches, fields);
    }
    return;
  }
  const auto text = fields.text("expand", false);
  if (!text || text->empty()) return;
  std::size_t begin = 0;
  while (begin <= text->size()) {
    const auto end = std::min(text->find(',', begin), text->size());
    switch_on(text->substr(begin, end - begin), switches, fields);
    begin = end + 1;
  }
}

void read_page_expand(Fields& fields, PageExpand& expand) {
  read_expand(fields, {{"body.storage", &expand.body},
                       {"version", &expand.version},
                       {"ancestors", &expand.ancestors},
                       {"children", &expand.children},
                       {"descendants", &expand.descendants},
                       {"space", &expand.space}});
}

std::string one_of(Fields& fields, const char* field, const std::vector<std::string>& known,
                   const std::string& absent) {
  auto value = fields.text(field, false);
  if (!value) return absent;
  if (std::find(known.begin(), known.end(), *value) == known.end()) {
    fields.wrong(field, fmt::format("'{}' is none of {}", *value, fmt::join(known, ", ")));
  }
  return std::move(*value);
}

const std::vector<std::string>& page_statuses() {
  static const std::vector<std::string> kStatuses = {"current", "archived", "trashed", "draft"};
  return kStatuses;
}

template <typename Request>
void read_window(Fields& fields, Request& request) {
  constexpr auto kMost = std::numeric_limits<std::int32_t>::max();
  request.limit = fields.number("limit", 1, kMostPerAnswer).value_or(request.limit);
  request.start = fields.number("start", 0, kMost).value_or(request.start);
}

SpacesRequest read_spaces(Fields& fields) {
  fields.refuse_others({"limit", "start", "type", "status", "expand", "live"}, "get_spaces");
  SpacesRequest request;
  read_window(fields, request);
  request.type = one_of(fields, "type", {"global", "personal"}, "");
  request.status = one_of(fields, "status", {"current", "archived"}, "");
  auto& expand = request.expand;
  read_expand(fields, {{"description", &expand.description},
                       {"metadata", &expand.metadata},
                       {"icon", &expand.icon},
                       {"homepage", &expand.homepage}});
  request.live = fields.flag("live");
  return request;
}

PagesRequest read_pages(Fields& fields) {
  fields.refuse_others({"spaceKey", "limit", "start", "title", "status", "expand", "live"},
                       "get_pages");
  PagesRequest request;
  if (auto key = fields.text("spaceKey", true)) {
    if (key->empty()) fields.wrong("spaceKey", "is empty: expected the key of a space");
    request.space_key = std::move(*key);
  }
  read_window(fields, request);
  request.title = fields.text("title", false);
  request.status = one_of(fields, "status", page_statuses(), request.status);
  read_page_expand(fields, request.expand);
  request.live = fields.flag("live");
  return request;
}

PageRequest read_page(Fields& fields) {
  fields.refuse_others({"pageId", "status", "version", "expand", "live"}, "get_page");
  PageRequest request;
  request.page_id = fields.id("pageId", true).value_or(0);
  request.status = one_of(fields, "status", page_statuses(), "");
  constexpr auto kMost = std::numeric_limits<std::int32_t>::max();
  if (const auto version = fields.number("version", 1, kMost)) {
    request.version = static_cast<std::int32_t>(*version);
  }
  read_page_expand(fields, request.expand);
  request.live = fields.flag("live");
  return request;
}

ReadRequest read_named(std::string_view name, Fields& fields) {
  if (name == "get_spaces") return read_spaces(fields);
  if (name == "get_pages") return read_pages(fields);
  return read_page(fields);
}

}  // namespace

bool is_read_action(std::string_view name) {
  return name == "get_spaces" || name == "get_pages" || name == "get_page";
}

ParsedRead parse_read(std::string_view name, std::string_view json, bool live) {
  ParsedRead parsed;
  const auto value = input::parse_value(json, 1, parsed.problems);
  if (!value) return parsed;
  Fields fields(*value, 1);
  if (fields.is_object()) {
    auto request = read_named(name, fields);
    if (live) std::visit([](auto& asked) { asked.live = true; }, request);
    if (fields.good()) parsed.request = std::move(request);
  }
  parsed.problems = fields.take_problems();
  return parsed;
}

}  // namespace querying
