#include "config/options.h"

#include <algorithm>
#include <array>
#include <utility>

#include "config/options_audit.h"
#include "config/options_connect.h"
#include "config/options_site.h"
#include "config/units.h"
#include "config/url.h"

namespace config {

namespace {

constexpr std::size_t kLongestText = 4096;
constexpr double kSecond = 1'000;
constexpr double kHour = 3'600 * kSecond;
constexpr double kDay = 24 * kHour;

using Options = std::vector<Option>;

TextField text(TextField field) { return field; }

void add_mirror(Options& all) {
  constexpr std::string_view kTable = "mirror";
  all.push_back(
      {.table = kTable,
       .key = "path",
       .field = PathField([](Config& c) -> std::filesystem::path& { return c.mirror.path; }),
       .not_empty = true,
       .fallback = "mirror.db",
       .help = "The mirror file. Like every path here, it is relative to this file."});
  all.push_back(
      {.table = kTable,
       .key = "include_spaces",
       .field = ListField([](Config & c) -> auto& { return c.mirror.include_spaces; }),
       .form = Form::kNotEmpty,
       .not_empty = true,
       .help =
           "Keys of the spaces to mirror. * is any text, ? one character; case does not matter."});
  all.push_back(
      {.table = kTable,
       .key = "exclude_spaces",
       .field = ListField([](Config & c) -> auto& { return c.mirror.exclude_spaces; }),
       .form = Form::kNotEmpty,
       .help = "Keys of spaces to leave out of these, for example [\"~*\"] for personal ones."});
  all.push_back({.table = kTable,
                 .key = "space_types",
                 .field = ListField([](Config & c) -> auto& { return c.mirror.space_types; }),
                 .allowed = {"global", "collaboration", "knowledge_base", "personal", "system",
                             "onboarding", "xflow_sample_space"},
                 .help = "Types of spaces to mirror; empty means all."});
  all.push_back({.table = kTable,
                 .key = "page_statuses",
                 .field = ListField([](Config & c) -> auto& { return c.mirror.page_statuses; }),
                 .allowed = {"current", "archived", "trashed", "deleted"},
                 .not_empty = true,
                 .help = "Pages of which status to mirror."});
  all.push_back(
      {.table = kTable,
       .key = "history",
       .field = text([](Config& c) -> std::string& { return c.mirror.history; }),
       .allowed = {"none", "metadata", "bodies"},
       .help = "What to keep of older versions: nothing, who and when, or their text as well."});
  all.push_back(
      {.table = kTable,
       .key = "history_depth",
       .field = IntegerField([](Config& c) -> std::int64_t& { return c.mirror.history_depth; }),
       .lowest = 1,
       .highest = 1'000'000,
       .zero = true,
       .help = "How many of the newest versions of a page to keep; 0 means all."});
}

void add_sync(Options& all) {
  constexpr std::string_view kTable = "sync";
  all.push_back({.table = kTable,
                 .key = "interval",
                 .field = DurationField([](Config & c) -> auto& { return c.sync.interval; }),
                 .lowest = 10 * kSecond,
                 .highest = 30 * kDay,
                 .zero = true,
                 .help = "How often the daemon asks for what changed; 0 means only once."});
  all.push_back(
      {.table = kTable,
       .key = "reconcile_interval",
       .field = DurationField([](Config & c) -> auto& { return c.sync.reconcile_interval; }),
       .lowest = 60 * kSecond,
       .highest = 365 * kDay,
       .help = "How often to look for pages that moved or vanished without a trace."});
  all.push_back({.table = kTable,
                 .key = "reconcile_requests_per_hour",
                 .field = IntegerField(
                     [](Config& c) -> std::int64_t& { return c.sync.reconcile_requests_per_hour; }),
                 .lowest = 1,
                 .highest = 1e6,
                 .zero = true,
                 .help = "A budget for that look, spread evenly over the hours it takes; 0 means "
                         "what the\n"
                         "server bears. The daemon follows changes meanwhile."});
  all.push_back(
      {.table = kTable,
       .key = "overlap",
       .field = DurationField([](Config & c) -> auto& { return c.sync.overlap; }),
       .highest = 7 * kDay,
       .help = "How far behind the newest change that is known a synchronisation looks again."});
  all.push_back(
      {.table = kTable,
       .key = "max_vanished_percent",
       .field = NumberField([](Config& c) -> double& { return c.sync.max_vanished_percent; }),
       .highest = 100,
       .help = "Safety valve: if more of the mirror than this seems to have vanished at once, "
               "nothing is\n"
               "believed and the run stops."});
  all.push_back(
      {.table = kTable,
       .key = "max_vanished_pages",
       .field = IntegerField([](Config& c) -> std::int64_t& { return c.sync.max_vanished_pages; }),
       .highest = 1e9,
       .help = "The same as a number of pages."});
}

void add_search(Options& all) {
  all.push_back({.table = "search",
                 .key = "history",
                 .field = text([](Config& c) -> std::string& { return c.search.history; }),
                 .allowed = {"none", "all"},
                 .help = "Older versions in an index of their own, for 'search --history'."});
}

void add_http_and_jobs(Options& all) {
  all.push_back(
      {.table = "http",
       .key = "max_concurrency",
       .field = IntegerField([](Config& c) -> std::int64_t& { return c.http.max_concurrency; }),
       .lowest = 1,
       .highest = 64,
       .help = "How many requests may be under way at once."});
  all.push_back(
      {.table = "http",
       .key = "max_requests_per_second",
       .field = NumberField([](Config& c) -> double& { return c.http.max_requests_per_second; }),
       .lowest = 0.01,
       .highest = 10'000,
       .zero = true,
       .help = "An upper bound of our own; 0 means what the server bears."});
  all.push_back({.table = "http",
                 .key = "timeout",
                 .field = DurationField([](Config & c) -> auto& { return c.http.timeout; }),
                 .lowest = 1 * kSecond,
                 .highest = 1 * kHour,
                 .help = "How long an answer may stand still before it is given up."});
  all.push_back(
      {.table = "jobs",
       .key = "max_attempts",
       .field = IntegerField([](Config& c) -> std::int64_t& { return c.jobs.max_attempts; }),
       .lowest = 1,
       .highest = 1'000,
       .help = "How often an edit is tried before it counts as failed."});
  all.push_back(
      {.table = "jobs",
       .key = "max_deletes",
       .field = IntegerField([](Config& c) -> std::int64_t& { return c.jobs.max_deletes; }),
       .highest = 1e9,
       .help = "How many pages one batch may delete."});
  all.push_back({.table = "jobs",
                 .key = "on_conflict",
                 .field = text([](Config& c) -> std::string& { return c.jobs.on_conflict; }),
                 .allowed = {"fail", "rebase", "overwrite"},
                 .help = "What an edit does when the page was changed meanwhile, unless the edit "
                         "says otherwise."});
}

void add_serve_and_log(Options& all) {
  all.push_back(
      {.table = "serve",
       .key = "socket",
       .field = PathField([](Config& c) -> std::filesystem::path& { return c.serve.socket; }),
       .fallback = "confmirror.sock",
       .help = "The daemon's local socket; empty means none. With systemd's confmirror.socket this "
               "is where\n"
               "the commands find it."});
  all.push_back({.table = "serve",
                 .key = "socket_group",
                 .field = text([](Config& c) -> std::string& { return c.serve.socket_group; }),
                 .form = Form::kNotEmpty,
                 .help = "Who may connect to it besides the daemon's own user: this group, where "
                         "there is one."});
  all.push_back(
      {.table = "serve",
       .key = "listen",
       .field = text([](Config& c) -> std::string& { return c.serve.listen; }),
       .form = Form::kListen,
       .help = "HOST:PORT, for example \"127.0.0.1:8765\", turns TCP on, on this machine alone; "
               "always with a\n"
               "token."});
  all.push_back(
      {.table = "serve",
       .key = "token_file",
       .field = PathField([](Config& c) -> std::filesystem::path& { return c.serve.token_file; }),
       .example = "\"serve-token\"",
       .help = "A file (0600) with what callers by TCP send as \"Authorization: Bearer ...\", at "
               "least 32\n"
               "characters. Needed with serve.listen."});
  all.push_back(
      {.table = "serve",
       .key = "max_connections",
       .field = IntegerField([](Config& c) -> std::int64_t& { return c.serve.max_connections; }),
       .lowest = 2,
       .highest = 1'000,
       .help = "How many may be connected at once."});
  all.push_back({.table = "log",
                 .key = "level",
                 .field = text([](Config& c) -> std::string& { return c.log.level; }),
                 .allowed = {"trace", "debug", "info", "warn", "error", "off"},
                 .help = "What the daemon logs."});
  all.push_back({.table = "log",
                 .key = "format",
                 .field = text([](Config& c) -> std::string& { return c.log.format; }),
                 .allowed = {"text", "json", "journald"},
                 .help = "How it logs."});
}

std::string_view table_help(std::string_view table) {
  static constexpr auto kHelp = std::to_array<std::pair<std::string_view, std::string_view>>({
      {"site", "The Confluence Cloud site."},
      {"mirror", "What is mirrored, and where to."},
      {"sync", "When and how the mirror follows the site."},
      {"search", "What is indexed for the search."},
      {"http", "Requests to the site."},
      {"jobs", "Edits of pages."},
      {"audit", "What 'confmirror audit' finds fault with."},
      {"serve", "The daemon's local service."},
      {"connect", "Atlassian Connect, for auth = \"connect\" (README.md says until when)."},
      {"log", "The daemon's log."},
  });
  for (const auto& [name, help] : kHelp) {
    if (name == table) return help;
  }
  return {};
}

std::string number_text(double number) {
  std::string digits = std::to_string(number);
  digits.erase(digits.find_last_not_of('0') + 1);
  if (digits.ends_with('.')) digits.pop_back();
  return digits;
}

std::string list_text(const std::vector<std::string>& list) {
  std::string result = "[";
  for (const auto& entry : list) result += (result.size() > 1 ? ", " : "") + toml_string(entry);
  return result + "]";
}

std::string joined(const std::vector<std::string_view>& names) {
  std::string result;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) result += i + 1 == names.size() ? " or " : ", ";
    result.append("\"").append(names[i]).append("\"");
  }
  return result;
}

std::string range_text(const Option& option, std::string (*show)(double)) {
  const std::string range = " from " + show(option.lowest) + " to " + show(option.highest);
  return option.zero && option.lowest > 0 ? range + ", or 0" : range;
}

std::string duration_text(double milliseconds) {
  return format_duration(std::chrono::milliseconds(static_cast<std::int64_t>(milliseconds)));
}

std::string expected_text(const Option& option) {
  switch (option.form) {
    case Form::kSiteUrl:
      return "a URL such as \"https://your-domain.atlassian.net\"";
    case Form::kUrl:
      return "a URL that begins with https://";
    case Form::kEmail:
      return "an e-mail address";
    case Form::kListen:
      return "HOST:PORT such as \"127.0.0.1:8765\"";
    case Form::kEnvName:
      return "the name of an environment variable";
    case Form::kKeyDuration:
      return "KEY=DURATION";
    case Form::kCloudId:
      return "a cloud id such as \"11111111-2222-3333-4444-555555555555\"";
    case Form::kDate:
      return "a date such as \"2027-03-01\"";
    case Form::kAppKey:
      return "1 to 64 letters, digits, '.', '_' and '-'";
    case Form::kAccountId:
      return "an account id such as \"557058:0867a421-a9ee-4659-801a-bc0ee4a4487e\"";
    case Form::kAny:
    case Form::kNotEmpty:
      break;
  }
  return option.allowed.empty() ? "a string" : joined(option.allowed);
}

bool is_email(std::string_view text) {
  const auto at = text.find('@');
  // ':' would end the user part of Basic authentication.
  return at != text.npos && at > 0 && at + 1 < text.size() && text.find('@', at + 1) == text.npos &&
         text.find_first_of(" :,;<>\"") == text.npos;
}

bool is_env_name(std::string_view text) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return letter(text.front()) && std::all_of(text.begin(), text.end(), [letter](char c) {
           return letter(c) || (c >= '0' && c <= '9');
         });
}

bool has_cloud_id_form(std::string_view text) {
  constexpr std::string_view kForm = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  constexpr std::string_view kHex = "0123456789abcdefABCDEF";
  return text.size() == kForm.size() &&
         std::equal(text.begin(), text.end(), kForm.begin(), [&](char c, char form) {
           return form == '-' ? c == '-' : kHex.find(c) != kHex.npos;
         });
}

bool is_name_of(std::string_view text, std::string_view others, std::size_t most) {
  return text.size() <= most && std::all_of(text.begin(), text.end(), [others](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  others.find(c) != others.npos;
         });
}

std::optional<std::string> form_refusal(Form form, std::string_view text) {
  switch (form) {
    case Form::kSiteUrl:
      return url_refusal(text, {});
    case Form::kUrl:
      return url_refusal(text, {.path = true, .plain_loopback = true});
    case Form::kListen:
      return listen_refusal(text);
    case Form::kEmail:
      if (!is_email(text)) return "something else";
      break;
    case Form::kEnvName:
      if (!is_env_name(text)) return "something else";
      break;
    case Form::kKeyDuration:
      if (!parse_key_duration(text)) return toml_string(text);
      break;
    case Form::kAppKey:
      return is_name_of(text, "._-", 64) ? std::nullopt : std::optional(toml_string(text));
    case Form::kAccountId:
      return is_name_of(text, "._-:", 128) ? std::nullopt : std::optional(toml_string(text));
    case Form::kCloudId:
      if (!has_cloud_id_form(text)) return "something else";
      break;
    case Form::kDate:
      if (!parse_date(text)) return "something else";
      break;
    case Form::kAny:
    case Form::kNotEmpty:
      break;
  }
  return std::nullopt;
}

void append_commented(std::string& out, std::string_view lines) {
  while (!lines.empty()) {
    const auto end = std::min(lines.find('\n'), lines.size());
    out.append("# ").append(lines.substr(0, end)).append("\n");
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
}

}  // namespace

const std::vector<Option>& options() {
  static const Options all = [] {
    Options made;
    add_site_options(made);
    add_mirror(made);
    add_sync(made);
    add_search(made);
    add_http_and_jobs(made);
    add_audit_options(made);
    add_serve_and_log(made);
    add_connect_options(made);
    return made;
  }();
  return all;
}

const Option* find_option(std::string_view table, std::string_view key) {
  const auto& all = options();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Option& option) {
    return option.table == table && option.key == key;
  });
  return found == all.end() ? nullptr : &*found;
}

std::string full_key(const Option& option) {
  return std::string(option.table).append(".").append(option.key);
}

std::string default_value(const Option& option) {
  if (!option.fallback.empty()) return toml_string(option.fallback);
  Config silent;
  struct Show {
    Config& config;
    std::string operator()(TextField field) const { return toml_string(field(config)); }
    std::string operator()(PathField field) const { return toml_string(field(config).string()); }
    std::string operator()(ListField field) const { return list_text(field(config)); }
    std::string operator()(IntegerField field) const { return std::to_string(field(config)); }
    std::string operator()(NumberField field) const { return number_text(field(config)); }
    std::string operator()(DurationField field) const {
      return toml_string(format_duration(field(config)));
    }
  };
  return std::visit(Show{silent}, option.field);
}

std::string expected(const Option& option) {
  struct Show {
    const Option& of;
    std::string operator()(TextField) const { return expected_text(of); }
    std::string operator()(PathField) const { return "a path"; }
    std::string operator()(ListField) const {
      if (of.form == Form::kKeyDuration) return "a list of strings such as [\"ENG=90d\"]";
      return of.allowed.empty() ? "a list of strings such as [\"DOCS\", \"TEAM*\"]"
                                : "a list out of " + joined(of.allowed);
    }
    std::string operator()(IntegerField) const {
      return "a whole number" + range_text(of, number_text);
    }
    std::string operator()(NumberField) const { return "a number" + range_text(of, number_text); }
    std::string operator()(DurationField) const {
      return "a duration such as \"90s\", \"5m\" or \"24h\"" + range_text(of, duration_text);
    }
  };
  return std::visit(Show{option}, option.field);
}

std::optional<std::string> refusal(const Option& option, std::string_view text) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (std::any_of(text.begin(), text.end(), control)) return "a text with control characters";
  if (text.size() > kLongestText) return "a text of more than 4096 bytes";
  if (!option.allowed.empty()) {
    const auto& allowed = option.allowed;
    if (std::find(allowed.begin(), allowed.end(), text) == allowed.end()) return toml_string(text);
    return std::nullopt;
  }
  if (text.empty()) {
    const bool must = option.required || option.form == Form::kNotEmpty || option.not_empty;
    return must ? std::optional<std::string>("an empty text") : std::nullopt;
  }
  return form_refusal(option.form, text);
}

namespace {

// The one table whose keys are the user's own.
void append_access(std::string& out) {
  out +=
      "\n# Who may do what at the service: a user, \"@\" and a group, \"*\" (everyone that can "
      "connect) or\n"
      "# \"token\" (by TCP), and a list out of \"read\", \"submit\", \"as:ACCOUNT_ID\" and "
      "\"as:*\". Without any rule the\n"
      "# daemon's own user and root submit, and whoever else can connect reads.\n"
      "#[serve.access]\n"
      "#\"@confmirror\" = [\"read\"]\n"
      "#alice = [\"submit\"]\n";
}

const Option* last_of_serve() {
  const Option* last = nullptr;
  for (const auto& option : options()) {
    if (option.table == "serve") last = &option;
  }
  return last;
}

}  // namespace

std::string render(const std::map<std::string, std::string>& settings) {
  std::string out =
      "# The configuration of confmirror. A line that begins with '#' shows a default: take the "
      "'#' away to change it.\n"
      "# Durations: \"250ms\", \"90s\", \"5m\", \"24h\", \"7d\". Paths are relative to this "
      "file.\n";
  std::string_view table;
  for (const auto& option : options()) {
    if (option.table != table) {
      table = option.table;
      out.append("\n# ").append(table_help(table)).append("\n[").append(table).append("]\n");
    }
    out += "\n";
    append_commented(out, option.help);
    append_commented(out, expected(option));
    const auto set = settings.find(full_key(option));
    const std::string shown(option.example);
    out.append(set == settings.end() ? "#" : "").append(option.key).append(" = ");
    out.append(set != settings.end() ? set->second : shown.empty() ? default_value(option) : shown);
    out += "\n";
    if (&option == last_of_serve()) append_access(out);
  }
  return out;
}

std::string sample() {
  std::map<std::string, std::string> needed;
  for (const auto* key : {"url", "email"}) {
    const Option& option = *find_option("site", key);
    needed.emplace(full_key(option), option.example);
  }
  return render(needed);
}

std::string toml_string(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      result.append("\\").push_back(c);
    } else if (byte < 0x20 || byte == 0x7F) {
      result.append("\\u00").append(1, kHex[byte >> 4]).append(1, kHex[byte & 15u]);
    } else {
      result += c;
    }
  }
  return result + "\"";
}

}  // namespace config
