#include "daemon/cli/audit_reports.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <functional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "daemon/audit/formats.h"
#include "daemon/export/output_file.h"

namespace cli {

namespace {

namespace fs = std::filesystem;

// In their order by text they are in their order by time.
constexpr std::string_view kStampForm = "audit-DDDDDDDDTDDDDDDZ";

std::string stamp_of(store::Time now) {
  std::string stamp = "audit-";
  for (const char c : store::to_iso8601(std::chrono::floor<std::chrono::seconds>(now))) {
    if (c == '.') break;  // milliseconds
    if (c != '-' && c != ':' && c != 'Z') stamp += c;
  }
  return stamp + "Z";
}

bool is_stamp(std::string_view name) {
  return name.size() == kStampForm.size() &&
         std::equal(name.begin(), name.end(), kStampForm.begin(), [](char c, char form) {
           return form == 'D' ? std::isdigit(static_cast<unsigned char>(c)) != 0 : c == form;
         });
}

store::Failure folder_failure(const char* verb, const fs::path& path,
                              const std::error_code& cause) {
  return store::fail(store::ErrorKind::kSystem, "reports_failed",
                     fmt::format("cannot {} '{}': {}", verb, path.string(), cause.message()),
                     "check who may write to the folder");
}

// Stamps with a JSON report, newest first; regular files alone.
store::Result<std::vector<std::string>> stamps_in(const fs::path& folder) {
  std::vector<std::string> found;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code vanished;
    if (!fs::is_regular_file(entry->symlink_status(vanished)) || vanished) continue;
    const auto& path = entry->path();
    if (path.extension() != ".json" && path.extension() != ".html") continue;
    auto stamp = path.stem().string();
    if (is_stamp(stamp)) found.push_back(std::move(stamp));
  }
  if (error) return folder_failure("list", folder, error);
  std::sort(found.begin(), found.end(), std::greater<>());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

store::Result<void> write_whole(const fs::path& target, const audit::Report& report,
                                audit::Format format) {
  auto file = exporting::OutputFile::create(target);
  if (!file) return store::fail(file.error());
  auto written = audit::write_report(
      report, format, [&file](std::string_view text) { return (*file)->write(text); });
  return written ? (*file)->commit() : std::move(written);
}

// The name points to the old one or to the new one at any time.
store::Result<void> point(const fs::path& link, const fs::path& target) {
  std::error_code error;
  const auto known = fs::symlink_status(link, error);
  if (fs::exists(known) && !fs::is_symlink(known)) {
    return folder_failure("replace", link, std::make_error_code(std::errc::file_exists));
  }
  const fs::path aside = link.string() + fmt::format(".{}", ::getpid());
  fs::remove(aside, error);
  fs::create_symlink(target.filename(), aside, error);
  if (error) return folder_failure("write", aside, error);
  fs::rename(aside, link, error);
  if (!error) return {};
  std::error_code ignored;
  fs::remove(aside, ignored);
  return folder_failure("replace", link, error);
}

}  // namespace

store::Result<AuditReports> AuditReports::open(const fs::path& folder) {
  std::error_code error;
  fs::create_directory(folder, error);  // not its parents: a wrong path is not to grow a tree
  if (error) return folder_failure("make", folder, error);
  if (fs::is_directory(folder, error)) return AuditReports(folder);
  return store::fail(store::ErrorKind::kUsage, "no_folder",
                     fmt::format("cannot keep reports in '{}': it is no folder", folder.string()));
}

std::optional<fs::path> AuditReports::newest_before(store::Time now) const {
  const auto stamps = stamps_in(folder_);
  if (!stamps) return std::nullopt;
  const auto own = stamp_of(now);
  for (const auto& stamp : *stamps) {
    std::error_code error;
    auto path = folder_ / (stamp + ".json");
    if (stamp != own && fs::is_regular_file(path, error)) return path;
  }
  return std::nullopt;
}

store::Result<AuditReports::Kept> AuditReports::add(const audit::Report& report,
                                                    std::int64_t keep) const {
  Kept kept;
  const auto own = stamp_of(report.generated_at);
  kept.json = folder_ / (own + ".json");
  kept.html = folder_ / (own + ".html");
  if (auto done = write_whole(kept.html, report, audit::Format::kHtml); !done) {
    return store::fail(done.error());
  }
  if (auto done = write_whole(kept.json, report, audit::Format::kJson); !done) {
    return store::fail(done.error());
  }
  for (const auto& [name, target] :
       {std::pair("latest.html", kept.html), {"latest.json", kept.json}}) {
    if (auto done = point(folder_ / name, target); !done) return store::fail(done.error());
  }
  if (keep <= 0) return kept;
  auto stamps = stamps_in(folder_);
  if (!stamps) return store::fail(stamps.error());
  // This one stays, also where a clock that was wrong has left names of the future.
  stamps->erase(std::remove(stamps->begin(), stamps->end(), own), stamps->end());
  for (auto old = static_cast<std::size_t>(keep - 1); old < stamps->size(); ++old) {
    for (const char* ending : {".json", ".html"}) {
      std::error_code error;
      const auto path = folder_ / ((*stamps)[old] + ending);
      if (fs::remove(path, error)) kept.removed.push_back(path);
      if (error) return folder_failure("remove", path, error);
    }
  }
  return kept;
}

}  // namespace cli
