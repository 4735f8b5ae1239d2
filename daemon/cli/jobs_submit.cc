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

// What one job would do to the site, and to what is there.
struct Effect {
  std::optional<confluence::Write> write;  // nothing: where it goes is only known when it leaves
  std::optional<std::int32_t> version_becomes;
  bool changes_nothing = false;
  std::vector<std::string> remarks;
  std::string diff;
};

std::optional<std::int32_t> version_made_by(const store::JobSpec& job) {
  const bool makes_one =
      job.action == store::JobAction::kUpdatePage || job.action == store::JobAction::kRestorePage;
  if (!makes_one) return std::nullopt;
  return job.status == "draft" ? 1 : job.base_version.value_or(0) + 1;
}

// The request as it would leave now.
std::optional<confluence::Write> request_of(const store::JobSpec& spec) {
  if (spec.action == store::JobAction::kMovePage && !spec.parent_id) return std::nullopt;
  store::Job job;
  static_cast<store::JobSpec&>(job) = spec;
  job.mark = "0123456789abcdef";  // of the length that it will have
  edits::Outgoing outgoing;
  outgoing.content.title = spec.title;
  outgoing.content.status = spec.status;
  outgoing.content.representation = spec.representation;
  outgoing.content.body = spec.body;
  outgoing.version = version_made_by(spec);
  return edits::write_of(job, outgoing);
}

std::string effect_in_words(const store::JobSpec& job) {
  const auto page_id = job.page_id.value_or(0);
  switch (job.action) {
    case store::JobAction::kCreatePage:
      return fmt::format("POST a new {} '{}'", job.status == "draft" ? "draft" : "page", job.title);
    case store::JobAction::kUpdatePage:
      return fmt::format("PUT page {} '{}', becomes version {}", page_id, job.title,
                         version_made_by(job).value_or(0));
    case store::JobAction::kDeletePage:
      return fmt::format("DELETE {} {} '{}'", job.status == "draft" ? "draft" : "page", page_id,
                         job.title);
    case store::JobAction::kRestorePage:
      return fmt::format("PUT page {} '{}' out of the trash", page_id, job.title);
    case store::JobAction::kMovePage:
      return job.parent_id ? fmt::format("move page {} below {}", page_id, *job.parent_id)
                           : fmt::format("move page {} to the top of its space", page_id);
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

store::Result<void> compare_update(const store::JobSpec& job, store::Reader& reader,
                                   Effect& effect) {
  auto row = reader.page(job.page_id.value_or(0), true);
  if (!row) return store::fail(row.error());
  if (!*row || !(*row)->body) {
    effect.remarks.emplace_back("the mirror does not have its body");
    return {};
  }
  const auto& page = **row;
  if (page.title != job.title) {
    effect.remarks.push_back(fmt::format("title: '{}' becomes '{}'", page.title, job.title));
  }
  const bool draft = job.status == "draft";
  if (!draft && job.base_version != page.version.number) {
    effect.remarks.push_back(fmt::format("the mirror has version {}, this was made from {}",
                                         page.version.number, job.base_version.value_or(0)));
  }
  if (job.representation != "storage") {
    effect.remarks.emplace_back("wiki markup: no diff");
    return {};
  }
  effect.diff = storage_format::readable_diff(page.body->text, job.body);
  // A draft is compared with the page here, and with the draft that there may be when it leaves.
  effect.changes_nothing = !draft && effect.remarks.empty() && effect.diff.empty();
  return {};
}

store::Result<Effect> effect_of(const store::JobSpec& job, store::Reader& reader) {
  Effect effect;
  effect.write = request_of(job);
  effect.version_becomes = version_made_by(job);
  if (job.action == store::JobAction::kUpdatePage) {
    if (auto compared = compare_update(job, reader, effect); !compared) {
      return store::fail(compared.error());
    }
  } else if (job.action == store::JobAction::kCreatePage && job.representation == "storage") {
    effect.diff = storage_format::readable_diff("", job.body);
  }
  return effect;
}

Json effect_json(const store::JobSpec& job, const Effect& effect) {
  Json json;
  json["line"] = job.line;
  json["action"] = to_string(job.action);
  json["pageId"] = job.page_id ? Json(std::to_string(*job.page_id)) : Json(nullptr);
  json["title"] = job.title;
  json["method"] = effect.write ? Json(effect.write->method) : Json(nullptr);
  json["path"] = effect.write ? Json(effect.write->target) : Json(nullptr);
  json["bytes"] = effect.write ? Json(effect.write->body.size()) : Json(nullptr);
  json["versionBecomes"] = effect.version_becomes ? Json(*effect.version_becomes) : Json(nullptr);
  json["changesNothing"] = effect.changes_nothing;
  json["remarks"] = effect.remarks;
  json["diff"] = effect.diff;
  return json;
}

void print_effect(const store::JobSpec& job, const Effect& effect, std::ostream& out) {
  auto head = fmt::format("line {}: {}", job.line, effect_in_words(job));
  if (effect.write) {
    head += fmt::format(" ({} {}, {} bytes)", effect.write->method, effect.write->target,
                        with_thousands(static_cast<std::int64_t>(effect.write->body.size())));
  }
  out << printable(head) << "\n";
  for (const auto& remark : effect.remarks) out << "    " << printable(remark) << "\n";
  if (effect.changes_nothing) out << "    changes nothing: will not be sent\n";
  out << printable_lines(indented(effect.diff));
}

void merge_json(Json& json, const Json& more) {
  for (const auto& [name, value] : more.items()) json[name] = value;
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

void print_problems(const std::string& file, const std::vector<edits::Problem>& problems,
                    std::ostream& err) {
  for (const auto& problem : problems) {
    err << printable(fmt::format("{}:{}: {}{}", file, problem.line,
                                 problem.field.empty() ? "" : problem.field + ": ", problem.text))
        << "\n";
  }
}

Json problems_json(const std::vector<edits::Problem>& problems) {
  auto json = Json::array();
  for (const auto& problem : problems) {
    Json one;
    one["line"] = problem.line;
    one["field"] = problem.field;
    one["text"] = problem.text;
    json.push_back(std::move(one));
  }
  return json;
}

int refuse_batch(const std::string& file, const std::vector<edits::Problem>& problems,
                 const GlobalOptions& globals, std::ostream& out, std::ostream& err) {
  print_problems(file, problems, err);
  err << printable(fmt::format("confmirror: cannot queue '{}': {} problem{}; nothing was queued",
                               file, problems.size(), problems.size() == 1 ? "" : "s"))
      << "\n";
  if (globals.json) {
    Json json;
    json["queued"] = false;
    json["problems"] = problems_json(problems);
    out << to_line(json);
  }
  return store::exit_code(store::ErrorKind::kUsage);
}

store::Result<void> print_dry_run(const std::vector<store::JobSpec>& jobs, store::Reader& reader,
                                  const GlobalOptions& globals, const Json& more,
                                  std::ostream& out) {
  Json json;
  json["queued"] = false;
  merge_json(json, more);
  json["jobs"] = Json::array();
  for (const auto& job : jobs) {
    auto effect = effect_of(job, reader);
    if (!effect) return store::fail(effect.error());
    if (globals.json) {
      json["jobs"].push_back(effect_json(job, *effect));
    } else {
      print_effect(job, *effect, out);
    }
  }
  if (globals.json) out << to_line(json);
  return {};
}

store::Result<void> print_accepted(const store::JobQueue::Accepted& accepted, store::Reader& reader,
                                   const GlobalOptions& globals, const Json& more,
                                   std::ostream& out) {
  const auto batch = reader.job_batch(accepted.batch_id);
  if (!batch) return store::fail(batch.error());
  const auto since = *batch ? store::to_iso8601((*batch)->submitted_at) : std::string();
  const auto& ids = accepted.job_ids;
  if (globals.json) {
    Json json;
    json["batch"] = std::to_string(accepted.batch_id);
    json["queued"] = !accepted.known;
    json["submittedAt"] = since;
    json["jobs"] = Json::array();
    for (const auto id : ids) json["jobs"].push_back(std::to_string(id));
    merge_json(json, more);
    out << to_line(json);
    return {};
  }
  const auto range =
      ids.empty() ? std::string("no jobs")
      : ids.size() == 1
          ? fmt::format("job {}", ids.front())
          : fmt::format("{} jobs, {} to {}", with_thousands(static_cast<std::int64_t>(ids.size())),
                        ids.front(), ids.back());
  if (accepted.known) {
    out << fmt::format(
        "batch {} has this already (submitted {}; {}): nothing was queued; --again queues it once "
        "more\n",
        accepted.batch_id, since, range);
  } else {
    out << fmt::format("batch {} is queued: {}\n", accepted.batch_id, range);
  }
  return {};
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
  options.can_impersonate = can_impersonate(globals);
  auto checked = edits::check_batch(edits::parse_batch(*text), **reader, options);
  if (!checked) return report(checked.error(), err);
  const std::string shown = args.file == "-" ? "standard input" : args.file;
  if (!checked->problems.empty()) {
    return refuse_batch(shown, checked->problems, globals, out, err);
  }
  if (!globals.quiet) print_problems(shown, checked->notes, err);
  Json more;
  more["notes"] = problems_json(checked->notes);
  if (args.dry_run) {
    const auto printed = print_dry_run(checked->jobs, **reader, globals, more, out);
    return printed ? 0 : report(printed.error(), err);
  }
  const auto path = resolve_mirror_path(globals);
  if (!path) return report(path.error(), err);
  auto queue = store::JobQueue::open(*path);
  if (!queue) return report(queue.error(), err);
  auto submission = edits::make_submission(shown, *text, std::move(checked->jobs), args.again);
  auto accepted = (*queue)->submit(submission, base::SystemClock().now());
  if (!accepted) return report(accepted.error(), err);
  const auto printed = print_accepted(*accepted, **reader, globals, more, out);
  return printed ? 0 : report(printed.error(), err);
}

}  // namespace cli
