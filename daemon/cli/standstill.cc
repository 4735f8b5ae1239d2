#include "daemon/cli/standstill.h"

#include <fmt/format.h>

#include <utility>

#include "daemon/cli/json_fields.h"
#include "daemon/cli/report.h"

namespace cli {

namespace {

store::Error not_sent(bool by_user, const std::string& since, const std::string& reason) {
  return store::Error(
      by_user ? store::ErrorKind::kStopped : store::ErrorKind::kCredentialsBad,
      by_user ? "jobs_paused" : "jobs_held",
      fmt::format("the queue is {} since {}: {}: nothing more is sent", by_user ? "paused" : "held",
                  since, reason),
      by_user ? "'confmirror jobs resume' ends that"
              : "mend the credentials ('confmirror check' tries them): no job fails meanwhile");
}

}  // namespace

store::Result<std::optional<store::Error>> why_not_sent(store::Reader& reader) {
  const auto pause = reader.jobs_pause();
  if (!pause) return store::fail(pause.error());
  if (!*pause) return std::optional<store::Error>();
  return std::optional(
      not_sent((*pause)->by_user, store::to_iso8601((*pause)->since), (*pause)->reason));
}

std::optional<store::Error> why_not_sent(const serve::Json& status) {
  const auto& pause = part(status, "jobs_paused");
  if (!pause.is_object()) return {};
  return not_sent(is_set(pause, "by_user"), text(pause, "since"), text(pause, "reason"));
}

bool Standstill::is_due() {
  constexpr std::chrono::seconds kEvery{1};
  const auto now = std::chrono::steady_clock::now();
  if (due_at_ && now < *due_at_) return false;
  due_at_ = now + kEvery;
  return true;
}

void Standstill::look(const std::optional<store::Error>& why) {
  const auto text = why ? why->message : std::string();
  if (text != told_ && why) report(*why, err_);
  told_ = text;
}

void Standstill::nobody_executes() {
  if (std::exchange(unattended_, true)) return;
  err_ << "confmirror: nothing executes the queue: start the daemon, or 'confmirror jobs run'\n"
       << std::flush;
}

}  // namespace cli
