#include <functional>
#include <utility>

#include "store/apply_texts.h"
#include "store/blobs.h"
#include "store/open.h"
#include "store/sqlite.h"
#include "store/texts.h"

namespace store {

class TextReader::Impl {
 public:
  explicit Impl(std::unique_ptr<Db> opened)
      : db(std::move(opened)),
        blobs(*db),
        due_pages(*db,
                  "SELECT d.page_id, p.id IS NULL, p.title, p.body_hash, b.body FROM text_dirty d"
                  " LEFT JOIN page p ON p.id=d.page_id AND p.gone_at IS NULL"
                  " LEFT JOIN page_body b ON b.id=p.body_id WHERE d.page_id>? ORDER BY d.page_id"),
        next_history(*db,
                     "SELECT page_id FROM version_text_dirty WHERE page_id>? ORDER BY page_id"
                     " LIMIT 1"),
        due_versions(*db,
                     "SELECT v.number, v.blob_id, coalesce(v.title, '') FROM page_version v"
                     " LEFT JOIN version_text t ON t.page_id=v.page_id AND t.version=v.number"
                     " WHERE v.page_id=? AND v.blob_id IS NOT NULL AND (t.blob_id IS NOT v.blob_id"
                     "  OR t.title IS NOT coalesce(v.title, '') OR t.extractor IS NOT CAST("
                     "  (SELECT value FROM meta WHERE key='text_extractor') AS INTEGER))"
                     " ORDER BY v.number"),
        count(*db,
              "SELECT (SELECT count(*) FROM text_dirty), (SELECT count(*) FROM version_text_dirty),"
              " (SELECT count(*) FROM page_text), (SELECT count(*) FROM version_text),"
              " (SELECT CAST(value AS INTEGER) FROM meta WHERE key='text_extractor'),"
              " EXISTS (SELECT 1 FROM meta WHERE key='index_history')") {}

  template <typename T>
  Result<T> answer(T value) {
    if (auto error = db->take_error()) return fail(std::move(*error));
    return value;
  }

  const std::unique_ptr<Db> db;
  Blobs blobs;
  Stmt due_pages;
  Stmt next_history;
  Stmt due_versions;
  Stmt count;
};

TextReader::TextReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TextReader::~TextReader() = default;

Result<std::unique_ptr<TextReader>> TextReader::open(const std::filesystem::path& mirror) {
  auto db = open_for_reading(mirror);
  if (!db) return fail(db.error());
  return std::unique_ptr<TextReader>(new TextReader(std::make_unique<Impl>(std::move(*db))));
}

Result<TextState> TextReader::state() {
  impl_->db->adopt_thread();
  TextState state;
  {
    Query query = impl_->count.begin();
    if (query.row()) {
      state.pages_due = query.integer(0);
      state.histories_due = query.integer(1);
      state.pages = query.integer(2);
      state.versions = query.integer(3);
      state.extractor = query.int32(4);
      state.index_history = query.flag(5);
    }
  }
  return impl_->answer(state);
}

Result<std::vector<DuePageText>> TextReader::due_pages(Id after, std::size_t bytes) {
  impl_->db->adopt_thread();
  std::vector<DuePageText> due;
  {
    std::size_t taken = 0;
    Query query = impl_->due_pages.begin();
    query.bind(after);
    while (taken < bytes && query.row()) {
      DuePageText page;
      page.page.page_id = query.integer(0);
      page.page.gone = query.flag(1);
      page.page.title = query.text(2);
      page.page.body_hash = query.hash(3);
      page.body = query.text(4);
      taken += sizeof(DuePageText) + page.page.title.size() + page.body.size();
      due.push_back(std::move(page));
    }
  }
  return impl_->answer(std::move(due));
}

Result<std::optional<DueVersionTexts>> TextReader::due_versions(Id after, std::size_t bytes) {
  impl_->db->adopt_thread();
  std::optional<DueVersionTexts> due;
  {
    Query query = impl_->next_history.begin();
    if (query.bind(after).row()) due = DueVersionTexts{query.integer(0), {}};
  }
  if (due) {
    Blobs::Cache cache;
    std::size_t taken = 0;
    Query query = impl_->due_versions.begin();
    query.bind(due->page_id);
    while (taken < bytes && query.row()) {
      DueVersionText version;
      version.version.version = query.int32(0);
      version.version.blob_id = query.integer(1);
      version.version.title = query.text(2);
      version.body = impl_->blobs.read(version.version.blob_id, &cache);
      taken += sizeof(DueVersionText) + version.body.size();
      due->versions.push_back(std::move(version));
    }
  }
  return impl_->answer(std::move(due));
}

}  // namespace store
