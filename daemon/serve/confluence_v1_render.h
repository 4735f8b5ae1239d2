#pragma once

// Pure: rows of the mirror as objects of Confluence's REST API v1
// (https://developer.atlassian.com/cloud/confluence/rest/v1/). What was not asked for, or is not
// here, is named in `_expandable` as the real server does. Any thread.

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/serve/offline_json.h"
#include "store/listing.h"
#include "store/reader.h"

namespace serve {

// What `expand` names: `body.storage` contains `body`.
class Expand {
 public:
  Expand() = default;
  explicit Expand(const std::vector<std::string>& names);
  bool has(std::string_view name) const { return names_.contains(name); }

 private:
  std::set<std::string, std::less<>> names_;
};

// What an object of a page is made from.
struct V1Page {
  V1Page() = default;
  store::PageRow row;
  std::optional<store::SpaceRow> space;
  std::vector<store::PageRow> ancestors;  // top first
  std::vector<store::PageRow> children;
  bool more_children = false;
};

struct V1Form {
  V1Form() = default;
  Expand expand;
  std::string base;
  bool alone = true;  // base and context are among its links
};
void put_v1_page(JsonText& json, const V1Page& page, const V1Form& form);
void put_v1_space(JsonText& json, const store::SpaceRow& row, const V1Form& form,
                  const std::optional<store::PageRow>& homepage);
void put_v1_version(JsonText& json, std::string_view name, const store::Version& version,
                    std::string_view author_name, const std::string& base);
void put_v1_user(JsonText& json, std::string_view name, std::string_view account_id,
                 std::string_view display_name, const std::string& base);

struct V1Part {
  std::int64_t start = 0;
  std::int64_t limit = 25;
  std::int64_t size = 0;
  std::string self;  // without the base
  std::string next;  // the same; "" = it is the last
};
void put_v1_part(JsonText& json, const V1Part& part, const std::string& base);

}  // namespace serve
