// site-compare: tells whether a mirror's export holds exactly what the simulated site's digest
// says.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "tests/site/compare.h"
#include "tests/site/text.h"

int main(int argc, char** argv) {
  CLI::App app(
      "Compares a digest of the simulated site with a JSON Lines export. Exit 0: equal, 1: they "
      "differ.");
  std::string digest_path;
  std::string export_path;
  std::vector<std::string> except;
  site::CompareOptions options;
  app.add_option("digest", digest_path, "What the site printed")->required();
  app.add_option("export", export_path, "What `confmirror export --format jsonl --history` wrote")
      ->required();
  app.add_option("--except-pages", except, "Ids of pages that are not compared")->delimiter(',');
  app.add_flag("--current-only", options.current_only, "Leave older versions out");
  app.add_option("--show", options.max_shown, "Differences to print at most");
  CLI11_PARSE(app, argc, argv);
  for (const std::string& text : except) {
    const auto id = site::parse_number(text);
    if (!id) {
      std::fprintf(stderr, "site-compare: '%s' is no page id\n", text.c_str());
      return 2;
    }
    options.except_pages.insert(*id);
  }
  std::ifstream digest(digest_path);
  std::ifstream exported(export_path);
  for (const auto& [stream, path] :
       {std::pair(&digest, &digest_path), std::pair(&exported, &export_path)}) {
    if (*stream) continue;
    std::fprintf(stderr, "site-compare: cannot open '%s'\n", path->c_str());
    return 2;
  }
  const site::Comparison result = site::compare(digest, exported, options);
  std::printf(
      "spaces %llu, nodes %llu, pages %llu, versions %llu, excepted pages %llu, tombstones %llu, "
      "differences "
      "%llu\n",
      static_cast<unsigned long long>(result.spaces), static_cast<unsigned long long>(result.nodes),
      static_cast<unsigned long long>(result.pages),
      static_cast<unsigned long long>(result.versions),
      static_cast<unsigned long long>(result.excepted),
      static_cast<unsigned long long>(result.tombstones),
      static_cast<unsigned long long>(result.differences));
  for (const std::string& line : result.shown) std::printf("  %s\n", line.c_str());
  return result.differences == 0 ? 0 : 1;
}
