#pragma once

// Plain records: what Confluence said, as the rest of the program knows it. Made once by
// daemon/confluence/parse, written once by store/. Owned by value; safe to move between threads.
// Ids are Confluence's own, as integers. Times are UTC with milliseconds. Names of fields follow
// Confluence's REST API v2 (https://developer.atlassian.com/cloud/confluence/rest/v2/).

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/error.h"

namespace store {

using Id = std::int64_t;
using Time = std::chrono::sys_time<std::chrono::milliseconds>;
// Taken before a request is sent; a row keeps the number of the answer it came from, so that an
// older answer never overwrites a newer one. Strictly increasing over the life of a mirror file.
using Observation = std::int64_t;
using Sha256 = std::array<std::uint8_t, 32>;

// ISO-8601 UTC with milliseconds, `2026-03-01T12:00:00.000Z`: the one form in which times are
// printed.
std::string to_iso8601(Time time);
// Accepts fractions of any length and numeric offsets (`+02:00`, `+0200`); an error names the text.
Result<Time> parse_iso8601(std::string_view text);
std::string to_hex(const Sha256& hash);
Sha256 sha256(std::string_view bytes);

struct Body {
  Body() = default;
  explicit Body(std::string body_text) : text(std::move(body_text)), hash(sha256(text)) {}
  std::string text;  // the storage value exactly as Confluence sent it, UTF-8
  Sha256 hash{};
};

struct Version {
  std::int32_t number = 0;
  Time created_at{};
  std::string message;
  bool minor_edit = false;
  std::string author_id;  // account id
};

struct Space {
  Id id = 0;
  std::string key;
  std::string name;
  std::string type;    // global, personal, collaboration, knowledge_base, ...
  std::string status;  // current, archived
  std::optional<std::string> current_alias;
  std::string author_id;
  Time created_at{};
  std::optional<Id> homepage_id;
  std::optional<std::string> description;  // plain representation
  std::optional<std::string> icon_path;    // site-relative, with /wiki
  std::string web_path;                    // _links.webui, relative to SITE/wiki
};

struct Page {
  Id id = 0;
  std::string status;  // current, archived, trashed, deleted, draft
  std::string title;
  Id space_id = 0;
  std::optional<Id> parent_id;
  std::optional<std::string> parent_type;  // page, folder, whiteboard, database, embed
  std::optional<std::int64_t> position;
  std::string author_id;
  std::optional<std::string> owner_id;
  std::optional<std::string> last_owner_id;
  std::optional<std::string> subtype;  // "live" for live docs
  Time created_at{};
  Version version;
  std::optional<Body> body;  // absent in listings without bodies
  std::string web_path;      // _links.webui, relative to SITE/wiki
};

// What stands in the tree of pages and is no page: a folder, whiteboard, database or embed.
struct Node {
  Id id = 0;
  std::string type;    // as `parent_type` names it
  std::string status;  // current, archived, trashed, ...
  std::string title;
  std::optional<Id> space_id;
  std::optional<Id> parent_id;
  std::optional<std::string> parent_type;
  std::optional<std::int64_t> position;
  std::string author_id;
  std::optional<Time> created_at;
  std::optional<std::int32_t> version;
};

// An older version's body as it will be stored: made by encode() (store/blob_codec.h), read by the
// writer.
struct EncodedBody {
  enum class Form { kPlain, kZstd, kZstdPrefix, kSame };
  Form form = Form::kPlain;
  std::int32_t neighbour =
      -1;  // index in PageHistory::versions of the prefix (kZstdPrefix) or the equal body (kSame)
  std::int64_t raw_bytes = 0;
  std::string data;
};

struct PageVersion {
  Version version;
  std::optional<std::string> title;
  std::optional<Body> body;
  std::optional<EncodedBody> encoded;  // set: body->text is empty, body->hash stands
};

// Everything one version listing of one page said. Contains the current version too, where the site
// lists it.
struct PageHistory {
  Id page_id = 0;
  std::int32_t up_to =
      0;  // the page's version number the listing was asked for; history_due is cleared up to here
  std::vector<PageVersion> versions;
};

struct User {
  std::string account_id;
  std::optional<std::string> display_name;    // nullopt: the site does not know or does not show it
  std::optional<std::string> account_status;  // active, inactive, closed, unknown
};

struct SpaceLabels {
  Id space_id = 0;
  std::vector<std::string> labels;  // sorted, without prefix
};

struct QuarantineEntry {
  std::string subject;  // "page:123", "versions:123", "node:123", "listing:..."
  std::string reason;
  Time next_try_at{};
};

}  // namespace store
