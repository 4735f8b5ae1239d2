#pragma once

// What of the site belongs into a mirror: for every command that puts the two beside each other.
// Any thread.

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "store/reader.h"

namespace cli {

// The spaces that the configuration admits; of those only the ones that a key names, if there are
// keys: by key or alias, with * and ?, without regard to case.
std::function<bool(const store::Space&)> admits_of(const config::MirrorConfig& mirror,
                                                   const std::vector<std::string>& keys);

// kUsage if the mirror is of another site than the configuration names: cannot `verb` it.
store::Result<void> expect_same_site(std::string_view verb, store::Reader& reader,
                                     const config::Config& config,
                                     const std::filesystem::path& path);

}  // namespace cli
