// What reading a listing costs with nlohmann's DOM, nlohmann's SAX and with ours (simdjson's DOM),
// on listings of the size that the site sends: 250 pages of 4 KB, and the history of one page with
// 12 versions. All three end in the same records, bodies hashed. One line each.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "daemon/confluence/parse.h"

namespace {

using nlohmann::json;

std::string body_of(int seed, std::size_t size) {
  std::string text = "<h2>Überblick &amp; Zweck</h2>";
  for (int line = 0; text.size() < size; ++line) {
    text += fmt::format(
        "<p class=\"auto\">Step {}: open \"settings\", set <code>retries={}</code> — see "
        "<ac:link><ri:page ri:content-title=\"Runbook {}\" /></ac:link>.</p>\n",
        line, (seed * 7919 + line) % 997, seed + line);
  }
  return text;
}

json version_json(int number) {
  return {{"createdAt", "2026-01-02T03:04:05.678Z"},
          {"message", "edited"},
          {"number", number},
          {"minorEdit", false},
          {"authorId", "712020:11111111-2222-3333-4444-555555555555"}};
}

std::string pages_json() {
  json rows = json::array();
  for (int i = 1; i <= 250; ++i) {
    rows.push_back(
        {{"id", std::to_string(39'000'000 + i * 37)},
         {"status", "current"},
         {"title", fmt::format("How to run service {}", i)},
         {"spaceId", "98306"},
         {"parentId", "39000000"},
         {"parentType", "page"},
         {"position", i * 100},
         {"authorId", "712020:11111111-2222-3333-4444-555555555555"},
         {"ownerId", "712020:11111111-2222-3333-4444-555555555555"},
         {"lastOwnerId", nullptr},
         {"createdAt", "2025-01-02T03:04:05.678Z"},
         {"version", version_json(i % 12 + 1)},
         {"body", {{"storage", {{"representation", "storage"}, {"value", body_of(i, 4096)}}}}},
         {"_links",
          {{"webui", fmt::format("/spaces/ENG/pages/{}", i)},
           {"editui", "/pages/resumedraft.action?draftId=1"},
           {"tinyui", "/x/AbCd"}}}});
  }
  return json{{"results", rows},
              {"_links",
               {{"next", "/wiki/api/v2/pages?cursor=eyJpZCI6IjMifQ=="},
                {"base", "https://your-domain.atlassian.net/wiki"}}}}
      .dump();
}

std::string versions_json() {
  json rows = json::array();
  for (int number = 12; number >= 1; --number) {
    auto row = version_json(number);
    row["page"] = {
        {"id", "39000001"},
        {"title", "How to run service 1"},
        {"body", {{"storage", {{"representation", "storage"}, {"value", body_of(number, 4096)}}}}}};
    rows.push_back(row);
  }
  return json{{"results", rows}, {"_links", json::object()}}.dump();
}

// What a row becomes: the fields that differ between rows, and the body.
struct Row {
  std::string id;
  std::string title;
  std::int64_t number = 0;
  store::Time created_at{};
  store::Body body;
};

std::size_t with_dom(const std::string& text) {
  const auto document = json::parse(text);
  std::vector<Row> rows;
  for (const auto& element : document.at("results")) {
    Row row;
    const auto& owner = element.contains("page") ? element.at("page") : element;
    const auto& version = element.contains("version") ? element.at("version") : element;
    row.id = owner.at("id").get<std::string>();
    row.title = owner.at("title").get<std::string>();
    row.number = version.at("number").get<std::int64_t>();
    row.created_at = *store::parse_iso8601(version.at("createdAt").get_ref<const std::string&>());
    row.body = store::Body(owner.at("body").at("storage").at("value").get<std::string>());
    rows.push_back(std::move(row));
  }
  return rows.size();
}

class Sax : public json::json_sax_t {
 public:
  std::vector<Row> rows;

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t value) override { return number(value); }
  bool number_unsigned(number_unsigned_t value) override {
    return number(static_cast<std::int64_t>(value));
  }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool string(string_t& value) override {
    if (rows.empty()) return true;
    auto& row = rows.back();
    if (key_ == "id" && depth_ <= 4) {
      row.id = std::move(value);
    } else if (key_ == "title") {
      row.title = std::move(value);
    } else if (key_ == "createdAt") {
      row.created_at = *store::parse_iso8601(value);
    } else if (key_ == "value") {
      row.body = store::Body(std::move(value));
    }
    return true;
  }
  bool start_object(std::size_t) override {
    if (++depth_ == 3) rows.emplace_back();
    return true;
  }
  bool key(string_t& value) override {
    key_ = std::move(value);
    return true;
  }
  bool end_object() override { return --depth_, true; }
  bool start_array(std::size_t) override { return ++depth_, true; }
  bool end_array() override { return --depth_, true; }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

 private:
  bool number(std::int64_t value) {
    if (key_ == "number" && !rows.empty()) rows.back().number = value;
    return true;
  }
  int depth_ = 0;
  std::string key_;
};

std::size_t with_sax(const std::string& text) {
  Sax sax;
  return json::sax_parse(text, &sax) ? sax.rows.size() : 0;
}

// Megabytes a second: the best of several runs of at least a fifth of a second.
double measure(const std::string& text, std::size_t expected,
               const std::function<std::size_t(const std::string&)>& parse) {
  using Clock = std::chrono::steady_clock;
  double best = 0;
  for (int run = 0; run < 5; ++run) {
    std::size_t bytes = 0;
    const auto begin = Clock::now();
    double seconds = 0;
    while (seconds < 0.2) {
      if (parse(text) != expected) {
        std::fprintf(stderr, "a parser did not read every row\n");
        std::exit(1);
      }
      bytes += text.size();
      seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    }
    best = std::max(best, static_cast<double>(bytes) / seconds / 1e6);
  }
  return best;
}

void compare(const char* what, const std::string& text, std::size_t rows,
             const std::function<std::size_t(const std::string&)>& ours) {
  const auto dom = measure(text, rows, with_dom);
  const auto line = [&](const char* how, double speed) {
    fmt::print("{} ({} KB): {:<22} {:7.0f} MB/s  {:5.2f} x nlohmann DOM\n", what,
               text.size() / 1024, how, speed, speed / dom);
  };
  line("nlohmann DOM", dom);
  line("nlohmann SAX", measure(text, rows, with_sax));
  line("simdjson DOM (ours)", measure(text, rows, ours));
}

}  // namespace

int main() {
  const auto pages = pages_json();
  const auto versions = versions_json();
  compare("250 pages", pages, 250,
          [](const std::string& text) { return confluence::parse_pages(text, true)->rows.size(); });
  compare("12 versions", versions, 12, [](const std::string& text) {
    return confluence::parse_versions(text, true)->rows.size();
  });
  const auto hashing =
      measure(pages, 32, [](const std::string& text) { return store::sha256(text).size(); });
  fmt::print("hashing alone: {:.0f} MB/s\n", hashing);
  return 0;
}
