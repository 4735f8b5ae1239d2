#pragma once

// Finding in the mirror what somebody named, with an error that helps where it is not there
// (kUsage). On the thread that owns the Reader.

#include <optional>
#include <string>

#include "store/reader.h"

namespace querying {

// "" where the mirror was never synced.
store::Result<std::string> site_url_of(store::Reader& reader);

store::Result<store::SpaceRow> find_space(store::Reader& reader, const std::string& key);

// `id` in digits, as Confluence prints it. `as_of`: as it was then, see Reader::observed_since.
store::Result<store::PageRow> find_page(store::Reader& reader, const std::string& id,
                                        bool with_body, std::optional<store::Time> as_of = {});

// The row of that version, with its body where the mirror has it.
store::Result<store::VersionRow> find_version(store::Reader& reader, store::Id page_id,
                                              std::int32_t version);

}  // namespace querying
