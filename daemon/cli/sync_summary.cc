#include "daemon/cli/sync_summary.h"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/cli/json_fields.h"
#include "daemon/cli/progress_line.h"
#include "daemon/cli/report.h"

namespace cli {

namespace {

constexpr std::size_t kFailuresShown = 20;

void print_failures(const serve::Json& summary, std::ostream& err) {
  const auto& failures = part(summary, "failures");
  for (std::size_t i = 0; i < std::min(failures.size(), kFailuresShown); ++i) {
    if (failures[i].is_string()) {
      err << "confmirror: failed: " << printable(failures[i].get<std::string>()) << "\n";
    }
  }
  const auto quarantined = number(summary, "quarantined");
  if (failures.size() > kFailuresShown) {
    err << "confmirror: " << failures.size() - kFailuresShown
        << " more; 'confmirror status' names them all\n";
  } else if (failures.empty() && quarantined > 0) {
    err << "confmirror: " << quarantined
        << " objects wait in quarantine; 'confmirror status' names them, 'sync --full' tries them "
           "now\n";
  }
}

void print_words(const serve::Json& summary, std::ostream& out) {
  const auto& seconds = part(summary, "seconds");
  const std::chrono::milliseconds elapsed(
      static_cast<std::int64_t>(seconds.is_number() ? seconds.get<double>() * 1000.0 : 0.0));
  const auto gone = number(summary, "pages_gone");
  out << fmt::format(
             "{} spaces, {} pages seen, {} new or changed, {}{} older versions; {} requests, {}, "
             "{}\n",
             with_thousands(number(summary, "spaces")),
             with_thousands(
                 std::max(number(summary, "pages_seen"), number(summary, "pages_listed"))),
             with_thousands(number(summary, "pages_changed")),
             gone > 0 ? with_thousands(gone) + " gone, " : "",
             with_thousands(number(summary, "versions_new")),
             with_thousands(number(summary, "requests")), bytes_in_words(number(summary, "bytes")),
             in_words(elapsed))
      << "mirror: " << text(summary, "mirror") << "\n";
}

}  // namespace

serve::Json sync_summary(const mirror::Progress& progress, const confluence::Usage& usage,
                         std::chrono::milliseconds elapsed, const std::filesystem::path& mirror) {
  serve::Json json;
  json["spaces"] = progress.spaces;
  json["pages_seen"] = progress.pages_seen;
  json["pages_listed"] = progress.pages_listed;
  json["pages_changed"] = progress.pages_changed;
  json["pages_gone"] = progress.pages_gone;
  json["versions_new"] = progress.versions_new;
  json["requests"] = usage.requests;
  json["refused"] = usage.refused;
  json["bytes"] = usage.wire_bytes;
  json["seconds"] = static_cast<double>(elapsed.count()) / 1000.0;
  json["failures"] = progress.failures;
  json["quarantined"] = progress.quarantined;
  json["mirror"] = mirror.string();
  return json;
}

int print_sync(const serve::Json& summary, const GlobalOptions& globals, std::ostream& out,
               std::ostream& err) {
  print_failures(summary, err);
  if (globals.json) {
    out << serve::to_line(summary);
  } else if (!globals.quiet) {
    print_words(summary, out);
  }
  return part(summary, "failures").empty() && number(summary, "quarantined") == 0 ? 0 : 4;
}

}  // namespace cli
