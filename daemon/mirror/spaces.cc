#include "daemon/mirror/spaces.h"

#include <algorithm>

#include "daemon/base/log.h"
#include "daemon/mirror/follow.h"

namespace mirror {

namespace {
constexpr const char* kLabelsSubject = "labels:of spaces";

void sort_unique(std::vector<std::string>& names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
}
}  // namespace

base::Awaitable<void> Spaces::list() {
  std::vector<base::Awaitable<void>> tasks;
  for (const auto& status : context_.options.space_statuses) tasks.push_back(list_status(status));
  co_await context_.all(std::move(tasks));
  if (context_.fatal || !admitted_.empty()) co_return;
  context_.fail(store::Error(
      store::ErrorKind::kStopped, "no_spaces",
      "cannot sync: the site shows no space that the configuration admits",
      "check include_spaces, exclude_spaces and space_types, and what this account may see"));
}

std::vector<store::Id> Spaces::left_out() const {
  std::vector<store::Id> ids;
  for (const auto id : seen_) {
    if (!context_.admitted_spaces.contains(id)) ids.push_back(id);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

base::Awaitable<void> Spaces::list_status(std::string status) {
  confluence::SpacesQuery query;
  query.status = std::move(status);
  const auto slot = context_.make_slot();
  auto fetch = [this](std::string target) {
    return context_.deps.client.spaces(std::move(target));
  };
  auto take = [this, &slot](confluence::Listing<store::Space> listing) {
    return keep(std::move(listing), *slot);
  };
  auto listed =
      co_await follow(confluence::spaces_target(query), std::move(fetch), std::move(take));
  if (!listed) context_.fail(listed.error());
  auto written = co_await slot->drain();
  if (!written) context_.fail(written.error());
}

base::Awaitable<bool> Spaces::keep(confluence::Listing<store::Space> listing, CommitSlot& slot) {
  observation_ = std::max(observation_, listing.observation);
  store::Batch batch(listing.observation, listing.received_at);
  for (auto& space : listing.rows) {
    if (!seen_.insert(space.id).second || !context_.options.admits(space)) continue;
    context_.admitted_spaces.insert(space.id);
    base::crawl_log().debug("admitted space_key={} space_id={} run_id={}", space.key, space.id,
                            context_.run_id);
    admitted_.push_back(space);
    batch.spaces.push_back(std::move(space));
  }
  context_.progress.spaces = static_cast<std::int64_t>(admitted_.size());
  auto written = co_await slot.put(std::move(batch));
  if (!written) context_.fail(written.error());
  for (const auto& row : listing.bad_rows) {
    store::Error error(store::ErrorKind::kSpaceBad, "bad_row", row.reason);
    co_await context_.quarantine("space:" + row.id, std::move(error));
  }
  co_return !context_.fatal;
}

base::Awaitable<void> Spaces::give_labels_up(store::Error error) {
  labels_failed_ = true;
  const bool goes_on = co_await context_.survives(error);
  if (!goes_on) co_return;
  co_await context_.quarantine(kLabelsSubject, std::move(error));
}

base::Awaitable<store::Result<void>> Spaces::all_labels(std::string first,
                                                        std::vector<std::string>& names,
                                                        store::Observation& observation) {
  auto fetch = [this](std::string target) {
    return context_.deps.client.labels(std::move(target));
  };
  auto take = [&names,
               &observation](confluence::Listing<std::string> listing) -> base::Awaitable<bool> {
    if (observation == 0) observation = listing.observation;
    for (auto& name : listing.rows) names.push_back(std::move(name));
    co_return true;
  };
  co_return co_await follow(std::move(first), std::move(fetch), std::move(take));
}

base::Awaitable<void> Spaces::read_labels() {
  std::vector<std::string> names;
  store::Observation observation = 0;
  auto read = co_await all_labels(confluence::team_labels_target(), names, observation);
  if (!read) {
    co_await give_labels_up(read.error());
    co_return;
  }
  sort_unique(names);
  // Whichever costs fewer requests: one listing of spaces for each label, or one of labels for each
  // space.
  if (names.size() <= admitted_.size()) {
    co_await labels_by_name(std::move(names), observation);
  } else {
    co_await labels_by_space();
  }
  if (labels_failed_ || context_.fatal) co_return;
  auto batch = context_.make_batch();
  context_.release(batch, kLabelsSubject);
  if (batch.released.empty()) co_return;
  auto written = co_await base::commit(context_.deps.writer, std::move(batch));
  if (!written) context_.fail(written.error());
}

base::Awaitable<void> Spaces::labels_by_name(std::vector<std::string> names,
                                             store::Observation observation) {
  std::vector<store::SpaceLabels> rows;
  for (const auto& space : admitted_) {
    store::SpaceLabels row;
    row.space_id = space.id;
    rows.push_back(std::move(row));
  }
  std::sort(rows.begin(), rows.end(),
            [](const auto& a, const auto& b) { return a.space_id < b.space_id; });
  std::vector<base::Awaitable<void>> tasks;
  for (auto& name : names) tasks.push_back(spaces_of_label(std::move(name), rows));
  co_await context_.all(std::move(tasks));
  if (labels_failed_ || context_.fatal) co_return;
  for (auto& row : rows) sort_unique(row.labels);
  store::Batch batch(observation, context_.deps.clock.now());
  batch.space_labels = std::move(rows);
  auto written = co_await base::commit(context_.deps.writer, std::move(batch));
  if (!written) context_.fail(written.error());
}

base::Awaitable<void> Spaces::spaces_of_label(std::string name,
                                              std::vector<store::SpaceLabels>& rows) {
  co_await context_.turn();
  confluence::SpacesQuery query;  // of any status
  query.label = name;
  query.details = false;
  auto fetch = [this](std::string target) {
    return context_.deps.client.spaces(std::move(target));
  };
  auto take = [&name, &rows](confluence::Listing<store::Space> listing) -> base::Awaitable<bool> {
    for (const auto& space : listing.rows) {
      const auto row = std::lower_bound(
          rows.begin(), rows.end(), space.id,
          [](const store::SpaceLabels& labels, store::Id id) { return labels.space_id < id; });
      if (row != rows.end() && row->space_id == space.id) row->labels.push_back(name);
    }
    co_return true;
  };
  auto read = co_await follow(confluence::spaces_target(query), std::move(fetch), std::move(take));
  if (!read) co_await give_labels_up(read.error());
}

base::Awaitable<void> Spaces::labels_by_space() {
  std::vector<base::Awaitable<void>> tasks;
  for (const auto& space : admitted_) tasks.push_back(labels_of_space(space.id));
  co_await context_.all(std::move(tasks));
}

base::Awaitable<void> Spaces::labels_of_space(store::Id space_id) {
  co_await context_.turn();
  store::SpaceLabels row;
  row.space_id = space_id;
  store::Observation observation = 0;
  auto read =
      co_await all_labels(confluence::space_labels_target(space_id), row.labels, observation);
  if (!read) {
    co_await give_labels_up(read.error());
    co_return;
  }
  sort_unique(row.labels);
  store::Batch batch(observation, context_.deps.clock.now());
  batch.space_labels.push_back(std::move(row));
  auto written = co_await base::commit(context_.deps.writer, std::move(batch));
  if (!written) context_.fail(written.error());
}

}  // namespace mirror
