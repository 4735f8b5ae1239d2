#include "daemon/query/blame.h"

#include <map>
#include <utility>

#include "daemon/query/readable_body.h"
#include "daemon/query/text_diff.h"

namespace querying {

namespace {

// The lines as they stand now, each with the version that brought it.
class History {
 public:
  void add(const store::VersionRow& version, const std::string& body) {
    auto text = readable_body(body);
    std::vector<std::int32_t> origins;
    std::size_t old = 0;
    for (const auto& line : diff_texts(text_, text)) {
      if (line.kind == DiffLine::Kind::kRemoved) {
        ++old;
        continue;
      }
      const bool stays = line.kind == DiffLine::Kind::kSame;
      origins.push_back(stays ? origins_[old] : version.version.number);
      if (line.kind != DiffLine::Kind::kAdded) ++old;
    }
    text_ = std::move(text);
    origins_ = std::move(origins);
    newest_ = version.version.number;
  }
  const std::string& text() const { return text_; }
  const std::vector<std::int32_t>& origins() const { return origins_; }
  std::int32_t newest() const { return newest_; }

 private:
  std::string text_;
  std::vector<std::int32_t> origins_;  // of each line
  std::int32_t newest_ = 0;
};

}  // namespace

store::Result<Blame> blame(store::Reader& reader, store::Id page_id) {
  Blame blame;
  History history;
  std::map<std::int32_t, store::VersionRow> versions;
  const auto visited = reader.for_each_version(
      page_id,
      [&](const store::VersionRow& version) {
        if (!version.body) {
          ++blame.gaps;
          return true;
        }
        history.add(version, version.body->text);
        auto row = version;
        row.body.reset();
        versions.emplace(version.version.number, std::move(row));
        return true;
      },
      true);
  if (!visited) return store::fail(visited.error());
  blame.shown_version = history.newest();
  std::map<std::int32_t, std::size_t> places;
  std::size_t at = 0;
  std::string_view text = history.text();
  for (const auto origin : history.origins()) {
    const auto [place, added] = places.emplace(origin, blame.versions.size());
    if (added) blame.versions.push_back(versions[origin]);
    const auto end = text.find('\n', at);
    blame.lines.push_back({place->second, std::string(text.substr(at, end - at))});
    at = end == text.npos ? text.size() : end + 1;
  }
  return blame;
}

}  // namespace querying
