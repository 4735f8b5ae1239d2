#include "daemon/cli/lookup.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "daemon/cli/text.h"

namespace cli {

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

}  // namespace

store::Result<std::unique_ptr<store::Reader>> open_mirror(const GlobalOptions& globals) {
  const auto path = resolve_mirror_path(globals);
  if (!path) return store::fail(path.error());
  return store::Reader::open(*path);
}

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
  auto hint = did_you_mean(key, keys);
  if (hint.empty()) hint = "'confmirror spaces' lists those that it has";
  return store::fail(
      store::ErrorKind::kUsage, "unknown_space",
      fmt::format("cannot find space '{}': the mirror has no space of that key", key),
      std::move(hint));
}

store::Result<store::PageRow> find_page(store::Reader& reader, const std::string& id,
                                        bool with_body) {
  const auto number = parse_id(id);
  if (!number) {
    return store::fail(store::ErrorKind::kUsage, "bad_page_id",
                       fmt::format("cannot find page '{}': an id is a number", id),
                       "it stands in the page's address: .../pages/123456/Title");
  }
  auto found = reader.page(*number, with_body);
  if (!found) return store::fail(found.error());
  if (*found) return std::move(**found);
  auto hint = why_missing(reader, *number);
  if (!hint) return store::fail(hint.error());
  return store::fail(store::ErrorKind::kUsage, "unknown_page",
                     fmt::format("cannot find page '{}': the mirror has no page of that id", id),
                     std::move(*hint));
}

}  // namespace cli
