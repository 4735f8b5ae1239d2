#include "daemon/cli/jobs_submit.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <istream>
#include <iterator>

#include "daemon/cli/progress_line.h"
#include "daemon/cli/queue_access.h"
#include "daemon/cli/report.h"
#include "daemon/cli/row_json.h"
#include "daemon/edits/batch_file.h"

namespace cli {

namespace {

// Of what the queue answers, which is of this program's own making.
std::string text_in(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
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

void print_effect(const Json& effect, std::ostream& out) {
  auto head = fmt::format("line {}: {}", effect.value("line", 0), text_in(effect, "summary"));
  if (effect["method"].is_string()) {
    head += fmt::format(" ({} {}, {} bytes)", text_in(effect, "method"), text_in(effect, "path"),
                        with_thousands(effect.value("bytes", std::int64_t{0})));
  }
  out << printable(head) << "\n";
  for (const auto& remark : effect["remarks"]) {
    out << "    " << printable(remark.get<std::string>()) << "\n";
  }
  if (effect.value("changesNothing", false)) out << "    changes nothing: will not be sent\n";
  out << printable_lines(indented(text_in(effect, "diff")));
}

}  // namespace

store::Result<config::JobsConfig> jobs_config(const GlobalOptions& globals) {
  auto config = load_config(globals);
  if (config) return config->jobs;
  // With a mirror file at hand nothing else is needed.
  if (!globals.db.empty() && globals.config.empty()) return config::JobsConfig();
  return store::fail(config.error());
}

bool can_impersonate(const GlobalOptions& globals) {
  const auto config = load_config(globals);
  return config && config->site.auth == "connect";
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

void print_problems(const std::string& file, const Json& problems, std::ostream& err) {
  for (const auto& problem : problems) {
    const auto field = text_in(problem, "field");
    err << printable(fmt::format("{}:{}: {}{}", file, problem.value("line", 0),
                                 field.empty() ? "" : field + ": ", text_in(problem, "text")))
        << "\n";
  }
}

int refuse_batch(const std::string& file, const Json& problems, const GlobalOptions& globals,
                 std::ostream& out, std::ostream& err) {
  print_problems(file, problems, err);
  err << printable(fmt::format("confmirror: cannot queue '{}': {} problem{}; nothing was queued",
                               file, problems.size(), problems.size() == 1 ? "" : "s"))
      << "\n";
  if (globals.json) {
    Json json;
    json["queued"] = false;
    json["problems"] = problems;
    out << to_line(json);
  }
  return store::exit_code(store::ErrorKind::kUsage);
}

void print_dry_run(const Json& effects, const GlobalOptions& globals, std::ostream& out) {
  if (globals.json) {
    out << to_line(effects);
    return;
  }
  for (const auto& effect : effects["jobs"]) print_effect(effect, out);
}

void print_accepted(const Json& accepted, const GlobalOptions& globals, std::ostream& out) {
  if (globals.json) {
    out << to_line(accepted);
    return;
  }
  const auto& ids = accepted["jobs"];
  const auto range =
      ids.empty() ? std::string("no jobs")
      : ids.size() == 1
          ? fmt::format("job {}", ids.front().get<std::string>())
          : fmt::format("{} jobs, {} to {}", with_thousands(static_cast<std::int64_t>(ids.size())),
                        ids.front().get<std::string>(), ids.back().get<std::string>());
  const auto batch = text_in(accepted, "batch");
  if (accepted.value("queued", false)) {
    out << fmt::format("batch {} is queued: {}\n", batch, range);
  } else {
    out << fmt::format(
        "batch {} has this already (submitted {}; {}): nothing was queued; --again queues it once "
        "more\n",
        batch, text_in(accepted, "submittedAt"), range);
  }
}

int run_jobs_submit(const GlobalOptions& globals, const SubmitArgs& args, std::istream& in,
                    std::ostream& out, std::ostream& err) {
  const auto text = read_input(args.file, in);
  if (!text) return report(text.error(), err);
  const std::string shown = args.file == "-" ? "standard input" : args.file;
  serve::SubmitOptions options;
  options.name = shown;
  options.again = args.again;
  options.dry_run = args.dry_run;
  options.max_deletes = args.max_deletes;
  options.on_conflict = store::parse_on_conflict(args.on_conflict);
  const auto reply = QueueAccess(globals).submit(*text, options);
  if (reply.body.contains("problems")) {
    return refuse_batch(shown, reply.body["problems"], globals, out, err);
  }
  if (const auto error = serve::error_of(reply.body)) return report(*error, err);
  if (!globals.quiet) print_problems(shown, reply.body["notes"], err);
  if (args.dry_run) {
    print_dry_run(reply.body, globals, out);
  } else {
    print_accepted(reply.body, globals, out);
  }
  return 0;
}

}  // namespace cli
