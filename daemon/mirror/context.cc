#include "daemon/mirror/context.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "daemon/base/log.h"
#include "daemon/mirror/plan.h"

namespace mirror {

namespace {
// So many requests that failed after all their retries, and none that succeeded between them.
constexpr int kOutage = 12;
constexpr std::size_t kFailuresLogged = 20;  // of one run; `status` names them all
}  // namespace

std::optional<store::Id> id_after(std::string_view subject, std::string_view prefix) {
  if (!subject.starts_with(prefix)) return std::nullopt;
  store::Id id = 0;
  const auto* const end = subject.data() + subject.size();
  const auto [stop, error] = std::from_chars(subject.data() + prefix.size(), end, id);
  return error == std::errc() && stop == end ? std::optional(id) : std::nullopt;
}

void Context::fail(store::Error error) {
  if (!fatal) fatal = std::move(error);
  listings.cancel();
  histories.cancel();
}

base::Awaitable<bool> Context::survives(store::Error error) {
  if (fatal) co_return false;
  bool ask = false;
  switch (error.kind) {
    case store::ErrorKind::kCredentialsBad:
      ask = true;
      break;
    case store::ErrorKind::kRetryAfter:
      ask = ++failed_in_a_row_ >= kOutage;
      break;
    case store::ErrorKind::kItemBad:
    case store::ErrorKind::kSpaceBad:
      // To a stranger a site that is open to some tells even by name what it does not have.
      ask = error.http_status == 404;
      break;
    default:
      fail(std::move(error));
      co_return false;
  }
  if (!ask) co_return true;
  failed_in_a_row_ = 0;
  auto red = co_await canary();
  if (red) fail(std::move(*red));
  co_return !fatal;
}

base::Awaitable<std::optional<store::Error>> Context::canary() {
  auto identity = co_await deps.client.who_am_i();
  if (!identity) co_return std::move(identity.error());
  if (identity->account_id == account_id) co_return std::nullopt;
  store::Error changed(store::ErrorKind::kCredentialsBad, "identity_changed",
                       "cannot go on: the site takes us for someone else than at the start",
                       "check that nothing rotates the token between accounts, then sync again");
  co_return changed;
}

base::Awaitable<void> Context::turn() {
  const auto wait = pace_.take(deps.clock.steady());
  if (wait.count() <= 0) co_return;
  ++progress.waiting_for_turn;
  struct Turn {
    int& waiting;
    ~Turn() { --waiting; }
  };
  const Turn turn{progress.waiting_for_turn};
  co_await base::sleep_for(wait);
}

std::unique_ptr<CommitSlot> Context::make_slot() {
  auto on_commit = [this, alive = std::weak_ptr<int>(alive_)](const store::CommitInfo& info) {
    if (alive.expired()) return;
    progress.pages_changed += info.pages_new + info.pages_changed;
    progress.bodies_written += info.bodies_written;
    progress.versions_new += info.versions_new;
    if (info.history_due > 0) {
      history_arrivals += info.history_due;
      progress.histories_known += info.history_due;
      history_wanted.notify_all();
    }
  };
  return std::make_unique<CommitSlot>(deps.io, deps.writer, backlog, std::move(on_commit));
}

store::Batch Context::make_batch() const { return store::Batch(0, deps.clock.now()); }

void Context::remember_quarantine(const std::vector<store::QuarantineRow>& rows) {
  for (const auto& row : rows) quarantine_[row.subject] = row;
}

base::Awaitable<void> Context::quarantine(std::string subject, store::Error error) {
  if (fatal || failures_.contains(subject)) co_return;
  failures_[subject] = error.message;
  show_failures();
  const auto about = subject.find(':');
  const bool of_page = subject.starts_with("page:") || subject.starts_with("versions:");
  base::crawl_log().log(
      failures_.size() <= kFailuresLogged ? spdlog::level::info : spdlog::level::debug,
      "quarantined {}={} status={} run_id={} subject=\"{}\" message=\"{}\"",
      of_page ? "page_id" : "object", subject.substr(about + 1), error.http_status, run_id, subject,
      error.message);
  auto& row = quarantine_[subject];
  ++row.attempts;
  row.subject = std::move(subject);
  row.reason = std::move(error.message);
  row.next_try_at = deps.clock.now() + quarantine_pause(row.attempts);
  auto batch = make_batch();
  batch.quarantined.push_back(row);
  auto committed = co_await base::commit(deps.writer, std::move(batch));
  if (!committed) fail(committed.error());
}

bool Context::listings_whole() const {
  return std::none_of(failures_.begin(), failures_.end(), [](const auto& failure) {
    return failure.first.starts_with("listing:") || failure.first.starts_with("space:");
  });
}

void Context::release(store::Batch& batch, const std::string& subject) {
  if (failures_.erase(subject) > 0) show_failures();
  if (quarantine_.erase(subject) > 0) batch.released.push_back(subject);
}

void Context::show_failures() {
  progress.failures.clear();
  for (const auto& [subject, message] : failures_) {
    progress.failures.push_back(fmt::format("{}: {}", subject, message));
  }
}

}  // namespace mirror
