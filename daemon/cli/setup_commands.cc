#include "daemon/cli/setup_commands.h"

#include <fmt/format.h>
#include <string.h>
#include <unistd.h>

#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "config/load.h"
#include "config/options.h"
#include "config/token.h"
#include "daemon/cli/interrupt.h"
#include "daemon/cli/private_file.h"
#include "daemon/cli/progress_line.h"
#include "daemon/cli/prompt.h"
#include "daemon/cli/report.h"
#include "daemon/cli/site_probe.h"

namespace cli {

namespace fs = std::filesystem;

namespace {

constexpr int kMostAnswers = 3;  // to one question
constexpr const char* kTokenPage = "https://id.atlassian.com/manage-profile/security/api-tokens";

// `acme.atlassian.net`, as people have it at hand.
std::string with_scheme(const std::string& url) {
  return url.empty() || url.find("://") != url.npos ? url : "https://" + url;
}

class Init {
 public:
  Init(const GlobalOptions& globals, InitArgs args, std::istream& in, std::ostream& out,
       std::ostream& err)
      : globals_(globals), args_(std::move(args)), in_(in), out_(out), err_(err) {
    if (args_.terminal < 0 && &in == &std::cin && ::isatty(STDIN_FILENO) == 1)
      args_.terminal = STDIN_FILENO;
  }

  store::Result<void> run();

 private:
  store::Result<void> find_place();
  store::Result<void> complete();
  store::Result<void> complete_text(const char* flag, std::string_view key,
                                    const std::string& question, std::string& value);
  store::Result<void> complete_token();
  store::Result<void> read_configured_token();
  store::Result<void> ask_token(const std::string& question);
  store::Result<void> read_piped_token();
  store::Result<void> take_token(std::string_view text, const std::string& source);
  store::Result<void> make_configuration();
  store::Result<void> write();
  void tell() const;

  bool interactive() const { return args_.terminal >= 0; }
  std::string as_setting(const fs::path& path) const;

  const GlobalOptions& globals_;
  InitArgs args_;
  std::istream& in_;
  std::ostream& out_;
  std::ostream& err_;
  fs::path file_;
  fs::path token_file_;     // "" = the token comes from elsewhere
  bool new_token_ = false;  // it is to be written there
  base::Secret token_;
  std::string text_;
  config::Config config_;
  std::optional<SiteView> view_;
};

store::Result<void> Init::find_place() {
  file_ = fs::absolute(globals_.config.empty() ? config::default_path() : fs::path(globals_.config))
              .lexically_normal();
  std::error_code unknown;
  if (fs::exists(file_, unknown) && !args_.force) {
    return store::fail(
        store::ErrorKind::kUsage, "config_exists",
        fmt::format("cannot write '{}': it exists already", file_.string()),
        "'confmirror check' tests it; --force overwrites it, --config FILE writes another");
  }
  if (!args_.token_file.empty() && !args_.token_env.empty()) {
    return store::fail(store::ErrorKind::kUsage, "two_token_sources",
                       "cannot take the token from two places: --token-file and --token-env");
  }
  return check_writable(file_);
}

store::Result<void> Init::complete_text(const char* flag, std::string_view key,
                                        const std::string& question, std::string& value) {
  const config::Option& option = *config::find_option("site", key);
  const bool asked = value.empty();
  for (int answers = 0;; ++answers) {
    if (asked) {
      auto answer = Prompt(args_.terminal, err_).ask(question);
      if (!answer) return store::fail(answer.error());
      value = std::move(*answer);
    }
    if (key == "url") value = with_scheme(value);
    const auto why =
        value.empty() ? std::optional<std::string>("nothing") : config::refusal(option, value);
    if (!why) return {};
    const auto text = fmt::format("expected {}, got {}", config::expected(option), *why);
    if (!asked || answers + 1 == kMostAnswers) {
      return store::fail(store::ErrorKind::kUsage, "bad_value",
                         fmt::format("cannot use {}: {}", flag, text));
    }
    err_ << "  " << printable(text) << "\n";
  }
}

store::Result<void> Init::complete() {
  if (args_.auth == "connect") {
    return store::fail(store::ErrorKind::kUsage, "bad_value",
                       "cannot set up site.auth = \"connect\" here: the site brings its secrets",
                       "README.md says how an installation comes about");
  }
  const bool email = args_.auth == "basic" || args_.auth == "scoped-token";
  const bool client = args_.auth == "service-account";
  std::vector<std::string> missing;
  if (args_.site.empty()) missing.emplace_back("--site");
  if (email && args_.email.empty()) missing.emplace_back("--email");
  if (client && args_.client_id.empty()) missing.emplace_back("--client-id");
  if (!missing.empty() && !interactive()) {
    return store::fail(
        store::ErrorKind::kUsage, "missing_options",
        fmt::format("cannot write a configuration: {} missing, and there is no terminal to ask on",
                    fmt::join(missing, " and ")),
        "'confmirror init --help' shows what it takes");
  }
  auto done = complete_text("--site", "url",
                            "Address of the site (https://your-domain.atlassian.net)", args_.site);
  if (done && email) {
    done = complete_text("--email", "email", "E-mail address of the account", args_.email);
  }
  if (done && client) {
    done = complete_text("--client-id", "client_id", "Client id of the service account",
                         args_.client_id);
  }
  return done ? complete_token() : done;
}

store::Result<void> Init::complete_token() {
  if (!args_.token_env.empty()) return read_configured_token();
  token_file_ = args_.token_file.empty() ? file_.parent_path() / "token"
                                         : fs::absolute(args_.token_file).lexically_normal();
  std::error_code unknown;
  const bool exists = fs::exists(token_file_, unknown);
  if (exists && (!args_.token_file.empty() || !interactive())) return read_configured_token();
  if (auto writable = check_writable(token_file_); !writable) return writable;
  if (!interactive()) return read_piped_token();
  if (!exists) {
    err_ << "An API token is made at " << kTokenPage << "\n";
    return ask_token("API token (not shown)");
  }
  return ask_token(fmt::format("API token (not shown; empty keeps the one in '{}')",
                               printable(token_file_.string())));
}

store::Result<void> Init::read_configured_token() {
  config::SiteConfig site;
  site.token_file = token_file_;
  site.token_env = args_.token_env;
  if (!args_.token_env.empty()) {
    if (const auto why =
            config::refusal(*config::find_option("site", "token_env"), args_.token_env)) {
      return store::fail(store::ErrorKind::kUsage, "bad_value",
                         "cannot use --token-env: expected the name of an environment variable");
    }
  }
  auto token = config::read_token(site);
  if (!token) return store::fail(usage_error(token.error()));
  token_ = base::Secret(std::move(*token));
  return {};
}

store::Result<void> Init::take_token(std::string_view text, const std::string& source) {
  auto token = config::check_token(text, source);
  if (!token) return store::fail(usage_error(token.error()));
  token_ = base::Secret(std::move(*token));
  new_token_ = true;
  return {};
}

store::Result<void> Init::ask_token(const std::string& question) {
  std::error_code unknown;
  const bool may_keep = fs::exists(token_file_, unknown);
  for (int answers = 0;; ++answers) {
    auto typed = Prompt(args_.terminal, err_).ask_secret(question);
    if (!typed) return store::fail(typed.error());
    if (typed->empty() && may_keep) return read_configured_token();
    auto taken = take_token(typed->expose(), "the terminal");
    if (taken || answers + 1 == kMostAnswers) return taken;
    err_ << "  " << printable(taken.error().message) << "\n";
  }
}

store::Result<void> Init::read_piped_token() {
  std::string line;
  if (!std::getline(in_, line)) {
    return store::fail(
        store::ErrorKind::kUsage, "token_missing",
        fmt::format(
            "cannot find the API token: '{}' is not there, and nothing came on standard input",
            token_file_.string()),
        "pipe it in, or name an existing file with --token-file or a variable with --token-env");
  }
  auto taken = take_token(line, "standard input");
  ::explicit_bzero(line.data(), line.size());
  return taken;
}

// As it is written into the file: relative where it lies below the file's folder.
std::string Init::as_setting(const fs::path& path) const {
  const auto absolute = fs::absolute(path).lexically_normal();
  const auto relative = absolute.lexically_relative(file_.parent_path());
  const bool below = !relative.empty() && *relative.begin() != "..";
  return config::toml_string((below ? relative : absolute).string());
}

store::Result<void> Init::make_configuration() {
  std::map<std::string, std::string> settings{{"site.url", config::toml_string(args_.site)}};
  const std::pair<const char*, const std::string*> given[] = {
      {"site.email", &args_.email},         {"site.client_id", &args_.client_id},
      {"site.cloud_id", &args_.cloud_id},   {"site.gateway_url", &args_.gateway_url},
      {"site.token_url", &args_.token_url}, {"site.token_expires", &args_.token_expires}};
  for (const auto& [key, value] : given) {
    if (!value->empty()) settings[key] = config::toml_string(*value);
  }
  if (args_.auth != "basic") settings["site.auth"] = config::toml_string(args_.auth);
  if (!token_file_.empty()) settings["site.token_file"] = as_setting(token_file_);
  if (!args_.token_env.empty()) settings["site.token_env"] = config::toml_string(args_.token_env);
  const std::string mirror = args_.mirror.empty() ? globals_.db : args_.mirror;
  if (!mirror.empty()) settings["mirror.path"] = as_setting(mirror);
  text_ = config::render(settings);
  const auto problems = config::parse(text_, file_, config_);
  if (problems.empty()) return {};
  return store::fail(store::ErrorKind::kUsage, "bad_value",
                     fmt::format("cannot use {}: {}", problems.front().key, problems.front().text));
}

// The token first: a configuration never names a token that is not there.
store::Result<void> Init::write() {
  std::unique_ptr<PrivateFile> token;
  if (new_token_) {
    auto made = PrivateFile::write(token_file_, token_.expose());
    if (!made) return store::fail(made.error());
    token = std::move(*made);
  }
  auto configuration = PrivateFile::write(file_, text_);
  if (!configuration) return store::fail(configuration.error());
  if (token) {
    if (auto committed = token->commit(); !committed) {
      token->revoke();
      return committed;
    }
  }
  auto committed = (*configuration)->commit();
  if (!committed && token) token->revoke();
  return committed;
}

void Init::tell() const {
  if (globals_.json) {
    nlohmann::json json = {{"config", file_.string()},
                           {"mirror", config_.mirror.path.string()},
                           {"site_url", config_.site.url},
                           {"validated", view_.has_value()}};
    if (!token_file_.empty()) json["token_file"] = token_file_.string();
    if (view_) {
      json["account_id"] = view_->identity.account_id;
      json["display_name"] = view_->identity.display_name;
      json["spaces_visible"] = view_->spaces;
    }
    out_ << json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
    return;
  }
  if (view_ && view_->spaces_error) {
    err_ << "confmirror: warning: " << printable(view_->spaces_error->message) << "\n";
  } else if (view_ && view_->spaces == 0) {
    err_ << "confmirror: warning: the site shows no space to this account\n";
  }
  if (globals_.quiet) return;
  if (view_) {
    out_ << fmt::format("{} accepts the token: signed in as {} (account {})\n", config_.site.url,
                        printable(view_->identity.display_name),
                        printable(view_->identity.account_id));
    if (!view_->spaces_error) {
      out_ << fmt::format("{}{} spaces are visible\n", with_thousands(view_->spaces),
                          view_->more ? "+" : "");
    }
  } else {
    out_ << "the connection was not validated: 'confmirror check' does that\n";
  }
  if (new_token_) out_ << "token   " << token_file_.string() << "\n";
  out_ << "config  " << file_.string() << "\nmirror  " << config_.mirror.path.string()
       << " (made by the first sync)\nnext    confmirror sync\n";
}

store::Result<void> Init::run() {
  if (auto placed = find_place(); !placed) return placed;
  {
    const Interrupt interrupt;  // beside no Shutdown: the probe has one of its own
    if (auto completed = complete(); !completed) return completed;
  }
  if (auto made = make_configuration(); !made) return made;
  if (!args_.offline) {
    auto view = probe_site(config_, token_.copy(), {config_.mirror.path});
    if (!view) {
      auto error = std::move(view.error());
      error.hint += std::string(error.hint.empty() ? "" : "; ") +
                    "nothing was written (--offline writes without asking the site)";
      return store::fail(std::move(error));
    }
    view_ = std::move(*view);
  }
  if (auto written = write(); !written) return written;
  tell();
  return {};
}

}  // namespace

int run_init(const GlobalOptions& globals, InitArgs args, std::istream& in, std::ostream& out,
             std::ostream& err) {
  if (args.sample) {
    out << config::sample();
    return 0;
  }
  const auto done = Init(globals, std::move(args), in, out, err).run();
  return done ? 0 : report(done.error(), err);
}

}  // namespace cli
