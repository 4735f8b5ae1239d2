#pragma once

// The token of callers by TCP, compared in a time that does not tell how much of it fits. It comes
// as `Bearer TOKEN`, or as the password of `Basic`, whatever the user: Confluence's clients know
// that one best (e-mail and API token). Owned by value; any thread.

#include <string_view>

#include "daemon/base/secret.h"
#include "store/records.h"

namespace serve {

class BearerToken {
 public:
  static constexpr std::size_t kShortest = 32;

  BearerToken() = default;  // fits nothing
  explicit BearerToken(const base::Secret& token);
  // `authorization`: the value of that header.
  bool fits(std::string_view authorization) const;

 private:
  bool set_ = false;
  store::Sha256 digest_{};
};

}  // namespace serve
