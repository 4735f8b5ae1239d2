#include "daemon/confluence/auth.h"

#include <openssl/evp.h>

namespace confluence {

BasicAuth::BasicAuth(std::string email, base::Secret token) {
  std::string joined = std::move(email);
  joined += ':';
  joined += token.expose();
  const base::Secret credentials(std::move(joined));
  const auto text = credentials.expose();

  constexpr std::string_view kScheme = "Basic ";
  // Sized once: a reallocation would leave a copy of the secret behind.
  std::string value(kScheme.size() + (text.size() + 2) / 3 * 4 + 1, '\0');
  value.replace(0, kScheme.size(), kScheme);
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(value.data()) + kScheme.size(),
                  reinterpret_cast<const unsigned char*>(text.data()),
                  static_cast<int>(text.size()));
  value.pop_back();  // EVP_EncodeBlock's terminator
  header_value_ = base::Secret(std::move(value));
}

void BasicAuth::sign(http::Request& request) const { request.authorization = header_value_.copy(); }

}  // namespace confluence
