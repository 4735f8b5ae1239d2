#pragma once

// Where each page of an export lies. Spaces are the top folders, named by their keys; what is below
// a page, folder or whiteboard lies in a folder that is named as it; or, flat, all pages of a space
// lie in its folder. No two paths of a layout have one name_key().
//
// Rules, so that a path changes only where it must:
// 1. What already has a path keeps it, as long as its place and its title would give it still.
// 2. Of the others, the one with the lowest id gets the plain name; those that would collide with a
//    name that is given, or with a foreign file, get their id behind it.
// 3. A folder's path never exceeds kMaxFolderBytes: what would lie deeper lies beside its parent.
// 4. Unknown parents, parents in another space and circles: the page lies on top of its space.
//
// Pure but for `occupied`; any thread; linear in the number of items.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "store/records.h"

namespace exporting {

inline constexpr std::size_t kMaxFolderBytes = 700;

struct LayoutItem {
  enum class Kind { kSpace, kNode, kPage };  // kNode: a folder, whiteboard, ... of the site
  Kind kind = Kind::kPage;
  store::Id id = 0;
  store::Id space_id = 0;
  std::optional<store::Id> parent_id;
  std::string title;                   // of a space: its key
  std::optional<std::string> earlier;  // the path that it has, without an extension
  std::string path;                    // set by lay_out(): without an extension
};

struct LayoutRules {
  std::vector<std::string> extensions;  // of a page's files: ".md"
  bool flat = false;                    // then nodes have no place
  std::vector<std::string> reserved;    // names on top that are not for spaces
  std::vector<std::string>
      reserved_in_space;  // names in the folder of a space that are not for pages
  // Whether something foreign has that name in the target: a file's, or a folder's.
  std::function<bool(const std::string& path, bool as_folder)> occupied;
};

// Sets `path` of each.
void lay_out(std::vector<LayoutItem>& items, const LayoutRules& rules);

}  // namespace exporting
