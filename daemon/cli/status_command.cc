#include "daemon/cli/status_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "daemon/base/clock.h"
#include "daemon/cli/progress_line.h"
#include "daemon/cli/queue_access.h"
#include "daemon/cli/report.h"
#include "daemon/confluence/token_expiry.h"
#include "daemon/query/status.h"
#include "store/reader.h"

namespace cli {

namespace {

using querying::MirrorStatus;

constexpr std::size_t kSpacesShown = 15;

std::string age(store::Time then, store::Time now) {
  return now > then ? in_words(now - then) + " ago" : "just now";
}

void print_runs(const MirrorStatus& status, store::Time now, std::ostream& out) {
  if (status.runs.empty()) return;
  out << "\nlast runs\n";
  for (const auto& run : status.runs) {
    out << fmt::format(
        "  {}  {:<11}  {:>7} requests  {:>9}  {:>7} pages changed  {}\n",
        store::to_iso8601(run.started_at), run.outcome, with_thousands(run.requests),
        bytes_in_words(run.bytes), with_thousands(run.pages_changed),
        run.finished_at ? in_words(*run.finished_at - run.started_at) : age(run.started_at, now));
    if (!run.error.empty()) out << "    " << printable(run.error) << "\n";
    if (run.outcome == "stopped") out << fmt::format("    run {}\n", run.run_id);
  }
}

void print_quarantine(const MirrorStatus& status, std::ostream& out) {
  if (status.quarantine.empty()) return;
  out << fmt::format("\nquarantine: {} objects that the site could not deliver\n",
                     status.quarantine.size());
  for (const auto& row : status.quarantine) {
    out << fmt::format("  {}  attempts {}, next try {}\n    {}\n", printable(row.subject),
                       row.attempts, store::to_iso8601(row.next_try_at), printable(row.reason));
  }
}

void print_jobs(const MirrorStatus& status, std::ostream& out) {
  std::vector<std::string> by_state;
  for (const auto& [state, count] : status.jobs) {
    by_state.push_back(fmt::format("{} {}", with_thousands(count), to_string(state)));
  }
  if (!by_state.empty()) out << fmt::format("edits    {}\n", fmt::join(by_state, ", "));
  if (!status.jobs_pause) return;
  const auto& pause = *status.jobs_pause;
  out << fmt::format("         {} since {}: {}\n",
                     pause.by_user ? "paused" : "held until the site knows us again",
                     store::to_iso8601(pause.since), printable(pause.reason));
}

void print(const MirrorStatus& status, const std::filesystem::path& path, std::ostream& out) {
  const store::Time now = base::SystemClock().now();
  out << fmt::format("mirror   {} ({})\nsite     {}\n", path.string(),
                     bytes_in_words(status.file_bytes),
                     status.site_url.empty() ? "not synced yet" : printable(status.site_url));
  out << fmt::format("spaces   {}\npages    {}", with_thousands(status.counts.spaces),
                     with_thousands(status.counts.pages));
  std::vector<std::string> by_status;
  for (const auto& [name, count] : status.counts.pages_by_status) {
    by_status.push_back(fmt::format("{} {}", with_thousands(count), printable(name)));
  }
  if (!by_status.empty()) out << fmt::format(" ({})", fmt::join(by_status, ", "));
  if (status.counts.nodes > 0) {
    out << fmt::format("\nnodes    {} (folders, whiteboards, databases, embeds)",
                       with_thousands(status.counts.nodes));
  }
  out << fmt::format("\nversions {}\n", with_thousands(status.counts.versions));
  if (status.counts.bodies_due > 0 || status.counts.history_due > 0 || status.open_walks > 0) {
    out << fmt::format("to fetch {} bodies, {} version listings, {} listings not at their end\n",
                       with_thousands(status.counts.bodies_due),
                       with_thousands(status.counts.history_due), status.open_walks);
  }
  if (!status.wait_until.empty()) {
    out << fmt::format("limits   the site asked us to wait until {} ({})\n", status.wait_until,
                       printable(status.wait_reason));
  }
  const auto expires_at = store::parse_iso8601(status.token_expires);
  const auto ending = expires_at ? confluence::expiry_words(*expires_at, now) : std::string();
  if (!ending.empty()) out << fmt::format("token    {}\n", ending);
  if (!status.last_full_at.empty()) {
    out << fmt::format("full     last look at everything ended {}\n", status.last_full_at);
  }
  print_jobs(status, out);
  for (const auto& [kind, text] : troubles(status)) {
    out << fmt::format("trouble  {} runs since {}\n", kind, printable(text));
  }
  if (!status.spaces.empty()) out << "\nspaces by size\n";
  std::size_t width = 0;
  for (std::size_t i = 0; i < std::min(status.spaces.size(), kSpacesShown); ++i) {
    width = std::max(width, printable(status.spaces[i].key).size());
  }
  for (std::size_t i = 0; i < std::min(status.spaces.size(), kSpacesShown); ++i) {
    const auto& space = status.spaces[i];
    out << fmt::format("  {:<{}} {:>8} pages  seen {}\n", printable(space.key), width,
                       with_thousands(space.pages), age(space.synced_at, now));
  }
  if (status.spaces.size() > kSpacesShown) {
    out << fmt::format("  and {} more: 'confmirror spaces'\n", status.spaces.size() - kSpacesShown);
  }
  print_runs(status, now, out);
  print_quarantine(status, out);
}

}  // namespace

int run_status(const GlobalOptions& globals, std::ostream& out, std::ostream& err) {
  if (globals.json) {
    const auto reply = QueueAccess(globals).status();
    if (const auto error = serve::error_of(reply.body)) return report(*error, err);
    out << serve::to_line(reply.body);
    return 0;
  }
  const auto path = resolve_mirror_path(globals);
  if (!path) return report(path.error(), err);
  auto reader = store::Reader::open(*path);
  if (!reader) return report(reader.error(), err);
  const auto status = querying::mirror_status(**reader, *path);
  if (!status) return report(status.error(), err);
  print(*status, *path, out);
  return 0;
}

}  // namespace cli
