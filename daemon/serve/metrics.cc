#include "daemon/serve/metrics.h"

#include <dirent.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <sstream>
#include <vector>

namespace serve {

namespace {

using store::JobState;

constexpr std::size_t kRunsLookedAt = 200;
constexpr std::array kStates = {JobState::kQueued,  JobState::kWaiting,  JobState::kBlocked,
                                JobState::kSending, JobState::kInDoubt,  JobState::kDone,
                                JobState::kFailed,  JobState::kConflict, JobState::kCanceled};

double seconds(std::chrono::milliseconds time) {
  return static_cast<double>(time.count()) / 1000.0;
}
double unix_time(store::Time time) { return seconds(time.time_since_epoch()); }

using Labels = std::vector<std::pair<std::string_view, std::string>>;

std::string escaped(std::string_view value) {
  std::string text;
  for (const char c : value) {
    if (c == '\\' || c == '"') text += '\\';
    if (c == '\n') {
      text += "\\n";
    } else {
      text += c;
    }
  }
  return text;
}

// One family after the other, each with its type before its values.
class Exposition {
 public:
  void family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  }
  void value(const Labels& labels, double number) { line(name_, labels, number); }
  void value(double number) { line(name_, {}, number); }
  void line(const std::string& name, const Labels& labels, double number) {
    text_ += name;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      text_ += fmt::format("{}{}=\"{}\"", i == 0 ? "{" : ",", labels[i].first,
                           escaped(labels[i].second));
    }
    if (!labels.empty()) text_ += "}";
    text_ += fmt::format(" {}\n", number);
  }
  void gauge(std::string_view name, std::string_view help, double number) {
    family(name, "gauge", help);
    value(number);
  }
  void counter(std::string_view name, std::string_view help, double number) {
    family(name, "counter", help);
    value(number);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string name_;
  std::string text_;
};

double number(std::int64_t count) { return static_cast<double>(count); }

void tell_mirror(const MirrorFigures& mirror, store::Time now, Exposition& out) {
  out.family("confmirror_sync_age_seconds", "gauge",
             "Since the last synchronisation of that kind came to a good end.");
  for (const auto& [kind, at] : mirror.synced_at) {
    out.value({{"kind", kind}}, std::max(0.0, seconds(now - at)));
  }
  out.gauge("confmirror_full_sync_done", "1 once everything was looked at.",
            mirror.full_sync_done ? 1 : 0);
  out.family("confmirror_pages", "gauge", "Pages in the mirror, by status.");
  for (const auto& [status, count] : mirror.counts.pages_by_status) {
    out.value({{"status", status}}, number(count));
  }
  out.gauge("confmirror_spaces", "Spaces in the mirror.", number(mirror.counts.spaces));
  out.gauge("confmirror_page_versions", "Versions in the mirror.", number(mirror.counts.versions));
  out.gauge("confmirror_bodies_due", "Bodies that are still to be fetched.",
            number(mirror.counts.bodies_due));
  out.gauge("confmirror_histories_due", "Lists of versions that are still to be fetched.",
            number(mirror.counts.history_due));
  out.family("confmirror_jobs", "gauge", "Edits in the queue, by state.");
  for (const auto state : kStates) {
    const auto found = mirror.jobs.find(state);
    out.value({{"state", std::string(to_string(state))}},
              found == mirror.jobs.end() ? 0 : number(found->second));
  }
  out.gauge("confmirror_jobs_paused", "1 while nothing of the queue is sent.",
            mirror.jobs_paused ? 1 : 0);
  out.gauge("confmirror_quarantined", "Objects that the site could not deliver.",
            number(mirror.quarantined));
  out.gauge("confmirror_mirror_bytes", "Size of the mirror file.", number(mirror.file_bytes));
}

void tell_live(const Live& live, store::Time now, Exposition& out) {
  out.counter("confmirror_site_requests_total", "Requests that left for the site.",
              number(live.site_requests));
  out.counter("confmirror_site_received_bytes_total", "Bytes that came from the site.",
              number(live.site_bytes));
  out.counter("confmirror_site_refusals_total", "Answers 429 of the site.",
              number(live.site_refused));
  out.counter("confmirror_site_retries_total", "Requests that were sent once more.",
              number(live.site_retried));
  const auto wait = live.wait_until ? seconds(*live.wait_until - now) : 0.0;
  out.gauge("confmirror_site_wait_seconds", "What is left of a wait that the site asked for.",
            std::max(0.0, wait));
  out.gauge("confmirror_credentials_refused", "1 while the site does not know us.",
            live.refused.empty() ? 0 : 1);
  out.gauge("confmirror_writer_suspended", "1 while the mirror cannot be written.",
            live.writer_waits.empty() ? 0 : 1);
  out.family("confmirror_sync_running", "gauge", "1 while one of that kind runs.");
  out.value({{"kind", "full"}}, live.full_sync_runs ? 1 : 0);
  out.value({{"kind", "incremental"}}, live.incremental_sync_runs ? 1 : 0);
  if (!live.token_expires_at) return;
  out.gauge("confmirror_token_expires_timestamp_seconds", "When the token ends.",
            unix_time(*live.token_expires_at));
}

void tell_server(const ServerCounts& server, Exposition& out) {
  out.gauge("confmirror_http_connections", "Open connections to the service.",
            number(server.connections));
  out.counter("confmirror_http_connections_total", "Connections that were accepted.",
              number(server.accepted));
  out.counter("confmirror_http_connections_refused_total", "Connections over a bound.",
              number(server.refused));
  out.counter("confmirror_http_malformed_requests_total",
              "Requests that were refused before they were one.", number(server.bad_requests));
}

// When the process began, as the kernel counts it; nullopt where /proc is not to be read.
std::optional<double> started_at() {
  std::ifstream boot_file("/proc/stat");
  double boot = 0;
  for (std::string line; std::getline(boot_file, line);) {
    if (line.starts_with("btime ")) boot = std::stod(line.substr(6));
  }
  std::ifstream stat("/proc/self/stat");
  std::string text;
  std::getline(stat, text);
  const auto name_end = text.rfind(')');
  if (boot == 0 || name_end == text.npos) return {};
  std::istringstream fields(text.substr(name_end + 2));
  std::string field;
  for (int i = 3; i < 22; ++i) fields >> field;
  double ticks = 0;
  fields >> ticks;
  return boot + ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::optional<double> resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  double size = 0;
  double resident = 0;
  if (!(statm >> size >> resident)) return {};
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double open_files() {
  double count = 0;
  DIR* folder = ::opendir("/proc/self/fd");
  if (folder == nullptr) return 0;
  while (const auto* entry = ::readdir(folder)) {
    if (entry->d_name[0] != '.') ++count;
  }
  ::closedir(folder);
  return count - 1;  // the folder's own
}

double processor_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

void tell_process(Exposition& out) {
  static const auto started = started_at();
  if (started) {
    out.gauge("process_start_time_seconds", "When the process began, as Unix time.", *started);
  }
  if (const auto resident = resident_bytes()) {
    out.gauge("process_resident_memory_bytes", "Resident memory.", *resident);
  }
  out.counter("process_cpu_seconds_total", "User and system time.", processor_seconds());
  out.gauge("process_open_fds", "Open file descriptors.", open_files());
}

template <typename T>
store::Result<void> take(store::Result<T> result, T& into) {
  if (!result) return store::fail(result.error());
  into = std::move(*result);
  return {};
}

}  // namespace

store::Result<MirrorFigures> mirror_figures(store::Reader& reader,
                                            const std::filesystem::path& path) {
  MirrorFigures figures;
  std::optional<std::string> full_at;
  std::vector<store::RunUpdate> runs;
  std::vector<store::QuarantineRow> quarantine;
  std::optional<store::JobsPause> pause;
  const std::initializer_list<store::Result<void>> steps = {
      take(reader.counts(), figures.counts),  take(reader.job_counts(), figures.jobs),
      take(reader.jobs_pause(), pause),       take(reader.quarantine(), quarantine),
      take(reader.runs(kRunsLookedAt), runs), take(reader.meta("last_full_sync_at"), full_at),
  };
  for (const auto& step : steps) {
    if (!step) return store::fail(step.error());
  }
  figures.jobs_paused = pause.has_value();
  figures.quarantined = static_cast<std::int64_t>(quarantine.size());
  const auto full = store::parse_iso8601(full_at.value_or(""));
  figures.full_sync_done = full.has_value();
  if (full) figures.synced_at["full"] = *full;
  for (const auto& run : runs) {
    const bool good = run.finished_at && (run.outcome == "done" || run.outcome == "partial");
    if (good) figures.synced_at.emplace(run.kind, *run.finished_at);
  }
  std::error_code ignored;
  figures.file_bytes = static_cast<std::int64_t>(std::filesystem::file_size(path, ignored));
  return figures;
}

void Metrics::count(const std::string& method, const std::string& route, int status,
                    std::chrono::steady_clock::duration took) {
  // Any text can come as a method.
  static constexpr std::array kMethods = {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"};
  const bool known = std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
  const auto name = route.empty() ? std::string("none") : route;
  ++requests_[{known ? method : "other", name, status}];
  auto& durations = durations_[name];
  const auto took_seconds = std::chrono::duration<double>(took).count();
  const auto bucket = static_cast<std::size_t>(
      std::lower_bound(kBounds.begin(), kBounds.end(), took_seconds) - kBounds.begin());
  ++durations.buckets[bucket];
  durations.sum += took_seconds;
  ++durations.count;
}

std::string Metrics::text(const MirrorFigures* mirror, const Live& live, const ServerCounts& server,
                          store::Time now) const {
  Exposition out;
  out.family("confmirror_build_info", "gauge", "1, with the version.");
  out.value({{"version", CONFMIRROR_VERSION}}, 1);
  out.gauge("confmirror_mirror_up", "1 while the mirror can be read.", mirror != nullptr ? 1 : 0);
  if (mirror != nullptr) tell_mirror(*mirror, now, out);
  tell_live(live, now, out);
  tell_server(server, out);
  out.family("confmirror_http_requests_total", "counter",
             "Requests to the service, by method, route and status.");
  for (const auto& [key, count] : requests_) {
    const auto& [method, route, status] = key;
    out.value({{"method", method}, {"route", route}, {"status", std::to_string(status)}},
              number(count));
  }
  constexpr std::string_view kDurations = "confmirror_http_request_duration_seconds";
  out.family(kDurations, "histogram", "How long the service took for a request, by route.");
  for (const auto& [route, durations] : durations_) {
    const auto line = [&, &name = route](const char* suffix, std::optional<std::string> bound,
                                         double value) {
      Labels labels = {{"route", name}};
      if (bound) labels.emplace_back("le", *bound);
      out.line(std::string(kDurations) + suffix, labels, value);
    };
    std::int64_t up_to = 0;
    for (std::size_t i = 0; i < kBounds.size(); ++i) {
      up_to += durations.buckets[i];
      line("_bucket", fmt::format("{}", kBounds[i]), number(up_to));
    }
    line("_bucket", "+Inf", number(durations.count));
    line("_sum", {}, durations.sum);
    line("_count", {}, number(durations.count));
  }
  tell_process(out);
  return out.take();
}

}  // namespace serve
