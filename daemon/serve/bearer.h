#pragma once

// The bearer token of callers by TCP, compared in a time that does not tell how much of it fits.
// Owned by value; any thread.

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
