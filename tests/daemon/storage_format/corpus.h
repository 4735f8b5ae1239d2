#pragma once

// Real bodies from beside the checkout; empty where they are absent: skip, saying so.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace storage_format {

struct RealBody {
  std::string name;
  std::string text;
};

inline std::vector<RealBody> real_bodies() {
  namespace fs = std::filesystem;
  std::vector<RealBody> bodies;
  std::error_code error;
  for (const auto& entry :
       fs::directory_iterator(fs::path(CONFMIRROR_SHARED_DIR) / "corpus" / "storage", error)) {
    std::ifstream in(entry.path(), std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    bodies.push_back({entry.path().filename().string(), text.str()});
  }
  std::ranges::sort(bodies, {}, &RealBody::name);
  return bodies;
}

}  // namespace storage_format
