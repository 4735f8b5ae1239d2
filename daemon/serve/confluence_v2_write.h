#pragma once

// Pure but for what is looked up in the mirror: writes of Confluence's REST API v2 as the
// connector's actions, and what became of the job as the answer that Confluence would give. What
// the queue cannot do (purge, restore, move, private pages, other formats) is refused before
// anything is queued. On a thread that owns the Reader; errors are the Reader's. Sources:
// https://developer.atlassian.com/cloud/confluence/rest/v2/api-group-page/; texts as Confluence's
// servers were seen to send them.

#include <cstdint>
#include <optional>
#include <string>

#include "daemon/serve/offline_ask.h"
#include "daemon/serve/write_action.h"

namespace serve {

struct V2Write {
  V2Write() = default;
  std::optional<Response> refused;  // set: nothing is to be done
  std::string action;               // the connector's
  std::string json;
  std::optional<store::Id> page_id;      // of an update or a delete
  std::optional<std::int32_t> provided;  // version number, as the client gave it
  bool draft = false;
};

using V2Translate = store::Result<V2Write> (*)(const Ask&, store::Reader&);
store::Result<V2Write> v2_create(const Ask& ask, store::Reader& reader);
store::Result<V2Write> v2_update(const Ask& ask, store::Reader& reader);
store::Result<V2Write> v2_update_title(const Ask& ask, store::Reader& reader);
store::Result<V2Write> v2_delete(const Ask& ask, store::Reader& reader);

// 200 with the page, 204, or why not; 202 with the job where it has not ended.
store::Result<Response> v2_written(const Ask& ask, const V2Write& write, const WriteResult& result,
                                   bool waited, store::Reader& reader);

}  // namespace serve
