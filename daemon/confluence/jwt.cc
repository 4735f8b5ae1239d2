#include "daemon/confluence/jwt.h"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

namespace confluence {

namespace {

using JwtJson = nlohmann::json;

constexpr int kLeastRsaBits = 2048;
constexpr int kMostRsaBits = 8192;
constexpr std::size_t kMostBrackets = 64;
constexpr std::int64_t kLatestTime = 253'402'300'799;  // the year 9999
constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

store::Failure bad_token(std::string name, std::string_view cause, std::string hint = {}) {
  return store::fail(store::ErrorKind::kCredentialsBad, std::move(name),
                     fmt::format("cannot accept the token: {}", cause), std::move(hint));
}

const char* algorithm_name(JwtAlgorithm algorithm) {
  return algorithm == JwtAlgorithm::kHs256 ? "HS256" : "RS256";
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

struct JwtParts {
  std::string_view head;
  std::string_view claims;
  std::string_view signature;
  std::string_view signed_text;  // head and claims, as they stand there
};

store::Result<JwtParts> split_token(std::string_view token) {
  if (token.size() > kMostJwtBytes) return bad_token("jwt_too_large", "it is too large");
  const auto first = token.find('.');
  const auto second = first == token.npos ? token.npos : token.find('.', first + 1);
  if (second == token.npos || token.find('.', second + 1) != token.npos) {
    return bad_token("jwt_malformed", "it does not have three parts");
  }
  JwtParts parts;
  parts.head = token.substr(0, first);
  parts.claims = token.substr(first + 1, second - first - 1);
  parts.signature = token.substr(second + 1);
  parts.signed_text = token.substr(0, second);
  return parts;
}

// An object that names no member twice; nullopt for anything else.
std::optional<JwtJson> parse_token_object(std::string_view text) {
  const auto brackets =
      std::count(text.begin(), text.end(), '{') + std::count(text.begin(), text.end(), '[');
  if (brackets > static_cast<std::ptrdiff_t>(kMostBrackets)) return std::nullopt;
  bool twice = false;
  std::vector<std::set<std::string>> names;
  const auto watch = [&](int, JwtJson::parse_event_t event, JwtJson& parsed) {
    if (event == JwtJson::parse_event_t::object_start) names.emplace_back();
    if (event == JwtJson::parse_event_t::object_end) names.pop_back();
    if (event == JwtJson::parse_event_t::key) {
      twice = !names.back().insert(parsed.get<std::string>()).second || twice;
    }
    return true;
  };
  auto document = JwtJson::parse(text, watch, /*allow_exceptions=*/false);
  if (twice || !document.is_object()) return std::nullopt;
  return document;
}

store::Result<JwtJson> read_token_part(std::string_view part, std::string_view what) {
  const auto text = base64url_decode(part);
  if (!text) return bad_token("jwt_bad_base64", fmt::format("its {} is not base64url", what));
  auto document = parse_token_object(*text);
  if (!document) {
    return bad_token("jwt_bad_json",
                     fmt::format("its {} is no JSON object without repeated names", what));
  }
  return std::move(*document);
}

store::Result<JwtJson> read_token_head(std::string_view part, JwtAlgorithm algorithm) {
  auto head = read_token_part(part, "header");
  if (!head) return head;
  const auto alg = head->find("alg");
  if (alg == head->end() || !alg->is_string() ||
      alg->get_ref<const std::string&>() != algorithm_name(algorithm)) {
    return bad_token("jwt_wrong_algorithm",
                     fmt::format("its algorithm is not {}", algorithm_name(algorithm)));
  }
  if (head->contains("crit")) return bad_token("jwt_crit", "it demands extensions");
  const auto typ = head->find("typ");
  if (typ != head->end() && *typ != JwtJson("JWT")) {
    return bad_token("jwt_wrong_type", "it is of another type");
  }
  return head;
}

bool take_text_claim(const JwtJson& claims, const char* name, std::string& to) {
  const auto found = claims.find(name);
  if (found == claims.end()) return true;
  if (!found->is_string()) return false;
  to = found->get<std::string>();
  return true;
}

bool take_time_claim(const JwtJson& claims, const char* name, std::optional<std::int64_t>& to) {
  const auto found = claims.find(name);
  if (found == claims.end()) return true;
  if (!found->is_number_integer()) return false;
  if (found->is_number_unsigned() &&
      found->get<std::uint64_t>() > static_cast<std::uint64_t>(kLatestTime)) {
    return false;
  }
  to = found->get<std::int64_t>();
  return *to >= 0;
}

bool take_audience(const JwtJson& claims, std::vector<std::string>& to) {
  const auto found = claims.find("aud");
  if (found == claims.end()) return true;
  if (found->is_string()) {
    to.push_back(found->get<std::string>());
    return true;
  }
  if (!found->is_array()) return false;
  for (const auto& item : *found) {
    if (!item.is_string()) return false;
    to.push_back(item.get<std::string>());
  }
  return true;
}

store::Result<JwtClaims> read_claims(const JwtJson& document) {
  JwtClaims claims;
  const bool good =
      take_text_claim(document, "iss", claims.iss) &&
      take_text_claim(document, "sub", claims.sub) &&
      take_text_claim(document, "tnt", claims.tnt) &&
      take_text_claim(document, "qsh", claims.qsh) &&
      take_text_claim(document, "jti", claims.jti) && take_audience(document, claims.aud) &&
      take_time_claim(document, "iat", claims.iat) &&
      take_time_claim(document, "exp", claims.exp) && take_time_claim(document, "nbf", claims.nbf);
  if (!good) return bad_token("jwt_bad_claim", "a claim of it has the wrong type");
  return claims;
}

store::Result<void> check_times(const JwtClaims& claims, const JwtTimes& times) {
  const auto now = std::chrono::floor<std::chrono::seconds>(times.now).time_since_epoch().count();
  const auto leeway = times.leeway.count();
  const std::string hint = "is this machine's clock right?";
  if (!claims.exp) return bad_token("jwt_no_expiry", "it does not say when it ends");
  if (*claims.exp + leeway <= now) return bad_token("jwt_expired", "it has expired", hint);
  if (claims.nbf && *claims.nbf - leeway > now) {
    return bad_token("jwt_not_yet_valid", "it is not valid yet", hint);
  }
  if (claims.iat && *claims.iat - leeway > now) {
    return bad_token("jwt_from_the_future", "it was issued in the future", hint);
  }
  if (claims.iat && now - *claims.iat > times.oldest.count() + leeway) {
    return bad_token("jwt_too_old", "it was issued too long ago", hint);
  }
  return {};
}

using MacText = std::array<unsigned char, EVP_MAX_MD_SIZE>;

// 0 = OpenSSL could not.
std::size_t hmac_sha256(std::string_view key, std::string_view text, MacText& mac) {
  std::size_t length = 0;
  const auto* made = EVP_Q_mac(nullptr, "HMAC", nullptr, "SHA256", nullptr, key.data(), key.size(),
                               bytes_of(text), text.size(), mac.data(), mac.size(), &length);
  return made == nullptr ? 0 : length;
}

bool good_hs256(std::string_view text, std::string_view signature, std::string_view secret) {
  MacText mac{};
  const auto length = secret.empty() ? 0 : hmac_sha256(secret, text, mac);
  const std::string_view wanted(reinterpret_cast<const char*>(mac.data()), length);
  return length != 0 && equal_in_constant_time(wanted, signature);
}

bool good_rs256(std::string_view text, std::string_view signature, std::string_view pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  if (!bio) return false;
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
  if (!key || EVP_PKEY_is_a(key.get(), "RSA") != 1) return false;
  const int bits = EVP_PKEY_get_bits(key.get());
  if (bits < kLeastRsaBits || bits > kMostRsaBits) return false;
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
  return context &&
         EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(text),
                          text.size()) == 1;
}

void put_claim(JwtJson& document, const char* name, const std::string& text) {
  if (!text.empty()) document[name] = text;
}

void put_time_claim(JwtJson& document, const char* name, std::optional<std::int64_t> time) {
  if (time) document[name] = *time;
}

}  // namespace

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::optional<std::string> base64url_decode(std::string_view text) {
  if (text.size() % 4 == 1) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const auto value = kAlphabet.find(c);
    if (value == kAlphabet.npos) return std::nullopt;
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes += static_cast<char>((bits >> held) & 0xFFu);
    bits &= (1u << held) - 1;
  }
  // Two texts for the same bytes would be two names for one token.
  if (bits != 0) return std::nullopt;
  return bytes;
}

std::string base64url_encode(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() * 4 + 2) / 3);
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : bytes) {
    bits = ((bits << 8) | static_cast<unsigned char>(c)) & 0xFFFFu;
    held += 8;
    while (held >= 6) {
      held -= 6;
      text += kAlphabet[(bits >> held) & 63u];
    }
  }
  if (held > 0) text += kAlphabet[(bits << (6 - held)) & 63u];
  return text;
}

store::Result<std::string> jwt_key_id(std::string_view token, JwtAlgorithm algorithm) {
  const auto parts = split_token(token);
  if (!parts) return store::fail(parts.error());
  auto head = read_token_head(parts->head, algorithm);
  if (!head) return store::fail(head.error());
  std::string kid;
  if (!take_text_claim(*head, "kid", kid)) return bad_token("jwt_bad_claim", "its kid is no text");
  return kid;
}

store::Result<JwtClaims> verify_jwt(std::string_view token, JwtAlgorithm algorithm,
                                    std::string_view key, const JwtTimes& times) {
  const auto parts = split_token(token);
  if (!parts) return store::fail(parts.error());
  const auto head = read_token_head(parts->head, algorithm);
  if (!head) return store::fail(head.error());
  const auto signature = base64url_decode(parts->signature);
  if (!signature) return bad_token("jwt_bad_base64", "its signature is not base64url");
  const bool good = algorithm == JwtAlgorithm::kHs256
                        ? good_hs256(parts->signed_text, *signature, key)
                        : good_rs256(parts->signed_text, *signature, key);
  ERR_clear_error();
  if (!good) return bad_token("jwt_bad_signature", "its signature is not good");
  const auto document = read_token_part(parts->claims, "claims");
  if (!document) return store::fail(document.error());
  auto claims = read_claims(*document);
  if (!claims) return claims;
  if (auto timely = check_times(*claims, times); !timely) return store::fail(timely.error());
  return claims;
}

store::Result<base::Secret> sign_jwt(const JwtClaims& claims, const base::Secret& secret) {
  if (secret.empty()) {
    return store::fail(store::ErrorKind::kUsage, "no_shared_secret",
                       "cannot sign a token: there is no shared secret");
  }
  JwtJson document = JwtJson::object();
  put_claim(document, "iss", claims.iss);
  put_claim(document, "sub", claims.sub);
  put_claim(document, "tnt", claims.tnt);
  put_claim(document, "qsh", claims.qsh);
  put_claim(document, "jti", claims.jti);
  if (claims.aud.size() == 1) document["aud"] = claims.aud.front();
  if (claims.aud.size() > 1) document["aud"] = claims.aud;
  put_time_claim(document, "iat", claims.iat);
  put_time_claim(document, "nbf", claims.nbf);
  put_time_claim(document, "exp", claims.exp);
  std::string token = base64url_encode(R"({"alg":"HS256","typ":"JWT"})");
  token += '.';
  token += base64url_encode(document.dump(-1, ' ', false, JwtJson::error_handler_t::replace));
  MacText mac{};
  const auto length = hmac_sha256(secret.expose(), token, mac);
  if (length == 0) {
    ERR_clear_error();
    return store::fail(store::ErrorKind::kBug, "hmac_failed",
                       "cannot sign a token: OpenSSL refused");
  }
  token += '.';
  token += base64url_encode({reinterpret_cast<const char*>(mac.data()), length});
  return base::Secret(std::move(token));
}

}  // namespace confluence
