#pragma once

// The reads of Confluence's REST API v1 that clients still make, as far as a mirror can answer
// them: content, spaces, the current user. Each runs on a thread that owns the Reader; its errors
// are the Reader's. What a client did wrong is a Response. Of `expand` what the mirror has is
// expanded; the rest stays named in `_expandable`. Source:
// https://developer.atlassian.com/cloud/confluence/rest/v1/.

#include <vector>

#include "daemon/serve/confluence_v2.h"
#include "daemon/serve/offline_ask.h"

namespace serve {

std::vector<OfflineRoute> v1_routes();
std::vector<MissingRoute> v1_missing();

store::Result<Response> v1_contents(const Ask& ask, store::Reader& reader);
store::Result<Response> v1_content(const Ask& ask, store::Reader& reader);
store::Result<Response> v1_child_pages(const Ask& ask, store::Reader& reader);
store::Result<Response> v1_versions(const Ask& ask, store::Reader& reader);
store::Result<Response> v1_spaces(const Ask& ask, store::Reader& reader);
store::Result<Response> v1_space(const Ask& ask, store::Reader& reader);
store::Result<Response> v1_current_user(const Ask& ask, store::Reader& reader);

// The question again with another part, relative to the context (`/wiki`).
std::string v1_link(const Ask& ask, std::int64_t start, std::int64_t limit);

}  // namespace serve
