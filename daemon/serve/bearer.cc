#include "daemon/serve/bearer.h"

#include <openssl/crypto.h>

#include <algorithm>

namespace serve {

namespace {

constexpr std::string_view kScheme = "bearer ";

bool begins_with_scheme(std::string_view text) {
  return text.size() > kScheme.size() &&
         std::equal(kScheme.begin(), kScheme.end(), text.begin(), [](char scheme, char given) {
           return scheme == given || (given >= 'A' && given <= 'Z' && given - 'A' + 'a' == scheme);
         });
}

}  // namespace

// Digests are of one length whatever was sent.
BearerToken::BearerToken(const base::Secret& token)
    : set_(!token.empty()), digest_(store::sha256(token.expose())) {}

bool BearerToken::fits(std::string_view authorization) const {
  if (!set_ || !begins_with_scheme(authorization)) return false;
  const auto given = store::sha256(authorization.substr(kScheme.size()));
  return CRYPTO_memcmp(given.data(), digest_.data(), digest_.size()) == 0;
}

}  // namespace serve
