#pragma once

// The options of [site], for the table in options.cc.

#include <vector>

#include "config/options.h"

namespace config {

void add_site_options(std::vector<Option>& all);

}  // namespace config
