#include "daemon/serve/bearer.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <string>
#include <utility>

namespace serve {

namespace {

constexpr std::string_view kBearer = "bearer ";
constexpr std::string_view kBasic = "basic ";
constexpr std::size_t kLongestBasic = 4096;

bool begins_with_scheme(std::string_view text, std::string_view scheme) {
  return text.size() > scheme.size() &&
         std::equal(scheme.begin(), scheme.end(), text.begin(), [](char wanted, char given) {
           return wanted == given || (given >= 'A' && given <= 'Z' && given - 'A' + 'a' == wanted);
         });
}

// What stands behind the colon; empty where it is not what the scheme demands.
base::Secret password_of(std::string_view credentials) {
  if (credentials.size() > kLongestBasic || credentials.size() % 4 != 0) return {};
  std::string text(credentials.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(credentials.data()),
                                   static_cast<int>(credentials.size()));
  base::Secret whole(std::move(text));
  if (size < 0) return {};
  auto plain = whole.expose().substr(0, static_cast<std::size_t>(size));
  // EVP_DecodeBlock counts the padding.
  for (auto at = credentials.size(); at > 0 && credentials[at - 1] == '=' && !plain.empty(); --at) {
    plain.remove_suffix(1);
  }
  const auto colon = plain.find(':');
  return colon == plain.npos ? base::Secret() : base::Secret(std::string(plain.substr(colon + 1)));
}

}  // namespace

// Digests are of one length whatever was sent.
BearerToken::BearerToken(const base::Secret& token)
    : set_(!token.empty()), digest_(store::sha256(token.expose())) {}

bool BearerToken::fits(std::string_view authorization) const {
  if (!set_) return false;
  store::Sha256 given{};
  if (begins_with_scheme(authorization, kBearer)) {
    given = store::sha256(authorization.substr(kBearer.size()));
  } else if (begins_with_scheme(authorization, kBasic)) {
    given = store::sha256(password_of(authorization.substr(kBasic.size())).expose());
  } else {
    return false;
  }
  return CRYPTO_memcmp(given.data(), digest_.data(), digest_.size()) == 0;
}

}  // namespace serve
