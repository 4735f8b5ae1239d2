#include "daemon/cli/usage.h"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/cli/text.h"
#include "daemon/input/did_you_mean.h"

namespace cli {

namespace {

std::vector<std::string> names(const std::vector<const CLI::App*>& commands) {
  std::vector<std::string> found;
  for (const auto* command : commands) {
    if (!command->get_name().empty()) found.push_back(command->get_name());
  }
  return found;
}

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

// " db backup" of "confmirror db backup"
std::string below_root(const std::string& path) {
  return path.substr(std::min(path.size(), path.find(' ')));
}

store::Error no_command(const CLI::App& app, const std::string& path, const std::string& word) {
  auto hint = input::did_you_mean(word, names(commands_of(app)));
  if (!hint.empty()) hint += " ";
  return store::Error(store::ErrorKind::kUsage, "unknown_command",
                      fmt::format("cannot run '{} {}': no such command", path, word),
                      fmt::format("{}'confmirror help{}' lists all", hint, below_root(path)));
}

// The command that was recognised last, and its full name.
struct Deepest {
  const CLI::App* app = nullptr;
  std::string path;
};

Deepest deepest(const CLI::App& app) {
  Deepest found{&app, app.get_name()};
  for (auto below = app.get_subcommands(); !below.empty(); below = found.app->get_subcommands()) {
    found.app = below.front();
    found.path += " " + found.app->get_name();
  }
  return found;
}

std::vector<std::string> long_options(const CLI::App& app) {
  std::vector<std::string> found;
  for (const auto* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) found.push_back("--" + name);
  }
  return found;
}

store::Error unexpected(const CLI::App& app, const Deepest& at, const std::string& argument) {
  auto known = long_options(*at.app);
  const auto everywhere = long_options(app);
  known.insert(known.end(), everywhere.begin(), everywhere.end());
  const auto option = argument.substr(0, argument.find('='));
  auto hint = argument.starts_with("-") ? input::did_you_mean(option, known) : std::string();
  if (hint.empty()) {
    hint = fmt::format("'confmirror help{}' says what it takes", below_root(at.path));
  }
  return store::Error(store::ErrorKind::kUsage, "unexpected_argument",
                      fmt::format("cannot run '{}': it does not take '{}'", at.path, argument),
                      std::move(hint));
}

}  // namespace

store::Result<std::string> help_of(const CLI::App& app, const std::vector<std::string>& command) {
  const CLI::App* found = &app;
  std::string path = app.get_name();
  for (const auto& word : command) {
    const auto below = commands_of(*found);
    const auto next = std::find_if(below.begin(), below.end(), [&word](const auto* candidate) {
      return candidate->get_name() == word;
    });
    if (next == below.end()) return store::fail(no_command(*found, path, word));
    found = *next;
    path += " " + word;
  }
  // Not App::help(): that gives the help of the command which is running, and that is `help`.
  return found->get_formatter()->make_help(found, path, CLI::AppFormatMode::Normal);
}

store::Error explain_refusal(const CLI::App& app, const CLI::ParseError& refusal) {
  const auto at = deepest(app);
  const auto left = app.remaining(/*recurse=*/true);
  if (!commands_of(*at.app).empty()) {
    const auto word = std::find_if(left.begin(), left.end(),
                                   [](const auto& argument) { return !argument.starts_with("-"); });
    if (word != left.end()) return no_command(*at.app, at.path, *word);
    if (left.empty() && dynamic_cast<const CLI::RequiredError*>(&refusal) != nullptr) {
      return store::Error(store::ErrorKind::kUsage, "no_command",
                          fmt::format("cannot run '{}': it needs a command", at.path),
                          fmt::format("'confmirror help{}' lists all", below_root(at.path)));
    }
  }
  if (!left.empty()) return unexpected(app, at, left.front());
  return store::Error(store::ErrorKind::kUsage, "usage",
                      fmt::format("cannot run '{}': {}", at.path, refusal.what()),
                      fmt::format("'confmirror help{}' says what it takes", below_root(at.path)));
}

}  // namespace cli
