#include "daemon/cli/completion.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

namespace cli {

namespace {

using Words = std::vector<std::string>;

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* command) { return !command->get_name().empty(); });
}

// "TEXT:{a,b}" of an option that takes one of these; empty for any other.
Words choices_of(const CLI::Option& option) {
  const auto type = option.get_type_name();
  const auto from = type.find('{');
  const auto to = type.find('}', from);
  if (from == type.npos || to == type.npos) return {};
  Words choices(1);
  for (const char c : type.substr(from + 1, to - from - 1)) {
    if (c == ',') {
      choices.emplace_back();
    } else {
      choices.back() += c;
    }
  }
  return choices;
}

bool takes_path(const CLI::Option& option) {
  return option.get_type_name().find("FILE") != std::string::npos ||
         option.get_type_name().find("DIR") != std::string::npos;
}

Words names_of(const CLI::Option& option) {
  Words names;
  for (const auto& name : option.get_lnames()) names.push_back("--" + name);
  for (const auto& name : option.get_snames()) names.push_back("-" + name);
  return names;
}

// What is taken after its name: a path, one of a few words, anything, or nothing.
std::string value_kind(const CLI::Option& option) {
  if (option.get_items_expected_max() == 0) return "none";
  if (const auto choices = choices_of(option); !choices.empty())
    return fmt::format("{}", fmt::join(choices, " "));
  return takes_path(option) ? "path" : "any";
}

class Script {
 public:
  explicit Script(const CLI::App& root) : root_(root) { walk(root, root.get_name(), nullptr); }

  std::string text() const {
    return fmt::format(kTemplate, fmt::arg("name", root_.get_name()),
                       fmt::arg("commands", commands_), fmt::arg("options", options_),
                       fmt::arg("values", values_), fmt::arg("positionals", positionals_));
  }

 private:
  static constexpr const char* kTemplate =
      R"bash(# bash completion for {name}; source it, or put it into
# ~/.local/share/bash-completion/completions/{name}

_{name}_commands() {{
  case "$1" in
{commands}  esac
}}

_{name}_options() {{
  case "$1" in
{options}  esac
}}

# What follows an option: none, any, path, or the words that it takes.
_{name}_value() {{
  case "$1 $2" in
{values}  esac
}}

_{name}_positional() {{
  case "$1" in
{positionals}  esac
}}

_{name}_paths() {{
  compopt -o filenames 2>/dev/null
  local IFS=$'\n'
  COMPREPLY=( $(compgen -f -- "$1") )
}}

_{name}() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}" path={name} word kind skip= at
  COMPREPLY=()
  for (( at = 1; at < COMP_CWORD; at++ )); do
    word="${{COMP_WORDS[at]}}"
    # bash splits --option=value into three words.
    [[ "$word" == = ]] && {{ skip=; continue; }}
    if [[ -n "$skip" ]]; then
      skip=
    elif [[ "$word" == -* ]]; then
      kind=$(_{name}_value "$path" "$word")
      [[ "$kind" != none && -n "$kind" && "${{COMP_WORDS[at+1]}}" != = ]] && skip=1
    elif [[ " $(_{name}_commands "$path") " == *" $word "* ]]; then
      path="$path/$word"
    fi
  done
  local previous="${{COMP_WORDS[COMP_CWORD-1]}}"
  if [[ "$current" == = ]]; then
    current=
  elif [[ "$previous" == = ]]; then
    previous="${{COMP_WORDS[COMP_CWORD-2]}}"
    skip=1
  fi
  [[ "${{COMP_WORDS[COMP_CWORD]}}" == = ]] && skip=1
  if [[ -n "$skip" ]]; then
    kind=$(_{name}_value "$path" "$previous")
    case "$kind" in
      path) _{name}_paths "$current" ;;
      any|none|'') ;;
      *) COMPREPLY=( $(compgen -W "$kind" -- "$current") ) ;;
    esac
  elif [[ "$current" == -* ]]; then
    COMPREPLY=( $(compgen -W "$(_{name}_options "$path")" -- "$current") )
  else
    local words
    words=$(_{name}_commands "$path")
    if [[ -n "$words" ]]; then
      COMPREPLY=( $(compgen -W "$words" -- "$current") )
    elif [[ "$(_{name}_positional "$path")" == path ]]; then
      _{name}_paths "$current"
    fi
  fi
}}

complete -F _{name} {name}
)bash";

  void walk(const CLI::App& app, const std::string& path, const CLI::App* parent) {
    Words names;
    for (const auto* command : commands_of(app)) names.push_back(command->get_name());
    std::sort(names.begin(), names.end());
    commands_ += fmt::format("    {}) echo \"{}\" ;;\n", path, fmt::join(names, " "));

    // Options of the commands above are taken anywhere below them.
    std::set<std::string> shown;
    std::set<std::string> known;
    for (const auto* level : {&app, parent ? &root_ : nullptr}) {
      if (level) add_options(*level, path, level == &app, shown, known);
    }
    options_ += fmt::format("    {}) echo \"{}\" ;;\n", path, fmt::join(shown, " "));
    for (const auto* option : app.get_options()) {
      if (option->get_positional() && takes_path(*option)) {
        positionals_ += fmt::format("    {}) echo path ;;\n", path);
        break;
      }
    }
    for (const auto* command : commands_of(app))
      walk(*command, path + "/" + command->get_name(), &app);
  }

  void add_options(const CLI::App& level, const std::string& path, bool own,
                   std::set<std::string>& shown, std::set<std::string>& known) {
    for (const auto* option : level.get_options()) {
      // Only the program as a whole has a version.
      if (!own && option == root_.get_version_ptr()) continue;
      const auto names = names_of(*option);
      for (const auto& name : names) {
        if (!known.insert(name).second) continue;
        if (name.starts_with("--") && !option->get_group().empty()) shown.insert(name);
        values_ += fmt::format("    \"{} {}\") echo \"{}\" ;;\n", path, name, value_kind(*option));
      }
    }
  }

  const CLI::App& root_;
  std::string commands_;
  std::string options_;
  std::string values_;
  std::string positionals_;
};

}  // namespace

std::string bash_completion(const CLI::App& app) { return Script(app).text(); }

void add_completion_command(CLI::App& app, std::ostream& out, int& exit_code) {
  auto* completion = app.add_subcommand("completion", "Print a completion script for a shell");
  completion->require_subcommand(1);
  auto* bash = completion->add_subcommand("bash", "For bash: source <(confmirror completion bash)");
  bash->callback([&app, &out, &exit_code] {
    out << bash_completion(app);
    exit_code = 0;
  });
}

}  // namespace cli
