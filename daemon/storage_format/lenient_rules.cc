#include "daemon/storage_format/lenient_rules.h"

#include <algorithm>
#include <array>

#include "daemon/storage_format/html_rules.h"

namespace storage_format {

bool is_fence(std::string_view name) {
  static constexpr auto kFences = std::to_array<std::string_view>({"ac:adf-content",
                                                                   "ac:adf-extension",
                                                                   "ac:adf-node",
                                                                   "ac:layout",
                                                                   "ac:layout-cell",
                                                                   "ac:layout-section",
                                                                   "ac:macro",
                                                                   "ac:rich-text-body",
                                                                   "ac:structured-macro",
                                                                   "ac:task",
                                                                   "ac:task-body",
                                                                   "ac:task-list",
                                                                   "li",
                                                                   "ol",
                                                                   "table",
                                                                   "tbody",
                                                                   "td",
                                                                   "tfoot",
                                                                   "th",
                                                                   "thead",
                                                                   "tr",
                                                                   "ul"});
  static_assert(std::ranges::is_sorted(kFences));
  return std::ranges::binary_search(kFences, name);
}

bool is_heading_name(std::string_view name) {
  return name.size() == 2 && name[0] == 'h' && name[1] >= '1' && name[1] <= '6';
}

bool is_unseen(std::string_view name) {
  return name == "ac:parameter" || name == "ac:default-parameter" || name == "ac:task-id" ||
         name == "ac:task-uuid" || name == "ac:task-status" || name == "ac:placeholder";
}

bool begins_content(std::string_view name) {
  return is_unseen(name) || ends_before("p", name) || name == "ac:rich-text-body" ||
         name == "ac:plain-text-body" || name == "ac:task-body" || name == "ac:structured-macro" ||
         name == "ac:task" || name == "ac:task-list";
}

}  // namespace storage_format
