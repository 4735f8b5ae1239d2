#pragma once

// Rows of the mirror as JSON for people's scripts: names of the documented views (README.md), ids
// as strings, times as ISO-8601 UTC, null where there is no value. Pure. Any thread.

#include <nlohmann/json.hpp>
#include <string>

#include "store/reader.h"

namespace cli {

using Json = nlohmann::ordered_json;

// `site_url` is the mirror's meta of that name; links are made absolute with it.
Json space_json(const store::SpaceRow& space, const std::string& site_url);
// `body` is there only in a row that was read with its body.
Json page_json(const store::PageRow& page, const std::string& site_url);
Json version_json(const store::VersionRow& version);

// One line, whatever bytes the texts hold.
std::string to_line(const Json& json);

}  // namespace cli
