#include "daemon/cli/sql_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "config/units.h"
#include "daemon/cli/interrupt.h"
#include "daemon/cli/lookup.h"
#include "daemon/cli/progress_line.h"
#include "daemon/cli/report.h"
#include "daemon/cli/row_json.h"
#include "daemon/cli/sql_output.h"
#include "daemon/query/freshness.h"
#include "daemon/storage_format/extract.h"
#include "store/sql.h"

namespace cli {

namespace {

struct SqlArgs {
  std::string statement;  // - = standard input
  std::string timeout = "30s";
  std::int64_t max_rows = store::SqlLimits().max_rows;
  bool csv = false;
  bool raw = false;
  bool schema = false;
};

// Ends the process where the statement does not: one call of a function of SQLite may take for
// ever and looks at no clock. Nothing is lost, for nothing is written.
class LastDeadline {
 public:
  explicit LastDeadline(std::chrono::milliseconds timeout) {
    constexpr std::chrono::seconds kGrace{2};
    if (timeout.count() == 0) return;
    thread_ = std::jthread([this, limit = timeout + kGrace](const std::stop_token& stop) {
      std::unique_lock lock(mutex_);
      const auto over = changed_.wait_for(lock, stop, limit, [] { return false; });
      if (over || stop.stop_requested()) return;
      constexpr std::string_view kMessage =
          "confmirror: cannot finish the statement: one step of it took longer than the time "
          "limit\n";
      // Nobody is left to tell if that fails.
      [[maybe_unused]] const auto told = ::write(STDERR_FILENO, kMessage.data(), kMessage.size());
      ::_exit(store::exit_code(store::ErrorKind::kStopped));
    });
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::jthread thread_;  // the first to go
};

std::vector<store::SqlFunction> functions() {
  std::vector<store::SqlFunction> all;
  all.push_back({"text", 1, [](const std::vector<store::SqlValue>& values) -> store::SqlValue {
                   const auto* storage = std::get_if<std::string>(&values[0]);
                   if (storage == nullptr) return {};
                   return storage_format::plain_text(*storage);
                 }});
  return all;
}

store::Result<std::string> read_statement(const SqlArgs& args, std::istream& in) {
  if (args.statement != "-") return args.statement;
  return std::string(std::istreambuf_iterator<char>(in), {});
}

void print_schema(const std::vector<store::SqlView>& views, const GlobalOptions& globals,
                  std::ostream& out) {
  if (globals.json) {
    Json json;
    json["views"] = Json::array();
    for (const auto& view : views) {
      Json entry;
      entry["name"] = view.name;
      entry["about"] = view.about;
      entry["columns"] = view.columns;
      json["views"].push_back(std::move(entry));
    }
    out << to_line(json);
    return;
  }
  for (const auto& view : views) {
    out << fmt::format("{}: {}\n", view.name, view.about);
    std::string line = "   ";
    for (const auto& column : view.columns) {
      constexpr std::size_t kWidth = 100;
      if (line.size() + column.size() + 2 > kWidth) {
        out << line << "\n";
        line = "   ";
      }
      line += " " + column + (&column == &view.columns.back() ? "" : ",");
    }
    out << line << "\n";
  }
  out << "functions: version_body(page_id, version), the storage text of any version; "
         "text(storage), what people read in it\n";
}

// `.schema`, `.tables`, with the name of a view behind it or not, as the sqlite3 shell has them.
std::optional<std::string> wanted_schema(const SqlArgs& args) {
  if (args.schema) return args.statement;
  for (const std::string_view command : {".schema", ".tables", ".help"}) {
    if (!args.statement.starts_with(command)) continue;
    const auto name = args.statement.find_first_not_of(' ', command.size());
    return name == std::string::npos ? std::string() : args.statement.substr(name);
  }
  return std::nullopt;
}

store::Result<void> show_schema(store::SqlSession& session, const std::string& name,
                                const GlobalOptions& globals, std::ostream& out) {
  auto views = session.views();
  if (!views) return store::fail(views.error());
  if (!name.empty()) {
    std::erase_if(*views, [&](const store::SqlView& view) { return view.name != name; });
    if (views->empty()) {
      return store::fail(store::ErrorKind::kUsage, "unknown_view",
                         fmt::format("cannot describe '{}': there is no view of that name", name),
                         "'confmirror sql --schema' lists them all");
    }
  }
  print_schema(*views, globals, out);
  return {};
}

store::Result<std::unique_ptr<SqlOutput>> make_output(const GlobalOptions& globals,
                                                      const SqlArgs& args, std::ostream& out) {
  if (args.csv) return csv_output(out, args.raw);
  if (!globals.json) return table_output(out);
  auto reader = open_mirror(globals);
  if (!reader) return store::fail(reader.error());
  const auto synced_at = querying::synced_at_of(**reader);
  if (!synced_at) return store::fail(synced_at.error());
  return json_output(out, *synced_at);
}

store::Result<void> run_statement(store::SqlSession& session, const std::string& statement,
                                  const GlobalOptions& globals, const SqlArgs& args,
                                  std::ostream& out, std::ostream& err) {
  store::SqlLimits limits;
  const auto timeout = config::parse_duration(args.timeout);
  if (!timeout) {
    return store::fail(store::ErrorKind::kUsage, "bad_timeout",
                       fmt::format("cannot stop after '{}': that is no duration", args.timeout),
                       "--timeout 30s, --timeout 5m; 0 is no limit");
  }
  limits.timeout = *timeout;
  limits.max_rows = args.max_rows;
  auto output = make_output(globals, args, out);
  if (!output) return store::fail(output.error());
  const Interrupt interrupt;
  const auto outcome = [&] {
    const LastDeadline deadline(limits.timeout);
    return session.run(statement, limits, **output, &Interrupt::check);
  }();
  if (!outcome) return store::fail(outcome.error());
  (*output)->finish(*outcome);
  if (outcome->cut && !globals.quiet) {
    err << fmt::format("confmirror: cut after {} rows; --max-rows N gives more, 0 all\n",
                       with_thousands(outcome->rows));
  }
  return {};
}

store::Result<void> execute(const GlobalOptions& globals, const SqlArgs& args, std::istream& in,
                            std::ostream& out, std::ostream& err) {
  if (args.csv && globals.json) {
    return store::fail(store::ErrorKind::kUsage, "two_formats", "cannot print JSON and CSV at once",
                       "Give --json or --csv");
  }
  const auto path = resolve_mirror_path(globals);
  if (!path) return store::fail(path.error());
  auto session = store::SqlSession::open(*path, functions());
  if (!session) return store::fail(session.error());
  if (const auto name = wanted_schema(args)) return show_schema(**session, *name, globals, out);
  const auto statement = read_statement(args, in);
  if (!statement) return store::fail(statement.error());
  return run_statement(**session, *statement, globals, args, out, err);
}

}  // namespace

void add_sql_command(CLI::App& app, const GlobalOptions& globals, std::istream& in,
                     std::ostream& out, std::ostream& err, int& exit_code) {
  auto args = std::make_shared<SqlArgs>();
  auto* sql = app.add_subcommand("sql", "Read-only SQL over the documented views");
  sql->add_option("statement", args->statement,
                  "One SELECT; - reads it from standard input; with --schema, a view")
      ->type_name("SELECT|-");
  sql->add_flag("--csv", args->csv, "As CSV; what a spreadsheet would run gets a ' before it");
  sql->add_flag("--raw", args->raw, "With --csv: texts exactly as they are");
  sql->add_flag("--schema", args->schema, "The views with their columns, and do nothing else");
  sql->add_option("--timeout", args->timeout, "Stop it after that time; 0 is no limit")
      ->type_name("DURATION")
      ->capture_default_str();
  sql->add_option("--max-rows", args->max_rows, "Cut the answer after so many rows; 0 is no limit")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  sql->callback([&globals, &in, &out, &err, &exit_code, args] {
    const auto done = execute(globals, *args, in, out, err);
    exit_code = done ? 0 : report(done.error(), err);
  });
}

}  // namespace cli
