#pragma once

// Offline work that takes a while and ends when the user wants it to: an Interrupt (interrupt.h),
// and on a terminal one line that says how far it is, removed when the task ends. One thread.

#include <functional>
#include <ostream>
#include <string>

#include "daemon/cli/globals.h"
#include "daemon/cli/interrupt.h"
#include "store/error.h"

namespace cli {

class LongTask {
 public:
  LongTask(std::string what, const GlobalOptions& globals, std::ostream& err);
  ~LongTask();
  LongTask(const LongTask&) = delete;
  LongTask& operator=(const LongTask&) = delete;

  // To be told now and then how far the work is, from 0 to 1; kCanceled once a signal came.
  std::function<store::Result<void>(double)> progress();

 private:
  void show(int percent);

  const Interrupt interrupt_;
  std::string what_;
  std::ostream& err_;
  bool shown_;
  int last_ = -1;
};

}  // namespace cli
