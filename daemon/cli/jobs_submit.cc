#include "daemon/cli/jobs_submit.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <istream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "daemon/base/clock.h"
#include "daemon/cli/lookup.h"
#include "daemon/cli/progress_line.h"
#include "daemon/cli/report.h"
#include "daemon/cli/row_json.h"
#include "daemon/edits/submission.h"
#include "daemon/edits/translate.h"
#include "daemon/storage_format/diff.h"

namespace cli {

namespace {

constexpr int kUsageExit = 2;

std::string effect_of(const store::JobSpec& job) {
  switch (job.action) {
    case store::JobAction::kCreatePage:
      return fmt::format("POST a new {} '{}'", job.status == "draft" ? "draft" : "page", job.title);
    case store::JobAction::kUpdatePage:
      return fmt::format("PUT page {} '{}', version {}", job.page_id.value_or(0), job.title,
                         job.status == "draft" ? 1 : job.base_version.value_or(0) + 1);
    case store::JobAction::kDeletePage:
      return fmt::format("DELETE {} {} '{}'", job.status == "draft" ? "draft" : "page",
                         job.page_id.value_or(0), job.title);
    case store::JobAction::kRestorePage:
      return fmt::format("PUT page {} '{}' out of the trash", job.page_id.value_or(0), job.title);
    case store::JobAction::kMovePage:
      return fmt::format("move page {} below {}", job.page_id.value_or(0),
                         job.parent_id.value_or(0));
  }
  return {};
}

// The text with every line set in.
std::string indented(const std::string& text) {
  std::string out = "    ";
  for (const char c : text) {
    out += c;
    if (c == '\n') out += "    ";
  }
  while (!out.empty() && (out.back() == ' ' || out.back() == '\n')) out.pop_back();
  return out.empty() ? out : out + "\n";
}

store::Result<std::string> change_of(const store::JobSpec& job, store::Reader& reader) {
  if (job.action == store::JobAction::kCreatePage) {
    return indented(storage_format::readable_diff("", job.body));
  }
  if (job.action != store::JobAction::kUpdatePage) return std::string();
  auto row = reader.page(job.page_id.value_or(0), true);
  if (!row) return store::fail(row.error());
  if (!*row || !(*row)->body) return std::string("    (the mirror does not have its body)\n");
  std::string text;
  if ((*row)->title != job.title) {
    text += fmt::format("    title: '{}' becomes '{}'\n", (*row)->title, job.title);
  }
  if (job.base_version != (*row)->version.number) {
    text += fmt::format("    the mirror has version {}, this was made from {}\n",
                        (*row)->version.number, job.base_version.value_or(0));
  }
  if (job.representation != "storage") return text + "    (wiki markup: no diff)\n";
  const auto diff = storage_format::readable_diff((*row)->body->text, job.body);
  if (diff.empty() && text.empty()) return std::string("    changes nothing: will not be sent\n");
  return text + indented(diff);
}

}  // namespace

store::Result<config::JobsConfig> jobs_config(const GlobalOptions& globals) {
  auto config = load_config(globals);
  if (config) return config->jobs;
  // With a mirror file at hand nothing else is needed.
  if (!globals.db.empty() && globals.config.empty()) return config::JobsConfig();
  return store::fail(config.error());
}

store::Result<std::string> read_input(const std::string& file, std::istream& in) {
  const auto failed = [&](const char* why) {
    return store::fail(store::ErrorKind::kUsage, "cannot_read",
                       fmt::format("cannot read '{}': {}", file, why));
  };
  std::ifstream opened;
  if (file != "-") {
    errno = 0;
    opened.open(file, std::ios::binary);
    if (!opened) return failed(errno != 0 ? std::strerror(errno) : "it cannot be opened");
  }
  std::istream& source = file == "-" ? in : opened;
  std::string text;
  std::string piece(1U << 16, '\0');
  while (source.read(piece.data(), static_cast<std::streamsize>(piece.size())) ||
         source.gcount() > 0) {
    text.append(piece.data(), static_cast<std::size_t>(source.gcount()));
    if (text.size() > edits::kMostBatchBytes) return failed("it is larger than 1 GiB");
  }
  if (source.bad()) return failed("reading failed");
  return text;
}

void print_problems(const std::string& file, const std::vector<edits::Problem>& problems,
                    std::ostream& err) {
  for (const auto& problem : problems) {
    err << printable(fmt::format("{}:{}: {}{}", file, problem.line,
                                 problem.field.empty() ? "" : problem.field + ": ", problem.text))
        << "\n";
  }
}

store::Result<void> print_dry_run(const std::vector<store::JobSpec>& jobs, store::Reader& reader,
                                  std::ostream& out) {
  for (const auto& job : jobs) {
    auto change = change_of(job, reader);
    if (!change) return store::fail(change.error());
    out << printable(fmt::format("line {}: {}", job.line, effect_of(job))) << "\n"
        << printable_lines(*change);
  }
  return {};
}

void print_accepted(const store::JobQueue::Accepted& accepted, const GlobalOptions& globals,
                    std::ostream& out) {
  const auto& ids = accepted.job_ids;
  if (globals.json) {
    Json json;
    json["batch"] = std::to_string(accepted.batch_id);
    json["queued"] = !accepted.known;
    json["jobs"] = Json::array();
    for (const auto id : ids) json["jobs"].push_back(std::to_string(id));
    out << to_line(json);
    return;
  }
  const auto range =
      ids.empty() ? std::string("no jobs")
      : ids.size() == 1
          ? fmt::format("job {}", ids.front())
          : fmt::format("{} jobs, {} to {}", with_thousands(static_cast<std::int64_t>(ids.size())),
                        ids.front(), ids.back());
  if (accepted.known) {
    out << fmt::format(
        "batch {} has this already ({}): nothing was queued; --again queues it once "
        "more\n",
        accepted.batch_id, range);
  } else {
    out << fmt::format("batch {} is queued: {}\n", accepted.batch_id, range);
  }
}

int run_jobs_submit(const GlobalOptions& globals, const SubmitArgs& args, std::istream& in,
                    std::ostream& out, std::ostream& err) {
  const auto config = jobs_config(globals);
  if (!config) return report(config.error(), err);
  auto text = read_input(args.file, in);
  if (!text) return report(text.error(), err);
  auto reader = open_mirror(globals);
  if (!reader) return report(reader.error(), err);
  edits::CheckOptions options;
  options.max_deletes = args.max_deletes.value_or(config->max_deletes);
  const auto policy = args.on_conflict.empty() ? config->on_conflict : args.on_conflict;
  options.on_conflict = store::parse_on_conflict(policy).value_or(store::OnConflict::kFail);
  auto checked = edits::check_batch(edits::parse_batch(*text), **reader, options);
  if (!checked) return report(checked.error(), err);
  const std::string shown = args.file == "-" ? "standard input" : args.file;
  if (!checked->problems.empty()) {
    print_problems(shown, checked->problems, err);
    err << fmt::format("confmirror: cannot queue '{}': {} problem{}; nothing was queued\n", shown,
                       checked->problems.size(), checked->problems.size() == 1 ? "" : "s");
    return kUsageExit;
  }
  if (!globals.quiet) print_problems(shown, checked->notes, err);
  if (args.dry_run) {
    const auto printed = print_dry_run(checked->jobs, **reader, out);
    return printed ? 0 : report(printed.error(), err);
  }
  const auto path = resolve_mirror_path(globals);
  if (!path) return report(path.error(), err);
  auto queue = store::JobQueue::open(*path);
  if (!queue) return report(queue.error(), err);
  auto submission = edits::make_submission(shown, *text, std::move(checked->jobs), args.again);
  auto accepted = (*queue)->submit(submission, base::SystemClock().now());
  if (!accepted) return report(accepted.error(), err);
  print_accepted(*accepted, globals, out);
  return 0;
}

}  // namespace cli
