#pragma once

// Texts into page_text, version_text and their indexes, inside the transaction that the caller has
// opened. An index of FTS5 forgets a text only if it is told that very text again: each is read
// back before it goes. Uses the Db's sticky errors (store/sqlite.h) and belongs to the Db's thread.

#include <optional>
#include <string>
#include <string_view>

#include "store/blob_codec.h"
#include "store/sqlite.h"
#include "store/texts.h"

namespace store {

inline constexpr std::string_view kTextExtractorKey = "text_extractor";
inline constexpr std::string_view kIndexHistoryKey = "index_history";

class TextRows {
 public:
  explicit TextRows(Db& db);

  void put(const TextUpdate& update);
  // Whatever is known of that page.
  void remove_page(Id page_id);
  void remove_versions(Id page_id);

 private:
  void adopt(const TextUpdate& update);
  void adopt_extractor(int extractor);
  void adopt_history(bool wanted);
  void set_meta(std::string_view key, const std::string& value);
  std::string meta(std::string_view key);
  void put_page(const PageText& text, int extractor);
  void put_versions(const VersionTexts& texts, int extractor);
  void put_version(Id page_id, const VersionText& text, int extractor);
  void remove_version(Id row_id);
  void settle(Id page_id);
  bool is_still(const PageText& text);

  Db& db_;
  BlobCodec codec_;
  Stmt page_now_;
  Stmt text_now_;
  Stmt put_text_;
  Stmt index_text_;
  Stmt unindex_text_;
  Stmt drop_text_;
  Stmt settle_page_;
  Stmt version_now_;
  Stmt version_text_;
  Stmt texts_of_page_;
  Stmt stale_texts_;
  Stmt put_version_;
  Stmt index_version_;
  Stmt unindex_version_;
  Stmt drop_version_;
  Stmt settle_versions_;
  Stmt get_meta_;
  Stmt set_meta_;
};

// The text without what the marks of a snippet are made of, and other control characters.
std::string indexable(std::string_view text);

}  // namespace store
