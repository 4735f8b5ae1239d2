#pragma once

// An index of words that a browser can search without a server, in files small enough to be loaded
// one by one. Words are folded (case, accents, forms of width; CJK by pairs of characters), each
// with the documents that it is in and its weight there; words that begin with the same two
// characters are in one file, so that a beginning of a word needs one file too. assets/app.js folds
// and cuts queries in the same way.
//
// Holds about three bytes for each different word of each document. One thread.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "daemon/export/publication.h"

namespace exporting {

std::vector<std::string> words_of(std::string_view text);

class SearchIndex {
 public:
  // How many files an index over so many documents has, so that each is quickly read.
  static std::size_t shards_for(std::size_t documents);
  explicit SearchIndex(std::size_t shards) : shards_(shards) {}
  std::size_t shard_of(std::string_view word) const;

  // The next document; they are numbered from 0.
  void add(std::string_view title, std::string_view text);
  std::uint32_t documents() const { return documents_; }
  // Files named `folder`/0.js and so on; the index is empty afterwards. Those without words are
  // there too: a browser asks for them.
  std::vector<FileContent> take_files(const std::string& folder);

 private:
  struct Postings {
    std::string bytes;  // differences of document numbers and weights, in base 128
    std::uint32_t last = 0;
  };
  void note(const std::string& word, std::uint32_t weight);

  std::vector<std::unordered_map<std::string, Postings>> shards_;
  std::uint32_t documents_ = 0;
};

}  // namespace exporting
