// The tree from one page down: direct-children and descendants. Rows are current or archived only.

#include <algorithm>
#include <array>
#include <limits>

#include "tests/site/api.h"
#include "tests/site/listing.h"
#include "tests/site/text.h"

namespace site {
namespace {

constexpr std::array<SortName, 5> kChildSorts = {{{"child-position", SortBy::kId},
                                                  {"id", SortBy::kId},
                                                  {"title", SortBy::kTitle},
                                                  {"created-date", SortBy::kCreated},
                                                  {"modified-date", SortBy::kModified}}};
constexpr std::array<SortName, 1> kDescendantSorts = {{{"id", SortBy::kId}}};
constexpr std::int64_t kDefaultDepth = 2;
constexpr std::int64_t kMostDepth = 10;

// A page or a container, as the rows of both listings show it.
struct Member {
  Id id = 0;
  Id parent_id = 0;
  Status status = Status::kCurrent;
  ContentType type = ContentType::kPage;
  std::string title;
  std::int64_t space_id = 0;
  std::int32_t position = -1;
  Millis created_at = 0;
  Millis modified_at = 0;
  int depth = 1;
  Index index = kNone;
};

bool listed(Status status) { return status == Status::kCurrent || status == Status::kArchived; }

void add_children(const Content& content, Index parent, ContentType type, int depth,
                  std::vector<Member>& members) {
  const Id parent_id =
      type == ContentType::kPage ? content.pages()[parent].id : content.containers()[parent].id;
  for (Index index = 0; index < content.pages().size(); ++index) {
    const Page& page = content.pages()[index];
    if (page.parent != parent || page.parent_type != type || !listed(page.status) ||
        !content.shown(index)) {
      continue;
    }
    members.push_back({page.id, parent_id, page.status, ContentType::kPage, page.title,
                       content.spaces()[page.space].id, page.position, page.created_at,
                       page.modified_at, depth, index});
  }
  for (Index index = 0; index < content.containers().size(); ++index) {
    const Container& container = content.containers()[index];
    if (container.parent != parent || container.parent_type != type || !listed(container.status) ||
        !content.container_shown(index)) {
      continue;
    }
    members.push_back({container.id, parent_id, container.status, container.type, container.title,
                       content.spaces()[container.space].id, container.position,
                       container.created_at, container.modified_at, depth, index});
  }
}

Position place_of(const Member& member, std::string_view order) {
  if (order.ends_with("title")) return {0, member.title, member.id};
  if (order.ends_with("created-date")) return {member.created_at, "", member.id};
  if (order.ends_with("modified-date")) return {member.modified_at, "", member.id};
  if (order.ends_with("child-position")) {
    const auto number = member.position < 0 ? std::numeric_limits<std::int64_t>::max()
                                            : std::int64_t{member.position};
    return {number, "", member.id};
  }
  return {member.id, "", member.id};
}

void render(const Member& member, bool with_parent, std::string& out) {
  out += R"({"id":")" + std::to_string(member.id) + R"(","status":)";
  append_quoted(out, to_string(member.status));
  out += R"(,"title":)";
  append_quoted(out, member.title);
  out += R"(,"type":)";
  append_quoted(out, to_string(member.type));
  if (with_parent) {
    out += R"(,"parentId":")" + std::to_string(member.parent_id) + R"(","depth":)" +
           std::to_string(member.depth);
  } else {
    out += R"(,"spaceId":")" + std::to_string(member.space_id) + '"';
  }
  out += R"(,"childPosition":)" + (member.position < 0 ? "null" : std::to_string(member.position)) +
         "}";
}

}  // namespace

Response Api::direct_children() {
  const Index page = page_argument();
  if (page == kNone) return cannot_find("page", route_.arguments[0]);
  Listing listing;
  if (auto refused =
          Listing::read(request_, draw_, kChildSorts, "child-position", false, listing)) {
    return *refused;
  }
  const auto order = request_.query.get("sort").value_or("child-position");
  std::vector<Member> members;
  add_children(state_.content, page, ContentType::kPage, 1, members);
  // In the default order the rest of a listing is lost where a child has no position
  // (CONFCLOUD-84015).
  const bool nulls = std::any_of(members.begin(), members.end(),
                                 [](const Member& member) { return member.position < 0; });
  if (order.ends_with("child-position") && listing.after() && nulls) members.clear();
  std::vector<Listing::Row> rows;
  for (std::uint32_t at = 0; at < members.size(); ++at) {
    rows.push_back({at, place_of(members[at], order)});
  }
  rows = listing.collect(std::move(rows));
  return listing.envelope(state_, rows, [&](const Listing::Row& row, std::string& out) {
    render(members[row.index], false, out);
  });
}

Response Api::descendants() {
  const Index page = page_argument();
  if (page == kNone) return cannot_find("page", route_.arguments[0]);
  Listing listing;
  if (auto refused = Listing::read(request_, draw_, kDescendantSorts, "id", false, listing)) {
    return *refused;
  }
  std::int64_t depth = kDefaultDepth;
  if (const auto text = request_.query.get("depth")) {
    const auto wanted = parse_number(*text);
    if (!wanted || *wanted < 1 || *wanted > kMostDepth) {
      return bad_parameter("depth", *text, "an integer from 1 to 10");
    }
    depth = *wanted;
  }
  std::vector<Member> members;
  add_children(state_.content, page, ContentType::kPage, 1, members);
  for (std::size_t at = 0; at < members.size(); ++at) {
    const Member above = members[at];
    if (above.depth < depth) {
      add_children(state_.content, above.index, above.type, above.depth + 1, members);
    }
  }
  std::vector<Listing::Row> rows;
  for (std::uint32_t at = 0; at < members.size(); ++at) {
    rows.push_back({at, place_of(members[at], "id")});
  }
  rows = listing.collect(std::move(rows));
  return listing.envelope(state_, rows, [&](const Listing::Row& row, std::string& out) {
    render(members[row.index], true, out);
  });
}

}  // namespace site
