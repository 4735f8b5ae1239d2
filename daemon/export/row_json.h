#pragma once

// Rows of the mirror as JSON, as all exports write them: keys in a fixed order, ids as strings,
// times as ISO-8601 UTC, null where there is no value. Nothing that depends on when or how often
// the site was asked. Pure; any thread.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "store/reader.h"

namespace exporting {

using Json = nlohmann::ordered_json;

Json id_or_null(const std::optional<store::Id>& id);
Json text_or_null(const std::optional<std::string>& text);
Json account_or_null(const std::string& id);  // "": an account that the site did not name
Json body_or_null(const std::optional<store::Body>& body);
Json hash_or_null(const std::optional<store::Sha256>& hash);
void add_tombstone(Json& json, const std::optional<store::Time>& gone_at,
                   const std::string& reason);
std::string web_url(const std::string& site_url, const std::string& path);

Json page_json(const store::PageRow& page, const std::string& site_url);

}  // namespace exporting
