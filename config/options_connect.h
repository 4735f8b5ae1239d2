#pragma once

// The part of the table of options (options.h) that is about Atlassian Connect. Any thread.

#include <vector>

#include "config/options.h"

namespace config {

void add_connect_options(std::vector<Option>& all);

}  // namespace config
