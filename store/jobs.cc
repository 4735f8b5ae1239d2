#include "store/jobs.h"

#include <algorithm>
#include <array>

namespace store {
namespace {

template <typename Value, std::size_t Count>
using Names = std::array<std::pair<Value, std::string_view>, Count>;

constexpr Names<JobState, 9> kStates = {{{JobState::kQueued, "queued"},
                                         {JobState::kWaiting, "waiting"},
                                         {JobState::kBlocked, "blocked"},
                                         {JobState::kSending, "sending"},
                                         {JobState::kInDoubt, "in_doubt"},
                                         {JobState::kDone, "done"},
                                         {JobState::kFailed, "failed"},
                                         {JobState::kConflict, "conflict"},
                                         {JobState::kCanceled, "canceled"}}};
constexpr Names<JobAction, 5> kActions = {{{JobAction::kCreatePage, "create_page"},
                                           {JobAction::kUpdatePage, "update_page"},
                                           {JobAction::kDeletePage, "delete_page"},
                                           {JobAction::kRestorePage, "restore_page"},
                                           {JobAction::kMovePage, "move_page"}}};
constexpr Names<OnConflict, 3> kPolicies = {{{OnConflict::kFail, "fail"},
                                             {OnConflict::kRebase, "rebase"},
                                             {OnConflict::kOverwrite, "overwrite"}}};

template <typename Value, std::size_t Count>
std::string_view name_of(const Names<Value, Count>& names, Value value) {
  for (const auto& [known, name] : names) {
    if (known == value) return name;
  }
  return "";
}

template <typename Value, std::size_t Count>
std::optional<Value> value_of(const Names<Value, Count>& names, std::string_view text) {
  for (const auto& [value, name] : names) {
    if (name == text) return value;
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_string(JobState state) { return name_of(kStates, state); }
std::optional<JobState> parse_job_state(std::string_view text) { return value_of(kStates, text); }
std::string_view to_string(JobAction action) { return name_of(kActions, action); }
std::optional<JobAction> parse_job_action(std::string_view text) {
  return value_of(kActions, text);
}
std::string_view to_string(OnConflict policy) { return name_of(kPolicies, policy); }
std::optional<OnConflict> parse_on_conflict(std::string_view text) {
  return value_of(kPolicies, text);
}

bool is_end(JobState state) {
  return state == JobState::kDone || state == JobState::kFailed || state == JobState::kConflict ||
         state == JobState::kCanceled;
}

std::int64_t JobBatchRow::in(JobState state) const {
  const auto found = std::find_if(states.begin(), states.end(),
                                  [&](const auto& entry) { return entry.first == state; });
  return found == states.end() ? 0 : found->second;
}

bool JobBatchRow::ended() const {
  return in(JobState::kQueued) == 0 && in(JobState::kWaiting) == 0 && in(JobState::kSending) == 0 &&
         in(JobState::kBlocked) == stuck && in_look == 0;
}

}  // namespace store
