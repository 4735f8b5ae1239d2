#include "daemon/serve/write_action.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "daemon/edits/batch_checks.h"
#include "daemon/edits/submission.h"

namespace serve {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstLook{20};
constexpr milliseconds kLastLook{250};
constexpr std::int64_t kLongestWait = 3600;  // seconds

std::string_view without_blanks(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

// One element of Prefer.
void read_preference(std::string_view element, Waiting& waiting, bool& given) {
  constexpr std::string_view kWait = "wait=";
  const auto preference = without_blanks(element.substr(0, element.find(';')));
  if (preference == "respond-async") waiting.wait = false;
  if (!preference.starts_with(kWait)) return;
  std::int64_t seconds = 0;
  const auto* begin = preference.data() + kWait.size();
  const auto* end = preference.data() + preference.size();
  const auto [rest, error] = std::from_chars(begin, end, seconds);
  if (error != std::errc() || rest != end || seconds < 0) return;
  waiting.at_most = std::chrono::seconds(std::min(seconds, kLongestWait));
  given = true;
}

// Looks again and again, less and less often.
base::Awaitable<store::Result<void>> await_outcome(Backend& backend, WriteResult& result,
                                                   milliseconds at_most) {
  const auto limit = std::chrono::steady_clock::now() + at_most;
  auto pause = kFirstLook;
  while (!result.outcome || !is_settled(*result.outcome)) {
    const auto left = std::chrono::ceil<milliseconds>(limit - std::chrono::steady_clock::now());
    if (left <= milliseconds(0)) break;
    co_await base::sleep_for(std::min(pause, left));
    pause = std::min(pause * 5 / 4, kLastLook);
    std::function<store::Result<std::optional<store::Job>>(store::Reader&)> look =
        [id = result.job](store::Reader& reader) { return reader.job(id, false); };
    auto job = co_await backend.read<std::optional<store::Job>>(std::move(look));
    if (!job) co_return store::fail(job.error());
    result.outcome = std::move(*job);
  }
  co_return store::Result<void>();
}

}  // namespace

Waiting waiting_of(const Request& request) {
  Waiting waiting;
  bool given = false;
  for (const auto& [name, value] : request.headers) {
    if (name != "prefer") continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      const auto comma = std::min(rest.find(','), rest.size());
      read_preference(rest.substr(0, comma), waiting, given);
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  if (given) waiting.wait = waiting.at_most > milliseconds(0);
  return waiting;
}

bool is_settled(const store::Job& job) {
  return store::is_end(job.state) || job.stuck ||
         (job.state == store::JobState::kInDoubt && !job.not_before);
}

std::vector<input::Problem> refused_accounts(const Caller& caller,
                                             const std::vector<store::JobSpec>& jobs,
                                             const BackendOptions& options, bool& forbidden) {
  std::vector<input::Problem> problems;
  for (const auto& job : jobs) {
    if (job.as_user.empty()) continue;
    input::Problem problem;
    problem.line = job.line;
    problem.field = "asUser";
    if (!options.can_impersonate) {
      problem.text =
          "this connection knows one identity: leave it out, or connect with site.auth "
          "= \"connect\"";
    } else if (!caller.may_write_as(job.as_user)) {
      forbidden = true;
      problem.text = fmt::format("'{}' may not write as account '{}' ([serve.access] says who may)",
                                 caller.name, job.as_user);
    } else {
      continue;
    }
    problems.push_back(std::move(problem));
  }
  return problems;
}

store::Result<WriteResult> queue_action(store::Reader& reader, store::JobQueue& queue,
                                        const BackendOptions& options, const Caller& caller,
                                        store::JobAction action, const std::string& json,
                                        store::Time now) {
  edits::CheckOptions check;
  check.max_deletes = options.max_deletes;
  check.on_conflict = options.on_conflict;
  check.can_impersonate = options.can_impersonate;
  auto checked = edits::check_batch(edits::parse_action(action, json), reader, check);
  if (!checked) return store::fail(checked.error());
  WriteResult result;
  result.problems = std::move(checked->problems);
  result.notes = std::move(checked->notes);
  if (!result.problems.empty()) return result;
  result.problems = refused_accounts(caller, checked->jobs, options, result.forbidden);
  if (!result.problems.empty()) return result;
  // An action that is asked for twice is meant twice.
  auto submission = edits::make_submission("action " + std::string(to_string(action)), json,
                                           std::move(checked->jobs), true);
  submission.submitted_by = caller.name;
  const auto accepted = queue.submit(submission, now);
  if (!accepted) return store::fail(accepted.error());
  result.batch = accepted->batch_id;
  result.job = accepted->job_ids.front();
  auto job = reader.job(result.job, false);
  if (!job) return store::fail(job.error());
  result.outcome = std::move(*job);
  return result;
}

base::Awaitable<store::Result<WriteResult>> write_action(Backend& backend, Caller caller,
                                                         std::string action, std::string json,
                                                         Waiting waiting) {
  std::function<store::Result<WriteResult>(store::Reader&, store::JobQueue&)> work =
      [&options = backend.options(), &clock = backend.clock(), caller = std::move(caller),
       kind = store::parse_job_action(action).value_or(store::JobAction::kUpdatePage),
       json = std::move(json)](store::Reader& reader, store::JobQueue& queue) {
        return queue_action(reader, queue, options, caller, kind, json, clock.now());
      };
  auto result = co_await backend.write<WriteResult>(std::move(work));
  if (!result) co_return result;
  if (result->job == 0 || !waiting.wait) co_return result;
  auto awaited = co_await await_outcome(backend, *result, waiting.at_most);
  if (!awaited) co_return store::fail(awaited.error());
  co_return result;
}

}  // namespace serve
