// The routes that change pages.

#include <algorithm>
#include <shared_mutex>

#include "tests/site/api.h"
#include "tests/site/page_filter.h"
#include "tests/site/render.h"
#include "tests/site/text.h"
#include "tests/site/write_rules.h"

namespace site {
namespace {

// Holds the content alone, and its listener back: the route logs its change itself.
class WriteScope {
 public:
  explicit WriteScope(State& state) : lock_(state.content_mutex), state_(state) {
    state_.request_writes = true;
  }
  ~WriteScope() { state_.request_writes = false; }
  WriteScope(const WriteScope&) = delete;
  WriteScope& operator=(const WriteScope&) = delete;

 private:
  std::unique_lock<std::shared_mutex> lock_;
  State& state_;
};

Response no_content() {
  Response response;
  response.status = 204;
  return response;
}

// A refusal whose status is a setting.
Response refusal(std::uint32_t status, const std::string& title) {
  const std::string_view code = status == 403   ? "FORBIDDEN"
                                : status == 404 ? "NOT_FOUND"
                                : status == 409 ? "CONFLICT"
                                                : "BAD_REQUEST";
  return v2_error(static_cast<int>(status), code, title);
}

Response no_content_with(std::string_view id) {
  return v2_error(404, "NOT_FOUND", "Cannot find content with id [" + std::string(id) + "]");
}

}  // namespace

std::optional<Response> Api::read(WriteForm form, PageWrite& write) {
  auto error = read_write(request_, form, draw_.settings, draw_.dice, write);
  state_.writes.received(write_, write.received_sha256, write.message);
  return error;
}

void Api::log_applied(Index page, const std::optional<PageState>& before, bool stores_body) {
  const Content& content = state_.content;
  const PageDraft* draft = content.draft_of(page);
  std::string hash;
  if (stores_body) {
    hash = sha256_hex(draft != nullptr ? draft->body
                                       : content.body(page, content.pages()[page].version));
  }
  state_.traffic.applied();
  state_.writes.applied(write_, content.pages()[page].id, before, content.state_of(page),
                        std::move(hash));
}

// The PageSingle that a write answers with.
Response Api::written(Index page, bool of_draft) {
  PageParts parts;
  parts.subtype = false;
  if (draw_.settings.echo_body) {
    parts.body = BodyFormat::kStorage;
    parts.body_name = "storage";
  }
  if (of_draft) parts.draft = state_.content.draft_of(page);
  Response response;
  Renderer renderer(state_, response.body);
  renderer.open_page(page, parts);
  renderer.page_links(page, true);
  renderer.close();
  return response;
}

std::optional<Response> Api::refuse_write(Index page) const {
  if (page == kNone) return cannot_find("page", route_.arguments[0]);
  if (!own_ || !state_.read_only.contains(state_.content.pages()[page].id)) return std::nullopt;
  if (!draw_.settings.forbidden_is_403) return cannot_find("page", route_.arguments[0]);
  return refusal(403, "Current user is not permitted to change page [" + route_.arguments[0] + "]");
}

// Where a page is to lie; `page` is kNone for one that is not there yet.
std::optional<Response> Api::find_parent(const std::string& text, Index space, Index page,
                                         Place& place) const {
  const Content& content = state_.content;
  const auto id = parse_number(text);
  const Index as_page = id ? content.find_page(*id) : kNone;
  const Index as_node = id ? content.find_container(*id) : kNone;
  Status status = Status::kCurrent;
  Index parent_space = kNone;
  if (as_page != kNone && readable(content, as_page)) {
    place = {as_page, ContentType::kPage};
    status = content.pages()[as_page].status;
    parent_space = content.pages()[as_page].space;
  } else if (as_node != kNone && content.container_shown(as_node)) {
    place = {as_node, content.containers()[as_node].type};
    status = content.containers()[as_node].status;
    parent_space = content.containers()[as_node].space;
  } else {
    return no_content_with(text);
  }
  if (status == Status::kTrashed || status == Status::kDeleted) return no_content_with(text);
  if (status != Status::kCurrent) return bad_request("The parent [" + text + "] is not current");
  if (parent_space != space) return bad_request("The parent [" + text + "] is in another space");
  if (page != kNone && !content.can_hold(place.parent, place.type, page)) {
    return bad_request("The page cannot lie below itself");
  }
  return std::nullopt;
}

Response Api::create_page() {
  bool embedded = false;    // where the content is kept makes no difference here
  bool is_private = false;  // to nobody but the account, which is the only one that asks
  bool root_level = false;
  if (auto error = read_flag(request_.query, "embedded", embedded)) return *error;
  if (auto error = read_flag(request_.query, "private", is_private)) return *error;
  if (auto error = read_flag(request_.query, "root-level", root_level)) return *error;
  PageWrite write;
  if (auto error = read(WriteForm::kCreate, write)) return *error;
  if (root_level && !write.parent.empty()) {
    return bad_request("A page at the root level cannot have a parentId");
  }
  const WriteScope scope(state_);
  Content& content = state_.content;
  const auto id = parse_number(write.space);
  const Index space = id ? content.find_space(*id) : kNone;
  if (space == kNone || !visible(space) || (own_ && state_.closed_spaces.contains(*id))) {
    return cannot_find("space", write.space);
  }
  if (write.bad_body) return *write.bad_body;
  NewPage page;
  page.space = space;
  page.root_level = root_level;
  page.draft = write.draft;
  page.title = write.title;
  page.body = *write.body;
  page.author = author_;
  if (!write.parent.empty()) {
    Place place;
    if (auto error = find_parent(write.parent, space, kNone, place)) return *error;
    page.parent = place.parent;
    page.parent_type = place.type;
  }
  if (!write.draft &&
      content.title_taken(space, write.title, kNone, draw_.settings.trashed_titles_block)) {
    return title_clash();
  }
  const Index added = content.add(page);
  if (added == kNone) return bad_request("The page cannot be created there");
  if (draw_.settings.fresh_page_delay_ms > 0) {
    content.hide_until(added, now_millis() + Millis{draw_.settings.fresh_page_delay_ms});
  }
  log_applied(added, std::nullopt, true);
  return written(added, false);
}

Response Api::update_page() {
  PageWrite write;
  if (auto error = read(WriteForm::kUpdate, write)) return *error;
  if (write.id != route_.arguments[0]) {
    return bad_request("The id in the body is not the one in the path");
  }
  const WriteScope scope(state_);
  const Content& content = state_.content;
  const Index index = page_argument(true);
  if (auto error = refuse_write(index)) return *error;
  const Page& page = content.pages()[index];
  if (!write.space.empty() && write.space != std::to_string(content.spaces()[page.space].id)) {
    const auto id = parse_number(write.space);
    if (!id || content.find_space(*id) == kNone) return cannot_find("space", write.space);
    return bad_request("A page cannot be moved to another space");
  }
  switch (page.status) {
    case Status::kArchived:
      return refusal(draw_.settings.archived_update_status,
                     "Cannot update archived page with id [" + write.id + "]");
    case Status::kTrashed:
    case Status::kDeleted:
      return restore_page(index, write);
    default:
      break;
  }
  if (write.bad_body) return *write.bad_body;
  if (write.draft) return save_draft(index, write);
  return page.status == Status::kDraft ? publish_page(index, write) : save_page(index, write);
}

// Only the status changes; the content in the request is ignored.
Response Api::restore_page(Index index, const PageWrite& write) {
  Content& content = state_.content;
  const PageState before = content.state_of(index);
  if (write.draft) return bad_request("A page in the trash cannot become a draft");
  if (*write.version != before.version + 1) return stale_version(before.version, *write.version);
  if (content.title_taken(content.pages()[index].space, before.title, index)) return title_clash();
  if (!content.set_status(index, Status::kCurrent)) return bad_request("Cannot restore the page");
  if (draw_.settings.restore_adds_version) {
    Edit edit;
    edit.body = content.body(index, before.version);
    edit.message = write.message;
    edit.author = author_;
    content.edit(index, edit);
  }
  log_applied(index, before, false);
  return written(index, false);
}

Response Api::save_draft(Index index, const PageWrite& write) {
  if (*write.version != 1) return bad_request("The version number of a draft must be 1");
  const PageState before = state_.content.state_of(index);
  state_.content.write_draft(index, {write.title, *write.body, now_millis(), author_});
  log_applied(index, before, true);
  return written(index, true);
}

std::optional<Response> Api::read_place(Index index, const PageWrite& write,
                                        std::optional<Place>& place, Index& owner) {
  Content& content = state_.content;
  const Page& page = content.pages()[index];
  if (!write.parent.empty()) {
    place.emplace();
    if (auto error = find_parent(write.parent, page.space, index, *place)) return error;
    if (place->parent == page.parent && place->type == page.parent_type) place.reset();
    if (place && content.spaces()[page.space].homepage == index) {
      return bad_request("The homepage of a space cannot be moved");
    }
  }
  if (!write.owner.empty()) {
    owner = content.find_user(write.owner);
    if (owner == kNone) return bad_request("No user has the id [" + write.owner + "]");
  }
  if (content.title_taken(page.space, write.title, index, draw_.settings.trashed_titles_block) &&
      (page.status == Status::kDraft || fold_case(page.title) != fold_case(write.title))) {
    return title_clash();
  }
  return std::nullopt;
}

void Api::put_in_place(Index index, const std::optional<Place>& place, Index owner) {
  Content& content = state_.content;
  if (place && place->type == ContentType::kPage) {
    content.reparent(index, place->parent);
  } else if (place) {
    content.put_into(index, place->parent);
  }
  if (owner != kNone) content.set_owner(index, owner);
}

Response Api::save_page(Index index, const PageWrite& write) {
  Content& content = state_.content;
  const PageState before = content.state_of(index);
  if (*write.version != before.version + 1) return stale_version(before.version, *write.version);
  std::optional<Place> place;
  Index owner = kNone;
  if (auto error = read_place(index, write, place, owner)) return *error;
  Edit edit;
  edit.title = write.title;
  edit.body = write.body;
  edit.message = write.message;
  edit.author = author_;
  if (!content.edit(index, edit)) return title_clash();
  put_in_place(index, place, owner);
  // The real site tries to merge into an open draft, and overrides it if that fails: here always.
  content.drop_draft(index);
  log_applied(index, before, true);
  return written(index, false);
}

// The document says `the current version number plus one`, and a draft shows number 1; but what was
// saved as a draft is no version, so that 1 could be meant too: publish_version decides.
Response Api::publish_page(Index index, const PageWrite& write) {
  Content& content = state_.content;
  const PageState before = content.state_of(index);
  const std::int64_t number = *write.version;
  const std::int64_t wanted = draw_.settings.publish_version;
  if (wanted == 0 ? number != 1 && number != 2 : number != wanted) {
    return stale_version(before.version, number);
  }
  std::optional<Place> place;
  Index owner = kNone;
  if (auto error = read_place(index, write, place, owner)) return *error;
  Edit edit;
  edit.title = write.title;
  edit.body = write.body;
  edit.message = write.message;
  edit.author = author_;
  if (!content.publish(index, static_cast<std::int32_t>(number), edit)) return title_clash();
  put_in_place(index, place, owner);
  log_applied(index, before, true);
  return written(index, false);
}

Response Api::update_title() {
  PageWrite write;
  if (auto error = read(WriteForm::kTitle, write)) return *error;
  const WriteScope scope(state_);
  Content& content = state_.content;
  const Index index = page_argument(true);
  if (auto error = refuse_write(index)) return *error;
  const Page& page = content.pages()[index];
  if (page.status == Status::kArchived) {
    return refusal(draw_.settings.archived_update_status,
                   "Cannot update archived page with id [" + route_.arguments[0] + "]");
  }
  const PageDraft* draft = content.draft_of(index);
  const bool is_draft = page.status == Status::kDraft;
  const bool has_it = write.draft ? is_draft || draft != nullptr : page.status == Status::kCurrent;
  if (!has_it) return cannot_find("page", route_.arguments[0]);
  const PageState before = content.state_of(index);
  if (write.draft) {
    content.write_draft(index, {write.title, is_draft ? content.body(index, 1) : draft->body,
                                now_millis(), author_});
    log_applied(index, before, false);
    return written(index, true);
  }
  std::optional<Place> place;
  Index owner = kNone;
  if (auto error = read_place(index, write, place, owner)) return *error;
  Edit edit;
  edit.title = write.title;
  edit.body = content.body(index, before.version);
  edit.author = author_;
  if (!content.edit(index, edit)) return title_clash();
  log_applied(index, before, false);
  return written(index, false);
}

Response Api::delete_page() {
  bool purge = false;
  bool draft = false;
  if (auto error = read_flag(request_.query, "purge", purge)) return *error;
  if (auto error = read_flag(request_.query, "draft", draft)) return *error;
  const WriteScope scope(state_);
  Content& content = state_.content;
  const Index index = page_argument(true);
  if (auto error = refuse_write(index)) return *error;
  const Page& page = content.pages()[index];
  const PageState before = content.state_of(index);
  if (draft) {
    const bool gone = page.status == Status::kDraft ? content.set_status(index, Status::kPurged)
                                                    : content.drop_draft(index);
    if (!gone) return cannot_find("page", route_.arguments[0]);
  } else if (purge) {
    if (page.status == Status::kDraft) return cannot_find("page", route_.arguments[0]);
    if (page.status != Status::kTrashed) {
      return bad_request("Only a page in the trash can be purged");
    }
    content.set_status(index, Status::kPurged);
  } else {
    if (page.status != Status::kCurrent && page.status != Status::kArchived) {
      return cannot_find("page", route_.arguments[0]);
    }
    if (!content.set_status(index, Status::kTrashed)) {
      return bad_request("The homepage of a space cannot be deleted");
    }
  }
  log_applied(index, before, false);
  return no_content();
}

Response Api::move_page() {
  const std::string& position = route_.arguments[1];
  if (position != "before" && position != "after" && position != "append") {
    return v1_error(400, "The position must be before, after or append");
  }
  const WriteScope scope(state_);
  Content& content = state_.content;
  const auto missing = [](const std::string& id) {
    return v1_error(404, "No content found with id: ContentId{id=" + id + "}");
  };
  const auto is_live = [&](Index page) {
    const Status status = content.pages()[page].status;
    return status == Status::kCurrent || status == Status::kArchived;
  };
  const Index index = page_argument();
  if (index == kNone || !is_live(index)) return missing(route_.arguments[0]);
  const auto id = parse_number(route_.arguments[2]);
  const Index target = id ? content.find_page(*id) : kNone;  // no folder here: a limit of this site
  if (target == kNone || !readable(content, target) || !is_live(target)) {
    return missing(route_.arguments[2]);
  }
  if (own_ && state_.read_only.contains(content.pages()[index].id)) {
    return v1_error(403, "Current user is not permitted to move the page");
  }
  const PageState before = content.state_of(index);
  const MoveTo where = position == "before"  ? MoveTo::kBefore
                       : position == "after" ? MoveTo::kAfter
                                             : MoveTo::kAppend;
  if (!content.move_beside(index, target, where)) {
    return v1_error(400,
                    "com.atlassian.confluence.api.service.exceptions.BadRequestException: The page "
                    "cannot be moved there");
  }
  log_applied(index, before, false);
  Response response;
  response.body = "{\"pageId\":\"" + route_.arguments[0] + "\"}";
  return response;
}

}  // namespace site
