// What text, Markdown and HTML of a body cost, as ratios against the strict read alone (expat),
// over files that are named: `render_bench ../shared/corpus/storage/*`. One line each.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "daemon/storage_format/document.h"
#include "daemon/storage_format/extract.h"
#include "daemon/storage_format/forgiving.h"
#include "daemon/storage_format/render.h"

namespace {

namespace sf = storage_format;

template <typename Work>
double seconds_of(const std::vector<std::string>& bodies, const Work& work) {
  constexpr int kRounds = 40;
  constexpr int kTries = 5;
  double best = 1e9;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    const auto begin = std::chrono::steady_clock::now();
    std::size_t size = 0;
    for (int round = 0; round < kRounds; ++round) {
      for (const auto& body : bodies) size += work(body);
    }
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    if (size == 0) std::puts("nothing read");
    best = std::min(best, taken.count() / kRounds);
  }
  return best;
}

}  // namespace

int main(int count, char** names) {
  std::vector<std::string> bodies;
  std::size_t bytes = 0;
  for (int at = 1; at < count; ++at) {
    std::ifstream in(names[at], std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    bodies.push_back(text.str());
    bytes += bodies.back().size();
  }
  if (bytes == 0) {
    std::fputs("usage: render_bench FILE...\n", stderr);
    return 2;
  }
  const auto strict =
      seconds_of(bodies, [](const auto& body) { return sf::read(body).has_value() ? 1U : 0U; });
  const auto tell = [&](const char* name, double seconds) {
    fmt::print("{:<16} {:6.1f} MB/s, of the strict read's time: {:.2f}\n", name,
               static_cast<double>(bytes) / 1e6 / seconds, seconds / strict);
  };
  fmt::print("{} bodies, {} bytes\n", bodies.size(), bytes);
  tell("read", strict);
  tell("read_forgiving", seconds_of(bodies, [](const auto& body) {
         return sf::read_forgiving(body).source().size();
       }));
  tell("plain_text",
       seconds_of(bodies, [](const auto& body) { return sf::plain_text(body).size(); }));
  tell("extract",
       seconds_of(bodies, [](const auto& body) { return sf::extract(body).text.size(); }));
  tell("to_markdown",
       seconds_of(bodies, [](const auto& body) { return sf::to_markdown(body).text.size(); }));
  tell("to_html",
       seconds_of(bodies, [](const auto& body) { return sf::to_html(body).text.size(); }));
  return 0;
}
