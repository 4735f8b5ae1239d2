#include "daemon/cli/search_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/cli/as_of.h"
#include "daemon/cli/long_task.h"
#include "daemon/cli/progress_line.h"
#include "daemon/cli/report.h"
#include "daemon/cli/row_json.h"
#include "daemon/cli/terminal.h"
#include "daemon/query/indexer.h"
#include "daemon/query/query_parser.h"
#include "daemon/query/search.h"
#include "daemon/storage_format/extract.h"
#include "store/lock.h"
#include "store/texts.h"
#include "store/writer.h"

namespace cli {

namespace {

namespace fs = std::filesystem;

struct SearchArgs {
  std::vector<std::string> words;
  querying::SearchRequest request;
  std::string as_of;
};

bool is_up_to_date(const store::TextState& state) {
  return state.pages_due == 0 && state.histories_due == 0 &&
         state.extractor == storage_format::kExtractorVersion;
}

std::string what_is_missing(const store::TextState& state) {
  if (state.extractor != storage_format::kExtractorVersion && state.extractor != 0) {
    return "the index was made by another version of the program";
  }
  auto text = fmt::format("{} pages are not in the index yet", with_thousands(state.pages_due));
  if (state.histories_due > 0) {
    text += fmt::format(", nor the older versions of {}", with_thousands(state.histories_due));
  }
  return text;
}

// Only who may write, and nobody beside somebody who crawls. False: it could not be tried.
store::Result<bool> try_to_index(const fs::path& path, store::Reader& reader,
                                 const store::TextState& state, const GlobalOptions& globals,
                                 std::ostream& err) {
  if (::access(path.c_str(), W_OK) != 0) return false;
  const auto lock = store::MirrorLock::acquire(path);
  if (!lock) return false;
  const auto history = reader.meta("history");
  if (!history) return store::fail(history.error());
  store::Writer::Options options;
  options.create = false;
  options.history = history->value_or("bodies");
  auto writer = store::Writer::open(path, options);
  if (!writer && writer.error().kind == store::ErrorKind::kSystem) return false;
  if (!writer) return store::fail(writer.error());
  querying::IndexOptions index;
  index.history = state.index_history;
  const auto indexed = [&] {
    LongTask task("indexing", globals, err);
    index.going_on = task.progress();
    return querying::index_texts(path, **writer, index);
  }();
  const auto closed = (*writer)->close();
  if (!indexed) return store::fail(indexed.error());
  if (!closed) return store::fail(closed.error());
  return true;
}

store::Result<void> bring_up_to_date(const fs::path& path, store::Reader& reader, bool history,
                                     const GlobalOptions& globals, std::ostream& err) {
  auto texts = store::TextReader::open(path);
  if (!texts) return store::fail(texts.error());
  const auto state = (*texts)->state();
  if (!state) return store::fail(state.error());
  if (history && !state->index_history) {
    return store::fail(
        store::ErrorKind::kUsage, "history_not_indexed",
        "cannot search older versions: they are not indexed",
        "set history = \"all\" in the table [search] of the configuration, and sync");
  }
  if (is_up_to_date(*state)) return {};
  auto tried = try_to_index(path, reader, *state, globals, err);
  if (!tried && tried.error().kind != store::ErrorKind::kSystem) {
    return store::fail(tried.error());
  }
  // Another process may be doing it. A full disk keeps nobody from searching what is there.
  if (!tried || !*tried) {
    err << fmt::format("confmirror: {}: what is found may be incomplete\n",
                       what_is_missing(*state));
  }
  return {};
}

class Printer {
 public:
  Printer(std::ostream& out, bool history)
      : out_(out), bold_(terminal_of(out).colours), history_(history) {}

  void print(const querying::SearchAnswer& answer) {
    for (const auto& hit : answer.hits) {
      if (std::exchange(begun_, true)) out_ << "\n";
      print(hit, answer.site_url);
    }
  }

 private:
  void print(const querying::SearchHit& hit, const std::string& site_url) {
    const auto& page = hit.page;
    const auto title = text_of(hit.found.title);
    out_ << (title.empty() ? printable(page.title) : title) << "\n";
    if (!hit.found.snippet.empty()) out_ << "  " << text_of(hit.found.snippet) << "\n";
    out_ << "  " << printable(page.space_key);
    if (page.status != "current") out_ << ", " << printable(page.status);
    if (history_) out_ << ", version " << hit.found.version.value_or(0);
    out_ << " · " << store::to_iso8601(hit.found.modified).substr(0, 10) << " · "
         << printable(querying::url_of(page, site_url)) << "\n";
  }
  std::string text_of(const store::MarkedText& text) const {
    std::string shown;
    for (const auto& [piece, hit] : text) {
      shown += hit && bold_ ? "\033[1m" + printable(piece) + "\033[0m" : printable(piece);
    }
    return shown;
  }

  std::ostream& out_;
  bool bold_;
  bool history_;
  bool begun_ = false;
};

store::Result<void> execute(const GlobalOptions& globals, const SearchArgs& args, std::ostream& out,
                            std::ostream& err) {
  const auto path = resolve_mirror_path(globals);
  if (!path) return store::fail(path.error());
  auto reader = store::Reader::open(*path);
  if (!reader) return store::fail(reader.error());
  auto request = args.request;
  request.words = fmt::format("{}", fmt::join(args.words, " "));
  // A wrong query is told before anything else is done.
  if (auto fault = querying::query_fault(request.words)) return store::fail(std::move(*fault));
  const auto as_of = parse_as_of(args.as_of);
  if (!as_of) return store::fail(as_of.error());
  request.as_of = *as_of;
  if (!request.as_of) {
    auto done = bring_up_to_date(*path, **reader, request.history, globals, err);
    if (!done) return done;
  }
  const auto answer = querying::search(**reader, request);
  if (!answer) return store::fail(answer.error());
  if (globals.json) {
    out << to_line(querying::search_json(*answer));
    return {};
  }
  Printer(out, request.history).print(*answer);
  const auto shown = static_cast<std::int64_t>(answer->hits.size());
  const char* what = request.history ? "versions" : "pages";
  if (globals.quiet) return {};
  if (answer->total == 0) {
    err << (request.history ? "no version matches\n" : "no page matches\n");
  } else if (shown < answer->total) {
    err << fmt::format("{} of {} {}; --limit N shows more, 0 all\n", with_thousands(shown),
                       with_thousands(answer->total), what);
  }
  if (request.as_of) return note_as_of(**reader, *request.as_of, answer->assumed, globals, err);
  return {};
}

}  // namespace

void add_search_command(CLI::App& app, const GlobalOptions& globals, std::ostream& out,
                        std::ostream& err, int& exit_code) {
  auto args = std::make_shared<SearchArgs>();
  auto& request = args->request;
  auto* search = app.add_subcommand("search", "Pages by the words in them, best first");
  search
      ->add_option(
          "words", args->words,
          "What is searched for: words, \"a phrase\", begin*, -without, a OR b, title:word, "
          "space:KEY, status:archived, author:name, updated:>2026-01-01, created:2025..2026; "
          "all of it in one pair of ' ' where a word begins with a minus")
      ->type_name("WORDS")
      ->required();
  search->add_option("--space", request.space, "Only in this space")->type_name("KEY");
  search->add_option("--status", request.statuses, "Only pages of this status (repeatable)")
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"current", "archived", "trashed", "deleted", "draft", "any"}));
  search->add_option("--sort", request.sort, "rank: best first; modified: newest first; title")
      ->check(CLI::IsMember({"rank", "modified", "title"}))
      ->capture_default_str();
  search->add_option("--limit", request.limit, "At most so many; 0 is no limit")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  search->add_flag("--history", request.history,
                   "In older versions, where they are indexed, in the place of the current ones");
  search
      ->add_option("--as-of", args->as_of,
                   "In the titles of then, of the pages that were there: a day or an ISO-8601 time")
      ->type_name("TIME");
  search->callback([&globals, &out, &err, &exit_code, args] {
    if (args->request.limit == 0) args->request.limit = -1;
    const auto done = execute(globals, *args, out, err);
    exit_code = done ? 0 : report(done.error(), err);
  });
}

}  // namespace cli
