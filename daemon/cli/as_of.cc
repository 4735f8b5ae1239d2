#include "daemon/cli/as_of.h"

#include <fmt/format.h>

namespace cli {

store::Result<std::optional<store::Time>> parse_as_of(const std::string& text) {
  if (text.empty()) return std::nullopt;
  constexpr std::size_t kDay = 10;  // 2026-03-01
  const auto time = store::parse_iso8601(text.size() == kDay ? text + "T00:00:00Z" : text);
  if (time) return *time;
  return store::fail(store::ErrorKind::kUsage, "bad_time",
                     fmt::format("cannot use --as-of '{}': it is no time", text),
                     "2026-03-01 (the beginning of that day, UTC) or 2026-03-01T09:30:00+01:00");
}

store::Result<void> note_as_of(store::Reader& reader, store::Time as_of, std::int64_t assumed,
                               const GlobalOptions& globals, std::ostream& err) {
  if (assumed == 0 || globals.quiet) return {};
  const auto since = reader.observed_since();
  if (!since) return store::fail(since.error());
  err << fmt::format(
      "confmirror: {} {} {} not observed at {}{}: titles and versions are those of then, "
      "places and statuses the first ones known\n",
      assumed, assumed == 1 ? "page" : "pages", assumed == 1 ? "was" : "were",
      store::to_iso8601(as_of),
      *since ? fmt::format(" (the mirror began at {})", store::to_iso8601(**since)) : "");
  return {};
}

}  // namespace cli
