#pragma once

// Every option there is, in one table: where its value goes, its form, range, default and meaning.
// Loading (load.h), the sample file and what `init` writes are all made from it; the defaults
// themselves stand in config.h. Read only; any thread.

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/config.h"

namespace config {

// Where a value goes; which of them it is says the option's TOML type as well.
using TextField = std::string& (*)(Config&);
using PathField = std::filesystem::path& (*)(Config&);
using ListField = std::vector<std::string>& (*)(Config&);
using IntegerField = std::int64_t& (*)(Config&);
using NumberField = double& (*)(Config&);
using DurationField = std::chrono::milliseconds& (*)(Config&);
using Field =
    std::variant<TextField, PathField, ListField, IntegerField, NumberField, DurationField>;

enum class Form {
  kAny,
  kSiteUrl,
  kUrl,
  kEmail,
  kListen,
  kEnvName,
  kNotEmpty,
  kKeyDuration,
  kCloudId,
  kDate,
  kAppKey,
  kAccountId
};

struct Option {
  std::string_view table;
  std::string_view key;
  Field field;
  Form form = Form::kAny;                   // of a text, or of each text of a list
  std::vector<std::string_view> allowed{};  // if not empty: nothing else
  double lowest = 0;                        // numbers; durations in milliseconds
  double highest = 0;
  bool zero = false;            // 0 is allowed besides the range
  bool not_empty = false;       // of a list or a path
  bool required = false;        // `example` stands in the sample as a setting
  std::string_view fallback{};  // of a path: the default, beside the configuration file
  std::string_view example{};   // TOML; shown in the sample instead of the default
  std::string_view help{};      // lines for the sample, without '#'
};

const std::vector<Option>& options();
const Option* find_option(std::string_view table, std::string_view key);
std::string full_key(const Option& option);  // "sync.interval"
// The value of a configuration that says nothing, as TOML.
std::string default_value(const Option& option);
// "a whole number from 1 to 64", "a duration such as \"5m\"", ...
std::string expected(const Option& option);

// Why this text cannot be the value of an option; nullopt if it can.
std::optional<std::string> refusal(const Option& option, std::string_view text);

// A whole configuration file: every option with its help; those named in `settings` (full key to
// TOML value) are set, the others are comments that show their default.
std::string render(const std::map<std::string, std::string>& settings);
// The same with nothing set but what has no default.
std::string sample();

// As a TOML string.
std::string toml_string(std::string_view text);

}  // namespace config
