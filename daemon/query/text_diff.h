#pragma once

// Pure: what changed between two texts, by lines, and within a line by words. Lines are matched by
// storage_format's align, so time is bounded there; of a line that became another the words are
// compared. Any thread.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace querying {

enum class DiffKind { kSame, kRemoved, kAdded };

struct DiffWord {  // one or more words with the blanks after them
  DiffKind kind = DiffKind::kSame;
  std::string text;
};

struct DiffLine {
  enum class Kind { kSame, kRemoved, kAdded, kChanged };
  Kind kind = Kind::kSame;
  std::string before;  // empty where there was no line
  std::string after;
  std::size_t before_line = 0;  // from 1; of an added line, the last one before it
  std::size_t after_line = 0;
  std::vector<DiffWord> words;  // of a changed line
};

std::vector<DiffLine> diff_texts(std::string_view before, std::string_view after);
std::vector<DiffWord> diff_words(std::string_view before, std::string_view after);

// As diff -u prints it; "" where nothing changed.
std::string unified_diff(const std::vector<DiffLine>& lines, const std::string& before_name,
                         const std::string& after_name, std::size_t context = 3);

}  // namespace querying
