#pragma once

// What is in a body, for search, audits and exports: its visible text, its headings, links, macros
// and tasks. Reads any bytes: a body that is not well-formed is read as far as it makes sense (see
// forgiving.h), and `fault` says what was wrong. Never fails; time and memory are linear in the
// body, within Limits. Pure; any thread.
//
// The text is for people and for an index: blocks on lines of their own, white space as a browser
// reduces it, alternatives of images, titles of macros, the text of code. Not in it: markup,
// parameters that nobody sees, ids. It may hold any character that a body may.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/storage_format/document.h"
#include "daemon/storage_format/reference.h"

namespace storage_format {

// Changes whenever the text of some body would come out differently: an index over texts of another
// version is out of date.
inline constexpr int kExtractorVersion = 1;

struct Heading {
  int level = 1;
  std::string text;
  std::string anchor;  // as Confluence makes it for links to headings; "" = no text, no anchor
  Position at;
  std::size_t offset = 0;  // of its element in the body
};

struct LinkUse {
  enum class Role { kLink, kImage, kMention, kInclude };  // kInclude: include, excerpt-include
  Role role = Role::kLink;
  Reference to;
  std::string text;  // as shown; "" where the target's own title is
  Position at;
};

struct MacroUse {
  std::string name;
  std::vector<std::pair<std::string, std::string>> parameters;  // text values, in their order
  Position at;
};

struct Task {
  std::string id;
  bool done = false;
  std::string text;
  std::vector<std::string> assignees;  // account ids
  std::string due;                     // "2026-01-31"; "" = none
  Position at;
};

struct Placeholder {  // instruction text of a template that nobody filled in
  std::string text;
  Position at;
};

struct Content {
  std::string text;
  std::vector<Heading> headings;
  std::vector<std::string> anchors;  // of the macro anchor and of <a id>, decoded: see anchors.h
  std::vector<LinkUse> links;
  std::vector<MacroUse> macros;
  std::vector<Task> tasks;
  std::vector<Placeholder> placeholders;
  std::optional<Fault> fault;  // set: the body is not well-formed
};

Content extract(std::string_view body);
// The text of extract() alone, for less.
std::string plain_text(std::string_view body);

}  // namespace storage_format
