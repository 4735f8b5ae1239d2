#include "tests/site/write_log.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace site {
namespace {

nlohmann::json state_json(const std::optional<PageState>& state) {
  if (!state) return nullptr;
  nlohmann::json json = {{"status", to_string(state->status)},
                         {"version", state->version},
                         {"title", state->title},
                         {"parent", nullptr},
                         {"space", std::to_string(state->space)}};
  if (state->parent != 0) json["parent"] = std::to_string(state->parent);
  return json;
}

}  // namespace

std::string to_json_line(const WriteEntry& entry) {
  const nlohmann::ordered_json json = {
      {"number", entry.number},
      {"at", to_iso8601(entry.at)},
      {"method", entry.method},
      {"what", entry.what},
      {"who", entry.own ? "own" : "other"},
      {"page", entry.page == 0 ? nlohmann::json() : nlohmann::json(std::to_string(entry.page))},
      {"applied", entry.applied},
      {"applied_number", entry.applied_number},
      {"before", state_json(entry.before)},
      {"after", state_json(entry.after)},
      {"message", entry.message},
      {"received_sha256", entry.received_sha256},
      {"stored_sha256", entry.stored_sha256},
      {"status", entry.status},
      {"fault", entry.fault},
      {"whole", entry.whole}};
  return json.dump() + "\n";
}

WriteEntry* WriteLog::find(std::uint64_t number) {
  const bool there = number >= first_ && number < first_ + entries_.size();
  return there ? &entries_[number - first_] : nullptr;
}

std::uint64_t WriteLog::begin(std::string_view method, std::string_view what, bool own, Id page) {
  const std::scoped_lock lock(mutex_);
  WriteEntry& entry = entries_.emplace_back();
  entry.number = first_ + entries_.size() - 1;
  entry.at = now_millis();
  entry.method = method;
  entry.what = what;
  entry.own = own;
  entry.page = page;
  return entry.number;
}

void WriteLog::received(std::uint64_t number, std::string_view body_sha256,
                        std::string_view message) {
  const std::scoped_lock lock(mutex_);
  if (WriteEntry* entry = find(number)) {
    entry->received_sha256 = body_sha256;
    entry->message = message;
  }
}

void WriteLog::applied(std::uint64_t number, Id page, const std::optional<PageState>& before,
                       const PageState& after, std::string stored_sha256) {
  const std::scoped_lock lock(mutex_);
  ++applied_;
  if (WriteEntry* entry = find(number)) {
    entry->page = page;
    entry->applied = true;
    entry->applied_number = applied_;
    entry->before = before;
    entry->after = after;
    entry->stored_sha256 = std::move(stored_sha256);
  }
}

void WriteLog::played(std::uint64_t number, std::string_view fault) {
  const std::scoped_lock lock(mutex_);
  if (WriteEntry* entry = find(number)) entry->fault = fault;
}

void WriteLog::answered(std::uint64_t number, int status, bool whole) {
  const std::scoped_lock lock(mutex_);
  if (WriteEntry* entry = find(number)) {
    entry->status = status;
    entry->whole = whole;
  }
}

void WriteLog::other(std::string_view what, Id page, const std::optional<PageState>& before,
                     const PageState& after, std::string stored_sha256) {
  const std::uint64_t number = begin("", what, false, page);
  applied(number, page, before, after, std::move(stored_sha256));
}

std::vector<WriteEntry> WriteLog::entries() const {
  const std::scoped_lock lock(mutex_);
  return entries_;
}

void WriteLog::clear() {
  const std::scoped_lock lock(mutex_);
  first_ += entries_.size();
  entries_.clear();
}

}  // namespace site
