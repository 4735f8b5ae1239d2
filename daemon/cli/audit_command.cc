#include "daemon/cli/audit_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/file.h"
#include "daemon/audit/audit.h"
#include "daemon/audit/baseline.h"
#include "daemon/audit/formats.h"
#include "daemon/audit/past_report.h"
#include "daemon/audit/rules.h"
#include "daemon/cli/audit_reports.h"
#include "daemon/cli/audit_setup.h"
#include "daemon/cli/audit_table.h"
#include "daemon/cli/long_task.h"
#include "daemon/cli/progress_line.h"
#include "daemon/cli/report.h"
#include "daemon/cli/terminal.h"
#include "daemon/export/output_file.h"
#include "store/reader.h"

namespace cli {

namespace {

constexpr std::size_t kMostBaselineBytes = std::size_t{64} << 20;
constexpr std::size_t kMostReportBytes = std::size_t{256} << 20;
constexpr const char* kNever = "never";

store::Result<std::string> read_file(const std::filesystem::path& path, const char* what,
                                     std::size_t most_bytes) {
  config::FileRules rules;
  rules.any_owner = true;
  rules.most_bytes = most_bytes;
  rules.missing = "file_missing";
  rules.unreadable = "file_unreadable";
  rules.unsafe = "file_unsafe";
  auto text = config::read_checked(path, what, rules);
  if (!text) return store::fail(usage_error(text.error()));
  return std::move(*text);
}

// One run, in the order in which it happens.
class AuditRun {
 public:
  AuditRun(const GlobalOptions& globals, const AuditArgs& args, std::ostream& out,
           std::ostream& err)
      : globals_(globals), args_(args), out_(out), err_(err) {}

  store::Result<int> run();

 private:
  store::Result<void> settle_format();
  store::Result<void> settle_reports();
  store::Result<void> look();
  store::Result<void> compare_with(const std::filesystem::path& path);
  store::Result<void> compare_with_last();
  store::Result<void> use_baseline();
  store::Result<int> write_baseline();
  store::Result<void> keep_reports();
  store::Result<void> show();
  store::Result<void> write(const audit::WriteText& write) const;
  int verdict() const;

  const GlobalOptions& globals_;
  const AuditArgs& args_;
  std::ostream& out_;
  std::ostream& err_;
  config::Config config_;
  std::string format_;
  std::optional<AuditReports> reports_;
  audit::Report report_;
  audit::Baseline baseline_;
};

store::Result<void> AuditRun::settle_format() {
  format_ = !args_.format.empty() ? args_.format : globals_.json ? "json" : "table";
  if (!globals_.json || format_ == "json") return {};
  return store::fail(store::ErrorKind::kUsage, "two_formats",
                     fmt::format("cannot print '{}': --json asks for another form", format_),
                     "leave --json away, or --format");
}

store::Result<void> AuditRun::settle_reports() {
  if (!args_.reports) return {};
  const bool whole = args_.spaces.empty() && args_.rules.empty() && !args_.archived;
  if (!whole) {
    return store::fail(store::ErrorKind::kUsage, "partial_report",
                       "cannot keep the report: it would be of some rules or spaces alone",
                       "--out FILE writes any report to a file");
  }
  const auto folder =
      args_.reports->empty() ? config_.audit.reports : std::filesystem::path(*args_.reports);
  if (folder.empty()) {
    return store::fail(store::ErrorKind::kUsage, "no_folder",
                       "cannot keep the report: no folder is named",
                       "--reports FOLDER, or audit.reports in the configuration");
  }
  auto reports = AuditReports::open(folder);
  if (!reports) return store::fail(reports.error());
  reports_.emplace(std::move(*reports));
  return {};
}

store::Result<void> AuditRun::look() {
  auto reader = store::Reader::open(mirror_path(globals_, config_));
  if (!reader) return store::fail(reader.error());
  auto options = audit_options(config_, args_, **reader);
  if (!options) return store::fail(options.error());
  auto report = [&] {
    LongTask task("looking at pages", globals_, err_);
    options->progress = [told = task.progress()](const audit::Progress& progress) {
      const auto of = static_cast<double>(std::max<std::int64_t>(progress.of, 1));
      return told(std::min(1.0, static_cast<double>(progress.pages) / of));
    };
    return audit::run(**reader, *options);
  }();
  if (!report) return store::fail(report.error());
  report_ = std::move(*report);
  return {};
}

store::Result<void> AuditRun::compare_with(const std::filesystem::path& path) {
  const auto text = read_file(path, "the report", kMostReportBytes);
  if (!text) return store::fail(text.error());
  const auto past = audit::parse_report(*text, path.string());
  if (!past) return store::fail(past.error());
  return audit::compare(report_, *past, path.string());
}

// A report that cannot be read must not end the line of reports.
store::Result<void> AuditRun::compare_with_last() {
  const auto last = reports_->newest_before(report_.generated_at);
  if (!last) return {};
  if (const auto compared = compare_with(*last); !compared) report(compared.error(), err_);
  return {};
}

store::Result<void> AuditRun::use_baseline() {
  const auto path =
      args_.baseline.empty() ? config_.audit.baseline : std::filesystem::path(args_.baseline);
  if (path.empty()) return {};
  const auto text = read_file(path, "the baseline", kMostBaselineBytes);
  if (!text) return store::fail(text.error());
  auto baseline = audit::parse_baseline(*text, path.string());
  if (!baseline) return store::fail(baseline.error());
  baseline_ = std::move(*baseline);
  return {};
}

store::Result<int> AuditRun::write_baseline() {
  auto file = exporting::OutputFile::create(args_.write_baseline);
  if (!file) return store::fail(file.error());
  auto written = (*file)->write(audit::to_baseline(report_, baseline_));
  if (written) written = (*file)->commit();
  if (!written) return store::fail(written.error());
  if (!globals_.quiet) {
    err_ << fmt::format("accepted {} findings in {}\n",
                        with_thousands(static_cast<std::int64_t>(report_.findings.size())),
                        printable(args_.write_baseline));
  }
  return 0;
}

store::Result<void> AuditRun::keep_reports() {
  const auto kept = reports_->add(report_, args_.keep.value_or(config_.audit.keep_reports));
  if (!kept) return store::fail(kept.error());
  if (!globals_.quiet) {
    err_ << fmt::format("report: {}\n", printable(kept->html.string()));
  }
  return {};
}

store::Result<void> AuditRun::write(const audit::WriteText& write) const {
  if (const auto format = audit::parse_format(format_)) {
    return audit::write_report(report_, *format, write);
  }
  std::ostringstream table;
  print_audit(report_, Terminal(), /*brief=*/false, table);
  return write(table.str());
}

store::Result<void> AuditRun::show() {
  if (args_.out.empty() || args_.out == "-") {
    if (format_ != "table") {
      // Whether it arrived is seen where the program ends.
      return write([this](std::string_view text) -> store::Result<void> {
        out_ << text;
        return {};
      });
    }
    // Where the reports are kept whole, a log need not hold them as well.
    const bool brief = globals_.quiet || (reports_ && args_.format.empty());
    print_audit(report_, terminal_of(out_), brief, out_);
    return {};
  }
  auto file = exporting::OutputFile::create(args_.out);
  if (!file) return store::fail(file.error());
  auto written = write([&file](std::string_view text) { return (*file)->write(text); });
  if (written) written = (*file)->commit();
  if (!written) return written;
  if (!globals_.quiet) print_audit(report_, terminal_of(err_), /*brief=*/true, err_);
  return {};
}

int AuditRun::verdict() const {
  if (args_.fail_on == kNever) return 0;
  const auto least = audit::parse_severity(args_.fail_on).value_or(audit::Severity::kError);
  const auto& all = report_.findings;
  const bool failed = std::any_of(all.begin(), all.end(), [least](const audit::Finding& finding) {
    return !finding.accepted && finding.severity >= least;
  });
  return failed ? kFindings : 0;
}

store::Result<int> AuditRun::run() {
  auto config = audit_config(globals_);
  if (!config) return store::fail(config.error());
  config_ = std::move(*config);
  using Step = store::Result<void> (AuditRun::*)();
  for (const Step step : {&AuditRun::settle_format, &AuditRun::settle_reports,
                          &AuditRun::use_baseline, &AuditRun::look}) {
    if (auto done = (this->*step)(); !done) return store::fail(done.error());
  }
  if (!args_.write_baseline.empty()) return write_baseline();
  auto compared = !args_.compare.empty() ? compare_with(args_.compare)
                  : reports_             ? compare_with_last()
                                         : store::Result<void>();
  if (!compared) return store::fail(compared.error());
  audit::accept(report_, baseline_, args_.all);
  if (reports_) {
    if (auto kept = keep_reports(); !kept) return store::fail(kept.error());
  }
  if (auto done = show(); !done) return store::fail(done.error());
  return verdict();
}

std::vector<std::string> rule_names() {
  std::vector<std::string> names;
  for (const auto& rule : audit::rules()) names.emplace_back(rule.name);
  return names;
}

std::string footer() {
  std::string text = "Rules:\n";
  for (const auto& rule : audit::rules()) {
    text +=
        fmt::format("  {:<26} {:<8} {}\n", rule.name, audit::to_string(rule.severity), rule.title);
  }
  return text;
}

void add_choices(CLI::App& audit, const std::shared_ptr<AuditArgs>& args) {
  audit.add_option("--rule", args->rules, "Only this rule (repeatable)")
      ->type_name("NAME")
      ->allow_extra_args(false)
      ->check(CLI::IsMember(rule_names()));
  audit.add_option("--space", args->spaces, "Only this space (repeatable)")
      ->type_name("KEY")
      ->allow_extra_args(false);
  audit.add_flag("--archived", args->archived, "Archived pages and spaces too");
  audit.add_option("--now", args->now, "Count ages from this time instead of from now")
      ->type_name("TIME");
  audit.add_flag("--list", args->list, "Name the rules, and do nothing else");
}

void add_outputs(CLI::App& audit, const std::shared_ptr<AuditArgs>& args) {
  audit.add_option("--format", args->format, "table (default), json, csv, html or markdown")
      ->check(CLI::IsMember({"table", "json", "csv", "html", "markdown"}));
  audit.add_option("--out", args->out, "Where the report goes, instead of standard output")
      ->type_name("FILE|-");
  audit.add_option("--fail-on", args->fail_on, "Exit 1 from this severity on")
      ->check(CLI::IsMember({"error", "warning", "info", kNever}))
      ->capture_default_str();
  audit
      .add_option("--compare", args->compare, "Say what is new and what is fixed since this report")
      ->type_name("FILE");
  audit
      .add_option_function<std::string>(
          "--reports", [args](const std::string& folder) { args->reports = folder; },
          "Keep the report in this folder (else audit.reports), compared with the last one there")
      ->type_name("FOLDER")
      ->expected(0, 1)
      ->default_str("");
  audit
      .add_option_function<std::int64_t>(
          "--keep", [args](std::int64_t keep) { args->keep = keep; },
          "How many reports stay there (else audit.keep_reports); 0 means all")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber);
}

void add_baselines(CLI::App& audit, const std::shared_ptr<AuditArgs>& args) {
  audit
      .add_option("--baseline", args->baseline, "Findings that are accepted (else audit.baseline)")
      ->type_name("FILE");
  audit.add_flag("--all", args->all, "Accepted findings too");
  audit
      .add_option("--write-baseline", args->write_baseline,
                  "Accept everything that is found now, and do nothing else")
      ->type_name("FILE");
}

}  // namespace

int run_audit(const GlobalOptions& globals, const AuditArgs& args, std::ostream& out,
              std::ostream& err) {
  if (args.list) {
    print_rules(out, terminal_of(out).columns);
    return 0;
  }
  const auto code = AuditRun(globals, args, out, err).run();
  return code ? *code : report(code.error(), err);
}

void add_audit_command(CLI::App& app, const GlobalOptions& globals, std::ostream& out,
                       std::ostream& err, int& exit_code) {
  auto args = std::make_shared<AuditArgs>();
  auto* audit = app.add_subcommand("audit", "What is amiss in the documentation; no network");
  add_choices(*audit, args);
  add_outputs(*audit, args);
  add_baselines(*audit, args);
  audit->footer(footer());
  audit->callback([&globals, &out, &err, &exit_code, args] {
    exit_code = run_audit(globals, *args, out, err);
  });
}

}  // namespace cli
