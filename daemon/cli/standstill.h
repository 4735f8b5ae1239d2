#pragma once

// Why the edit queue does not go on, told once for each reason while somebody waits for it. One
// thread. Errors: those of the Reader.

#include <chrono>
#include <optional>
#include <ostream>
#include <string>

#include "daemon/serve/reply.h"
#include "store/reader.h"

namespace cli {

// Why nothing is sent, with what ends that; nullopt: it is.
store::Result<std::optional<store::Error>> why_not_sent(store::Reader& reader);
// The same of what `/v1/status` answers.
std::optional<store::Error> why_not_sent(const serve::Json& status);

class Standstill {
 public:
  explicit Standstill(std::ostream& err) : err_(err) {}

  // Whether a second has passed since this last was true: the state of a large mirror is not to be
  // asked for more often.
  bool is_due();
  void look(const std::optional<store::Error>& why);
  void nobody_executes();
  bool told_that_nobody_executes() const { return unattended_; }

 private:
  std::ostream& err_;
  std::optional<std::chrono::steady_clock::time_point> due_at_;
  std::string told_;
  bool unattended_ = false;
};

}  // namespace cli
