#pragma once

// When are two bodies the same? The server does not give back the bytes that it was sent: macros
// get a new ac:macro-id, ac:local-id, ac:schema-version, <x/> becomes <x />. The normal form is
// what is left without that, so that two bodies with one normal form read the same for everyone.
//
// It ignores the identities that the server gives (elements.h), the order and quoting of
// attributes, white space inside tags, <x></x> against <x/>, how a character is written (itself,
// by number, by name, in CDATA), how lines end, and white space between blocks. It does not ignore
// anything that can be seen or that the site acts on, nor comments; it tells nothing apart by
// meaning (a colour's two spellings are two). It is a text of this program only: compare it, hash
// it, never send or store it for others. Pure; any thread.
// Source: https://confluence.atlassian.com/doc/confluence-storage-format-790796544.html

#include <string>
#include <string_view>

#include "daemon/storage_format/document.h"
#include "store/records.h"

namespace storage_format {

std::string normal_form(const Document& document);
// Of one node among its siblings; `keeps_space`: an element around it keeps white space.
std::string normal_form(const Document& document, const Node& node, bool keeps_space = false);
// Of a start tag alone: the name and what counts of the attributes.
std::string normal_tag(const Node& element);

// By normal form; two bodies of which one is malformed only when they are equal byte for byte.
bool same_content(std::string_view a, std::string_view b);
// Of the normal form; of the bytes where the body is malformed.
store::Sha256 content_hash(std::string_view body);

}  // namespace storage_format
