#pragma once

// The folder in which the timer keeps its reports: audit-YYYYMMDDTHHMMSSZ.json and .html for each
// audit, and latest.json and latest.html, links to the newest. Only names of exactly these forms
// are ever read, replaced or removed. One writer at a time. Errors: kSystem with path and cause,
// kUsage where the folder is none.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include "daemon/audit/report.h"

namespace cli {

class AuditReports {
 public:
  static store::Result<AuditReports> open(const std::filesystem::path& folder);

  // The JSON of the newest audit that was not made at `now`; nullopt: there is none.
  std::optional<std::filesystem::path> newest_before(store::Time now) const;

  struct Kept {
    std::filesystem::path json;
    std::filesystem::path html;
    std::vector<std::filesystem::path> removed;
  };
  // With `keep` of 1 or more: of so many audits the reports stay, the newest by name, this one in
  // any case.
  store::Result<Kept> add(const audit::Report& report, std::int64_t keep) const;

 private:
  explicit AuditReports(std::filesystem::path folder) : folder_(std::move(folder)) {}

  std::filesystem::path folder_;
};

}  // namespace cli
