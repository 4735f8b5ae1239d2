#pragma once

// Edits and moves that happen while others read: so many a second as the settings say, on pages
// drawn by lot. One thread.

#include "tests/site/random.h"
#include "tests/site/state.h"

namespace site {

class Churn {
 public:
  explicit Churn(State& state);
  // Does what fell due since the last step.
  void step(TimePoint now);

 private:
  void edit_one(Content& content);
  void move_one(Content& content);

  State& state_;
  Random random_;
  TimePoint last_;
  double edits_due_ = 0;
  double moves_due_ = 0;
  std::uint64_t edits_ = 0;
};

}  // namespace site
