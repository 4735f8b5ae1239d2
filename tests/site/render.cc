#include "tests/site/render.h"

#include "tests/site/markup.h"
#include "tests/site/text.h"

namespace site {
namespace {

// Ways in which a row of poison_rows is wrong.
constexpr int kNoDamage = -1;
constexpr int kNoVersion = 0;
constexpr int kNumberTitle = 1;
constexpr int kTextVersion = 2;  // a number as text, and nothing beside it
constexpr int kNoSpace = 3;
constexpr int kNullStatus = 4;
constexpr int kArrayVersion = 5;
constexpr Id kDamages = 6;

}  // namespace

void Renderer::member(std::string_view name) {
  if (out_.back() != '{') out_ += ',';
  out_ += '"';
  out_ += name;
  out_ += "\":";
}

void Renderer::text(std::string_view name, std::string_view value) {
  member(name);
  append_quoted(out_, value);
}

void Renderer::id(std::string_view name, Id value) {
  member(name);
  if (value == 0) {
    out_ += "null";
    return;
  }
  out_ += '"';
  append_number(out_, value);
  out_ += '"';
}

void Renderer::account(std::string_view name, Index user) {
  if (user == kNone) {
    member(name);
    out_ += "null";
  } else {
    text(name, content_.users()[user].account_id);
  }
}

void Renderer::version_fields(const Version& version) {
  member("number");
  append_number(out_, version.number);
  text("message", version.message);
  member("minorEdit");
  out_ += version.minor_edit ? "true" : "false";
  account("authorId", version.author);
  text("createdAt", to_iso8601(version.created_at));
}

void Renderer::version(const Version& version) {
  out_ += '{';
  version_fields(version);
  close();
}

void Renderer::open_detailed_version(const Version& version) {
  out_ += '{';
  version_fields(version);
  member("contentTypeModified");
  out_ += "false";
  member("collaborators");
  out_ += '[';
  append_quoted(out_, content_.users()[version.author].account_id);
  out_ += ']';
}

void Renderer::body(Index page, std::int32_t version, BodyFormat format, std::string_view name,
                    const PageDraft* draft) {
  const auto text_of = [&] {
    return draft != nullptr ? draft->body : content_.body(page, version);
  };
  member("body");
  out_ += '{';
  if (format != BodyFormat::kAbsent) {
    member(name);
    out_ += '{';
    text("representation", name);
    member("value");
    out_ += '"';
    switch (format) {
      case BodyFormat::kStorage:
        if (draft != nullptr) {
          append_escaped(out_, draft->body);
        } else {
          content_.append_body(out_, page, version, BodyForm::kJson);
        }
        break;
      case BodyFormat::kAtlasDoc:
        append_escaped(out_, to_atlas_doc(text_of()));
        break;
      case BodyFormat::kView:
        append_escaped(out_, to_view(text_of()));
        break;
      case BodyFormat::kAbsent:
        break;
    }
    out_ += "\"}";
  }
  close();
}

std::string Renderer::web_path(Index index) const {
  const Page& page = content_.pages()[index];
  const Space& space = content_.spaces()[page.space];
  const std::string root = "/spaces/" + percent_encode(space.alias);
  if (space.homepage == index) return root + "/overview";
  return root + "/pages/" + std::to_string(page.id) + "/" + percent_encode(page.title);
}

int Renderer::damage_of(const Page& page) const {
  const bool damaged = !state_.poison_rows.empty() && state_.poison_rows.contains(page.id);
  return damaged ? static_cast<int>(page.id % kDamages) : kNoDamage;
}

void Renderer::place(Id parent, ContentType type, std::int32_t position) {
  id("parentId", parent);
  member("parentType");
  if (type == ContentType::kNull) {
    out_ += "null";
  } else {
    append_quoted(out_, to_string(type));
  }
  member("position");
  if (position < 0) {
    out_ += "null";
  } else {
    append_number(out_, position);
  }
}

void Renderer::page_identity(const Page& page, int damage, const PageDraft* draft) {
  id("id", page.id);
  if (damage == kNullStatus) {
    member("status");
    out_ += "null";
  } else {
    text("status", to_string(draft != nullptr ? Status::kDraft : page.status));
  }
  if (damage == kNumberTitle) {
    member("title");
    append_number(out_, page.id);
  } else {
    text("title", draft != nullptr ? draft->title : page.title);
  }
  if (damage != kNoSpace) id("spaceId", content_.spaces()[page.space].id);
  place(content_.parent_id(page), page.parent_type, page.position);
}

void Renderer::page_people(const Page& page) {
  account("authorId", page.author);
  account("ownerId", page.owner);
  account("lastOwnerId", page.last_owner);
}

void Renderer::open_page(Index index, const PageParts& parts) {
  const Page& page = content_.pages()[index];
  const int damage = damage_of(page);
  out_ += '{';
  page_identity(page, damage, parts.draft);
  page_people(page);
  if (parts.subtype) text("subtype", page.live_doc ? "live" : "page");
  text("createdAt", to_iso8601(page.created_at));
  const std::int32_t number = parts.body_version != 0 ? parts.body_version : page.version;
  if (damage == kTextVersion) {
    member("version");
    out_ += R"({"number":")" + std::to_string(number) + R"("})";
  } else if (damage == kArrayVersion) {
    member("version");
    out_ += "[1]";
  } else if (parts.draft != nullptr) {
    member("version");
    Version saved;  // a draft has no other number
    saved.created_at = parts.draft->at;
    saved.author = parts.draft->author;
    version(saved);
  } else if (parts.version && damage != kNoVersion) {
    member("version");
    version(parts.body_version != 0 ? content_.version(index, number).value_or(Version())
                                    : content_.current_version(index));
  }
  body(index, number, parts.body, parts.body_name, parts.draft);
}

void Renderer::page_links(Index index, bool with_base) {
  const Page& page = content_.pages()[index];
  const std::string number = std::to_string(page.id);
  member("_links");
  out_ += '{';
  text("webui", web_path(index));
  text("editui", "/pages/resumedraft.action?draftId=" + number);
  text("tinyui", "/x/" + base64_encode(number));
  if (with_base) text("base", state_.base_url);
  close();
}

void Renderer::open_space(Index index, bool bulk) {
  const Space& space = content_.spaces()[index];
  out_ += '{';
  id("id", space.id);
  text("key", space.key);
  text("name", space.name);
  text("type", space.type);
  text("status", space.status);
  account("authorId", space.author);
  if (bulk) text("currentActiveAlias", space.alias);
  text("createdAt", to_iso8601(space.created_at));
  if (space.homepage != kNone) id("homepageId", content_.pages()[space.homepage].id);
}

void Renderer::space_extras(Index index, std::string_view description_format, bool icon) {
  const Space& space = content_.spaces()[index];
  if (!description_format.empty()) {
    std::string value = space.description;
    if (description_format == "view" && !value.empty())
      value = "<p>" + escape_markup(value) + "</p>";
    member("description");
    out_ += '{';
    member(description_format);
    out_ += '{';
    text("representation", description_format);
    text("value", value);
    out_ += "}}";
  }
  if (icon && !space.icon_path.empty()) {
    member("icon");
    out_ += '{';
    text("path", space.icon_path);
    if (space.type != "personal") {
      text("apiDownloadLink", "/wiki/rest/api/space-icon/" + std::to_string(space.id));
    }
    close();
  }
}

void Renderer::space_links(Index index, bool with_base) {
  member("_links");
  out_ += '{';
  text("webui", "/spaces/" + percent_encode(content_.spaces()[index].alias));
  if (with_base) text("base", state_.base_url);
  close();
}

void Renderer::version_row(Index page, const Version& row, BodyFormat format) {
  out_ += '{';
  version_fields(row);
  member("page");
  out_ += '{';
  id("id", content_.pages()[page].id);
  text("title", content_.title_at(page, row.number));
  if (format != BodyFormat::kAbsent) {
    body(page, row.number, format, format == BodyFormat::kStorage ? "storage" : "atlas_doc_format");
  }
  out_ += "}}";
}

void Renderer::label(const Label& label) {
  out_ += '{';
  id("id", label.id);
  text("name", label.name);
  text("prefix", label.prefix);
  close();
}

void Renderer::user(Index index) {
  const User& user = content_.users()[index];
  out_ += '{';
  text("accountId", user.account_id);
  text("accountType", user.app ? "app" : "atlassian");
  text("accountStatus", user.status);
  text("displayName", user.display_name);
  text("publicName", user.display_name);
  text("email", user.email);
  member("isExternalCollaborator");
  out_ += "false";
  member("timeZone");
  if (user.time_zone.empty()) {
    out_ += "null";
  } else {
    append_quoted(out_, user.time_zone);
  }
  Id personal = 0;
  for (const Space& space : content_.spaces()) {
    if (space.type == "personal" && space.author == index) personal = space.id;
  }
  id("personalSpaceId", personal);
  member("profilePicture");
  out_ += '{';
  text("path", "/wiki/aa-avatar/" + user.account_id);
  out_ += R"(,"isDefault":false}})";
}

void Renderer::container(const Container& container) {
  out_ += '{';
  id("id", container.id);
  text("type", to_string(container.type));
  text("status", to_string(container.status));
  text("title", container.title);
  place(content_.parent_id(container), container.parent_type, container.position);
  account("authorId", container.author);
  account("ownerId", container.author);
  text("createdAt", to_iso8601(container.created_at));
  const Space& space = content_.spaces()[container.space];
  id("spaceId", space.id);
  member("version");
  Version newest;
  newest.number = container.version;
  newest.created_at = container.modified_at;
  newest.author = container.author;
  version(newest);
  member("_links");
  out_ += '{';
  text("webui", "/spaces/" + percent_encode(space.alias) + "/" +
                    std::string(to_string(container.type)) + "/" + std::to_string(container.id));
  text("base", state_.base_url);
  out_ += "}}";
}

void Renderer::current_user(Index index) {
  const User& user = content_.users()[index];
  out_ += '{';
  text("type", "known");
  text("accountId", user.account_id);
  text("accountType", "atlassian");
  text("email", state_.options.email);
  text("publicName", user.display_name);
  text("displayName", user.display_name);
  text("timeZone", user.time_zone);
  member("isExternalCollaborator");
  out_ += "false";
  member("profilePicture");
  out_ += '{';
  text("path", "/wiki/aa-avatar/" + user.account_id);
  out_ += R"(,"width":48,"height":48,"isDefault":false})";
  member("_links");
  out_ += '{';
  text("self", state_.base_url + "/rest/api/user?accountId=" + percent_encode(user.account_id));
  text("base", state_.base_url);
  text("context", "/wiki");
  out_ += "}}";
}

}  // namespace site
