#pragma once

// The part of the table of options (options.h) that is about audits. Any thread.

#include <vector>

#include "config/options.h"

namespace config {

void add_audit_options(std::vector<Option>& all);

}  // namespace config
