#pragma once

// Pure: bytes of the site's answers to records. No I/O, no state between calls; any thread (the
// pool, for listings).
//
// Every input is hostile until read. A document that is not what was asked for is an Error
// (kRetryAfter, for a second try may bring the right one): empty_body, not_json, malformed_json
// (also: not UTF-8), unexpected_document. A row that lacks a field or has a wrong type is a BadRow,
// and the rest is kept. Error messages name no URL: the caller knows it.
//
// Page and version listings, a megabyte and more, are read with simdjson's DOM, which checks the
// whole document; everything else with nlohmann/json (tests/bench/parse_bench.cc has the figures).
// Bodies are hashed here, off the network thread.

#include <string>
#include <string_view>
#include <vector>

#include "daemon/confluence/listing.h"
#include "daemon/http/message.h"
#include "store/error.h"
#include "store/records.h"

namespace confluence {

// Listings. Only rows, bad_rows and next are filled; `next` is `_links.next` as the site sent it,
// not checked yet. `bodies`: they were asked for, so a row without one is bad. `body` is taken by
// value: simdjson reads it with padding.
store::Result<Listing<store::Page>> parse_pages(std::string body, bool bodies);
store::Result<Listing<store::PageVersion>> parse_versions(std::string body, bool bodies);
store::Result<Listing<store::Space>> parse_spaces(std::string_view body);
store::Result<Listing<std::string>> parse_labels(std::string_view body);
store::Result<Listing<store::User>> parse_users(std::string_view body);

// One page as a document: one row, or one bad row.
store::Result<Listing<store::Page>> parse_page(std::string body, bool bodies);

// One folder, whiteboard, database or embed as a document: one row, or one bad row. Their documents
// have the same fields.
store::Result<Listing<store::Node>> parse_node(std::string_view body);

// The rows of direct-children and descendants: id, type, status, title and position, and of
// descendants the parent.
store::Result<Listing<store::Node>> parse_tree(std::string_view body);

// v1 user/current. An answer that names no account (the anonymous user) has an empty account_id.
store::Result<Identity> parse_identity(std::string_view body);

// The link to the rest of a listing, as a path and query below `base_url` that begins with /wiki/:
// from the body, else from the Link headers (rel="next"). "" when there is none. An absolute link
// must be on `base_url` itself, or on the site's own host, which the gateway names in its answers;
// anything else is refused (kSpaceBad, "bad_next_link"): our credentials go nowhere else.
store::Result<std::string> next_link(std::string_view in_body,
                                     const std::vector<std::string_view>& link_headers,
                                     std::string_view base_url, std::string_view site_url = {});

// What an answer that is not a success says: v2, v1, gateway and edge forms, JSON or HTML.
struct ServerMessage {
  std::string code;   // v2: NOT_FOUND, INVALID_REQUEST_PARAMETER, ...; else ""
  std::string title;  // v2: the first error's title; else as `text`
  std::string
      text;  // for people: one line, at most 300 characters, no control characters; may be ""
};
ServerMessage parse_server_message(std::string_view body);

// One line of at most 300 characters for people, out of whatever bytes.
std::string one_line(std::string_view text);

}  // namespace confluence
