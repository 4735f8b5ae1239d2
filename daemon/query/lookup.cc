#include "daemon/query/lookup.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "daemon/input/did_you_mean.h"

namespace querying {

namespace {

std::optional<store::Id> parse_id(const std::string& text) {
  store::Id id = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, id);
  if (parsed.ec != std::errc() || parsed.ptr != end || id <= 0) return std::nullopt;
  return id;
}

// What the mirror knows about a page that it does not have.
store::Result<std::string> why_missing(store::Reader& reader, store::Id id) {
  const auto quarantine = reader.quarantine();
  if (!quarantine) return store::fail(quarantine.error());
  for (const auto& row : *quarantine) {
    if (row.subject == fmt::format("page:{}", id)) {
      return fmt::format("the site could not deliver it: {} (next try {})", row.reason,
                         store::to_iso8601(row.next_try_at));
    }
  }
  return std::string(
      "'confmirror pages' lists what the mirror has, 'confmirror sync' brings it up to date");
}

store::Error no_version(store::Id page_id, std::int32_t wanted,
                        const std::vector<store::VersionRow>& versions) {
  constexpr std::size_t kShown = 10;
  std::string known;
  for (std::size_t i = versions.size() - std::min(versions.size(), kShown); i < versions.size();
       ++i) {
    known += fmt::format("{}{}", known.empty() ? "" : ", ", versions[i].version.number);
  }
  return store::Error(
      store::ErrorKind::kUsage, "unknown_version",
      fmt::format("cannot show version {} of page '{}': the mirror does not have it", wanted,
                  page_id),
      versions.size() > kShown ? "the newest that it has: " + known : "it has: " + known);
}

}  // namespace

store::Result<std::string> site_url_of(store::Reader& reader) {
  auto url = reader.meta("site_url");
  if (!url) return store::fail(url.error());
  return url->value_or("");
}

store::Result<store::SpaceRow> find_space(store::Reader& reader, const std::string& key) {
  auto found = reader.space_by_key(key);
  if (!found) return store::fail(found.error());
  if (*found) return std::move(**found);
  const auto spaces = reader.spaces();
  if (!spaces) return store::fail(spaces.error());
  std::vector<std::string> keys;
  for (const auto& space : *spaces) {
    keys.push_back(space.key);
    if (space.current_alias && *space.current_alias != space.key) {
      keys.push_back(*space.current_alias);
    }
  }
  auto hint = input::did_you_mean(key, keys);
  if (hint.empty()) hint = "'confmirror spaces' lists those that it has";
  return store::fail(
      store::ErrorKind::kUsage, "unknown_space",
      fmt::format("cannot find space '{}': the mirror has no space of that key", key),
      std::move(hint));
}

store::Result<store::PageRow> find_page(store::Reader& reader, const std::string& id,
                                        bool with_body, std::optional<store::Time> as_of) {
  const auto number = parse_id(id);
  if (!number) {
    return store::fail(store::ErrorKind::kUsage, "bad_page_id",
                       fmt::format("cannot find page '{}': an id is a number", id),
                       "it stands in the page's address: .../pages/123456/Title");
  }
  auto found = reader.page(*number, with_body, as_of);
  if (!found) return store::fail(found.error());
  if (*found) return std::move(**found);
  const auto now = as_of ? reader.page(*number, false) : found;
  if (!now) return store::fail(now.error());
  if (*now) {
    return store::fail(store::ErrorKind::kUsage, "page_not_there_then",
                       fmt::format("cannot find page '{}' as of {}: it was not there", id,
                                   store::to_iso8601(*as_of)),
                       fmt::format("it was made at {}", store::to_iso8601((*now)->created_at)));
  }
  auto hint = why_missing(reader, *number);
  if (!hint) return store::fail(hint.error());
  return store::fail(store::ErrorKind::kUsage, "unknown_page",
                     fmt::format("cannot find page '{}': the mirror has no page of that id", id),
                     std::move(*hint));
}

store::Result<store::VersionRow> find_version(store::Reader& reader, store::Id page_id,
                                              std::int32_t version) {
  auto versions = reader.versions(page_id);
  if (!versions) return store::fail(versions.error());
  const auto found = std::find_if(versions->begin(), versions->end(),
                                  [&](const auto& row) { return row.version.number == version; });
  if (found == versions->end()) return store::fail(no_version(page_id, version, *versions));
  auto text = reader.version_body(page_id, version);
  if (!text) return store::fail(text.error());
  if (*text) found->body.emplace(std::move(**text));
  return std::move(*found);
}

}  // namespace querying
