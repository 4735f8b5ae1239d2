#include "daemon/cli/long_task.h"

#include <fmt/format.h>

#include <utility>

#include "daemon/cli/terminal.h"

namespace cli {

LongTask::LongTask(std::string what, const GlobalOptions& globals, std::ostream& err)
    : what_(std::move(what)),
      err_(err),
      shown_(terminal_of(err).is_terminal && !globals.quiet && !globals.no_progress) {}

LongTask::~LongTask() {
  if (last_ >= 0) err_ << "\r\033[K" << std::flush;
}

std::function<store::Result<void>(double)> LongTask::progress() {
  return [this](double done) {
    if (shown_) show(static_cast<int>(done * 100));
    return Interrupt::check();
  };
}

void LongTask::show(int percent) {
  if (percent == last_) return;
  last_ = percent;
  err_ << fmt::format("\r{} {} %", what_, percent) << std::flush;
}

}  // namespace cli
