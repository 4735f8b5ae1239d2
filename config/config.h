#pragma once

// The configuration as plain values, one struct for each table of the TOML file. Made by load.h;
// owned by value; nobody but daemon/cli reads it: every other part takes options of its own. The
// defaults below are those of a file that says nothing (options.h has the meaning, range and unit
// of every key, and is what the sample file and `init` are made of).

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace config {

struct SiteConfig {
  std::string url;             // https://your-domain.atlassian.net, without a trailing slash
  std::string auth = "basic";  // basic | scoped-token | service-account | connect | bearer
  std::string email;
  // Where the token comes from (token.h): at most one of the three, else the systemd credential.
  // Paths are absolute here.
  std::filesystem::path token_file;
  std::string token_env;
  std::string token_command;
  std::string token_expires;  // 2027-03-01; empty = not known
  std::string client_id;      // of a service account
  std::string cloud_id;       // empty = the site is asked
  std::string gateway_url = "https://api.atlassian.com";
  std::string token_url = "https://auth.atlassian.com/oauth/token";
  std::string public_url;
};

struct MirrorConfig {
  std::filesystem::path path;  // absolute; default mirror.db beside the configuration file
  std::vector<std::string> include_spaces{"*"};  // keys, with * and ?, without regard to case
  std::vector<std::string> exclude_spaces;
  std::vector<std::string> space_types;  // empty = all
  std::vector<std::string> page_statuses{"current", "archived", "trashed"};
  std::string history = "bodies";  // none | metadata | bodies
  std::int64_t history_depth = 0;  // newest versions to keep; 0 = all
};

struct SyncConfig {
  std::chrono::milliseconds interval{std::chrono::minutes(5)};  // 0 = once
  std::chrono::milliseconds reconcile_interval{std::chrono::hours(24)};
  std::int64_t reconcile_requests_per_hour = 0;  // 0 = what the server bears
  std::chrono::milliseconds overlap{std::chrono::minutes(15)};
  double max_vanished_percent = 10;
  std::int64_t max_vanished_pages = 1000;
};

struct SearchConfig {
  std::string history = "none";  // none | all: what of older versions is indexed
};

struct HttpConfig {
  std::int64_t max_concurrency = 8;
  double max_requests_per_second = 0;  // 0 = what the server bears
  std::chrono::milliseconds timeout{std::chrono::seconds(60)};
};

struct JobsConfig {
  std::int64_t max_attempts = 8;
  std::int64_t max_deletes = 50;     // per batch
  std::string on_conflict = "fail";  // fail | rebase | overwrite
};

struct AuditConfig {
  std::chrono::milliseconds stale_after{std::chrono::hours(24 * 365)};          // 0 = never
  std::vector<std::string> stale_after_by_space;                                // "ENG=90d"
  std::chrono::milliseconds never_updated_after{std::chrono::hours(24 * 365)};  // 0 = never
  std::chrono::milliseconds draft_after{std::chrono::hours(24 * 7)};
  std::int64_t max_depth = 8;              // 0 = any
  std::int64_t huge_page_bytes = 500'000;  // 0 = any
  std::int64_t duplicate_words = 10;
  std::int64_t near_duplicate_words = 50;
  std::int64_t near_duplicate_percent = 85;
  std::vector<std::string> disabled_rules;
  std::vector<std::string> severities;  // "stale-page=info"
  std::filesystem::path baseline;       // absolute; empty = none
  std::filesystem::path reports;        // absolute folder; empty = none are kept
  std::int64_t keep_reports = 26;       // 0 = all
};

struct ServeConfig {
  // Absolute; default confmirror.sock beside the configuration file; empty = none.
  std::filesystem::path socket;
  std::string socket_group = "confmirror";
  std::string listen;                // "127.0.0.1:8765"; empty = no TCP
  std::filesystem::path token_file;  // absolute; what callers by TCP must show
  std::int64_t max_connections = 64;
  // [serve.access]: who (a user, "@" and a group, "*", "token") to what (access.h).
  std::map<std::string, std::vector<std::string>> access;
};

struct ConnectConfig {
  std::string app_key = "confmirror";
  std::string name = "confmirror";
  std::string user;                       // account id; empty = the app itself
  std::string listen = "127.0.0.1:8766";  // loopback
  std::string key_host = "https://connect-install-keys.atlassian.com";
  std::string token_url =
      "https://oauth-2-authorization-server.services.atlassian.com/oauth2/token";
  std::string token_audience = "https://oauth-2-authorization-server.services.atlassian.com";
};

struct LogConfig {
  std::string level = "info";
  std::string format = "text";  // text | json | journald
};

struct Config {
  std::filesystem::path file;  // where it was read from
  SiteConfig site;
  MirrorConfig mirror;
  SyncConfig sync;
  SearchConfig search;
  HttpConfig http;
  JobsConfig jobs;
  AuditConfig audit;
  ServeConfig serve;
  ConnectConfig connect;
  LogConfig log;
};

// `pattern` with * (any text) and ? (one character) against the whole of `text`, without regard to
// (ASCII) case.
bool matches(std::string_view pattern, std::string_view text);
// Whether a space of that key and type is to be mirrored.
bool admits(const MirrorConfig& mirror, std::string_view key, std::string_view type);

}  // namespace config
