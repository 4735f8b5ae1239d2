#include "daemon/edits/batch_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "daemon/edits/entry_reader.h"

namespace edits {

namespace {

constexpr std::string_view kBlank = " \t\r\n";

std::int64_t lines_in(std::string_view text) { return std::count(text.begin(), text.end(), '\n'); }

void read_entry(std::string_view text, std::int64_t line, Parsed& parsed) {
  const auto value = input::parse_value(text, line, parsed.problems);
  if (!value) return;
  EntryReader reader(*value, line, std::nullopt);
  auto entry = reader.read();
  for (auto& problem : reader.take_problems()) parsed.problems.push_back(std::move(problem));
  if (entry) {
    parsed.entries.push_back(std::move(*entry));
  } else if (value->is_object() && value->contains("ref") && (*value)["ref"].is_string()) {
    parsed.refs_of_others.push_back((*value)["ref"].get<std::string>());
  }
}

bool has_too_many(const Parsed& parsed) { return parsed.problems.size() >= kMostProblems; }

void read_lines(std::string_view text, Parsed& parsed) {
  std::int64_t line = 0;
  while (!text.empty() && !has_too_many(parsed)) {
    ++line;
    const auto end = std::min(text.find('\n'), text.size());
    const auto entry = text.substr(0, end);
    if (entry.find_first_not_of(kBlank) != entry.npos) read_entry(entry, line, parsed);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

// Cuts an array into its elements, so that each is read, and complained of, by itself.
class ArrayCutter {
 public:
  explicit ArrayCutter(std::string_view text) : text_(text) {}

  void run(Parsed& parsed) {
    std::size_t begin = text_.find('[') + 1;
    int depth = 1;
    bool quoted = false;
    for (std::size_t at = begin; at < text_.size(); ++at) {
      const char c = text_[at];
      if (quoted) {
        if (c == '\\') ++at;
        if (c == '"') quoted = false;
        continue;
      }
      if (c == '"') quoted = true;
      if (c == '[' || c == '{') ++depth;
      if (c == ']' || c == '}') --depth;
      if (depth == 1 && c == ',') {
        element(begin, at, false, parsed);
        if (has_too_many(parsed)) return;
        begin = at + 1;
      }
      if (depth == 0) {
        element(begin, at, count_ == 0, parsed);
        if (text_.find_first_not_of(kBlank, at + 1) != text_.npos) {
          complain(at + 1, "there is more after the end of the array", parsed);
        }
        return;
      }
    }
    complain(text_.size(), "the array does not end: expected ]", parsed);
  }

 private:
  void element(std::size_t begin, std::size_t end, bool may_be_empty, Parsed& parsed) {
    const auto first = text_.find_first_not_of(kBlank, begin);
    ++count_;
    if (first >= end) {
      if (!may_be_empty) complain(end, "an entry is missing between two commas", parsed);
      return;
    }
    read_entry(text_.substr(first, end - first), line_of(first), parsed);
  }
  std::int64_t line_of(std::size_t offset) {
    line_ += lines_in(text_.substr(counted_, offset - counted_));
    counted_ = offset;
    return line_;
  }
  void complain(std::size_t offset, std::string what, Parsed& parsed) {
    parsed.problems.push_back({line_of(std::max(offset, counted_)), "", std::move(what)});
  }

  std::string_view text_;
  std::size_t counted_ = 0;  // lines are counted as far as this
  std::int64_t line_ = 1;
  std::size_t count_ = 0;
};

void sort_by_line(Parsed& parsed) {
  std::stable_sort(parsed.problems.begin(), parsed.problems.end(),
                   [](const Problem& a, const Problem& b) { return a.line < b.line; });
}

}  // namespace

Parsed parse_batch(std::string_view text) {
  Parsed parsed;
  if (text.size() > kMostBatchBytes) {
    parsed.problems.push_back({1, "", "the file is larger than 1 GiB: hand it in by parts"});
    return parsed;
  }
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const auto first = text.find_first_not_of(kBlank);
  if (first == text.npos) {
    parsed.problems.push_back({1, "", "there is nothing in it: expected one entry at least"});
    return parsed;
  }
  if (text[first] == '[') {
    ArrayCutter(text).run(parsed);
  } else {
    read_lines(text, parsed);
  }
  if (parsed.entries.empty() && parsed.problems.empty()) {
    parsed.problems.push_back({1, "", "there is nothing in it: expected one entry at least"});
  }
  sort_by_line(parsed);
  if (has_too_many(parsed)) {
    parsed.problems.push_back(
        {parsed.problems.back().line, "",
         fmt::format("there are {} problems up to here: the rest was not read",
                     parsed.problems.size())});
  }
  return parsed;
}

Parsed parse_action(store::JobAction action, std::string_view text) {
  Parsed parsed;
  const auto value = input::parse_value(text, 1, parsed.problems);
  if (!value) return parsed;
  EntryReader reader(*value, 1, action);
  auto entry = reader.read();
  parsed.problems = reader.take_problems();
  if (entry) parsed.entries.push_back(std::move(*entry));
  return parsed;
}

}  // namespace edits
