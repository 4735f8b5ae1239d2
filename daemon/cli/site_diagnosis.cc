#include "daemon/cli/site_diagnosis.h"

#include <fmt/format.h>

#include "daemon/confluence/token_expiry.h"

namespace cli {

namespace {

bool says(const store::Error& error, std::string_view words) {
  return error.message.find(words) != std::string::npos;
}

std::string hint_of_basic(const store::Error& error) {
  if (error.http_status != 401) return error.hint;
  return "so the site's own host answers a token with scopes, and what it cannot decode: for a "
         "token "
         "with scopes set site.auth = \"scoped-token\", else check site.email and the token";
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
    error.hint = site.auth == "basic" ? hint_of_basic(error) : hint_at_gateway(site, error);
  }
  if (confluence::expiry_state(expires_at, now) == confluence::ExpiryState::kPast) {
    error.hint = confluence::expiry_words(expires_at, now) + ": make a new one; else " + error.hint;
  }
  return error;
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
