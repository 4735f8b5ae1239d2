#include "daemon/mirror/context.h"

#include <fmt/format.h>

#include "daemon/mirror/plan.h"

namespace mirror {

void Context::fail(store::Error error) {
  if (!fatal) fatal = std::move(error);
  listings.cancel();
  histories.cancel();
}

bool Context::is_fatal(const store::Error& error) {
  switch (error.kind) {
    case store::ErrorKind::kRetryAfter:
    case store::ErrorKind::kItemBad:
    case store::ErrorKind::kSpaceBad:
    case store::ErrorKind::kCredentialsBad:  // first put to the canary
      return false;
    default:
      return true;
  }
}

std::unique_ptr<CommitSlot> Context::make_slot() {
  auto on_commit = [this](const store::CommitInfo& info) {
    progress.pages_changed += info.pages_new + info.pages_changed;
    progress.bodies_written += info.bodies_written;
    progress.versions_new += info.versions_new;
    if (info.history_due > 0) {
      history_arrivals += info.history_due;
      progress.histories_known += info.history_due;
      history_wanted.notify_all();
    }
  };
  return std::make_unique<CommitSlot>(deps.io, deps.writer, std::move(on_commit));
}

store::Batch Context::make_batch() const { return store::Batch(0, deps.clock.now()); }

base::Awaitable<void> Context::quarantine(std::string subject, const store::Error& error) {
  progress.failures.push_back(fmt::format("{}: {}", subject, error.message));
  auto attempts_of = [subject](store::Reader& reader) -> std::int64_t {
    const auto rows = reader.quarantine();
    if (!rows) return 0;
    for (const auto& row : *rows) {
      if (row.subject == subject) return row.attempts;
    }
    return 0;
  };
  const std::int64_t attempts = co_await read(std::move(attempts_of));
  store::QuarantineEntry entry;
  entry.subject = std::move(subject);
  entry.reason = error.message;
  entry.next_try_at = deps.clock.now() + quarantine_pause(attempts + 1);
  auto batch = make_batch();
  batch.quarantined.push_back(std::move(entry));
  auto committed = co_await base::commit(deps.writer, std::move(batch));
  if (!committed) fail(committed.error());
}

base::Awaitable<std::optional<store::Error>> Context::canary() {
  auto identity = co_await deps.client.who_am_i();
  if (identity) co_return std::nullopt;
  co_return identity.error();
}

}  // namespace mirror
