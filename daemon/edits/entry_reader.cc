#include "daemon/edits/entry_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <limits>

#include "daemon/confluence/names.h"
#include "daemon/storage_format/document.h"
#include "daemon/storage_format/tidy.h"

namespace edits {

namespace {

using nlohmann::json;
using store::JobAction;

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), is_control);
}

std::string without_blanks(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const auto begin = text.find_first_not_of(kBlanks);
  if (begin == text.npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1));
}

}  // namespace

std::optional<Entry> EntryReader::read() {
  entry_.spec.line = line_;
  if (!fields_.is_object() || !read_action()) return std::nullopt;
  fields_.refuse_others(known_fields(), store::to_string(entry_.spec.action));
  switch (entry_.spec.action) {
    case JobAction::kCreatePage:
      read_create();
      break;
    case JobAction::kUpdatePage:
      read_update();
      break;
    default:
      read_delete();
  }
  read_extras();
  if (!fields_.good()) return std::nullopt;
  return std::move(entry_);
}

bool EntryReader::read_action() {
  if (given_action_) {
    entry_.spec.action = *given_action_;
    return true;
  }
  const auto name = fields_.text("action", true);
  if (!name) return false;
  const auto action = store::parse_job_action(*name);
  if (!action || *action == JobAction::kRestorePage || *action == JobAction::kMovePage) {
    wrong("action", fmt::format("'{}' is no write action: expected create_page, update_page or "
                                "delete_page",
                                *name));
    return false;
  }
  entry_.spec.action = *action;
  return true;
}

std::vector<std::string> EntryReader::known_fields() const {
  std::vector<std::string> known;
  switch (entry_.spec.action) {
    case JobAction::kCreatePage:
      known = {"title", "spaceKey", "parentId", "body", "representation", "status"};
      break;
    case JobAction::kUpdatePage:
      known = {"pageId", "title", "version", "body", "representation", "status"};
      break;
    default:
      known = {"pageId", "draft"};
  }
  for (const auto* field : {"message", "minorEdit", "onConflict", "notBefore", "asUser"}) {
    known.emplace_back(field);
  }
  if (given_action_) return known;
  for (const auto* field : {"action", "ref", "after"}) known.emplace_back(field);
  if (entry_.spec.action == JobAction::kCreatePage) known.emplace_back("parentRef");
  return known;
}

void EntryReader::read_title() {
  const auto title = fields_.text("title", true);
  if (!title) return;
  auto trimmed = without_blanks(*title);
  if (trimmed.empty()) {
    wrong("title", "is empty: expected 1 to 255 characters");
  } else if (code_points(trimmed) > kLongestTitle) {
    wrong("title", fmt::format("has {} characters: expected at most {}", code_points(trimmed),
                               kLongestTitle));
  } else if (has_control(trimmed)) {
    wrong("title", "holds control characters: expected one line of text");
  }
  entry_.spec.title = std::move(trimmed);
}

void EntryReader::read_status() {
  const auto status = fields_.text("status", false);
  if (!status) return;
  if (*status != "current" && *status != "draft") {
    wrong("status", fmt::format("'{}' is no status to write: expected current or draft", *status));
  }
  entry_.spec.status = *status;
}

void EntryReader::read_create() {
  read_title();
  if (auto key = fields_.text("spaceKey", true)) {
    entry_.space_key = without_blanks(*key);
    if (entry_.space_key.empty()) wrong("spaceKey", "is empty: expected the key of a space");
  }
  entry_.spec.parent_id = fields_.id("parentId", false);
  read_status();
  read_body();
}

void EntryReader::read_update() {
  entry_.spec.page_id = fields_.id("pageId", true);
  read_title();
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max() - 1;
  if (find("version") == nullptr) {
    wrong("version", "is missing: expected the page's current version number");
  } else if (const auto version = fields_.number("version", 1, kMost)) {
    entry_.spec.base_version = static_cast<std::int32_t>(*version);
  }
  read_status();
  read_body();
}

void EntryReader::read_delete() {
  entry_.spec.page_id = fields_.id("pageId", true);
  if (fields_.flag("draft")) entry_.spec.status = "draft";
}

void EntryReader::read_body() {
  auto& spec = entry_.spec;
  if (const auto representation = fields_.text("representation", false)) {
    spec.representation = *representation;
    if (*representation != "storage" && *representation != "wiki") {
      wrong("representation",
            fmt::format("'{}' cannot be written: expected storage or wiki", *representation));
      return;
    }
  }
  const auto* body = find("body");
  if (body == nullptr || !body->is_object()) {
    wrong("body", (body == nullptr ? std::string("is missing") : "found " + input::kind_of(*body)) +
                      R"(: expected {"storage": {"value": "..."}})");
    return;
  }
  const json* holder = body;
  std::string named;
  for (const auto* form : {"storage", "wiki"}) {
    if (body->contains(form)) {
      if (!named.empty()) return wrong("body", "holds both storage and wiki: expected one");
      named = form;
      holder = &(*body)[form];
    }
  }
  for (const auto& item : body->items()) {
    const bool flat = named.empty() && (item.key() == "value" || item.key() == "representation");
    if (item.key() != named && !flat) return wrong("body." + item.key(), "unknown field");
  }
  if (named == "wiki" && spec.representation != "wiki") {
    return wrong("representation", R"(expected "wiki", for the body is wiki markup)");
  }
  const auto field = named.empty() ? std::string("body") : "body." + named;
  if (!holder->is_object()) return wrong(field, "expected an object with a value");
  for (const auto& item : holder->items()) {
    if (item.key() != "value" && item.key() != "representation") {
      return wrong(field + "." + item.key(), "unknown field");
    }
  }
  if (holder->contains("representation") &&
      (*holder)["representation"] != json(spec.representation)) {
    return wrong(field + ".representation",
                 "expected the representation of the entry, '" + spec.representation + "'");
  }
  if (!holder->contains("value") || !(*holder)["value"].is_string()) {
    return wrong(field + ".value", "expected a string");
  }
  check_text((*holder)["value"].get<std::string>());
}

void EntryReader::check_text(std::string body) {
  auto& spec = entry_.spec;
  const auto at = [](const storage_format::Position& position) {
    return fmt::format("line {}, column {} of the body", position.line, position.column);
  };
  if (spec.representation == "wiki") {
    const auto illegal = std::find_if(body.begin(), body.end(), [](char c) {
      return is_control(c) && c != '\t' && c != '\n' && c != '\r' && c != 0x7f;
    });
    if (illegal != body.end()) {
      storage_format::PositionCursor cursor(body);
      wrong("body", at(cursor.at(static_cast<std::size_t>(illegal - body.begin()))) +
                        ": a control character");
    }
    spec.body = std::move(body);
    return;
  }
  auto tidied = storage_format::tidy(body);
  if (!tidied) {
    wrong("body", at(tidied.error().at) + ": " + tidied.error().text);
    return;
  }
  spec.body = std::move(tidied->body);
  entry_.notes = std::move(tidied->changes);
}

void EntryReader::read_extras() {
  auto& spec = entry_.spec;
  if (const auto message = fields_.text("message", false)) {
    spec.message = without_blanks(*message);
    if (has_control(spec.message)) wrong("message", "holds control characters");
    if (code_points(spec.message) > kLongestMessage) {
      wrong("message", fmt::format("has {} characters: expected at most {}",
                                   code_points(spec.message), kLongestMessage));
    }
  }
  spec.minor_edit = fields_.flag("minorEdit");
  if (const auto user = fields_.text("asUser", false)) {
    spec.as_user = *user;
    if (!confluence::is_account_id(*user)) {
      wrong("asUser", "is no account id: expected one such as 557058:0867a421-a9ee-4659");
    }
  }
  if (const auto policy = fields_.text("onConflict", false)) {
    const auto parsed = store::parse_on_conflict(*policy);
    if (!parsed) {
      wrong("onConflict", fmt::format("'{}' is none of fail, rebase, overwrite", *policy));
    } else {
      spec.on_conflict = *parsed;
      entry_.has_policy = true;
    }
  }
  read_not_before();
  if (!given_action_) read_references();
}

void EntryReader::read_not_before() {
  const auto time = fields_.text("notBefore", false);
  if (!time) return;
  const auto parsed = store::parse_iso8601(*time);
  if (parsed) {
    entry_.spec.not_before = *parsed;
  } else {
    wrong("notBefore", "expected a time such as 2026-03-01T02:00:00Z");
  }
}

void EntryReader::read_references() {
  const auto name = [this](const char* field) -> std::optional<std::string> {
    auto value = fields_.text(field, false);
    if (value && (value->empty() || value->size() > 255 || has_control(*value))) {
      wrong(field, "expected a name of 1 to 255 characters");
    }
    return value;
  };
  entry_.spec.ref = name("ref");
  entry_.parent_ref = name("parentRef");
  if (entry_.parent_ref && entry_.spec.parent_id) {
    wrong("parentRef", "there is a parentId as well: expected one of the two");
  }
  const auto* after = find("after");
  if (after == nullptr) return;
  const auto list = after->is_string() ? json::array({*after}) : *after;
  if (!list.is_array()) return wrong("after", "expected a list of refs");
  for (const auto& item : list) {
    if (!item.is_string()) return wrong("after", "expected a list of refs, strings");
    entry_.after_refs.push_back(item.get<std::string>());
  }
}

}  // namespace edits
