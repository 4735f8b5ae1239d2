#pragma once

// The connector's read actions, answered by the site: what `"live": true` asks for. As few requests
// as the question allows; the mirror is neither read nor written. Network thread. The client
// outlives the coroutine. Errors: kUsage (no such space, page, version; drafts cannot be listed),
// kItemBad for a row that cannot be read, those of the site.

#include <string>

#include "daemon/base/async.h"
#include "daemon/confluence/client.h"
#include "daemon/query/answers.h"
#include "daemon/query/read_request.h"

namespace cli {

base::Awaitable<store::Result<querying::Json>> read_site(confluence::Client& client,
                                                         std::string site_url,
                                                         querying::ReadRequest request);

}  // namespace cli
