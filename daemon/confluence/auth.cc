#include "daemon/confluence/auth.h"

#include <fmt/format.h>
#include <openssl/evp.h>

namespace confluence {

base::Awaitable<store::Result<std::string>> Auth::root(std::string site_url) {
  while (site_url.ends_with('/')) site_url.pop_back();
  co_return site_url;
}

bool Auth::renew(const std::string&, base::Clock::Steady) { return false; }

std::optional<TokenWait> Auth::take_wait() { return std::nullopt; }

void Auth::replace_secret(base::Secret) {}

store::Error cannot_impersonate(const std::string& as_user) {
  return store::Error(
      store::ErrorKind::kUsage, "cannot_impersonate",
      fmt::format("cannot act for account '{}': this connection knows one identity", as_user),
      "leave asUser out, or connect with site.auth = \"connect\"");
}

BasicAuth::BasicAuth(std::string email, base::Secret token) : email_(std::move(email)) {
  replace_secret(std::move(token));
}

void BasicAuth::replace_secret(base::Secret token) {
  std::string joined;
  joined.reserve(email_.size() + 1 + token.expose().size());  // no copy stays behind
  joined += email_;
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

base::Awaitable<store::Result<void>> BasicAuth::sign(http::Request& request, std::string as_user) {
  if (!as_user.empty()) co_return store::fail(cannot_impersonate(as_user));
  request.authorization = header_value_.copy();
  co_return store::Result<void>();
}

}  // namespace confluence
