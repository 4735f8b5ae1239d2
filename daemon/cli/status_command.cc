#include "daemon/cli/status_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/cli/json_fields.h"
#include "daemon/cli/progress_line.h"
#include "daemon/cli/queue_access.h"
#include "daemon/cli/report.h"
#include "daemon/confluence/token_expiry.h"

namespace cli {

namespace {

using serve::Json;

constexpr std::size_t kSpacesShown = 15;

std::string age(const std::string& then, store::Time now) {
  const auto time = store::parse_iso8601(then);
  if (!time) return "never";
  return now > *time ? in_words(now - *time) + " ago" : "just now";
}

std::string duration_of(const Json& run, store::Time now) {
  const auto began = store::parse_iso8601(text(run, "started_at"));
  const auto ended = store::parse_iso8601(text(run, "finished_at"));
  return began && ended ? in_words(*ended - *began) : age(text(run, "started_at"), now);
}

// "12 current, 3 trashed"
template <typename Words>
std::string counts_in_words(const Json& counts, const Words& words) {
  std::vector<std::string> each;
  for (const auto& [name, count] : counts.items()) {
    if (!count.is_number_integer()) continue;
    each.push_back(
        fmt::format("{} {}", with_thousands(count.template get<std::int64_t>()), words(name)));
  }
  return fmt::format("{}", fmt::join(each, ", "));
}

void print_runs(const Json& status, store::Time now, std::ostream& out) {
  const auto& runs = part(status, "runs");
  if (runs.empty()) return;
  out << "\nlast runs\n";
  for (const auto& run : runs) {
    out << fmt::format("  {}  {:<11}  {:>7} requests  {:>9}  {:>7} pages changed  {}\n",
                       text(run, "started_at"), printable(text(run, "outcome")),
                       with_thousands(number(run, "requests")),
                       bytes_in_words(number(run, "bytes")),
                       with_thousands(number(run, "pages_changed")), duration_of(run, now));
    const auto error = text(run, "error");
    if (!error.empty()) out << "    " << printable(error) << "\n";
    if (text(run, "outcome") == "stopped") out << fmt::format("    run {}\n", text(run, "run_id"));
  }
}

void print_quarantine(const Json& status, std::ostream& out) {
  const auto& quarantine = part(status, "quarantine");
  if (quarantine.empty()) return;
  out << fmt::format("\nquarantine: {} objects that the site could not deliver\n",
                     quarantine.size());
  for (const auto& row : quarantine) {
    out << fmt::format("  {}  attempts {}, next try {}\n    {}\n", printable(text(row, "subject")),
                       number(row, "attempts"), text(row, "next_try_at"),
                       printable(text(row, "reason")));
  }
}

void print_jobs(const Json& status, std::ostream& out) {
  const auto by_state =
      counts_in_words(part(status, "jobs"), [](const std::string& state) { return state; });
  if (!by_state.empty()) out << fmt::format("edits    {}\n", by_state);
  const auto& pause = part(status, "jobs_paused");
  if (!pause.is_object()) return;
  const auto& by_user = part(pause, "by_user");
  out << fmt::format(
      "         {} since {}: {}\n",
      by_user.is_boolean() && by_user.get<bool>() ? "paused" : "held until the site knows us again",
      text(pause, "since"), printable(text(pause, "reason")));
}

void print_counts(const Json& status, std::ostream& out) {
  out << fmt::format("spaces   {}\npages    {}", with_thousands(number(status, "spaces")),
                     with_thousands(number(status, "pages")));
  const auto by_status = counts_in_words(part(status, "pages_by_status"),
                                         [](const std::string& name) { return printable(name); });
  if (!by_status.empty()) out << fmt::format(" ({})", by_status);
  if (number(status, "nodes") > 0) {
    out << fmt::format("\nnodes    {} (folders, whiteboards, databases, embeds)",
                       with_thousands(number(status, "nodes")));
  }
  out << fmt::format("\nversions {}\n", with_thousands(number(status, "versions")));
  const auto bodies = number(status, "bodies_due");
  const auto history = number(status, "history_due");
  const auto walks = number(status, "open_walks");
  if (bodies > 0 || history > 0 || walks > 0) {
    out << fmt::format("to fetch {} bodies, {} version listings, {} listings not at their end\n",
                       with_thousands(bodies), with_thousands(history), walks);
  }
}

void print_state(const Json& status, store::Time now, std::ostream& out) {
  const auto& wait = part(status, "wait");
  if (wait.is_object()) {
    out << fmt::format("limits   the site asked us to wait until {} ({})\n", text(wait, "until"),
                       printable(text(wait, "reason")));
  }
  const auto expires_at = store::parse_iso8601(text(status, "token_expires_at"));
  const auto ending = expires_at ? confluence::expiry_words(*expires_at, now) : std::string();
  if (!ending.empty()) out << fmt::format("token    {}\n", ending);
  const auto full = text(status, "last_full_sync_at");
  if (!full.empty()) out << fmt::format("full     last look at everything ended {}\n", full);
  print_jobs(status, out);
  for (const auto& trouble : part(status, "trouble")) {
    const auto kind = text(trouble, "kind");
    out << fmt::format("trouble  {} since {} {}\n",
                       kind == "service" ? "local service" : printable(kind) + " runs",
                       text(trouble, "since"), printable(text(trouble, "message")));
  }
}

void print_spaces(const Json& status, store::Time now, std::ostream& out) {
  const auto& spaces = part(status, "freshness");
  if (spaces.empty()) return;
  const auto shown = std::min(spaces.size(), kSpacesShown);
  out << "\nspaces by size\n";
  std::size_t width = 0;
  for (std::size_t i = 0; i < shown; ++i) {
    width = std::max(width, printable(text(spaces[i], "space_key")).size());
  }
  for (std::size_t i = 0; i < shown; ++i) {
    const auto& space = spaces[i];
    out << fmt::format("  {:<{}} {:>8} pages  seen {}\n", printable(text(space, "space_key")),
                       width, with_thousands(number(space, "pages")),
                       age(text(space, "synced_at"), now));
  }
  if (spaces.size() > shown) {
    out << fmt::format("  and {} more: 'confmirror spaces'\n", spaces.size() - shown);
  }
}

void print(const Json& status, std::ostream& out) {
  const store::Time now = base::SystemClock().now();
  const auto site = text(status, "site_url");
  out << fmt::format("mirror   {} ({})\nsite     {}\n", printable(text(status, "mirror")),
                     bytes_in_words(number(status, "file_bytes")),
                     site.empty() ? "not synced yet" : printable(site));
  print_counts(status, out);
  print_state(status, now, out);
  print_spaces(status, now, out);
  print_runs(status, now, out);
  print_quarantine(status, out);
}

}  // namespace

int run_status(const GlobalOptions& globals, std::ostream& out, std::ostream& err) {
  const auto reply = QueueAccess(globals).status();
  if (const auto error = serve::error_of(reply.body)) return report(*error, err);
  if (globals.json) {
    out << serve::to_line(reply.body);
  } else {
    print(reply.body, out);
  }
  return 0;
}

}  // namespace cli
