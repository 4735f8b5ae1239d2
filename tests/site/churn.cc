#include "tests/site/churn.h"

#include <mutex>

namespace site {
namespace {

constexpr int kTries = 20;  // a page drawn by lot may not allow what is wanted of it
constexpr double kMostDue = 100;

}  // namespace

Churn::Churn(State& state)
    : state_(state),
      random_(hash_of(state.options.content.seed, 0x636875ULL)),
      last_(std::chrono::steady_clock::now()) {}

void Churn::step(TimePoint now) {
  const double seconds = std::chrono::duration<double>(now - last_).count();
  last_ = now;
  {
    const std::scoped_lock lock(state_.control_mutex);
    const Settings& settings = state_.settings;
    // Rates that were turned off leave nothing due.
    edits_due_ =
        settings.edits_per_second > 0 ? edits_due_ + seconds * settings.edits_per_second : 0;
    moves_due_ =
        settings.moves_per_second > 0 ? moves_due_ + seconds * settings.moves_per_second : 0;
  }
  edits_due_ = std::min(edits_due_, kMostDue);
  moves_due_ = std::min(moves_due_, kMostDue);
  if (edits_due_ < 1 && moves_due_ < 1) return;
  const std::scoped_lock lock(state_.content_mutex);
  if (state_.content.pages().empty()) return;
  for (; edits_due_ >= 1; --edits_due_) edit_one(state_.content);
  for (; moves_due_ >= 1; --moves_due_) move_one(state_.content);
}

void Churn::edit_one(Content& content) {
  ++edits_;
  for (int i = 0; i < kTries; ++i) {
    const auto page = static_cast<Index>(random_.below(content.pages().size()));
    Edit edit;
    edit.message = "edit " + std::to_string(edits_);
    edit.minor_edit = random_.chance(0.2);
    if (random_.chance(0.1) && !content.pages()[page].special_title) {
      edit.title =
          "Renamed page " + std::to_string(content.pages()[page].id) + "." + std::to_string(edits_);
    }
    if (content.edit(page, edit)) return;
  }
}

void Churn::move_one(Content& content) {
  for (int i = 0; i < kTries; ++i) {
    const auto page = static_cast<Index>(random_.below(content.pages().size()));
    if (random_.chance(0.2)) {
      const auto space = static_cast<Index>(random_.below(content.spaces().size()));
      if (content.move_to_space(page, space)) return;
      continue;
    }
    const auto parent = static_cast<Index>(random_.below(content.pages().size()));
    const bool is_homepage = content.spaces()[content.pages()[page].space].homepage == page;
    if (!is_homepage && content.reparent(page, parent)) return;
  }
}

}  // namespace site
