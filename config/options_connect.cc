#include "config/options_connect.h"

namespace config {

namespace {

TextField connect_text(TextField field) { return field; }

}  // namespace

void add_connect_options(std::vector<Option>& all) {
  constexpr std::string_view kTable = "connect";
  all.push_back({.table = kTable,
                 .key = "app_key",
                 .field = connect_text([](Config& c) -> std::string& { return c.connect.app_key; }),
                 .form = Form::kAppKey,
                 .not_empty = true,
                 .help = "What the app is called among all apps: letters, digits, '.', '_' and "
                         "'-', 64 at most. Never\n"
                         "change it while the app is installed."});
  all.push_back({.table = kTable,
                 .key = "name",
                 .field = connect_text([](Config& c) -> std::string& { return c.connect.name; }),
                 .form = Form::kNotEmpty,
                 .help = "What the site's administrators see."});
  all.push_back({.table = kTable,
                 .key = "user",
                 .field = connect_text([](Config& c) -> std::string& { return c.connect.user; }),
                 .form = Form::kAccountId,
                 .example = "\"557058:0867a421-a9ee-4659-801a-bc0ee4a4487e\"",
                 .help = "The account that reads, and writes where a job names no \"asUser\". "
                         "Empty: the app itself."});
  all.push_back({.table = kTable,
                 .key = "listen",
                 .field = connect_text([](Config& c) -> std::string& { return c.connect.listen; }),
                 .form = Form::kListen,
                 .not_empty = true,
                 .help = "HOST:PORT of the listener for the site's calls, a loopback address. A "
                         "proxy that ends TLS at\n"
                         "site.public_url stands before it."});
  all.push_back(
      {.table = kTable,
       .key = "key_host",
       .field = connect_text([](Config& c) -> std::string& { return c.connect.key_host; }),
       .form = Form::kUrl,
       .not_empty = true,
       .help = "Where the public keys are that installations are signed with."});
  all.push_back(
      {.table = kTable,
       .key = "token_url",
       .field = connect_text([](Config& c) -> std::string& { return c.connect.token_url; }),
       .form = Form::kUrl,
       .not_empty = true,
       .help = "Where a signed assertion becomes an access token of a user."});
  all.push_back(
      {.table = kTable,
       .key = "token_audience",
       .field = connect_text([](Config& c) -> std::string& { return c.connect.token_audience; }),
       .form = Form::kUrl,
       .not_empty = true,
       .help = "Whom those assertions are for."});
}

}  // namespace config
