// confluence-site: the simulated Confluence Cloud site as a program.

#include <pthread.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "tests/site/connect_app.h"
#include "tests/site/digest.h"
#include "tests/site/server.h"

namespace {

struct Flags {
  site::ServerOptions options;
  std::vector<std::string> faults;  // NAME=PROBABILITY
  std::string request_log;
  std::vector<std::string> scoped_tokens;
  std::vector<std::string> bearers;
  std::vector<std::string> service_accounts;  // ID:SECRET
  bool basic_disabled = false;
  std::string connect_app;
  std::string rate_headers = "full";
  bool no_gzip = false;
  bool no_rewrite = false;
  bool no_echo = false;
  bool digest = false;
};

void add_content_flags(CLI::App& app, Flags& flags) {
  site::ContentOptions& content = flags.options.content;
  app.add_option("--spaces", content.spaces, "Spaces")->capture_default_str();
  app.add_option("--pages", content.pages, "Pages of all statuses")->capture_default_str();
  app.add_option("--max-versions", content.max_versions, "Versions of a page at most")
      ->capture_default_str();
  app.add_option("--seed", content.seed, "The same seed makes the same content")
      ->capture_default_str();
  app.add_option("--avg-body-bytes", content.avg_body_bytes, "Mean size of a body")
      ->capture_default_str();
  app.add_option("--big-space-share", content.big_space_share,
                 "Share of all pages in one space, 0 to 1")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--huge-body-bytes", content.huge_body_bytes,
                 "Size of the one huge body; 0 = none")
      ->capture_default_str();
  app.add_flag("--digest", flags.digest, "Print the digest of the content and end");
}

void add_server_flags(CLI::App& app, Flags& flags) {
  site::ServerOptions& options = flags.options;
  app.add_option("--host", options.host, "Loopback address to listen on")->capture_default_str();
  app.add_option("--port", options.port, "Port; 0 = any free one")->capture_default_str();
  app.add_option("--threads", options.threads, "Threads that render answers")
      ->capture_default_str();
  app.add_option("--email", options.email, "The one account's e-mail")->capture_default_str();
  app.add_option("--token", options.token, "Its API token")->capture_default_str();
  app.add_option("--base-url", options.base_url, "What _links.base says");
  app.add_option("--poison", options.poison, "Pages whose bodies answer 500");
  app.add_option("--request-log", flags.request_log,
                 "Write every request of the API to this file, one a line")
      ->type_name("FILE");
  app.add_option("--poison-rows", options.poison_rows, "Pages whose JSON is wrong");
}

// See credentials.h; /__control/credentials has the finer points.
void add_credential_flags(CLI::App& app, Flags& flags) {
  app.add_option("--scoped-token", flags.scoped_tokens,
                 "An API token with every scope, for the gateway (repeatable)");
  app.add_option("--bearer", flags.bearers, "A bearer token with every scope (repeatable)");
  app.add_option("--service-account", flags.service_accounts,
                 "ID:SECRET that the token endpoint gives access tokens to (repeatable)");
  app.add_flag("--basic-disabled", flags.basic_disabled,
               "The organisation does not allow API tokens with Basic authentication");
}

// See connect.h; /__control/connect has the finer points.
void add_connect_flags(CLI::App& app, Flags& flags) {
  app.add_option("--connect-app", flags.connect_app,
                 "Install the Connect app that answers at this address, as soon as it does; its "
                 "descriptor is read there")
      ->type_name("http://127.0.0.1:PORT");
}

// Tries until an app has taken the call, or it is to stop.
class Installer {
 public:
  Installer(site::Server& server, std::string url)
      : thread_([this, &server, url = std::move(url)](const std::stop_token& stop) {
          run(server, url, stop);
        }) {}

 private:
  static constexpr std::chrono::milliseconds kPause{500};

  void run(site::Server& server, const std::string& url, const std::stop_token& stop) {
    std::string said;
    while (!stop.stop_requested()) {
      const auto outcome = attempt(server, url);
      if (outcome != said) {
        std::printf("connect: %s\n", outcome.c_str());
        std::fflush(stdout);
      }
      said = outcome;
      if (server.connect().installed()) return;
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, stop, kPause, [] { return false; });
    }
  }
  static std::string attempt(site::Server& server, const std::string& url) {
    try {
      const auto app = site::read_app(url);
      const int status = site::install(server.connect(), app);
      const bool taken = status >= 200 && status < 300;
      return "app '" + app.key + "' for " + app.base_url +
             (taken ? " is installed" : " refused to be installed") + " (HTTP " +
             std::to_string(status) + (taken ? ")" : "); its log says why");
    } catch (const std::runtime_error& failure) {
      return failure.what();
    }
  }

  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;
};

void put_credentials(site::Credentials& credentials, const Flags& flags) {
  for (const auto& token : flags.scoped_tokens) {
    credentials.put_scoped_token(token, site::all_scopes());
  }
  for (const auto& token : flags.bearers) credentials.put_bearer(token, site::all_scopes());
  for (const auto& pair : flags.service_accounts) {
    const auto colon = pair.find(':');
    site::ServiceAccount account;
    account.client_id = pair.substr(0, colon);
    account.secret = colon == std::string::npos ? "" : pair.substr(colon + 1);
    account.scopes = site::all_scopes();
    credentials.put_service_account(std::move(account));
  }
  credentials.disable_basic(flags.basic_disabled);
}

void add_write_flags(CLI::App& app, Flags& flags) {
  site::Settings& settings = flags.options.settings;
  app.add_flag("--no-rewrite", flags.no_rewrite, "Store bodies as they were sent");
  app.add_flag("--no-echo", flags.no_echo, "Answer writes without the body");
  app.add_flag("--trashed-titles-block", settings.trashed_titles_block,
               "A page in the trash keeps its title from others");
  app.add_flag("--forbidden-is-403", settings.forbidden_is_403,
               "403 instead of 404 to writes on read-only pages");
  app.add_flag("--restore-adds-version", settings.restore_adds_version,
               "Restoring a page makes a version");
  app.add_option("--archived-update-status", settings.archived_update_status,
                 "What an update of an archived page gets")
      ->check(CLI::IsMember({400, 403, 404, 409}))
      ->capture_default_str();
  app.add_option("--publish-version", settings.publish_version,
                 "The version number that publishes a draft; 0 = 1 or 2")
      ->capture_default_str();
  app.add_option("--fresh-page-delay", settings.fresh_page_delay_ms,
                 "Milliseconds until a new page can be read");
  app.add_option("--fresh-conflict", settings.fresh_conflict_ms,
                 "Milliseconds in which the fault fresh-409 meets a new page")
      ->capture_default_str();
  app.add_option("--applied-later", settings.applied_later_ms,
                 "Milliseconds after which the fault applied-later-503 applies the write")
      ->capture_default_str();
}

void add_setting_flags(CLI::App& app, Flags& flags) {
  site::Settings& settings = flags.options.settings;
  app.add_option("--latency", settings.latency_ms, "Milliseconds before each answer");
  app.add_option("--rate", settings.rate, "Requests per second; 0 = no limit");
  app.add_option("--burst", settings.burst, "Requests at once under --rate")->capture_default_str();
  app.add_option("--rate-headers", flags.rate_headers, "full, retry-after or none")
      ->check(CLI::IsMember({"full", "retry-after", "none"}));
  app.add_option("--retry-after", settings.retry_after_s,
                 "Seconds that the faults 429 and 503-retry-after announce")
      ->capture_default_str();
  app.add_option("--grace", settings.grace_ms,
                 "Milliseconds after a 429 in which requests may still be on the wire")
      ->capture_default_str();
  app.add_option("--results-cap", settings.results_cap,
                 "Rows of a listing at most; 0 = as its limit says");
  app.add_option("--body-results-cap", settings.body_results_cap,
                 "The same for listings with bodies");
  app.add_flag("--refuse-changed-limit", settings.refuse_changed_limit,
               "400 to a cursor with another limit");
  app.add_flag("--no-gzip", flags.no_gzip, "Never compress");
  app.add_flag("--anonymous-access", settings.anonymous_access, "A dead token sees some spaces");
  app.add_option("--drip-ms", settings.drip_ms, "How long the fault slow-drip takes")
      ->capture_default_str();
  app.add_option("--edits-per-second", settings.edits_per_second, "Pages edited meanwhile");
  app.add_option("--moves-per-second", settings.moves_per_second, "Pages moved meanwhile");
  add_write_flags(app, flags);
  std::string names;
  for (std::size_t i = 0; i < site::kFaultCount; ++i) {
    names += (i == 0 ? "" : ", ") + std::string(site::to_string(static_cast<site::Fault>(i)));
  }
  app.add_option("--fault", flags.faults, "NAME=PROBABILITY, repeatable. Names: " + names);
}

// What is wrong with the flags; "" = nothing.
std::string finish(Flags& flags) {
  site::Settings& settings = flags.options.settings;
  settings.gzip = !flags.no_gzip;
  settings.rewrite_bodies = !flags.no_rewrite;
  settings.echo_body = !flags.no_echo;
  settings.rate_headers = *site::parse_rate_headers(flags.rate_headers);
  for (const std::string& text : flags.faults) {
    const std::size_t equals = text.find('=');
    const auto fault = site::parse_fault(text.substr(0, equals));
    if (!fault) return "no fault is called '" + text.substr(0, equals) + "'";
    double probability = -1;
    if (equals == std::string::npos ||
        !CLI::detail::lexical_cast(text.substr(equals + 1), probability) || probability < 0 ||
        probability > 1) {
      return "'" + text + "' is not NAME=PROBABILITY with a probability within 0 and 1";
    }
    settings[*fault] = probability;
  }
  return {};
}

int serve(const Flags& flags) {
  const std::string& request_log = flags.request_log;
  // Before any thread starts, so that all of them leave these signals to sigwait.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  // Outlives the server, whose threads write to it.
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> log(
      request_log.empty() ? nullptr : std::fopen(request_log.c_str(), "we"), &std::fclose);
  if (!request_log.empty() && !log) throw std::runtime_error("cannot write '" + request_log + "'");
  site::Server server(flags.options);
  put_credentials(server.credentials(), flags);
  if (log) {
    std::setvbuf(log.get(), nullptr, _IOLBF, BUFSIZ);
    server.observe([file = log.get()](const site::Seen& seen) {
      const std::string line = seen.method + " " + seen.target + "\n";
      std::fwrite(line.data(), 1, line.size(), file);  // stdio's own lock keeps lines whole
    });
  }
  std::printf("listening on %s\n", server.url().c_str());
  std::optional<Installer> installer;
  if (!flags.connect_app.empty()) {
    const auto root = server.url() + "/__connect/";
    std::printf("connect: key host %skeys, token endpoint %soauth2/token\n", root.c_str(),
                root.c_str());
    installer.emplace(server, flags.connect_app);
  }
  std::fflush(stdout);
  int signal = 0;
  sigwait(&ends, &signal);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "A simulated Confluence Cloud site on this machine alone. Control it under /__control/ "
      "(tests/site/control.h).");
  Flags flags;
  add_content_flags(app, flags);
  add_server_flags(app, flags);
  add_setting_flags(app, flags);
  add_credential_flags(app, flags);
  add_connect_flags(app, flags);
  CLI11_PARSE(app, argc, argv);
  const std::string error = finish(flags);
  if (!error.empty()) {
    std::fprintf(stderr, "confluence-site: %s\n", error.c_str());
    return 2;
  }
  try {
    if (!flags.digest) return serve(flags);
    const std::string digest = site::digest_of(site::Content(flags.options.content));
    return std::fwrite(digest.data(), 1, digest.size(), stdout) == digest.size() &&
                   std::fflush(stdout) == 0
               ? 0
               : 1;
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "confluence-site: %s\n", failure.what());
    return 1;
  }
}
