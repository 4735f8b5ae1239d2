#include "daemon/cli/verify_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <filesystem>
#include <limits>
#include <memory>
#include <random>

#include "config/config.h"
#include "daemon/cli/report.h"
#include "daemon/cli/scope.h"
#include "daemon/cli/site_session.h"
#include "daemon/cli/terminal.h"
#include "daemon/cli/text.h"
#include "daemon/cli/verify_report.h"
#include "daemon/mirror/verify.h"
#include "store/reader.h"

namespace cli {

namespace {

constexpr std::chrono::milliseconds kRedraw{200};
constexpr int kPartly = 4;

// Everything of one run, in the order in which it may go away.
class VerifyRun {
 public:
  VerifyRun(const GlobalOptions& globals, const VerifyArgs& args, std::ostream& out,
            std::ostream& err)
      : globals_(globals), args_(args), out_(out), err_(err) {}

  int run();

 private:
  store::Result<void> open();
  void start();
  base::Awaitable<store::Result<void>> verify();
  base::Awaitable<void> show_progress(std::size_t columns);
  void clear_line();
  int finish();

  const GlobalOptions& globals_;
  const VerifyArgs& args_;
  std::ostream& out_;
  std::ostream& err_;
  config::Config config_;
  std::filesystem::path path_;
  std::unique_ptr<store::Reader> reader_;
  std::unique_ptr<SiteSession> session_;
  std::unique_ptr<mirror::Verify> verify_;
  mirror::VerifyReport report_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  bool line_shown_ = false;
};

store::Result<void> VerifyRun::open() {
  auto config = load_config(globals_);
  if (!config) return store::fail(config.error());
  config_ = std::move(*config);
  path_ = mirror_path(globals_, config_);
  auto reader = store::Reader::open(path_);
  if (!reader) return store::fail(reader.error());
  reader_ = std::move(*reader);
  if (auto same = expect_same_site("verify", *reader_, config_, path_); !same) return same;
  auto observation = reader_->last_observation();
  if (!observation) return store::fail(observation.error());
  auto session = SiteSession::make(config_, *observation);
  if (!session) return store::fail(session.error());
  session_ = std::move(*session);
  session_->restore_wait(*reader_);
  return {};
}

void VerifyRun::start() {
  mirror::VerifyOptions options;
  options.admits = admits_of(config_.mirror, args_.spaces);
  options.page_statuses = config_.mirror.page_statuses;
  options.max_concurrency = static_cast<int>(config_.http.max_concurrency);
  options.whole_site = args_.spaces.empty();
  options.sample = args_.sample;
  options.seed = std::random_device()();
  const mirror::VerifyDeps deps{session_->io(), session_->client(), *reader_,
                                session_->reader_thread(), session_->clock()};
  verify_ = std::make_unique<mirror::Verify>(deps, std::move(options));
  session_->on_stop = [this] {
    clear_line();
    err_ << "confmirror: stopping; again to stop at once\n" << std::flush;
    verify_->stop();
  };
}

base::Awaitable<store::Result<void>> VerifyRun::verify() {
  auto report = co_await verify_->run();
  if (!report) co_return store::fail(report.error());
  report_ = std::move(*report);
  co_return store::Result<void>();
}

base::Awaitable<void> VerifyRun::show_progress(std::size_t columns) {
  while (true) {
    co_await base::sleep_for(kRedraw);
    const auto line = verify_line(verify_->progress(), session_->client().usage(),
                                  session_->governor().status(), session_->clock().now());
    err_ << "\r\033[K" << cut_to_columns(line, columns) << std::flush;
    line_shown_ = true;
  }
}

void VerifyRun::clear_line() {
  if (line_shown_) err_ << "\r\033[K" << std::flush;
  line_shown_ = false;
}

int VerifyRun::run() {
  auto opened = open();
  if (!opened) return report(opened.error(), err_);
  start();
  const auto terminal = terminal_of(err_);
  if (terminal.is_terminal && !globals_.quiet && !globals_.no_progress) {
    session_->background().spawn(show_progress(terminal.columns - 1));
  }
  auto outcome = session_->run(verify());
  clear_line();
  if (!outcome) return report(outcome.error(), err_);
  return finish();
}

int VerifyRun::finish() {
  VerifyOutcome outcome;
  outcome.report = std::move(report_);
  outcome.mirror_path = path_.string();
  outcome.site_url = config_.site.url;
  outcome.usage = session_->client().usage();
  outcome.elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - started_);
  outcome.now = session_->clock().now();
  if (globals_.json) {
    out_ << verify_report_json(outcome);
  } else {
    print_verify_report(outcome, globals_.quiet, terminal_of(out_).columns, out_);
  }
  if (!outcome.report.left_out.empty()) return kPartly;
  return outcome.report.differences.empty() ? 0 : kFindings;
}

// `all` or a number.
std::size_t parse_sample(const std::string& text) {
  if (text == "all") return std::numeric_limits<std::size_t>::max();
  std::size_t count = 0;
  const auto* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, count);
  if (error != std::errc() || stop != end || text.empty()) {
    throw CLI::ValidationError("--sample", "takes a number of pages, or all");
  }
  return count;
}

}  // namespace

int run_verify(const GlobalOptions& globals, const VerifyArgs& args, std::ostream& out,
               std::ostream& err) {
  return VerifyRun(globals, args, out, err).run();
}

void add_verify_command(CLI::App& app, const GlobalOptions& globals, std::ostream& out,
                        std::ostream& err, int& exit_code) {
  auto args = std::make_shared<VerifyArgs>();
  auto* verify = app.add_subcommand("verify", "Compare the mirror with the live site");
  verify
      ->add_option_function<std::string>(
          "--sample", [args](const std::string& text) { args->sample = parse_sample(text); },
          "Compare the bodies of so many pages, drawn by lot, or of all")
      ->type_name("N|all")
      ->default_str("100");
  verify->add_option("--space", args->spaces, "Only this space (repeatable)")
      ->type_name("KEY")
      ->allow_extra_args(false);
  verify->callback([&globals, &out, &err, &exit_code, args] {
    exit_code = run_verify(globals, *args, out, err);
  });
}

}  // namespace cli
