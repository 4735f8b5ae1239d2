#include "daemon/serve/confluence_v2_write.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "daemon/serve/offline_drafts.h"

namespace serve {
namespace {

using Json = nlohmann::json;
using store::PageRow;

constexpr std::size_t kDeepest = 16;

V2Write refused(const NoAnswer& why) {
  V2Write write;
  write.refused = v2_error(why);
  return write;
}

NoAnswer cannot_do(const std::string& what) {
  return {501, "The offline mirror cannot " + what + ": ask the site itself"};
}

NoAnswer stale_version(std::int32_t current, std::int32_t provided) {
  return {409, "Version must be incremented when updating a page. Current Version: [" +
                   std::to_string(current) + "]. Provided version: [" + std::to_string(provided) +
                   "]"};
}

bool is_too_deep(const std::string& text) {
  std::size_t depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kDeepest) return true;
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return false;
}

// The object that a client sent, its fields read one by one; the first problem is kept. Fields that
// it has besides are ignored, as Confluence does.
class Sent {
 public:
  explicit Sent(const Request& request) {
    const auto type = request.header("content-type").value_or("");
    if (!type.starts_with("application/json")) {
      problem_.emplace(415, "Content-Type must be application/json");
    } else if (is_too_deep(request.body)) {
      problem_.emplace(400, "The request's body is nested too deeply");
    } else {
      json_ = Json::parse(request.body, nullptr, false);
      if (!json_.is_object()) problem_.emplace(400, "The request's body is no JSON object");
    }
    if (!json_.is_object()) json_ = Json::object();
  }

  void refuse(NoAnswer why) {
    if (!problem_) problem_ = std::move(why);
  }
  const std::optional<NoAnswer>& problem() const { return problem_; }

  // "" where it is absent or null.
  std::string text(const char* field, bool required) {
    const auto found = json_.find(field);
    if (found == json_.end() || found->is_null()) {
      if (required) refuse({400, "'" + std::string(field) + "' is required"});
      return {};
    }
    if (found->is_string()) return found->get<std::string>();
    if (found->is_number_integer()) return std::to_string(found->get<std::int64_t>());
    refuse({400, "'" + std::string(field) + "' must be a string"});
    return {};
  }

  std::string status(bool required) {
    auto status = text("status", required);
    if (status.empty()) return "current";
    if (status != "current" && status != "draft") {
      refuse({400, "'status' must be current or draft"});
    }
    return status;
  }

  std::string title(const std::string& status) {
    auto title = text("title", false);
    if (!title.empty()) return title;
    if (status == "draft") {
      refuse(cannot_do("queue drafts without a title"));
    } else {
      refuse({400, "'title' is required"});
    }
    return title;
  }

  // Flat (`{representation, value}`) or nested below its representation; as the connector's action
  // takes it.
  void body(bool required, Json& action) {
    std::string representation = "storage";
    std::string value;
    auto found = json_.find("body");
    if (found == json_.end() || found->is_null()) {
      if (required) refuse({400, "'body' is required"});
    } else if (!found->is_object()) {
      refuse({400, "'body' must be an object"});
    } else {
      const Json* holder = &*found;
      for (const auto* form : {"storage", "wiki", "atlas_doc_format"}) {
        if (found->contains(form) && (*found)[form].is_object()) {
          holder = &(*found)[form];
          representation = form;
        }
      }
      if (holder->contains("representation") && (*holder)["representation"].is_string()) {
        representation = (*holder)["representation"].get<std::string>();
      }
      if (!holder->contains("value") || !(*holder)["value"].is_string()) {
        refuse({400, "'body.value' must be a string"});
      } else {
        value = (*holder)["value"].get<std::string>();
      }
    }
    if (representation == "atlas_doc_format") {
      refuse(cannot_do("write bodies in the format atlas_doc_format"));
    } else if (representation != "storage" && representation != "wiki") {
      refuse({400, "'body.representation' must be storage, atlas_doc_format or wiki"});
    }
    action["representation"] = representation;
    action["body"][representation]["value"] = std::move(value);
  }

  // The number; what else it holds goes into the action.
  std::int32_t version(Json& action) {
    const auto found = json_.find("version");
    if (found == json_.end() || !found->is_object() || !found->contains("number") ||
        !(*found)["number"].is_number_integer()) {
      refuse({400, "'version.number' is required"});
      return 0;
    }
    const auto number = (*found)["number"].get<std::int64_t>();
    if (number < 1 || number > std::numeric_limits<std::int32_t>::max()) {
      refuse({400, "'version.number' must be the number of the new version"});
      return 0;
    }
    if (const auto message = found->find("message"); message != found->end()) {
      if (message->is_string()) {
        action["message"] = *message;
      } else if (!message->is_null()) {
        refuse({400, "'version.message' must be a string"});
      }
    }
    if (const auto minor = found->find("minorEdit"); minor != found->end() && minor->is_boolean()) {
      action["minorEdit"] = *minor;
    }
    return static_cast<std::int32_t>(number);
  }

 private:
  Json json_;
  std::optional<NoAnswer> problem_;
};

std::string dump(const Json& action) {
  return action.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// The page that a path names: a row of the mirror, or a draft of ours.
struct Target {
  store::Id id = 0;
  std::optional<PageRow> row;
  bool our_draft = false;
};

store::Result<Target> target_of(const Ask& ask, store::Reader& reader, bool with_body) {
  Target target;
  target.id = parse_whole(ask.argument("id")).value_or(0);
  auto row = reader.page(target.id, with_body);
  if (!row) return store::fail(row.error());
  if (*row) {
    if (!(*row)->gone_at) target.row = std::move(**row);
    return target;
  }
  auto draft = reader.is_our_draft(target.id);
  if (!draft) return store::fail(draft.error());
  target.our_draft = *draft;
  return target;
}

std::optional<NoAnswer> why_not_changed(const Ask& ask, const Target& target) {
  if (!target.row && !target.our_draft) return cannot_find("page", ask.argument("id"));
  if (!target.row) return std::nullopt;
  const auto& status = target.row->status;
  if (status == "archived") {
    return NoAnswer(400, "Cannot update archived page with id [" + ask.argument("id") + "]");
  }
  if (status != "current") return cannot_do("restore pages from the trash");
  return std::nullopt;
}

// Places and owners that a client sends again as they are are no change.
std::optional<NoAnswer> why_not_moved(Sent& sent, const Target& target) {
  const auto space = sent.text("spaceId", false);
  const auto parent = sent.text("parentId", false);
  const auto owner = sent.text("ownerId", false);
  if (!target.row) {
    if (!parent.empty() || !owner.empty()) return cannot_do("move drafts, or give them away");
    return std::nullopt;
  }
  const auto& row = *target.row;
  if (!space.empty() && space != std::to_string(row.space_id)) {
    return NoAnswer(400, "A page cannot be moved to another space");
  }
  if (!parent.empty() && (!row.parent_id || parent != std::to_string(*row.parent_id))) {
    return cannot_do("move pages");
  }
  if (!owner.empty() && owner != row.owner_id.value_or("")) {
    return cannot_do("give pages to another owner");
  }
  return std::nullopt;
}

// The version that the update was made from; or why that cannot be.
std::optional<NoAnswer> read_base(const Target& target, bool draft, std::int32_t number,
                                  std::int32_t& base) {
  if (draft) {
    if (number != 1) return NoAnswer(400, "The version number of a draft must be 1");
    base = target.row ? target.row->version.number : 1;
    return std::nullopt;
  }
  if (!target.row) {  // our draft is to be published
    if (number > 2) return stale_version(1, number);
    base = 1;
    return std::nullopt;
  }
  const auto current = target.row->version.number;
  if (number <= current) return stale_version(current, number);
  base = number - 1;
  return std::nullopt;
}

store::Result<std::optional<NoAnswer>> why_no_parent(store::Reader& reader,
                                                     const std::string& parent) {
  const std::optional<NoAnswer> missing(
      NoAnswer(404, "Cannot find content with id [" + parent + "]"));
  const auto id = parse_whole(parent);
  if (!id) return missing;
  auto page = reader.page(*id, false);
  if (!page) return store::fail(page.error());
  if (*page) {
    const bool there =
        !(*page)->gone_at && (*page)->status != "trashed" && (*page)->status != "deleted";
    return there ? std::optional<NoAnswer>() : missing;
  }
  auto node = reader.node(*id);
  if (!node) return store::fail(node.error());
  return *node && !(*node)->gone_at ? std::optional<NoAnswer>() : missing;
}

}  // namespace

store::Result<V2Write> v2_create(const Ask& ask, store::Reader& reader) {
  OfflineQuery query(ask.request);
  if (query.flag("embedded")) query.refuse(cannot_do("queue embedded pages"));
  if (query.flag("private")) query.refuse(cannot_do("queue private pages"));
  if (query.flag("root-level")) query.refuse(cannot_do("queue pages at the root of a space"));
  if (query.problem()) return refused(*query.problem());
  Sent sent(ask.request);
  Json action = Json::object();
  const auto space_id = sent.text("spaceId", true);
  const auto status = sent.status(false);
  action["status"] = status;
  action["title"] = sent.title(status);
  sent.body(false, action);
  const auto parent = sent.text("parentId", false);
  if (!sent.text("subtype", false).empty()) sent.refuse(cannot_do("queue live documents"));
  if (sent.problem()) return refused(*sent.problem());
  auto space = reader.space(parse_whole(space_id).value_or(0));
  if (!space) return store::fail(space.error());
  if (!*space) return refused(cannot_find("space", space_id));
  action["spaceKey"] = (*space)->key;
  if (!parent.empty()) {
    auto missing = why_no_parent(reader, parent);
    if (!missing) return store::fail(missing.error());
    if (*missing) return refused(**missing);
    action["parentId"] = parent;
  }
  V2Write write;
  write.action = "create_page";
  write.json = dump(action);
  write.draft = status == "draft";
  return write;
}

store::Result<V2Write> v2_update(const Ask& ask, store::Reader& reader) {
  Sent sent(ask.request);
  Json action = Json::object();
  const auto id = sent.text("id", true);
  const auto status = sent.status(true);
  action["status"] = status;
  action["title"] = sent.title(status);
  sent.body(true, action);
  const auto number = sent.version(action);
  if (!sent.problem() && id != ask.argument("id")) {
    sent.refuse({400, "The id in the body is not the one in the path"});
  }
  if (sent.problem()) return refused(*sent.problem());
  auto target = target_of(ask, reader, false);
  if (!target) return store::fail(target.error());
  if (const auto why = why_not_changed(ask, *target)) return refused(*why);
  if (const auto why = why_not_moved(sent, *target)) return refused(*why);
  V2Write write;
  write.draft = status == "draft";
  std::int32_t base = 0;
  if (const auto why = read_base(*target, write.draft, number, base)) return refused(*why);
  action["pageId"] = std::to_string(target->id);
  action["version"] = base;
  action["onConflict"] = "fail";  // as Confluence itself, whatever the configuration says of ours
  write.action = "update_page";
  write.json = dump(action);
  write.page_id = target->id;
  write.provided = number;
  return write;
}

store::Result<V2Write> v2_update_title(const Ask& ask, store::Reader& reader) {
  Sent sent(ask.request);
  const auto status = sent.status(true);
  const auto title = sent.title("current");
  if (status == "draft") sent.refuse(cannot_do("change the titles of drafts alone"));
  if (sent.problem()) return refused(*sent.problem());
  auto target = target_of(ask, reader, true);
  if (!target) return store::fail(target.error());
  if (!target->row) return refused(cannot_find("page", ask.argument("id")));
  if (const auto why = why_not_changed(ask, *target)) return refused(*why);
  if (!target->row->body) {
    return refused({503, "The body of page [" + ask.argument("id") +
                             "] is not in the mirror yet, and a title is written with it"});
  }
  Json action = Json::object();
  action["pageId"] = std::to_string(target->id);
  action["title"] = title;
  action["status"] = "current";
  action["version"] = target->row->version.number;
  action["representation"] = "storage";
  action["body"]["storage"]["value"] = target->row->body->text;
  // The client has seen no version: a body that others change meanwhile stays theirs.
  action["onConflict"] = "rebase";
  V2Write write;
  write.action = "update_page";
  write.json = dump(action);
  write.page_id = target->id;
  return write;
}

store::Result<V2Write> v2_delete(const Ask& ask, store::Reader& reader) {
  OfflineQuery query(ask.request);
  const bool purge = query.flag("purge");
  const bool draft = query.flag("draft");
  if (purge) query.refuse(cannot_do("purge pages"));
  if (query.problem()) return refused(*query.problem());
  auto target = target_of(ask, reader, false);
  if (!target) return store::fail(target.error());
  const auto missing = cannot_find("page", ask.argument("id"));
  if (draft && target->row) return refused(cannot_do("discard drafts of published pages"));
  if (draft != target->our_draft) return refused(missing);
  if (!draft &&
      (!target->row || (target->row->status != "current" && target->row->status != "archived"))) {
    return refused(missing);
  }
  Json action = Json::object();
  action["pageId"] = std::to_string(target->id);
  if (draft) action["draft"] = true;
  V2Write write;
  write.action = "delete_page";
  write.json = dump(action);
  write.page_id = target->id;
  write.draft = draft;
  return write;
}

}  // namespace serve
