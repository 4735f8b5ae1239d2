#include "daemon/mirror/nodes.h"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/base/log.h"
#include "daemon/confluence/requests.h"

namespace mirror {

namespace {

// Nobody nests folders so deep; an endless chain would be the site's mistake.
constexpr int kDeepest = 100;
constexpr int kFailuresBelieved = 3;  // of one type, and no answer
constexpr const char* kNodePrefix = "node:";

std::string node_subject(store::Id node_id) { return kNodePrefix + std::to_string(node_id); }

store::Error still_named(const store::DueNode& node) {
  return store::Error(store::ErrorKind::kItemBad, "node_not_shown",
                      fmt::format("cannot fetch {} '{}': the site does not show it, but what it "
                                  "shows names it as its parent",
                                  node.type, node.id),
                      "its permissions may hide it from this account");
}

store::Error not_asked(const store::DueNode& node, const store::Error& last) {
  store::Error error = last;
  error.message = fmt::format("cannot fetch {} '{}': not asked for, because no {} could be had: {}",
                              node.type, node.id, node.type, last.message);
  return error;
}

}  // namespace

base::Awaitable<void> Nodes::fetch(store::Observation since) {
  since_ = since;
  const auto before = taken_.size();
  for (int depth = 0; depth < kDeepest && !context_.fatal; ++depth) {
    co_await find_due();
    if (waiting_.empty()) break;
    const auto most = static_cast<std::size_t>(std::max(1, context_.options.max_concurrency));
    std::vector<base::Awaitable<void>> workers;
    for (std::size_t i = 0; i < std::min(most, waiting_.size()); ++i) workers.push_back(work());
    co_await context_.all(std::move(workers));
  }
  if (taken_.size() == before) co_return;
  base::crawl_log().info("nodes asked={} absent={}", taken_.size(), missing_.size());
}

base::Awaitable<void> Nodes::find_due() {
  auto query = [since = since_, now = context_.due_time()](store::Reader& reader) {
    return reader.nodes_due(since, now);
  };
  auto due = co_await context_.read(std::move(query));
  if (!due) {
    context_.fail(due.error());
    co_return;
  }
  std::string strange;
  const bool sees_all_spaces = since_ > 0 && context_.options.whole_site;
  for (auto& node : *due) {
    if (!taken_.insert(node.id).second) continue;
    if (confluence::node_target(node.type, node.id).empty()) {
      strange = node.type;
      continue;
    }
    const auto space = node.space_id.value_or(0);
    const bool admitted = context_.admitted_spaces.contains(space);
    const bool shown = spaces_.seen(space);
    // A known one whose space is not shown any more is asked for once more.
    if (admitted || (node.known && sees_all_spaces && !shown)) {
      waiting_.push_back(std::move(node));
    } else if (node.known && sees_all_spaces) {
      excluded_.push_back(node.id);
    }
  }
  std::reverse(waiting_.begin(), waiting_.end());  // taken from the back
  if (!strange.empty()) {
    base::crawl_log().info("parents of a type that is not known are left out type={}", strange);
  }
}

base::Awaitable<void> Nodes::work() {
  const auto slot = context_.make_slot();
  while (!waiting_.empty() && !context_.fatal) {
    auto due = std::move(waiting_.back());
    waiting_.pop_back();
    co_await ask(std::move(due), *slot);
  }
  auto written = co_await slot->drain();
  if (!written) context_.fail(written.error());
}

base::Awaitable<void> Nodes::ask(store::DueNode due, CommitSlot& slot) {
  auto& luck = luck_[due.type];
  if (luck.answered == 0 && luck.failed >= kFailuresBelieved && luck.error) {
    auto error = not_asked(due, *luck.error);
    co_await context_.quarantine(node_subject(due.id), std::move(error));
    co_return;
  }
  auto answer = co_await context_.deps.client.node(due.type, due.id);
  if (answer) {
    ++luck.answered;
    context_.succeeded();
    co_await keep(std::move(due), std::move(*answer), slot);
    co_return;
  }
  const bool goes_on = co_await context_.survives(answer.error());
  if (!goes_on) co_return;
  ++luck.failed;
  luck.error = answer.error();
  co_await context_.quarantine(node_subject(due.id), answer.error());
}

base::Awaitable<void> Nodes::keep(store::DueNode due, confluence::Listing<store::Node> answer,
                                  CommitSlot& slot) {
  if (!answer.bad_rows.empty()) {
    store::Error error(store::ErrorKind::kItemBad, "bad_row", answer.bad_rows.front().reason);
    co_await context_.quarantine(node_subject(due.id), std::move(error));
    co_return;
  }
  const bool deleted = !answer.rows.empty() && answer.rows.front().status == "deleted";
  if (answer.rows.empty() || deleted) {
    Missing missing;
    missing.node = std::move(due);
    missing.observation = answer.observation;
    missing.observed_at = answer.received_at;
    missing.reason = deleted ? "deleted" : "vanished";
    missing_.push_back(std::move(missing));
    co_return;
  }
  store::Batch batch(answer.observation, answer.received_at);
  context_.release(batch, node_subject(due.id));
  batch.nodes = std::move(answer.rows);
  auto written = co_await slot.put(std::move(batch));
  if (!written) context_.fail(written.error());
}

base::Awaitable<void> Nodes::settle() {
  auto excluded = store::Batch(spaces_.observation(), context_.deps.clock.now());
  for (const auto id : excluded_) {
    store::Gone gone;
    gone.id = id;
    gone.reason = "excluded";
    excluded.gone_nodes.push_back(std::move(gone));
    context_.release(excluded, node_subject(id));
  }
  // Where a listing failed, a page that was not seen may be there all the same.
  const auto since = context_.listings_whole() ? since_ : 0;
  auto query = [since](store::Reader& reader) { return reader.nodes_named(since); };
  std::vector<Missing> gone;
  if (!missing_.empty()) {
    auto named = co_await context_.read(std::move(query));
    if (!named) {
      context_.fail(named.error());
      co_return;
    }
    for (auto& missing : missing_) {
      if (!named->contains(missing.node.id)) {
        gone.push_back(std::move(missing));
        continue;
      }
      auto error = still_named(missing.node);
      co_await context_.quarantine(node_subject(missing.node.id), std::move(error));
    }
  }
  auto vanished = context_.make_batch();
  bury(gone, vanished);
  co_await release_what_nobody_names(vanished);
  for (auto* batch : {&excluded, &vanished}) {
    if (context_.fatal) co_return;
    if (batch->gone_nodes.empty() && batch->released.empty()) continue;
    auto written = co_await base::commit(context_.deps.writer, std::move(*batch));
    if (!written) context_.fail(written.error());
  }
}

// Into one batch, under the observation of the earliest of the answers: no known row is newer.
void Nodes::bury(const std::vector<Missing>& nodes, store::Batch& batch) {
  for (const auto& missing : nodes) {
    context_.release(batch, node_subject(missing.node.id));
    if (!missing.node.known) continue;
    if (batch.gone_nodes.empty() || missing.observation < batch.observation) {
      batch.observation = missing.observation;
      batch.observed_at = missing.observed_at;
    }
    store::Gone gone;
    gone.id = missing.node.id;
    gone.reason = missing.reason;
    batch.gone_nodes.push_back(std::move(gone));
  }
}

// Nothing would ask for those again.
base::Awaitable<void> Nodes::release_what_nobody_names(store::Batch& batch) {
  std::vector<store::Id> waiting;
  for (const auto& [subject, row] : context_.in_quarantine()) {
    const auto id = id_after(subject, kNodePrefix);
    if (id && !context_.failed_now(subject)) waiting.push_back(*id);
  }
  if (waiting.empty()) co_return;
  auto query =
      [ids = std::move(waiting)](store::Reader& reader) -> store::Result<std::vector<store::Id>> {
    auto named = reader.nodes_named(0);
    if (!named) return store::fail(named.error());
    std::vector<store::Id> unwanted;
    for (const auto id : ids) {
      if (named->contains(id)) continue;
      auto node = reader.node(id);
      if (!node) return store::fail(node.error());
      if (!*node || (*node)->gone_at) unwanted.push_back(id);
    }
    return unwanted;
  };
  auto unwanted = co_await context_.read(std::move(query));
  if (!unwanted) {
    context_.fail(unwanted.error());
    co_return;
  }
  for (const auto id : *unwanted) context_.release(batch, node_subject(id));
}

}  // namespace mirror
