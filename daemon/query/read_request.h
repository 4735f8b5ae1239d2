#pragma once

// Pure: the input of the connector's read actions, get_spaces, get_pages and get_page. Numbers may
// be numbers or strings of digits. Hostile until read; every problem is found. Any thread.
// Source: the connector's contract (README.md, "The connector's actions").

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "daemon/input/fields.h"
#include "store/records.h"

namespace querying {

struct SpaceExpand {
  bool description = false;
  bool metadata = false;  // labels
  bool icon = false;
  bool homepage = false;
};

struct PageExpand {
  bool body = false;  // body.storage
  bool version = false;
  bool ancestors = false;
  bool children = false;
  bool descendants = false;
  bool space = false;
};

struct SpacesRequest {
  std::int64_t limit = 25;
  std::int64_t start = 0;
  std::string type;    // global (every type but personal), personal; "" = all
  std::string status;  // current, archived; "" = all
  SpaceExpand expand;
  bool live = false;  // ask the site, not the mirror
};

struct PagesRequest {
  std::string space_key;
  std::int64_t limit = 25;
  std::int64_t start = 0;
  std::optional<std::string> title;  // exact, without regard to case
  std::string status = "current";    // current, archived, trashed, draft
  PageExpand expand;
  bool live = false;
};

struct PageRequest {
  store::Id page_id = 0;
  std::string status;  // as above; "" = any
  std::optional<std::int32_t> version;
  PageExpand expand;
  bool live = false;
};

using ReadRequest = std::variant<SpacesRequest, PagesRequest, PageRequest>;

inline constexpr std::int64_t kMostPerAnswer = 250;

bool is_read_action(std::string_view name);  // get_spaces, get_pages, get_page

struct ParsedRead {
  std::optional<ReadRequest> request;  // absent: there are problems
  std::vector<input::Problem> problems;
};
// `name`: a read action. `live`: as if the input asked for it.
ParsedRead parse_read(std::string_view name, std::string_view json, bool live);

}  // namespace querying
