#pragma once

// Texts for the search as plain values: what there is to be made, and what was made of it. The
// store does not know how a text is made of a body: whoever does reads what is due (TextReader),
// extracts, and hands the texts back in a Batch. Errors of TextReader: those of a Reader. One
// thread at a time.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/error.h"
#include "store/records.h"

namespace store {

// The text of a page, made of its title and body as they were read.
struct PageText {
  Id page_id = 0;
  bool gone = false;  // there is nothing to be found any more
  std::string title;
  std::optional<Sha256> body_hash;  // of the body; none: that is not there yet
  std::string text;
};

struct VersionText {
  std::int32_t version = 0;
  Id blob_id = 0;
  std::string title;
  std::string text;
};
// Of those versions of a page that had no text yet, or one of something else.
struct VersionTexts {
  Id page_id = 0;
  std::vector<VersionText> texts;
};

// What a Batch brings to the index. A text whose page has changed meanwhile is left out, and stays
// due; one whose page has not is in the index when the batch is.
struct TextUpdate {
  int extractor = 0;  // the version of the rules by which these were made
  std::vector<PageText> pages;
  std::vector<VersionTexts> versions;
  // Once before all others of an extractor: makes what others made due again, and turns the index
  // of older versions on or off. Nothing is done where that is so already.
  bool adopt = false;
  bool index_history = false;
};

struct TextState {
  std::int64_t pages_due = 0;
  std::int64_t histories_due = 0;  // pages of which older versions are to be read
  std::int64_t pages = 0;          // in the index
  std::int64_t versions = 0;
  int extractor = 0;  // 0: nothing was ever indexed
  bool index_history = false;
};

struct DuePageText {
  PageText page;     // without its text
  std::string body;  // "" where it is not there
};

struct DueVersionText {
  VersionText version;  // without its text
  std::string body;
};
struct DueVersionTexts {
  Id page_id = 0;
  std::vector<DueVersionText> versions;
};

class TextReader {
 public:
  static Result<std::unique_ptr<TextReader>> open(const std::filesystem::path& mirror);
  ~TextReader();
  TextReader(const TextReader&) = delete;
  TextReader& operator=(const TextReader&) = delete;

  Result<TextState> state();
  // Pages by ascending id after `after`, until their bodies have `bytes` together.
  Result<std::vector<DuePageText>> due_pages(Id after, std::size_t bytes);
  // The next page after that one whose older versions are to be read; nullopt: none. At most
  // `bytes` of bodies at once, at least one: what is left stays due.
  Result<std::optional<DueVersionTexts>> due_versions(Id after, std::size_t bytes);

 private:
  class Impl;
  explicit TextReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace store
