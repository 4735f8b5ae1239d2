#pragma once

// One look at the site, for `init` and `check`: who does it take us for, and how many spaces does
// it show us? A wait that an earlier run was asked for is kept, and one that the site asks for now
// is obeyed if it is short, else reported: the error is kRetryAfter "site_wait". Ends with
// kCanceled after a signal. Blocks; the calling thread is the network thread meanwhile.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "config/config.h"
#include "daemon/base/secret.h"
#include "daemon/confluence/listing.h"
#include "daemon/confluence/scopes.h"
#include "store/error.h"

namespace cli {

struct SiteView {
  confluence::Identity identity;
  store::Time answered_at{};                 // our clock, when the site said who we are
  std::int64_t spaces = 0;                   // visible, archived ones included
  std::int64_t admitted = 0;                 // of those, the ones that the configuration mirrors
  bool more = false;                         // there are more spaces than were counted
  std::optional<store::Error> spaces_error;  // they could not be listed
  // With ProbeOptions::scopes:
  bool scopes_asked = false;
  std::vector<confluence::ScopeNeed> missing_scopes;
  std::optional<store::Error> scopes_error;    // they could not be asked for
  std::optional<store::Error> identity_error;  // for want of a scope; identity and spaces are empty
};

struct ProbeOptions {
  std::filesystem::path mirror;  // its wait counts, if it is there
  std::chrono::milliseconds patience{20'000};
  bool scopes = false;  // asks for each scope, where the scheme has any
};

store::Result<SiteView> probe_site(const config::Config& config, base::Secret token,
                                   const ProbeOptions& options);

}  // namespace cli
