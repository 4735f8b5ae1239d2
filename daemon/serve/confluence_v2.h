#pragma once

// Confluence's REST API v2 as far as a mirror can answer it: one function for each of its reads,
// and the list of those that it cannot answer. Each runs on a thread that owns the Reader; its
// errors are the Reader's. What a client did wrong is a Response. Source:
// https://developer.atlassian.com/cloud/confluence/rest/v2/.

#include <string_view>
#include <vector>

#include "daemon/serve/offline_ask.h"

namespace serve {

struct OfflineRoute {
  std::string_view method;
  std::string_view path;
  OfflineAnswer answer;
};
std::vector<OfflineRoute> v2_routes();

// Confluence has these; a mirror has no such things, or not the right to change them.
struct MissingRoute {
  std::string_view path;
  std::string_view what;
};
std::vector<MissingRoute> v2_missing();

store::Result<Response> v2_spaces(const Ask& ask, store::Reader& reader);
store::Result<Response> v2_space(const Ask& ask, store::Reader& reader);
store::Result<Response> v2_space_pages(const Ask& ask, store::Reader& reader);
store::Result<Response> v2_space_labels(const Ask& ask, store::Reader& reader);
store::Result<Response> v2_pages(const Ask& ask, store::Reader& reader);
store::Result<Response> v2_page(const Ask& ask, store::Reader& reader);
store::Result<Response> v2_versions(const Ask& ask, store::Reader& reader);
store::Result<Response> v2_version(const Ask& ask, store::Reader& reader);
store::Result<Response> v2_child_pages(const Ask& ask, store::Reader& reader);
// Of pages, folders, whiteboards, databases and embeds: the second segment of the path says which.
store::Result<Response> v2_direct_children(const Ask& ask, store::Reader& reader);
store::Result<Response> v2_descendants(const Ask& ask, store::Reader& reader);
store::Result<Response> v2_ancestors(const Ask& ask, store::Reader& reader);
store::Result<Response> v2_node(const Ask& ask, store::Reader& reader);
store::Result<Response> v2_users_bulk(const Ask& ask, store::Reader& reader);

// The page of a path's `id`, gone ones and drafts left out; nullopt: there is none.
store::Result<std::optional<store::PageRow>> page_of_path(const Ask& ask, store::Reader& reader,
                                                          bool with_body);
// When what is in the answer was seen, and what of it may be missing.
void note_synced_at(Response& response, store::Time at);
void note_incomplete(Response& response, std::string_view what);
inline constexpr const char* kSyncedAtHeader = "X-Confmirror-Synced-At";
inline constexpr const char* kIncompleteHeader = "X-Confmirror-Incomplete";

}  // namespace serve
