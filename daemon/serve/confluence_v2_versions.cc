// Versions of a page in the v2 API.

#include <algorithm>

#include "daemon/serve/confluence_v2.h"
#include "daemon/serve/confluence_v2_render.h"
#include "daemon/serve/offline_drafts.h"
#include "daemon/serve/offline_listing.h"

namespace serve {
namespace {

// Without history, or before it was fetched, only the versions that were met are known.
store::Result<void> note_missing_versions(const store::PageRow& row, store::Reader& reader,
                                          Response& response) {
  auto due = reader.is_history_due(row.id);
  if (!due) return store::fail(due.error());
  auto history = reader.meta("history");
  if (!history) return store::fail(history.error());
  if (*due || history->value_or("") == "none") note_incomplete(response, "versions");
  return {};
}

}  // namespace

store::Result<Response> v2_versions(const Ask& ask, store::Reader& reader) {
  OfflineQuery query(ask.request);
  const bool with_bodies = wants_storage(query, false);
  // The document says ascending; the real server was seen to begin with the newest.
  OfflineListing listing(ask, query, {"modified-date"}, "-modified-date");
  if (query.problem()) return v2_error(*query.problem());
  auto row = page_of_path(ask, reader, false);
  if (!row) return store::fail(row.error());
  if (!*row) return v2_error(cannot_find("page", ask.argument("id")));
  const store::Id id = (*row)->id;
  auto versions = reader.versions(id);
  if (!versions) return store::fail(versions.error());
  const auto place_of = [](const store::VersionRow& version) {
    store::ListPlace place;
    place.number = version.version.created_at.time_since_epoch().count();
    place.id = version.version.number;
    return place;
  };
  listing.choose(*versions, place_of);
  if (with_bodies) listing.keep(*versions, rows_with_bodies(*versions), place_of);
  std::optional<store::Error> error;
  bool lacks_body = false;
  Response response = listing.answer<store::VersionRow>(
      *versions, [&](JsonText& json, const store::VersionRow& version) {
        std::optional<std::string> body;
        if (with_bodies && !error) {
          auto read = reader.version_body(id, version.version.number);
          if (read) {
            body = std::move(*read);
          } else {
            error = read.error();
          }
          lacks_body = lacks_body || !body;
        }
        put_page_version(json, id, version, body);
      });
  if (error) return store::fail(std::move(*error));
  if (lacks_body) note_incomplete(response, "bodies");
  if (auto noted = note_missing_versions(**row, reader, response); !noted) {
    return store::fail(noted.error());
  }
  return response;
}

store::Result<Response> v2_version(const Ask& ask, store::Reader& reader) {
  const auto& text = ask.argument("number");
  const auto number = parse_whole(text);
  if (!number) return v2_error(bad_parameter("version-number", text, "int"));
  auto row = page_of_path(ask, reader, false);
  if (!row) return store::fail(row.error());
  if (!*row) return v2_error(cannot_find("page", ask.argument("id")));
  auto versions = reader.versions((*row)->id);
  if (!versions) return store::fail(versions.error());
  const auto found = std::find_if(versions->begin(), versions->end(), [&](const auto& version) {
    return version.version.number == *number;
  });
  if (found == versions->end()) {
    return v2_error(404, "Cannot find version [" + text + "] of page [" + ask.argument("id") + "]");
  }
  Response response;
  JsonText json(response.body);
  put_version_detail(json, *versions, static_cast<std::size_t>(found - versions->begin()));
  note_synced_at(response, (*row)->synced_at);
  return response;
}

}  // namespace serve
