#include "daemon/cli/connect_diagnosis.h"

#include <fmt/format.h>

#include <string_view>

#include "daemon/cli/setup_checks.h"
#include "daemon/confluence/clock_skew.h"

namespace cli {

namespace {

bool says(const http::Response& answer, std::string_view words) {
  return answer.body.find(words) != std::string::npos;
}

// The library's message for a signature that does not fit is the token itself.
bool shows_a_token(const http::Response& answer) {
  constexpr std::string_view kBase64url =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
  const std::string_view body = answer.body;
  for (auto at = body.find("eyJ"); at != body.npos; at = body.find("eyJ", at + 1)) {
    const auto word = body.substr(at, body.find_first_not_of(kBase64url, at) - at);
    const auto first = word.find('.');
    const auto second = first == word.npos ? first : word.find('.', first + 1);
    if (second != word.npos && word.find('.', second + 1) == word.npos) return true;
  }
  return false;
}

store::Error refusal(const http::Response& answer, std::string name, std::string_view cause,
                     std::string hint) {
  store::Error error(
      store::ErrorKind::kCredentialsBad, std::move(name),
      fmt::format("the site refuses what the app signs (HTTP {}): {}", answer.status, cause),
      std::move(hint));
  error.http_status = answer.status;
  return error;
}

}  // namespace

store::Error refused_app(const http::Response& answer, std::optional<std::chrono::seconds> ahead,
                         const std::string& install_hint) {
  const std::string again = "; to install it: " + install_hint;
  if (ahead && std::chrono::abs(*ahead) > confluence::kSignersSkew) {
    return refusal(answer, "clock_wrong",
                   fmt::format("this machine's clock is {} the site's, and what the app signs is "
                               "good for two minutes",
                               confluence::skew_words(*ahead)),
                   kClockHint);
  }
  if (says(answer, "Expired at") || says(answer, "Not-before time")) {
    return refusal(answer, "clock_wrong",
                   "it finds the signature's time past, though the clocks agree as far as can be "
                   "seen",
                   "requests may be held up for minutes on their way: is there a proxy that queues "
                   "them?");
  }
  if (says(answer, "claim 'qsh'")) {
    return refusal(answer, "request_changed", "what arrives there is not what was signed here",
                   "a proxy changes paths or parameters on the way: let it pass requests as they "
                   "are, and let site.url be the address without one");
  }
  if (says(answer, "do not provide access to this resource")) {
    return refusal(answer, "app_unknown",
                   "it does not know the app any more: the app was uninstalled or disabled there, "
                   "and no call told us",
                   "see Settings, Connected apps there" + again);
  }
  if (shows_a_token(answer)) {
    return refusal(
        answer, "secret_changed",
        "it knows the app, and the signature does not fit: the shared secret was "
        "changed, and no call told us",
        "remove the app there and install it once more, which brings a new secret, while "
        "the daemon runs and public_url leads to it" +
            again);
  }
  if (answer.status == 403) {
    return refusal(answer, "app_without_access",
                   "the signature is good, and the app's own user may not use Confluence",
                   "give that user access to Confluence there, or set connect.user to an account "
                   "that has it");
  }
  return refusal(
      answer, "app_refused",
      "it does not say why, and the clocks agree: the app was uninstalled there, or its "
      "shared secret was changed, and no call told us",
      "its answer does not tell these two apart, Settings, Connected apps there does: an "
      "app that is not listed was uninstalled; one that is listed, remove and install "
      "once more" +
          again);
}

store::Error refused_beside_app(store::Error error) {
  if (error.name != "app_refused") return error;
  const auto has = [&](std::string_view words) {
    return error.message.find(words) != error.message.npos;
  };
  if (has("Invalid aud")) {
    error.hint = "check connect.token_audience: the token endpoint is another one than it names";
  } else if (has("cannot act for account")) {
    error.hint =
        "is connect.user an active account with access to this site? The app itself is good";
  } else {
    error.hint =
        "the site takes what the token endpoint does not: check connect.token_url and "
        "connect.token_audience";
  }
  return error;
}

}  // namespace cli
