#pragma once

// Pure: the tree of a space. Siblings stand in the order of the site: by position, then title, then
// id; what has no position comes last. Rows whose parents form a circle, or whose parent is not
// among the rows, are roots, so that every row is visited once. Holds indexes into the rows, which
// must outlive it. Any thread.

#include <cstddef>
#include <functional>
#include <unordered_map>
#include <vector>

#include "store/reader.h"

namespace querying {

class Tree {
 public:
  explicit Tree(const std::vector<store::TreeRow>& rows);

  // Depth first, from the top; `depth` counts from 0.
  using Visit = std::function<void(const store::TreeRow&, int depth)>;
  void visit_all(const Visit& visit) const;
  // What is below that one, without itself; its children have depth 1.
  void visit_below(store::Id id, const Visit& visit) const;

 private:
  void visit_from(const std::vector<std::size_t>& from, int depth, std::vector<bool>& seen,
                  const Visit& visit) const;

  const std::vector<store::TreeRow>& rows_;
  std::vector<std::size_t> roots_;
  std::unordered_map<store::Id, std::vector<std::size_t>> children_;
};

}  // namespace querying
