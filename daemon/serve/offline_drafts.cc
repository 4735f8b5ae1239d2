#include "daemon/serve/offline_drafts.h"

#include <utility>

#include "daemon/query/draft_row.h"

namespace serve {

store::Result<std::optional<store::PageRow>> draft_row(store::Reader& reader, store::Id page_id) {
  auto job = reader.our_draft(page_id);
  if (!job) return store::fail(job.error());
  if (!*job) return std::optional<store::PageRow>();
  return std::optional(querying::row_of_draft(std::move(**job)));
}

}  // namespace serve
