#include "daemon/cli/site_diagnosis.h"

#include <fmt/format.h>

#include "daemon/confluence/token_expiry.h"

namespace cli {

namespace {

bool says(const store::Error& error, std::string_view words) {
  return error.message.find(words) != std::string::npos;
}

std::string base64_of(std::string_view text) {
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t at = 0; at + 2 < text.size(); at += 3) {  // whole threes only
    unsigned bits = 0;
    for (std::size_t i = 0; i < 3; ++i) bits = bits << 8 | static_cast<unsigned char>(text[at + i]);
    for (int shift = 18; shift >= 0; shift -= 6) out += kLetters[bits >> shift & 63u];
  }
  return out;
}

std::string hint_at_gateway(const config::SiteConfig& site, const store::Error& error) {
  if (error.http_status == 404) {
    return site.cloud_id.empty()
               ? "the gateway knows no Confluence under this site's cloud id: check site.url"
               : "the gateway knows no Confluence under that cloud id: check site.cloud_id, or "
                 "leave "
                 "it out and the site is asked for it";
  }
  const bool signed_by_person = site.auth == "scoped-token";
  if (error.http_status == 401) {
    if (signed_by_person) return "check site.email and the API token";
    return site.auth == "bearer"
               ? "the bearer token has expired or was revoked: put a new one in its place"
               : "the access token was refused although it is new: does this credential belong to "
                 "the organisation of this site?";
  }
  if (says(error, "not installed")) {
    return "the credential has no access to this site: grant it Confluence there";
  }
  if (signed_by_person) return error.hint;
  return "check that the account has Confluence on this site, and that the credential was not "
         "revoked";
}

}  // namespace

store::Error explained(const config::SiteConfig& site, std::optional<store::Time> expires_at,
                       store::Time now, store::Error error) {
  if (error.kind != store::ErrorKind::kCredentialsBad || error.http_status == 0) return error;
  const bool plain = !says(error, "scope does not match") && !says(error, "has been disabled") &&
                     !says(error, "access token from");
  if (says(error, "has been disabled")) {
    error.hint =
        "the organisation does not allow API tokens with Basic authentication: ask its admin, or "
        "use "
        "a service account (site.auth = \"service-account\")";
  } else if (plain) {
    error.hint = site.auth == "basic" ? error.hint : hint_at_gateway(site, error);
  }
  if (confluence::expiry_state(expires_at, now) == confluence::ExpiryState::kPast) {
    error.hint = confluence::expiry_words(expires_at, now) + ": make a new one; else " + error.hint;
  }
  return error;
}

bool is_unreadable_or_scoped(const config::SiteConfig& site, const store::Error& error) {
  return site.auth == "basic" && error.http_status == 401 && !says(error, "has been disabled");
}

std::string hint_of_unread(std::optional<bool> scoped) {
  if (!scoped) {
    return "so the site's own host answers a token with scopes, and what it cannot decode, and the "
           "gateway could not be asked which it is: for a token with scopes set site.auth = "
           "\"scoped-token\", else check site.email and the token";
  }
  if (*scoped) {
    return "the gateway takes the token: it is one with scopes, which the site's own host does not "
           "read: set site.auth = \"scoped-token\"";
  }
  return "the site could not read the credentials that it got, and the gateway does not know them "
         "as "
         "a token with scopes either: does a proxy on the way change the header Authorization? "
         "They "
         "are well formed as they leave here";
}

std::optional<std::string> slip_of_token(const config::SiteConfig& site,
                                         const base::Secret& token) {
  const bool with_address = site.auth == "basic" || site.auth == "scoped-token";
  if (!with_address || site.email.empty()) return std::nullopt;
  const auto text = token.expose();
  const auto pair = site.email + ":";
  if (text.starts_with(pair)) {
    return "what was given as the token is 'e-mail:token': only what stands behind the colon "
           "belongs "
           "there";
  }
  const auto encoded = base64_of(pair);
  if (!encoded.empty() && text.starts_with(encoded)) {
    return "what was given as the token is 'e-mail:token' in Base64: the token belongs there as it "
           "was shown when it was made";
  }
  return std::nullopt;
}

std::optional<CheckLine> expiry_line(std::optional<store::Time> expires_at, store::Time now,
                                     bool accepted) {
  using confluence::ExpiryState;
  const auto state = confluence::expiry_state(expires_at, now);
  if (state == ExpiryState::kUnknown) return std::nullopt;
  if (state == ExpiryState::kGood) {
    return CheckLine(
        "expiry", Verdict::kOk,
        fmt::format("the token ends on {}", store::to_iso8601(*expires_at).substr(0, 10)));
  }
  const auto words = confluence::expiry_words(expires_at, now);
  if (state == ExpiryState::kSoon) {
    return CheckLine(
        "expiry", Verdict::kWarn, words,
        "make a new one and put it in its place: it is taken up while the daemon runs");
  }
  if (accepted) {
    return CheckLine("expiry", Verdict::kWarn, words + ", and yet the site accepts it",
                     "correct site.token_expires");
  }
  CheckLine line("expiry", Verdict::kFail, words, "make a new one and put it in its place");
  line.exit_code = store::exit_code(store::ErrorKind::kCredentialsBad);
  return line;
}

std::vector<CheckLine> scope_lines(const SiteView& view) {
  std::vector<CheckLine> lines;
  if (!view.scopes_asked) return lines;
  if (view.scopes_error) {
    lines.push_back(failure("scopes", *view.scopes_error));
    return lines;
  }
  for (const auto& need : view.missing_scopes) {
    CheckLine line("scope", need.writes ? Verdict::kWarn : Verdict::kFail,
                   fmt::format("'{}' is missing: {}", need.scope, need.purpose),
                   "scopes are fixed when a credential is made: make another that has it");
    line.exit_code = store::exit_code(store::ErrorKind::kCredentialsBad);
    lines.push_back(std::move(line));
  }
  if (lines.empty()) {
    lines.emplace_back("scopes", Verdict::kOk,
                       fmt::format("all {} are there", confluence::scope_needs().size()));
  }
  return lines;
}

}  // namespace cli
