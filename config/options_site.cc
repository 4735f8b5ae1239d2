#include "config/options_site.h"

#include <filesystem>
#include <string>
#include <string_view>

namespace config {

namespace {

TextField site_text(TextField field) { return field; }

void add_token_options(std::vector<Option>& all) {
  constexpr std::string_view kTable = "site";
  all.push_back(
      {.table = kTable,
       .key = "token_file",
       .field = PathField([](Config& c) -> std::filesystem::path& { return c.site.token_file; }),
       .example = "\"token\"",
       .help =
           "A file that holds the token (the client secret, for a service account) and nothing "
           "else,\n"
           "and that only its owner can read (0600).\n"
           "At most one of token_file, token_env and token_command; with none of them it is the\n"
           "systemd credential \"confmirror.token\". The token itself never stands in this file."});
  all.push_back({.table = kTable,
                 .key = "token_env",
                 .field = site_text([](Config& c) -> std::string& { return c.site.token_env; }),
                 .form = Form::kEnvName,
                 .example = "\"CONFLUENCE_TOKEN\"",
                 .help = "Name of the environment variable that holds the API token."});
  all.push_back(
      {.table = kTable,
       .key = "token_command",
       .field = site_text([](Config& c) -> std::string& { return c.site.token_command; }),
       .example = "\"pass show confluence/token\"",
       .help =
           "A command for sh whose first line of output is the API token. It has 30 seconds, and\n"
           "no terminal to ask on."});
  all.push_back(
      {.table = kTable,
       .key = "token_expires",
       .field = site_text([](Config& c) -> std::string& { return c.site.token_expires; }),
       .form = Form::kDate,
       .example = "\"2027-03-01\"",
       .help = "The day on which the token ends, as Atlassian showed it when it was made. Said 14 "
               "days before in\n"
               "'check', 'status' and the log."});
}

void add_gateway_options(std::vector<Option>& all) {
  constexpr std::string_view kTable = "site";
  all.push_back({.table = kTable,
                 .key = "client_id",
                 .field = site_text([](Config& c) -> std::string& { return c.site.client_id; }),
                 .help = "The OAuth 2.0 client id of a service account. Needed with auth = "
                         "\"service-account\"."});
  all.push_back(
      {.table = kTable,
       .key = "cloud_id",
       .field = site_text([](Config& c) -> std::string& { return c.site.cloud_id; }),
       .form = Form::kCloudId,
       .example = "\"11111111-2222-3333-4444-555555555555\"",
       .help = "The id of the site at Atlassian's gateway. Without it the site is asked. This and "
               "gateway_url are\n"
               "for auth = \"scoped-token\", \"service-account\" and \"bearer\"."});
  all.push_back({.table = kTable,
                 .key = "gateway_url",
                 .field = site_text([](Config& c) -> std::string& { return c.site.gateway_url; }),
                 .form = Form::kUrl,
                 .not_empty = true,
                 .help = "Address of Atlassian's gateway. http:// is accepted for loopback hosts "
                         "only."});
  all.push_back({.table = kTable,
                 .key = "token_url",
                 .field = site_text([](Config& c) -> std::string& { return c.site.token_url; }),
                 .form = Form::kUrl,
                 .not_empty = true,
                 .help = "Where a service account gets its access tokens."});
}

}  // namespace

void add_site_options(std::vector<Option>& all) {
  constexpr std::string_view kTable = "site";
  all.push_back(
      {.table = kTable,
       .key = "url",
       .field = site_text([](Config& c) -> std::string& { return c.site.url; }),
       .form = Form::kSiteUrl,
       .required = true,
       .example = "\"https://your-domain.atlassian.net\"",
       .help =
           "Address of the site, without a path. http:// is accepted for loopback hosts only."});
  all.push_back(
      {.table = kTable,
       .key = "auth",
       .field = site_text([](Config& c) -> std::string& { return c.site.auth; }),
       .allowed = {"basic", "scoped-token", "service-account", "connect", "bearer"},
       .help = "How the site is told who asks: \"basic\" (e-mail and API token), \"scoped-token\" "
               "(e-mail and\n"
               "API token with scopes), \"service-account\" (OAuth 2.0 client credentials), "
               "\"bearer\" (an access\n"
               "token as it is) or \"connect\"."});
  all.push_back({.table = kTable,
                 .key = "email",
                 .field = site_text([](Config& c) -> std::string& { return c.site.email; }),
                 .form = Form::kEmail,
                 .example = "\"you@example.com\"",
                 .help = "The account that the token belongs to. Needed with auth = \"basic\" and "
                         "\"scoped-token\"."});
  add_token_options(all);
  add_gateway_options(all);
  all.push_back({.table = kTable,
                 .key = "public_url",
                 .field = site_text([](Config& c) -> std::string& { return c.site.public_url; }),
                 .form = Form::kUrl,
                 .help = "Where Atlassian reaches the Connect listener, if any."});
}

}  // namespace config
