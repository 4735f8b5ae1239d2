// What the service tells of itself: systemd's STATUS, and whether its workers get on.

#include <fmt/format.h>

#include <boost/asio/post.hpp>

#include "daemon/cli/progress_line.h"
#include "daemon/cli/report.h"
#include "daemon/cli/service_run.h"
#include "daemon/confluence/token_expiry.h"

namespace cli {

namespace {

// A run that does nothing for so long, and waits for nothing, hangs.
constexpr std::chrono::minutes kStall{10};

}  // namespace

void Service::watch_workers() {
  const auto post_to = [](boost::asio::thread_pool& pool) {
    return [&pool](base::Watchdog::Done done) { boost::asio::post(pool, std::move(done)); };
  };
  watchdog_.watch("parser", post_to(session_.parse_pool()));
  watchdog_.watch("reader", post_to(session_.reader_thread()));
  auto write_nothing = [this](const base::Watchdog::Done& done) {
    if (!writer_) return done();
    writer_->submit(store::Batch(0, session_.clock().now()),
                    [done](const store::Result<store::CommitInfo>&) { done(); });
  };
  watchdog_.watch("writer", std::move(write_nothing), [this] { return !writer_state_.empty(); });
  watchdog_.watch_condition("sync", [this] { return !stalled(); });
  if (const auto interval = base::Notify::watchdog_interval()) {
    beat_every_ = std::chrono::duration_cast<std::chrono::milliseconds>(*interval / 4);
  }
}

bool Service::stalled() {
  const auto now = session_.clock().steady();
  const auto& governor = session_.governor();
  std::int64_t moved = session_.client().usage().requests;
  bool waits = !governor.open() || governor.status().in_flight > 0 || !writer_state_.empty();
  for (const auto* const run : {&full_, &incremental_}) {
    if (!*run || !(*run)->crawl) continue;
    const auto& p = (*run)->crawl->progress();
    moved += p.pages_listed + p.pages_changed + p.histories_done + p.walks_done;
    waits = waits || p.waiting_for_turn > 0;
  }
  if (moved != moved_ || waits || (!full_ && !incremental_)) moved_at_ = now;
  moved_ = moved;
  return now - moved_at_ > kStall;
}

void Service::tell_of_expiry() {
  const auto words = confluence::expiry_words(session_.token_expires_at(), session_.clock().now());
  // A new date is news.
  if (words.empty() ||
      !daily_.admit("token " + words.substr(0, words.find(',')), session_.clock().steady())) {
    return;
  }
  base::daemon_log().warn("{}: make a new one and put it in its place", words);
}

void Service::tell() {
  tell_of_expiry();
  const bool whole = local_trouble_.empty() || stopping_;
  notify_.status(whole ? status() : status() + "; local service: " + printable(local_trouble_));
  tell_local();
  const auto now = session_.clock().steady();
  if (!beat_every_ || now < beat_at_) return;
  beat_at_ = now + *beat_every_ * 9 / 10;  // the pauses of the loop are as long
  const auto silent = watchdog_.beat();
  if (silent.empty() || !repeats_.admit("silent", now)) return;
  base::daemon_log().error("the watchdog is not fed: no word from {}", fmt::join(silent, ", "));
}

std::string Service::status_of(const Run& run) const {
  const auto governor = session_.governor().status();
  if (!run.crawl && governor.closed_until) {
    return fmt::format("{} sync: the site asks for a wait until {} ({})", name_of(run.kind),
                       store::to_iso8601(*governor.closed_until), governor.closed_reason);
  }
  if (!run.crawl) return fmt::format("{} sync: asking the site who we are", name_of(run.kind));
  ProgressView view;
  view.progress = run.crawl->progress();
  view.usage = difference(session_.client().usage(), run.usage_before);
  view.governor = governor;
  view.elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(session_.clock().steady() -
                                                                       run.started);
  view.now = session_.clock().now();
  return fmt::format("{} sync: {}", name_of(run.kind), progress_line(view, 0));
}

std::string Service::status() const {
  if (stopping_) return "stopping";
  std::string text;
  const auto add = [&text](const std::string& part) {
    text += (text.empty() ? "" : "; ") + printable(part);
  };
  if (!writer_state_.empty()) add(writer_state_);
  if (full_) add(status_of(*full_));
  if (incremental_) add(status_of(*incremental_));
  if (const auto edits = status_of_jobs(); !edits.empty()) add(edits);
  for (const auto& [kind, trouble] : trouble_) {
    add(fmt::format("{}trouble since {}: {}",
                    refused_ ? "credentials refused, no more is asked: " : "",
                    store::to_iso8601(trouble.since), trouble.what));
  }
  if (refused_) return text;
  if (full_ || incremental_) return text;
  if (synced_at_) add(fmt::format("synced at {}", store::to_iso8601(*synced_at_)));
  const auto now = session_.clock().steady();
  const auto next = schedule_->next(now);
  if (next != base::Clock::Steady::max()) {
    const auto away = std::chrono::duration_cast<std::chrono::milliseconds>(next - now);
    add(fmt::format("next sync at {}", store::to_iso8601(std::chrono::floor<std::chrono::seconds>(
                                           session_.clock().now() + away))));
  }
  return text;
}

}  // namespace cli
