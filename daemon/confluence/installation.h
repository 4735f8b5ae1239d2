#pragma once

// Where the Connect app is installed, as the site said it: what its tokens are made with. Kept in a
// file of its own beside the mirror, for its owner alone (0600), replaced whole or not at all. Not
// encrypted: the key would have to lie beside it.
//
// Blocks on the disk; any thread. Owned by value. Errors: kUsage "installation_unsafe" (others can
// read or change it, or it is no plain file), "installation_bad" (it cannot be read), kSystem.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/base/secret.h"
#include "store/error.h"
#include "store/records.h"

namespace confluence {

struct Installation {
  Installation() = default;
  Installation copy() const;

  std::string client_key;  // of the site; another one after an import
  std::string oauth_client_id;
  base::Secret shared_secret;
  std::string base_url;  // with /wiki
  store::Time installed_at{};
};

std::filesystem::path installation_path(const std::filesystem::path& mirror);
// nullopt: there is none.
store::Result<std::optional<Installation>> load_installation(const std::filesystem::path& file);
store::Result<void> save_installation(const std::filesystem::path& file,
                                      const Installation& installation);
// It may be gone already.
store::Result<void> remove_installation(const std::filesystem::path& file);

// Whether a product's base URL (with or without /wiki) is that of this site.
bool is_base_of(std::string_view base_url, std::string_view site_url);

}  // namespace confluence
