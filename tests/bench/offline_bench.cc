// What the mirror answers without network, in one process and warm: pages by id, lists of 100 pages
// with bodies, each as the connector's read action, JSON included; and searches of three words that
// stand in a page. Beside them, as the yardstick, the same rows read by plain SQL from the views
// and thrown away; beside a search, the same words by LIKE.
// usage: offline_bench MIRROR [ROUNDS]

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "daemon/query/read_actions.h"
#include "daemon/query/search.h"
#include "daemon/storage_format/extract.h"
#include "store/reader.h"

namespace {

using Clock = std::chrono::steady_clock;

struct Figures {
  double median = 0;  // milliseconds
  double p99 = 0;
};

Figures measure(int rounds, const std::function<void(int)>& work) {
  work(0);
  std::vector<double> times;
  for (int round = 0; round < rounds; ++round) {
    const auto begin = Clock::now();
    work(round);
    const std::chrono::duration<double, std::milli> took = Clock::now() - begin;
    times.push_back(took.count());
  }
  std::sort(times.begin(), times.end());
  return {times[times.size() / 2], times[times.size() * 99 / 100]};
}

[[noreturn]] void stop(const std::string& why) {
  fmt::print(stderr, "offline_bench: {}\n", why);
  std::exit(1);
}

template <typename T>
T must(store::Result<T> result) {
  if (!result) stop(result.error().message);
  return std::move(*result);
}

class Yardstick {
 public:
  explicit Yardstick(const char* path) {
    if (sqlite3_open_v2(path, &db_, SQLITE_OPEN_READONLY, nullptr) != SQLITE_OK) stop("no mirror");
  }
  ~Yardstick() { sqlite3_close(db_); }
  Yardstick(const Yardstick&) = delete;
  Yardstick& operator=(const Yardstick&) = delete;

  void run(const std::string& sql) {
    const auto count = [](void*, int, char**, char**) { return 0; };
    if (sqlite3_exec(db_, sql.c_str(), count, nullptr, nullptr) != SQLITE_OK) {
      stop(sqlite3_errmsg(db_));
    }
  }

 private:
  sqlite3* db_ = nullptr;
};

bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }
bool is_between(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

void print(const char* what, const Figures& ours, const Figures& yardstick) {
  fmt::print("{}: median {:.3f} ms, p99 {:.3f} ms ({:.2f} times plain SQL)\n", what, ours.median,
             ours.p99, ours.median / yardstick.median);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) stop("usage: offline_bench MIRROR [ROUNDS]");
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 1'000;
  const auto reader = must(store::Reader::open(argv[1]));
  store::PageFilter filter;
  filter.sort = "id";
  const auto pages = must(reader->pages(filter));
  if (pages.empty()) stop("the mirror has no pages");
  std::string biggest;
  std::int64_t most = 0;
  for (const auto& space : must(reader->spaces())) {
    if (space.pages > most) biggest = space.key;
    most = std::max(most, space.pages);
  }
  std::minstd_rand random(1);
  std::vector<store::Id> ids;
  for (int i = 0; i < rounds; ++i) ids.push_back(pages[random() % pages.size()].id);
  const auto id_of = [&ids](int round) { return ids[static_cast<std::size_t>(round)]; };
  fmt::print("{} pages, {} in the largest space\n", pages.size(), most);

  Yardstick yardstick(argv[1]);
  const auto plain_page = measure(rounds, [&](int round) {
    yardstick.run(fmt::format("SELECT * FROM pages WHERE page_id={}", id_of(round)));
  });
  const auto page = measure(rounds, [&](int round) {
    querying::PageRequest request;
    request.page_id = id_of(round);
    request.expand.body = request.expand.version = request.expand.space = true;
    querying::to_line(must(querying::answer(*reader, request)));
  });
  print("get_page with body, version and space", page, plain_page);

  const auto offset = [&](int round) {
    return static_cast<std::int64_t>(round) * 97 % std::max<std::int64_t>(1, most - 100);
  };
  const auto plain_list = measure(rounds / 10, [&](int round) {
    yardstick.run(
        fmt::format("SELECT * FROM pages WHERE space_key='{}' AND status='current' ORDER "
                    "BY page_id LIMIT 100 OFFSET {}",
                    biggest, offset(round)));
  });
  const auto list = measure(rounds / 10, [&](int round) {
    querying::PagesRequest request;
    request.space_key = biggest;
    request.limit = 100;
    request.start = offset(round);
    request.expand.body = request.expand.version = true;
    querying::to_line(must(querying::answer(*reader, request)));
  });
  print("get_pages of 100 with bodies", list, plain_list);
  const auto plain_title = measure(rounds / 10, [&](int round) {
    yardstick.run(
        fmt::format("SELECT * FROM pages WHERE space_key='{}' AND title=(SELECT title "
                    "FROM pages WHERE page_id={})",
                    biggest, id_of(round)));
  });
  const auto title = measure(rounds / 10, [&](int round) {
    querying::PagesRequest request;
    request.space_key = biggest;
    request.title = pages[static_cast<std::size_t>(round) * 31 % pages.size()].title;
    querying::to_line(must(querying::answer(*reader, request)));
  });
  print("get_pages by title", title, plain_title);

  // Three words of five letters and more, from all over a page.
  std::vector<std::string> searches;
  for (int round = 0; searches.size() < static_cast<std::size_t>(rounds) / 2 && round < rounds;
       ++round) {
    const auto found = must(reader->page(id_of(round), true));
    if (!found || !found->body || found->status != "current") continue;
    const auto text = storage_format::plain_text(found->body->text);
    std::vector<std::string> words;
    for (std::size_t at = 0; at < text.size();) {
      std::size_t end = at;
      bool plain = true;  // nothing but ASCII: the index cuts words at what is not seen here
      for (; end < text.size() && !is_between(text[end]); ++end) plain &= is_letter(text[end]);
      if (plain && end - at >= 5) words.push_back(text.substr(at, end - at));
      at = end + 1;
    }
    if (words.size() < 3) continue;
    searches.push_back(fmt::format("{} {} {}", words[random() % words.size()],
                                   words[random() % words.size()], words[random() % words.size()]));
  }
  if (searches.empty()) return 0;
  const auto count = static_cast<int>(searches.size());
  constexpr int kSlowRounds = 5;
  const auto plain_search = measure(std::min(count, kSlowRounds), [&](int round) {
    std::string like;
    for (const char c : searches[static_cast<std::size_t>(round)]) {
      like += c == ' ' ? std::string("%' AND body_storage LIKE '%") : std::string(1, c);
    }
    yardstick.run("SELECT count(*) FROM pages WHERE body_storage LIKE '%" + like + "%'");
  });
  std::int64_t hits = 0;
  const auto search = measure(count, [&](int round) {
    querying::SearchRequest request;
    request.words = searches[static_cast<std::size_t>(round)];
    const auto answer = must(querying::search(*reader, request));
    if (answer.total == 0) stop("nothing found for " + request.words);
    hits += answer.total;
    querying::search_json(answer);
  });
  print("search of three words, 20 best", search, plain_search);
  fmt::print("  {} searches, {} pages found by one on average\n", count, hits / (count + 1));
  return 0;
}
