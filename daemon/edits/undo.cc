#include "daemon/edits/undo.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "daemon/edits/translate.h"

namespace edits {

namespace {

using store::Id;
using store::Job;
using store::JobAction;
using store::JobSpec;

struct Result {
  bool noop = false;
  std::optional<std::int32_t> version;
};

Result result_of(const Job& job) {
  Result result;
  const auto json = nlohmann::json::parse(job.result, nullptr, false);
  if (!json.is_object()) return result;
  result.noop = json.value("noop", false);
  if (json.contains("version") && json["version"].is_number_integer()) {
    result.version = json["version"].get<std::int32_t>();
  }
  return result;
}

class Planner {
 public:
  explicit Planner(store::Reader& reader) : reader_(reader) {}

  store::Result<UndoPlan> run(std::vector<store::JobId> ids) {
    std::sort(ids.begin(), ids.end(), std::greater<>());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    for (const auto id : ids) {
      auto job = reader_.job(id, true);
      if (!job) return store::fail(job.error());
      if (!*job) {
        leave(id, "there is no such job");
      } else if ((*job)->state != store::JobState::kDone) {
        leave(id, fmt::format("it is {}: nothing was written", store::to_string((*job)->state)));
      } else if (auto added = add(**job); !added) {
        return store::fail(added.error());
      }
    }
    return std::move(plan_);
  }

 private:
  void leave(store::JobId id, std::string why) { plan_.left_out.emplace_back(id, std::move(why)); }
  store::Result<void> add(const Job& job);
  void add_back(const Job& job, const store::JobImage& before, const Result& result);
  void add_trash(const Job& job, const Result& result);
  void add_restore(const Job& job, const store::JobImage& before);
  void add_move(const Job& job, Id page_id, std::optional<Id> parent_id, std::size_t after);
  // The version that will be there when the turn of the job's undo comes.
  std::optional<std::int32_t> version_before(const Job& job, const Result& result) const {
    const auto planned = planned_.find(job.page_id.value_or(0));
    return planned == planned_.end() ? result.version : std::optional(planned->second);
  }
  // What is planned about a page goes in order by itself; about its parent it must be said.
  std::size_t push(JobSpec spec);

  store::Reader& reader_;
  UndoPlan plan_;
  std::unordered_map<Id, std::int32_t> planned_;  // the version that the plan makes of a page
  std::unordered_map<Id, std::size_t> restored_;  // where a page is brought back
  std::unordered_map<Id, std::vector<std::size_t>> trashed_in_;  // by parent: what was below it
};

std::size_t Planner::push(JobSpec spec) {
  spec.line = static_cast<std::int64_t>(plan_.jobs.size()) + 1;
  plan_.jobs.push_back(std::move(spec));
  return plan_.jobs.size() - 1;
}

store::Result<void> Planner::add(const Job& job) {
  const auto result = result_of(job);
  if (result.noop) {
    leave(job.id, "it had changed nothing");
    return {};
  }
  if (job.action == JobAction::kCreatePage || job.action == JobAction::kRestorePage) {
    add_trash(job, result);
    return {};
  }
  if (job.action == JobAction::kDeletePage && is_draft(job)) {
    leave(job.id, "a draft that was discarded does not come back");
    return {};
  }
  auto before = reader_.job_image(job.id, "before");
  if (!before) return store::fail(before.error());
  if (!*before) {
    leave(job.id, "what was there before was not kept");
    return {};
  }
  if (job.action == JobAction::kUpdatePage) add_back(job, **before, result);
  if (job.action == JobAction::kDeletePage) add_restore(job, **before);
  if (job.action == JobAction::kMovePage) {
    if ((*before)->parent_id) {
      add_move(job, *job.page_id, (*before)->parent_id, plan_.jobs.size());
    } else {
      leave(job.id, "it was at the top of its space, where the API cannot put it");
    }
  }
  return {};
}

void Planner::add_back(const Job& job, const store::JobImage& before, const Result& result) {
  const bool first_draft = is_draft(job) && before.status != "draft";
  JobSpec spec;
  spec.undo_of = job.id;
  spec.as_user = job.as_user;
  spec.page_id = job.page_id;
  spec.space_id = job.space_id;
  spec.title = before.title;
  if (first_draft) {
    // There was none: the page itself is as it was.
    spec.action = JobAction::kDeletePage;
    spec.status = "draft";
    push(std::move(spec));
    return;
  }
  if (before.status == "draft" && !is_draft(job)) {
    leave(job.id, "a draft that was published stays published");
    return;
  }
  spec.action = JobAction::kUpdatePage;
  spec.status = job.status;
  spec.body = before.body;
  spec.base_version = is_draft(job) ? before.version : version_before(job, result);
  if (!spec.base_version) {
    leave(job.id, "which version it made is not known");
    return;
  }
  // Coming out of the trash may have made a version.
  if (restored_.contains(job.page_id.value_or(0))) spec.on_conflict = store::OnConflict::kRebase;
  if (!is_draft(job)) planned_[*job.page_id] = *spec.base_version + 1;
  spec.message = fmt::format("undo of job {}", job.id);
  push(std::move(spec));
}

void Planner::add_trash(const Job& job, const Result& result) {
  JobSpec spec;
  spec.action = JobAction::kDeletePage;
  spec.undo_of = job.id;
  spec.as_user = job.as_user;
  spec.page_id = job.page_id;
  spec.space_id = job.space_id;
  spec.parent_id = job.parent_id;
  spec.title = job.title;
  spec.status = job.action == JobAction::kCreatePage ? job.status : "current";
  if (!is_draft(spec)) spec.base_version = version_before(job, result);
  // The newest are first: what was created below it is planned already.
  if (const auto below = trashed_in_.find(job.page_id.value_or(0)); below != trashed_in_.end()) {
    spec.after = below->second;
  }
  const auto parent = job.parent_id;
  const auto place = push(std::move(spec));
  if (parent) trashed_in_[*parent].push_back(place);
}

void Planner::add_restore(const Job& job, const store::JobImage& before) {
  JobSpec spec;
  spec.action = JobAction::kRestorePage;
  spec.undo_of = job.id;
  spec.as_user = job.as_user;
  spec.page_id = job.page_id;
  spec.space_id = job.space_id;
  if (before.parent_type.value_or("page") == "page") spec.parent_id = before.parent_id;
  spec.title = before.title;
  spec.body = before.body;
  spec.base_version = before.version;
  if (before.parent_id) {
    if (const auto parent = restored_.find(*before.parent_id); parent != restored_.end()) {
      spec.after.push_back(parent->second);
    }
  }
  auto last = push(std::move(spec));
  restored_[*job.page_id] = last;
  for (const auto child : before.children) {
    add_move(job, child, job.page_id, last);
    last = plan_.jobs.size() - 1;
  }
}

void Planner::add_move(const Job& job, Id page_id, std::optional<Id> parent_id, std::size_t after) {
  JobSpec spec;
  spec.action = JobAction::kMovePage;
  spec.undo_of = job.id;
  spec.as_user = job.as_user;
  spec.page_id = page_id;
  spec.space_id = job.space_id;
  spec.parent_id = parent_id;
  spec.title = job.title;
  if (after < plan_.jobs.size()) spec.after.push_back(after);
  push(std::move(spec));
}

}  // namespace

store::Result<UndoPlan> plan_undo(store::Reader& reader, const std::vector<store::JobId>& jobs) {
  return Planner(reader).run(jobs);
}

}  // namespace edits
