#include "daemon/query/freshness.h"

#include <cstddef>

namespace querying {

store::Result<std::optional<std::string>> synced_at_of(store::Reader& reader) {
  constexpr std::size_t kLooked = 50;
  const auto runs = reader.runs(kLooked);
  if (!runs) return store::fail(runs.error());
  for (const auto& run : *runs) {
    if (run.outcome == "done" && run.finished_at) {
      return std::optional(store::to_iso8601(*run.finished_at));
    }
  }
  return std::optional<std::string>();
}

}  // namespace querying
