#pragma once

// The edit queue of the service, for service*.cc only. Network thread.

#include <optional>

#include "daemon/cli/service.h"
#include "daemon/edits/job_runner.h"

namespace cli {

struct Service::Jobs {
  Jobs(boost::asio::io_context& io, edits::JobRunnerDeps deps, edits::JobRunnerOptions options);

  base::TaskGroup group;
  edits::JobRunner runner;
  std::optional<store::Result<void>> result;  // nothing: it was canceled
  bool ended = false;
};

}  // namespace cli
