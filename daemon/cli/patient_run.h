#pragma once

// Work on the site that somebody waits for at the keyboard: a wait that the site asks for is obeyed
// if it is short, else reported at once instead of sat out.

#include <chrono>
#include <filesystem>
#include <string>

#include "daemon/cli/site_session.h"

namespace cli {

// What the work ends with; kRetryAfter "site_wait" as soon as the site asks for a wait longer than
// `patience`. Network thread; the session outlives it.
base::Awaitable<store::Result<void>> patiently(SiteSession& session, std::string site_url,
                                               std::chrono::milliseconds patience,
                                               base::Awaitable<store::Result<void>> work);

// The same on the session's loop, on the calling thread; kCanceled after a signal.
store::Result<void> run_patiently(SiteSession& session, const std::string& site_url,
                                  std::chrono::milliseconds patience,
                                  base::Awaitable<store::Result<void>> work);

// A wait that is noted in this mirror, if it is there, holds for the session too.
void keep_wait_of(SiteSession& session, const std::filesystem::path& mirror);

}  // namespace cli
