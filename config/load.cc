#include "config/load.h"

#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <sstream>

#include "config/access.h"
#include "config/nearest.h"
#include "config/options.h"
#include "config/text.h"
#include "config/units.h"
#include "config/url.h"

namespace config {

namespace fs = std::filesystem;

namespace {

// After this many syntax errors the rest is more likely noise.
constexpr int kMostSyntaxErrors = 20;
constexpr std::size_t kLongestShown = 60;

bool names_a_secret(std::string_view key) {
  static constexpr std::array<std::string_view, 8> kNames{
      "token",    "api_token", "apitoken",      "api_key",
      "password", "secret",    "client_secret", "access_token"};
  return std::find(kNames.begin(), kNames.end(), key) != kNames.end();
}

constexpr const char* kNoTokenHere =
    "the token itself must not stand in this file: put it into a file of its own and set "
    "site.token_file, or use "
    "site.token_env or site.token_command; a token that stood here should be revoked if others "
    "could read it";

std::string shown(std::string_view text) {
  if (text.size() <= kLongestShown) return toml_string(text);
  auto cut = kLongestShown;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0u) == 0x80u) --cut;
  return toml_string(text.substr(0, cut)) + "...";
}

// What was got, in words.
std::string described(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::string:
      return "the string " + shown(*node.value<std::string_view>());
    case toml::node_type::integer:
      return "the number " + std::to_string(*node.value<std::int64_t>());
    case toml::node_type::floating_point: {
      std::ostringstream text;
      text << "the number " << *node.value<double>();
      return text.str();
    }
    case toml::node_type::boolean:
      return *node.value<bool>() ? "the boolean true" : "the boolean false";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::table:
      return "a table";
    case toml::node_type::date:
    case toml::node_type::time:
    case toml::node_type::date_time:
      return "a date or time";
    case toml::node_type::none:
      break;
  }
  return "nothing";
}

class Reading {
 public:
  Reading(const fs::path& file, Config& config)
      : file_(file.string()),
        folder_(fs::absolute(file).lexically_normal().parent_path()),
        config_(config) {}

  void read(const toml::table& root);
  void add(const toml::source_region& at, std::string key, std::string text) {
    problems_.push_back({file_, at.begin.line, at.begin.column, std::move(key), std::move(text)});
  }
  // Defaults that depend on where the file is; what must be there; what excludes each other.
  void finish(bool complete);
  std::vector<Problem> take();

 private:
  void read_table(std::string_view name, const toml::table& table);
  void read_value(const Option& option, const toml::node& node);
  void unknown_table(const toml::key& key, const toml::node& node);
  void read_access(const toml::key& key, const toml::node& node);
  void unknown_key(std::string_view table, const toml::key& key);
  void refuse(const Option& option, const toml::node& node, const std::string& got) {
    add(node.source(), full_key(option), "expected " + expected(option) + ", got " + got);
  }
  void require(std::string_view key, const std::string& why);
  void only_one_token_source();

  void set(const Option& option, TextField field, const toml::node& node);
  void set(const Option& option, PathField field, const toml::node& node);
  void set(const Option& option, ListField field, const toml::node& node);
  void set(const Option& option, IntegerField field, const toml::node& node);
  void set(const Option& option, NumberField field, const toml::node& node);
  void set(const Option& option, DurationField field, const toml::node& node);

  std::string file_;
  fs::path folder_;
  Config& config_;
  std::vector<Problem> problems_;
  std::map<std::string, toml::source_region> seen_;  // keys and tables of the file
};

bool in_range(const Option& option, double number) {
  if (option.zero && number == 0) return true;
  return number >= option.lowest && number <= option.highest;
}

void Reading::set(const Option& option, TextField field, const toml::node& node) {
  if (const auto date = node.value<toml::date>(); date && option.form == Form::kDate) {
    std::ostringstream text;
    text << *date;
    if (const auto why = refusal(option, text.str())) return refuse(option, node, *why);
    field(config_) = text.str();
    return;
  }
  if (!node.is_string()) return refuse(option, node, described(node));
  const auto text = *node.value<std::string>();
  if (const auto why = refusal(option, text)) return refuse(option, node, *why);
  const bool url = option.form == Form::kSiteUrl || option.form == Form::kUrl;
  field(config_) = url ? normal_url(text) : text;
}

void Reading::set(const Option& option, PathField field, const toml::node& node) {
  if (!node.is_string()) return refuse(option, node, described(node));
  const auto text = *node.value<std::string>();
  if (const auto why = refusal(option, text)) return refuse(option, node, *why);
  if (text.starts_with("~/") || text == "~") {
    return refuse(
        option, node,
        "one with '~', which is not expanded here: write it out, or relative to this file");
  }
  field(config_) = text.empty() ? fs::path() : (folder_ / text).lexically_normal();
}

void Reading::set(const Option& option, ListField field, const toml::node& node) {
  const auto* array = node.as_array();
  if (!array) return refuse(option, node, described(node));
  std::vector<std::string> list;
  for (const auto& element : *array) {
    if (!element.is_string()) {
      refuse(option, element, described(element) + " in it");
      continue;
    }
    auto text = *element.value<std::string>();
    if (const auto why = refusal(option, text)) {
      refuse(option, element, *why + " in it");
    } else if (std::find(list.begin(), list.end(), text) != list.end()) {
      refuse(option, element, shown(text) + " twice in it");
    } else {
      list.push_back(std::move(text));
    }
  }
  if (array->empty() && option.not_empty) return refuse(option, node, "an empty list");
  field(config_) = std::move(list);
}

void Reading::set(const Option& option, IntegerField field, const toml::node& node) {
  if (!node.is_integer()) return refuse(option, node, described(node));
  const auto number = *node.value<std::int64_t>();
  if (!in_range(option, static_cast<double>(number)))
    return refuse(option, node, std::to_string(number));
  field(config_) = number;
}

void Reading::set(const Option& option, NumberField field, const toml::node& node) {
  if (!node.is_number()) return refuse(option, node, described(node));
  const auto number = *node.value<double>();
  if (!std::isfinite(number) || !in_range(option, number))
    return refuse(option, node, described(node));
  field(config_) = number;
}

void Reading::set(const Option& option, DurationField field, const toml::node& node) {
  std::optional<std::chrono::milliseconds> duration;
  if (node.is_string()) {
    duration = parse_duration(*node.value<std::string_view>());
  } else if (node.is_integer() && *node.value<std::int64_t>() == 0) {
    duration = std::chrono::milliseconds(0);
  }
  if (!duration || !in_range(option, static_cast<double>(duration->count()))) {
    return refuse(option, node, described(node) + (node.is_integer() ? " without a unit" : ""));
  }
  field(config_) = *duration;
}

void Reading::read_value(const Option& option, const toml::node& node) {
  seen_[full_key(option)] = node.source();
  // What Atlassian's tokens begin with: a token where a place to find it was asked for.
  const auto text = node.value<std::string_view>().value_or(std::string_view());
  if (text.starts_with("ATATT") || text.starts_with("ATCTT")) {
    return add(node.source(), full_key(option), kNoTokenHere);
  }
  std::visit([&](auto field) { set(option, field, node); }, option.field);
}

void Reading::unknown_key(std::string_view table, const toml::key& key) {
  const std::string full = std::string(table) + "." + std::string(key.str());
  if (names_a_secret(key.str())) return add(key.source(), full, kNoTokenHere);
  std::vector<std::string> here;
  std::vector<std::string> everywhere;
  for (const auto& option : options()) {
    everywhere.push_back(full_key(option));
    if (option.table == table) here.emplace_back(option.key);
    if (option.key == key.str()) {
      return add(key.source(), full,
                 "unknown key; it belongs in [" + std::string(option.table) + "]");
    }
  }
  if (const auto near = nearest(key.str(), here)) {
    return add(key.source(), full, "unknown key; did you mean '" + *near + "'?");
  }
  if (const auto near = nearest(full, everywhere)) {
    return add(key.source(), full, "unknown key; did you mean '" + *near + "'?");
  }
  add(key.source(), full, "unknown key; [" + std::string(table) + "] has " + comma_list(here));
}

void Reading::unknown_table(const toml::key& key, const toml::node& node) {
  const std::string name(key.str());
  if (names_a_secret(name)) return add(key.source(), name, kNoTokenHere);
  std::vector<std::string> tables;
  for (const auto& option : options()) {
    if (tables.empty() || tables.back() != option.table) tables.emplace_back(option.table);
    if (!node.is_table() && option.key == name) {
      return add(key.source(), name,
                 "unknown key; it belongs in [" + std::string(option.table) + "]");
    }
  }
  const std::string what =
      node.is_table() || node.is_array_of_tables() ? "unknown table" : "unknown key";
  if (const auto near = nearest(name, tables)) {
    return add(key.source(), name, what + "; did you mean '[" + *near + "]'?");
  }
  add(key.source(), name, what + "; the tables are " + comma_list(tables));
}

void Reading::read_access(const toml::key& key, const toml::node& node) {
  const auto* rules = node.as_table();
  if (rules == nullptr) {
    return add(key.source(), "serve.access", "expected a table, got " + described(node));
  }
  for (const auto& [who, rights] : *rules) {
    const auto full = "serve.access." + std::string(who.str());
    if (const auto why = refusal_of_who(who.str())) {
      add(who.source(), full, std::string(*why));
      continue;
    }
    const auto* list = rights.as_array();
    if (list == nullptr) {
      add(rights.source(), full, "expected a list of strings, got " + described(rights));
      continue;
    }
    auto& granted = config_.serve.access[std::string(who.str())];
    for (const auto& right : *list) {
      const auto text = right.value<std::string>().value_or("");
      if (const auto why = refusal_of_right(text)) {
        add(right.source(), full, std::string(*why) + ", got " + described(right));
      } else {
        granted.push_back(text);
      }
    }
  }
}

void Reading::read_table(std::string_view name, const toml::table& table) {
  for (const auto& [key, node] : table) {
    if (const Option* option = find_option(name, key.str())) {
      read_value(*option, node);
    } else if (name == "serve" && key.str() == kAccessTable) {
      read_access(key, node);
    } else {
      unknown_key(name, key);
    }
  }
}

void Reading::read(const toml::table& root) {
  for (const auto& [key, node] : root) {
    const auto& all = options();
    const bool known =
        std::any_of(all.begin(), all.end(),
                    [name = key.str()](const Option& option) { return option.table == name; });
    if (!known) {
      unknown_table(key, node);
    } else if (const auto* table = node.as_table()) {
      seen_[std::string(key.str())] = table->source();
      read_table(key.str(), *table);
    } else {
      add(key.source(), std::string(key.str()),
          "expected a table, got " +
              (node.is_array_of_tables() ? "a list of tables" : described(node)));
    }
  }
}

void Reading::require(std::string_view key, const std::string& why) {
  const std::string full = "site." + std::string(key);
  if (seen_.contains(full)) {
    const auto known = std::any_of(problems_.begin(), problems_.end(),
                                   [&](const Problem& problem) { return problem.key == full; });
    if (!known) add(seen_[full], full, "it is empty; " + why);
    return;
  }
  const auto table = seen_.find("site");
  toml::source_region at;
  at.begin = {1, 1};
  if (table != seen_.end() && table->second.begin.line > 0) at = table->second;
  add(at, full, "it is missing; " + why);
}

void Reading::only_one_token_source() {
  std::vector<std::string> given;
  if (!config_.site.token_file.empty()) given.emplace_back("site.token_file");
  if (!config_.site.token_env.empty()) given.emplace_back("site.token_env");
  if (!config_.site.token_command.empty()) given.emplace_back("site.token_command");
  for (std::size_t i = 1; i < given.size(); ++i) {
    add(seen_[given[i]], given[i],
        "the token comes from " + given[0] + " already; set only one of them");
  }
}

void Reading::finish(bool complete) {
  if (config_.mirror.path.empty())
    config_.mirror.path = folder_ / find_option("mirror", "path")->fallback;
  if (config_.serve.socket.empty() && !seen_.contains("serve.socket"))
    config_.serve.socket = folder_ / find_option("serve", "socket")->fallback;
  only_one_token_source();
  if (!config_.serve.listen.empty() && config_.serve.token_file.empty() && complete) {
    add(seen_["serve.listen"], "serve.listen",
        "it needs serve.token_file: a file with the token that callers must show");
  }
  if (!complete) return;  // what seems to be missing may stand in a line that could not be read
  if (config_.site.url.empty()) {
    require("url", "expected " + expected(*find_option("site", "url")));
  }
  const auto& auth = config_.site.auth;
  if (config_.site.email.empty() && (auth == "basic" || auth == "scoped-token")) {
    require("email", "site.auth = \"" + auth + "\" needs the account's e-mail address");
  }
  if (config_.site.client_id.empty() && auth == "service-account") {
    require("client_id", "site.auth = \"service-account\" needs the OAuth 2.0 client id");
  }
}

std::vector<Problem> Reading::take() {
  std::stable_sort(problems_.begin(), problems_.end(), [](const Problem& a, const Problem& b) {
    return a.line != b.line ? a.line < b.line : a.column < b.column;
  });
  return std::move(problems_);
}

// The text as lines that can be blanked without moving the others.
class Lines {
 public:
  explicit Lines(std::string_view text) : text_(text) {}
  const std::string& text() const { return text_; }
  std::string_view line(std::uint32_t number) const {
    const auto [from, to] = bounds(number);
    return std::string_view(text_).substr(from, to - from);
  }
  void blank(std::uint32_t number) {
    const auto [from, to] = bounds(number);
    std::fill(text_.begin() + static_cast<std::ptrdiff_t>(from),
              text_.begin() + static_cast<std::ptrdiff_t>(to), ' ');
  }

 private:
  std::pair<std::size_t, std::size_t> bounds(std::uint32_t number) const {
    std::size_t from = 0;
    for (std::uint32_t at = 1; at < number && from < text_.size(); ++at) {
      from = std::min(text_.find('\n', from), text_.size() - 1) + 1;
    }
    return {from, std::min(text_.find('\n', from), text_.size())};
  }
  std::string text_;
};

// The key that a line sets, "" if it is no such line.
std::string key_of(std::string_view line) {
  const auto equals = line.find('=');
  if (equals == line.npos) return {};
  auto key = trimmed(line.substr(0, equals));
  if (const auto dot = key.rfind('.'); dot != key.npos) key = trimmed(key.substr(dot + 1));
  while (key.size() > 1 && (key.front() == '"' || key.front() == '\''))
    key = key.substr(1, key.size() - 2);
  return std::string(key);
}

// Whether only this one line suffers if it is wrong: it opens nothing that goes on below.
bool stands_alone(std::string_view line) {
  if (trimmed(line).empty() || trimmed(line).front() == '[' || key_of(line).empty()) return false;
  const auto count = [line](char c) { return std::count(line.begin(), line.end(), c); };
  return count('[') == count(']') && count('{') == count('}') && line.find("\"\"\"") == line.npos &&
         line.find("'''") == line.npos;
}

}  // namespace

std::string to_string(const Problem& problem) {
  std::string text = problem.file;
  if (problem.line > 0)
    text += ":" + std::to_string(problem.line) + ":" + std::to_string(problem.column);
  if (!problem.key.empty()) text += ": " + problem.key;
  return text + ": " + problem.text;
}

std::vector<Problem> parse(std::string_view text, const fs::path& file, Config& config) {
  config.file = fs::absolute(file).lexically_normal();
  Reading reading(file, config);
  Lines lines(text);
  // The parser stops at its first error. Where that is one line alone, the rest is read without it.
  for (int errors = 0;; ++errors) {
    try {
      reading.read(toml::parse(lines.text(), file.string()));
      reading.finish(errors == 0);
      break;
    } catch (const toml::parse_error& error) {
      const auto& at = error.source();
      const auto line = lines.line(at.begin.line);
      // The parser's own words may quote what stands there.
      const bool secret = names_a_secret(key_of(line));
      reading.add(at, {}, secret ? kNoTokenHere : std::string(error.description()));
      if (errors + 1 >= kMostSyntaxErrors || !stands_alone(line)) break;
      lines.blank(at.begin.line);
    }
  }
  return reading.take();
}

}  // namespace config
