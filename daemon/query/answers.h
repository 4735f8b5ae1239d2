#pragma once

// Pure: what a read action gives back, from rows, wherever they come from. Names follow
// Confluence's REST API (v2, and v1 where the connector's `expand` values come from there); ids are
// strings, times ISO-8601 UTC, null where there is no value. Each row says when the site said so
// (`synced_at`). Any thread.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "daemon/query/read_request.h"
#include "store/reader.h"

namespace querying {

using Json = nlohmann::ordered_json;

// Another page, or a node, as a page names it.
struct Relative {
  store::TreeRow row;
  int depth = 0;  // descendants: 1 = a child
};

struct SpaceParts {
  const store::SpaceRow& space;
  std::optional<store::PageRow> homepage;  // where it is expanded and known
};
Json space_json(const SpaceParts& parts, const SpaceExpand& expand, const std::string& site_url);

struct PageParts {
  const store::PageRow& page;
  std::optional<store::VersionRow> version;  // an older one: its title, body and version are shown
  std::optional<store::SpaceRow> space;
  std::vector<Relative> ancestors;  // the top first
  std::vector<Relative> children;
  std::vector<Relative> descendants;
};
// `with_version`: whether that was expanded or the action tells it always.
Json page_json(const PageParts& parts, const PageExpand& expand, bool with_version,
               const std::string& site_url);

// What both lists have around their rows. `total`: of all that match; nullopt: not known.
struct Window {
  std::int64_t start = 0;
  std::int64_t limit = 0;
  std::optional<std::int64_t> total;
  bool more = false;
};
Json list_json(Json results, const Window& window);

// One line, whatever bytes the texts hold.
std::string to_line(const Json& json);

}  // namespace querying
