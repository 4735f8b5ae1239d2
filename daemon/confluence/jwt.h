#pragma once

// JSON Web Tokens as Atlassian Connect uses them: compact JWS, HS256 both ways and RS256 to verify,
// by OpenSSL's own primitives. The caller pins the algorithm; what the token says of it must agree
// and decides nothing. Everything in a token is hostile until its signature is verified, and its
// times are judged after that.
//
// Refused, each with a name of its own (kCredentialsBad): too large (kMostJwtBytes), not three
// parts, base64url that is not strict (alphabet, padding, stray bits), JSON that is none or names a
// member twice, claims of a wrong type, another algorithm, `crit`, a wrong signature, no `exp`,
// expired, not yet valid, issued in the future or too long ago. Messages hold nothing of the token.
//
// Pure, any thread. Times in seconds since 1970 in the token, store::Time here.
// Sources: RFC 7515, RFC 7519, section 5.5 of the API notes.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/secret.h"
#include "store/error.h"
#include "store/records.h"

namespace confluence {

inline constexpr std::size_t kMostJwtBytes = 8u << 10;

enum class JwtAlgorithm { kHs256, kRs256 };

struct JwtClaims {
  JwtClaims() = default;
  std::string iss;
  std::string sub;
  std::string tnt;
  std::string qsh;
  std::string jti;
  std::vector<std::string> aud;
  std::optional<std::int64_t> iat;
  std::optional<std::int64_t> exp;
  std::optional<std::int64_t> nbf;
};

struct JwtTimes {
  store::Time now{};
  std::chrono::seconds leeway{10};   // that clocks may differ by
  std::chrono::seconds oldest{900};  // since `iat`, where there is one
};

// `kid` of a token whose signature is not verified yet; "" where it has none.
store::Result<std::string> jwt_key_id(std::string_view token, JwtAlgorithm algorithm);

// `key`: the shared secret, or a public key as PEM (RSA, 2048 bits at least).
store::Result<JwtClaims> verify_jwt(std::string_view token, JwtAlgorithm algorithm,
                                    std::string_view key, const JwtTimes& times);

// HS256. Empty strings and absent times are left out; kUsage for an empty secret.
store::Result<base::Secret> sign_jwt(const JwtClaims& claims, const base::Secret& secret);

// Strict base64url without padding; nullopt for anything else.
std::optional<std::string> base64url_decode(std::string_view text);
std::string base64url_encode(std::string_view bytes);

// In a time that depends on the lengths alone.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace confluence
