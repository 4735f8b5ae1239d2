#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <string>
#include <system_error>

#include "store/forget.h"
#include "store/migrate.h"
#include "store/sqlite.h"

namespace store {
namespace {

namespace fs = std::filesystem;

// By what SQLite's header says: https://www.sqlite.org/fileformat.html
bool is_mirror(const fs::path& file) {
  constexpr std::string_view kMagic("SQLite format 3\0", 16);
  constexpr std::size_t kApplicationIdAt = 68;
  std::array<char, 100> header{};
  std::ifstream in(file, std::ios::binary);
  if (!in.read(header.data(), header.size())) return false;
  if (std::string_view(header.data(), kMagic.size()) != kMagic) return false;
  std::uint32_t id = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    id = id << 8 | static_cast<unsigned char>(header.at(kApplicationIdAt + i));
  }
  return id == static_cast<std::uint32_t>(kApplicationId);
}

KnownCopy::Holds holds(const fs::path& file, Id page_id) {
  auto db = Db::open(file, SQLITE_OPEN_READONLY);
  if (!db) return KnownCopy::Holds::kUnreadable;
  bool found = false;
  {
    Stmt stmt(**db,
              "SELECT EXISTS (SELECT 1 FROM page WHERE id=?1)"
              " OR EXISTS (SELECT 1 FROM page_version WHERE page_id=?1)");
    Query query = stmt.begin();
    if (query.bind(page_id).row()) found = query.flag(0);
  }
  if ((*db)->take_error()) return KnownCopy::Holds::kUnreadable;
  return found ? KnownCopy::Holds::kYes : KnownCopy::Holds::kNo;
}

}  // namespace

std::vector<KnownCopy> copies_with(const fs::path& mirror, const std::vector<fs::path>& folders,
                                   Id page_id) {
  const fs::path home = mirror.has_parent_path() ? mirror.parent_path() : fs::path(".");
  std::vector<fs::path> looked{home, home / "backups"};
  looked.insert(looked.end(), folders.begin(), folders.end());
  std::vector<fs::path> files;
  for (const fs::path& folder : looked) {
    std::error_code error;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
      std::error_code ignored;
      if (!at->is_regular_file(ignored) || fs::equivalent(at->path(), mirror, ignored)) continue;
      if (is_mirror(at->path())) files.push_back(at->path());
    }
  }
  std::sort(files.begin(), files.end());
  files.erase(std::unique(files.begin(), files.end()), files.end());
  std::vector<KnownCopy> copies;
  for (const fs::path& file : files) copies.push_back({file, holds(file, page_id)});
  return copies;
}

}  // namespace store
