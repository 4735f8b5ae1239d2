#include "daemon/export/search_index.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utility>

#include "daemon/export/row_json.h"

namespace exporting {

namespace {

constexpr std::size_t kMostWordBytes = 64;
constexpr std::uint32_t kMostTextWeight = 7;
constexpr std::uint32_t kTitleWeight = 16;

struct OneCharacter {
  utf8proc_int32_t code = 0xFFFD;
  std::size_t bytes = 1;
};

OneCharacter character_at(std::string_view text) {
  OneCharacter found;
  const auto read = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                     static_cast<utf8proc_ssize_t>(text.size()), &found.code);
  if (read <= 0) return {};
  found.bytes = static_cast<std::size_t>(read);
  return found;
}

// Without case, accents and differences of width.
std::string folded(std::string_view text) {
  utf8proc_uint8_t* made = nullptr;
  constexpr int kOptions =
      UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK;
  const auto size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                 static_cast<utf8proc_ssize_t>(text.size()), &made,
                                 static_cast<utf8proc_option_t>(kOptions));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(made, &std::free);
  if (size < 0) return std::string(text);
  return {reinterpret_cast<const char*>(made), static_cast<std::size_t>(size)};
}

bool is_word(utf8proc_int32_t code) {
  if (code < 0x80) {
    return (code >= 'a' && code <= 'z') || (code >= '0' && code <= '9') ||
           (code >= 'A' && code <= 'Z');
  }
  switch (utf8proc_category(code)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return true;
    default:
      return false;
  }
}

// Written without blanks between words; app.js has the same ranges.
bool is_cjk(utf8proc_int32_t code) {
  return (code >= 0x3040 && code <= 0x30FF) || (code >= 0x3400 && code <= 0x4DBF) ||
         (code >= 0x4E00 && code <= 0x9FFF) || (code >= 0xAC00 && code <= 0xD7AF) ||
         (code >= 0xF900 && code <= 0xFAFF) || (code >= 0x20000 && code <= 0x3FFFF);
}

class WordCutter {
 public:
  std::vector<std::string> cut(std::string_view text) {
    while (!text.empty()) {
      const auto one = character_at(text);
      take(one.code, text.substr(0, one.bytes));
      text.remove_prefix(one.bytes);
    }
    end_word();
    end_run();
    return std::move(words_);
  }

 private:
  void take(utf8proc_int32_t code, std::string_view character) {
    if (is_cjk(code)) {
      end_word();
      if (!before_.empty()) words_.push_back(before_ + std::string(character));
      paired_ = !before_.empty();
      before_ = character;
      return;
    }
    end_run();
    if (is_word(code)) {
      if (word_.size() + character.size() <= kMostWordBytes) word_ += character;
    } else {
      end_word();
    }
  }
  void end_word() {
    if (!word_.empty()) words_.push_back(std::exchange(word_, {}));
  }
  // A character that stands alone is a word.
  void end_run() {
    if (!before_.empty() && !paired_) words_.push_back(before_);
    before_.clear();
    paired_ = false;
  }

  std::vector<std::string> words_;
  std::string word_;
  std::string before_;  // the CJK character before
  bool paired_ = false;
};

void append_number(std::string& bytes, std::uint32_t number) {
  while (number >= 0x80) {
    bytes += static_cast<char>((number & 0x7FU) | 0x80U);
    number >>= 7;
  }
  bytes += static_cast<char>(number);
}

std::string numbers_in(std::string_view bytes) {
  std::string text;
  std::uint32_t number = 0;
  unsigned shift = 0;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    number |= (byte & 0x7FU) << shift;
    shift += 7;
    if ((byte & 0x80U) != 0) continue;
    if (!text.empty()) text += ',';
    text += std::to_string(number);
    number = 0;
    shift = 0;
  }
  return text;
}

// Many times the same word says little more than twice.
std::uint32_t text_weight(std::uint32_t times) {
  std::uint32_t weight = 1;
  while (times > 1 && weight < kMostTextWeight) {
    times >>= 1;
    ++weight;
  }
  return weight;
}

}  // namespace

std::vector<std::string> words_of(std::string_view text) { return WordCutter().cut(folded(text)); }

std::size_t SearchIndex::shards_for(std::size_t documents) {
  if (documents < 1000) return 8;
  return documents < 20000 ? 64 : 256;
}

std::size_t SearchIndex::shard_of(std::string_view word) const {
  const auto first = character_at(word);
  std::uint32_t hash = static_cast<std::uint32_t>(first.code) * 31;
  if (first.bytes < word.size()) {
    hash += static_cast<std::uint32_t>(character_at(word.substr(first.bytes)).code);
  }
  return hash % shards_.size();
}

void SearchIndex::note(const std::string& word, std::uint32_t weight) {
  auto& postings = shards_.at(shard_of(word))[word];
  append_number(postings.bytes, documents_ - postings.last);
  append_number(postings.bytes, weight);
  postings.last = documents_;
}

void SearchIndex::add(std::string_view title, std::string_view text) {
  std::unordered_map<std::string, std::uint32_t> counts;
  std::unordered_map<std::string, std::uint32_t> weights;
  for (auto& word : words_of(text)) ++counts[std::move(word)];
  for (const auto& [word, times] : counts) weights[word] = text_weight(times);
  for (auto& word : words_of(title)) weights[std::move(word)] |= kTitleWeight;
  for (const auto& [word, weight] : weights) note(word, weight);
  ++documents_;
}

std::vector<FileContent> SearchIndex::take_files(const std::string& folder) {
  std::vector<FileContent> files;
  for (std::size_t shard = 0; shard < shards_.size(); ++shard) {
    std::vector<std::pair<std::string, std::string>> words;
    for (auto& [word, postings] : shards_.at(shard)) {
      words.emplace_back(word, std::move(postings.bytes));
    }
    shards_.at(shard).clear();
    std::sort(words.begin(), words.end());
    std::string text = fmt::format("confmirrorWords({},{{", shard);
    const char* between = "\n";
    for (const auto& [word, bytes] : words) {
      text += between;
      text += Json(word).dump(-1, ' ', false, Json::error_handler_t::replace);
      text += ":[" + numbers_in(bytes) + "]";
      between = ",\n";
    }
    files.push_back({fmt::format("{}/{}.js", folder, shard), text + "\n});\n"});
  }
  return files;
}

}  // namespace exporting
