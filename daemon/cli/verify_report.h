#pragma once

// How the outcome of a verification is told: for people, and as JSON. Pure. Any thread.

#include <chrono>
#include <ostream>
#include <string>

#include "daemon/confluence/client.h"
#include "daemon/confluence/governor.h"
#include "daemon/mirror/verify.h"

namespace cli {

struct VerifyOutcome {
  mirror::VerifyReport report;
  std::string mirror_path;
  std::string site_url;
  confluence::Usage usage;
  std::chrono::milliseconds elapsed{0};
  store::Time now{};
};

// Nothing differs, and nothing could not be compared.
bool is_equal(const mirror::VerifyReport& report);

// `width`: columns of the terminal; 0 = any. `brief`: differences and what could not be compared,
// nothing else.
void print_verify_report(const VerifyOutcome& outcome, bool brief, std::size_t width,
                         std::ostream& out);
// One line; ids are strings.
std::string verify_report_json(const VerifyOutcome& outcome);

// `comparing 4,210 of 10,000 pages · 12 bodies · 3 to be looked at again · 18 requests`, and what
// it waits for.
std::string verify_line(const mirror::VerifyProgress& progress, const confluence::Usage& usage,
                        const confluence::GovernorStatus& governor, store::Time now);

}  // namespace cli
