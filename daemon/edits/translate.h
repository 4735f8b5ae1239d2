#pragma once

// Pure: a job as a request, what an answer or a look at the site means for it, and what it reports
// in the end. Rules only: no I/O, no clock, any thread.
//
// 1. The mark of a job travels in the message of the version that it makes; whoever finds it there
//    knows whose version it is. A create has no message on the site: it is known again by title,
//    author, parent, time and normalised body.
// 2. What the site rewrites in a body (storage_format/normal_form.h) is no difference.
//
// Sources: https://developer.atlassian.com/cloud/confluence/rest/v2/api-group-page/ (createPage,
// updatePage, deletePage); the v1 `move` operation of content.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/confluence/requests.h"
#include "store/jobs.h"
#include "store/reader.h"
#include "store/records.h"

namespace edits {

// The version message that a job sends: its own, and the mark.
std::string version_message(const store::JobSpec& job, std::string_view mark);
bool carries_mark(const store::Version& version, const store::Job& job);

// What is about to be sent: the job's own content, or what a rebase made of it.
struct Outgoing {
  confluence::PageContent content;
  std::optional<std::int32_t> version;  // the number that an update makes
};
confluence::PageContent content_of(const store::JobSpec& job);
confluence::Write write_of(const store::Job& job, const Outgoing& outgoing);
// The size of the request that the job will be, its JSON in bytes.
std::size_t request_bytes(const store::JobSpec& job);

// A draft of the job's page is what it makes or discards.
inline bool is_draft(const store::JobSpec& job) { return job.status == "draft"; }
// It cannot be found out whether it was applied: the API lists no drafts.
inline bool is_draft_create(const store::JobSpec& job) {
  return job.action == store::JobAction::kCreatePage && is_draft(job);
}

// Sending this would change nothing.
bool is_noop(const store::Job& job, const confluence::PageContent& content, const store::Page& now);

store::JobImage image_of(std::string kind, const store::Page& page);

// How an update that met another version goes on.
struct Resolution {
  enum class Kind { kSend, kConflict, kAlreadyThere };
  Kind kind = Kind::kConflict;
  std::string reason;               // for people
  confluence::PageContent content;  // kSend
};
// `base`: the version that the edit was made from, where it is known; `theirs`: what is there now.
Resolution resolve_conflict(const store::Job& job, const std::optional<std::string>& base_title,
                            const std::optional<std::string>& base_body, const store::Page& theirs);

enum class Verdict {
  kApplied,     // by us
  kNotApplied,  // what was there before is there still: it may be sent again
  kOverridden,  // applied, and there are later versions; or somebody else's edit took its place
  kImpossible,  // what it was about is no longer there
};
// An update that may have been applied, by the page as it is now. kOverridden: the page's versions
// say which (find_mark).
Verdict judge_update(const store::Job& job, const confluence::PageContent& sent,
                     const store::Page& now, const std::string& account_id);
// A create, by the pages that have its title; the one that is ours is `ours`.
struct CreateVerdict {
  std::optional<store::Page> ours;
  std::optional<store::Page> taken_by;  // somebody else's page has the title
};
// `not_before`: when the first attempt left, in the site's time.
CreateVerdict judge_create(const store::Job& job, const std::vector<store::Page>& titled,
                           const std::string& account_id, store::Time not_before);

// What the action returns, as JSON (README.md, "The edit queue").
struct ResultContext {
  std::string site_url;
  std::string space_key;
};
std::string page_result(const store::Page& page, const ResultContext& context, bool noop);
// 0: no answer was seen.
std::string delete_result(store::Id page_id, int http_status, bool was_gone);

}  // namespace edits
