#include "daemon/edits/translate.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "daemon/storage_format/merge.h"
#include "daemon/storage_format/normal_form.h"
#include "store/fold.h"

namespace edits {

namespace {

using store::JobAction;

// Our clock and the site's may differ a little even after their offset was measured.
constexpr std::chrono::seconds kClockSlack{5};

std::string mark_text(std::string_view mark) { return fmt::format("[confmirror {}]", mark); }

bool same_title(std::string_view a, std::string_view b) {
  return store::fold_case(std::string(a)) == store::fold_case(std::string(b));
}

bool holds(const store::Page& page, const confluence::PageContent& content) {
  return page.body && storage_format::same_content(page.body->text, content.body);
}

}  // namespace

confluence::PageContent content_of(const store::JobSpec& job) {
  confluence::PageContent content;
  content.title = job.title;
  content.status = job.status;
  content.representation = job.representation;
  content.body = job.body;
  return content;
}

std::string version_message(const store::JobSpec& job, std::string_view mark) {
  return job.message.empty() ? mark_text(mark) : fmt::format("{} {}", job.message, mark_text(mark));
}

bool carries_mark(const store::Version& version, const store::Job& job) {
  return version.message.find(mark_text(job.mark)) != std::string::npos;
}

confluence::Write write_of(const store::Job& job, const Outgoing& outgoing) {
  switch (job.action) {
    case JobAction::kCreatePage:
      return confluence::create_page_write(job.space_id.value_or(0), job.parent_id,
                                           outgoing.content);
    case JobAction::kDeletePage:
      return confluence::delete_page_write(job.page_id.value_or(0), is_draft(job));
    case JobAction::kMovePage:
      return confluence::move_page_write(job.page_id.value_or(0), job.parent_id.value_or(0));
    case JobAction::kUpdatePage:
    case JobAction::kRestorePage:
      break;
  }
  return confluence::update_page_write(job.page_id.value_or(0), outgoing.content,
                                       outgoing.version.value_or(1), version_message(job, job.mark),
                                       job.minor_edit);
}

std::size_t request_bytes(const store::JobSpec& job) {
  constexpr std::string_view kMark = "0123456789abcdef";
  constexpr store::Id kLargestId = 999'999'999'999'999;
  const auto content = content_of(job);
  if (job.action == JobAction::kCreatePage) {
    return confluence::create_page_write(kLargestId, kLargestId, content).body.size();
  }
  if (job.action != JobAction::kUpdatePage) return 0;
  return confluence::update_page_write(kLargestId, content, INT32_MAX, version_message(job, kMark),
                                       true)
      .body.size();
}

bool is_noop(const store::Job& job, const confluence::PageContent& content,
             const store::Page& now) {
  return now.status == job.status && content.representation == "storage" &&
         now.title == content.title && holds(now, content);
}

store::JobImage image_of(std::string kind, const store::Page& page) {
  store::JobImage image;
  image.kind = std::move(kind);
  image.version = page.version.number;
  image.status = page.status;
  image.title = page.title;
  image.parent_id = page.parent_id;
  image.parent_type = page.parent_type;
  image.author_id = page.version.author_id;
  if (page.body) image.body = page.body->text;
  return image;
}

namespace {

Resolution conflict(std::string reason) {
  Resolution resolution;
  resolution.reason = std::move(reason);
  return resolution;
}

Resolution rebase(const store::Job& job, const std::optional<std::string>& base_title,
                  const std::optional<std::string>& base_body, const store::Page& theirs) {
  if (!base_body) return conflict("the version that the edit was made from is not in the mirror");
  if (!theirs.body) return conflict("the body of the version that is there cannot be read");
  Resolution resolution;
  resolution.kind = Resolution::Kind::kSend;
  resolution.content = content_of(job);
  if (base_title && job.title == *base_title) {
    resolution.content.title = theirs.title;
  } else if (theirs.title != job.title && (!base_title || theirs.title != *base_title)) {
    return conflict("both changed the title");
  }
  if (storage_format::same_content(*base_body, theirs.body->text)) {
    resolution.reason = fmt::format(
        "rebased onto version {}: its body is the one that the edit "
        "was made from",
        theirs.version.number);
    return resolution;
  }
  if (job.representation != "storage") {
    return conflict("the body was changed, and wiki markup cannot be merged");
  }
  auto merged = storage_format::merge(*base_body, job.body, theirs.body->text);
  if (!merged) return conflict("the bodies cannot be merged: " + merged.error().text);
  if (!merged->clean()) {
    return conflict(fmt::format("both changed {} of the same blocks", merged->conflicts.size()));
  }
  resolution.content.body = std::move(merged->body);
  resolution.reason = fmt::format("merged with version {}", theirs.version.number);
  return resolution;
}

}  // namespace

Resolution resolve_conflict(const store::Job& job, const std::optional<std::string>& base_title,
                            const std::optional<std::string>& base_body,
                            const store::Page& theirs) {
  const auto whose =
      fmt::format("version {} by {} is there, the edit was made from {}", theirs.version.number,
                  theirs.version.author_id.empty() ? "somebody" : theirs.version.author_id,
                  job.base_version.value_or(0));
  if (theirs.version.number < job.base_version.value_or(0)) {
    return conflict(whose + ": the page has gone back to an older version");
  }
  Resolution resolution;
  switch (job.on_conflict) {
    case store::OnConflict::kFail:
      return conflict(whose);
    case store::OnConflict::kOverwrite:
      resolution.kind = Resolution::Kind::kSend;
      resolution.content = content_of(job);
      resolution.reason =
          fmt::format("overwrites version {} by {}", theirs.version.number,
                      theirs.version.author_id.empty() ? "somebody" : theirs.version.author_id);
      break;
    case store::OnConflict::kRebase:
      resolution = rebase(job, base_title, base_body, theirs);
      if (resolution.kind == Resolution::Kind::kConflict) {
        resolution.reason = whose + ": " + resolution.reason;
      }
      break;
  }
  if (resolution.kind == Resolution::Kind::kSend && is_noop(job, resolution.content, theirs)) {
    resolution.kind = Resolution::Kind::kAlreadyThere;
    resolution.reason = fmt::format("version {} holds this content already", theirs.version.number);
  }
  return resolution;
}

Verdict judge_update(const store::Job& job, const confluence::PageContent& sent,
                     const store::Page& now, const std::string& account_id) {
  if (carries_mark(now.version, job)) return Verdict::kApplied;
  const auto number = job.sent_version.value_or(0);
  if (now.version.number < number) {
    if (now.status != job.status) return Verdict::kImpossible;
    return now.version.number == number - 1 ? Verdict::kNotApplied : Verdict::kOverridden;
  }
  // A site that drops messages leaves the content to tell.
  const bool ours = now.version.number == number && now.version.author_id == account_id &&
                    sent.representation == "storage" && now.title == sent.title && holds(now, sent);
  return ours ? Verdict::kApplied : Verdict::kOverridden;
}

CreateVerdict judge_create(const store::Job& job, const std::vector<store::Page>& titled,
                           const std::string& account_id, store::Time not_before) {
  CreateVerdict verdict;
  const auto content = content_of(job);
  for (const auto& page : titled) {
    if (!same_title(page.title, job.title)) continue;
    const bool in_place =
        !job.parent_id || page.parent_id == job.parent_id || page.status == "trashed";
    // Somebody may have edited it since; then its body says nothing.
    const bool content_fits =
        page.version.number > 1 || content.representation != "storage" || holds(page, content);
    const bool ours = page.author_id == account_id && in_place && content_fits &&
                      page.created_at >= not_before - kClockSlack;
    if (ours && (!verdict.ours || verdict.ours->status == "trashed")) {
      verdict.ours = page;
    } else if (page.status != "trashed") {
      verdict.taken_by = page;
    }
  }
  return verdict;
}

std::string page_result(const store::Page& page, const ResultContext& context, bool noop) {
  nlohmann::ordered_json json;
  json["id"] = std::to_string(page.id);
  json["title"] = page.title;
  json["url"] = page.web_path.empty() ? "" : context.site_url + "/wiki" + page.web_path;
  json["status"] = page.status;
  json["space"] = {{"id", std::to_string(page.space_id)}, {"key", context.space_key}};
  if (page.parent_id) {
    json["parentId"] = std::to_string(*page.parent_id);
  } else {
    json["parentId"] = nullptr;
  }
  json["version"] = page.version.number;
  json["createdAt"] = store::to_iso8601(page.created_at);
  json["modifiedAt"] = store::to_iso8601(page.version.created_at);
  json["versionMessage"] = page.version.message;
  json["authorId"] = page.author_id;
  if (noop) json["noop"] = true;
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string delete_result(store::Id page_id, int http_status, bool was_gone) {
  nlohmann::ordered_json json;
  json["id"] = std::to_string(page_id);
  json["deleted"] = true;
  if (http_status != 0) {
    json["httpStatus"] = http_status;
  } else {
    json["httpStatus"] = nullptr;  // the answer was lost
  }
  if (was_gone) json["noop"] = true;
  return json.dump();
}

}  // namespace edits
