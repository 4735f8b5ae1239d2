#pragma once

// Drafts in the offline API: Confluence lists none, so the mirror knows those alone that confmirror
// made. And which bodies a question asks for. On the thread that owns the Reader.

#include <optional>

#include "daemon/serve/offline_ask.h"
#include "store/reader.h"

namespace serve {

// As it was written last; nullopt: no draft of ours. Version 1 is the only one that a draft has.
store::Result<std::optional<store::PageRow>> draft_row(store::Reader& reader, store::Id page_id);

// Whether `body-format` asks for the storage format; others are not here, or (`single`: of a single
// page) none at all.
bool wants_storage(OfflineQuery& query, bool single);

}  // namespace serve
