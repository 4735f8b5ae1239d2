#pragma once

// What every reader of documents shares; for parse*.cc only.

#include <string_view>

#include "store/error.h"

namespace confluence {

// Before any parser sees it: empty_body, not_json (HTML, say).
store::Result<void> check_plausible(std::string_view body);
store::Failure malformed_json(std::string_view cause);
store::Failure unexpected_document(std::string_view expected);

}  // namespace confluence
