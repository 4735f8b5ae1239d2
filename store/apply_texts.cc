#include "store/apply_texts.h"

#include <algorithm>
#include <vector>

namespace store {

std::string indexable(std::string_view text) {
  std::string clean(text);
  std::replace_if(
      clean.begin(), clean.end(),
      [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f;
      },
      ' ');
  return clean;
}

TextRows::TextRows(Db& db)
    : db_(db),
      page_now_(db, "SELECT title, body_hash FROM page WHERE id=? AND gone_at IS NULL"),
      text_now_(db, "SELECT title, text FROM page_text WHERE page_id=?"),
      put_text_(db,
                "INSERT INTO page_text(page_id, extractor, title, text) VALUES(?,?,?,?)"
                " ON CONFLICT(page_id) DO UPDATE SET extractor=excluded.extractor,"
                " title=excluded.title, text=excluded.text"),
      index_text_(db, "INSERT INTO page_index(rowid, title, text) VALUES(?,?,?)"),
      unindex_text_(
          db, "INSERT INTO page_index(page_index, rowid, title, text) VALUES('delete',?,?,?)"),
      drop_text_(db, "DELETE FROM page_text WHERE page_id=?"),
      settle_page_(db, "DELETE FROM text_dirty WHERE page_id=?"),
      version_now_(db,
                   "SELECT coalesce(title, ''), blob_id FROM page_version"
                   " WHERE page_id=? AND number=?"),
      version_text_(db, "SELECT title, encoding, raw_bytes, text FROM version_text WHERE id=?"),
      texts_of_page_(db, "SELECT id FROM version_text WHERE page_id=?"),
      stale_texts_(db,
                   "SELECT t.id FROM version_text t LEFT JOIN page_version v"
                   " ON v.page_id=t.page_id AND v.number=t.version"
                   " WHERE t.page_id=? AND (v.blob_id IS NOT t.blob_id"
                   " OR coalesce(v.title, '') IS NOT t.title OR t.extractor IS NOT ?)"),
      put_version_(db,
                   "INSERT INTO version_text(page_id, version, blob_id, extractor, title,"
                   " raw_bytes, encoding, text) VALUES(?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING"
                   " RETURNING id"),
      index_version_(db, "INSERT INTO version_index(rowid, title, text) VALUES(?,?,?)"),
      unindex_version_(
          db,
          "INSERT INTO version_index(version_index, rowid, title, text) VALUES('delete',?,?,?)"),
      drop_version_(db, "DELETE FROM version_text WHERE id=?"),
      settle_versions_(db,
                       "DELETE FROM version_text_dirty WHERE page_id=?1 AND NOT EXISTS"
                       " (SELECT 1 FROM page_version v WHERE v.page_id=?1 AND v.blob_id IS NOT NULL"
                       " AND NOT EXISTS (SELECT 1 FROM version_text t"
                       "  WHERE t.page_id=v.page_id AND t.version=v.number))"),
      get_meta_(db, "SELECT value FROM meta WHERE key=?"),
      set_meta_(db,
                "INSERT INTO meta(key, value) VALUES(?,?)"
                " ON CONFLICT(key) DO UPDATE SET value=excluded.value") {}

void TextRows::put(const TextUpdate& update) {
  if (update.adopt) adopt(update);
  for (const PageText& page : update.pages) put_page(page, update.extractor);
  for (const VersionTexts& versions : update.versions) put_versions(versions, update.extractor);
}

std::string TextRows::meta(std::string_view key) {
  Query query = get_meta_.begin();
  return query.bind(key).row() ? query.text(0) : std::string();
}

void TextRows::set_meta(std::string_view key, const std::string& value) {
  Query query = set_meta_.begin();
  query.bind(key).bind(value).run();
}

void TextRows::adopt(const TextUpdate& update) {
  adopt_extractor(update.extractor);
  adopt_history(update.index_history);
}

// The note comes last: it is not made where the work failed.
void TextRows::adopt_extractor(int extractor) {
  const std::string wanted = std::to_string(extractor);
  const std::string known = meta(kTextExtractorKey);
  if (known == wanted) return;
  if (!known.empty()) {
    // By whatever they were made: what was interrupted half-way may be of two.
    db_.run(
        "INSERT INTO text_dirty(page_id) SELECT page_id FROM page_text WHERE true"
        " ON CONFLICT DO NOTHING;"
        "INSERT INTO version_text_dirty(page_id) SELECT DISTINCT page_id FROM version_text"
        " WHERE true ON CONFLICT DO NOTHING;");
  }
  if (!db_.failed()) set_meta(kTextExtractorKey, wanted);
}

void TextRows::adopt_history(bool wanted) {
  const bool known = !meta(kIndexHistoryKey).empty();
  if (known == wanted || db_.failed()) return;
  if (wanted) {
    set_meta(kIndexHistoryKey, "1");
    db_.run(
        "INSERT INTO version_text_dirty(page_id) SELECT DISTINCT page_id FROM page_version"
        " WHERE blob_id IS NOT NULL ON CONFLICT DO NOTHING;");
  } else {
    db_.run(
        "DELETE FROM meta WHERE key='index_history';"
        "INSERT INTO version_index(version_index) VALUES('delete-all');"
        "DELETE FROM version_text; DELETE FROM version_text_dirty;");
  }
}

bool TextRows::is_still(const PageText& text) {
  Query query = page_now_.begin();
  if (!query.bind(text.page_id).row()) return text.gone;
  return !text.gone && query.view(0) == text.title && query.hash(1) == text.body_hash;
}

void TextRows::put_page(const PageText& page, int extractor) {
  if (!is_still(page) || db_.failed()) return;
  if (page.gone) {
    remove_page(page.page_id);
    return;
  }
  const std::string title = indexable(page.title);
  const std::string text = indexable(page.text);
  std::string old_title;
  std::string old_text;
  bool known = false;
  {
    Query query = text_now_.begin();
    known = query.bind(page.page_id).row();
    if (known) {
      old_title = query.text(0);
      old_text = query.text(1);
    }
  }
  const bool same = known && old_title == title && old_text == text;
  if (known && !same) {
    Query query = unindex_text_.begin();
    query.bind(page.page_id).bind(old_title).bind(old_text).run();
  }
  {
    Query query = put_text_.begin();
    query.bind(page.page_id).bind(extractor).bind(title).bind(text).run();
  }
  if (!same) {
    Query query = index_text_.begin();
    query.bind(page.page_id).bind(title).bind(text).run();
  }
  settle(page.page_id);
}

void TextRows::settle(Id page_id) {
  Query query = settle_page_.begin();
  query.bind(page_id).run();
}

void TextRows::remove_page(Id page_id) {
  std::string title;
  std::string text;
  bool known = false;
  {
    Query query = text_now_.begin();
    known = query.bind(page_id).row();
    if (known) {
      title = query.text(0);
      text = query.text(1);
    }
  }
  if (known) {
    {
      Query query = unindex_text_.begin();
      query.bind(page_id).bind(title).bind(text).run();
    }
    Query query = drop_text_.begin();
    query.bind(page_id).run();
  }
  settle(page_id);
}

void TextRows::put_versions(const VersionTexts& texts, int extractor) {
  std::vector<Id> stale;
  {
    Query query = stale_texts_.begin();
    query.bind(texts.page_id).bind(extractor);
    while (query.row()) stale.push_back(query.integer(0));
  }
  for (const Id id : stale) remove_version(id);
  for (const VersionText& text : texts.texts) put_version(texts.page_id, text, extractor);
  Query query = settle_versions_.begin();
  query.bind(texts.page_id).run();
}

void TextRows::put_version(Id page_id, const VersionText& version, int extractor) {
  {
    Query query = version_now_.begin();
    if (!query.bind(page_id).bind(version.version).row()) return;
    if (query.view(0) != version.title || query.optional_integer(1) != version.blob_id) return;
  }
  const std::string title = indexable(version.title);
  const std::string text = indexable(version.text);
  const auto encoded = codec_.encode(text, std::nullopt);
  Id id = 0;
  {
    Query query = put_version_.begin();
    query.bind(page_id).bind(version.version).bind(version.blob_id).bind(extractor);
    query.bind(version.title).bind(static_cast<std::int64_t>(text.size()));
    query.bind(encoded.form == EncodedBody::Form::kPlain ? 0 : 1).bind_blob(encoded.data);
    if (!query.row()) return;  // it is there
    id = query.integer(0);
  }
  Query query = index_version_.begin();
  query.bind(id).bind(title).bind(text).run();
}

void TextRows::remove_version(Id row_id) {
  std::string title;
  std::string text;
  {
    Query query = version_text_.begin();
    if (!query.bind(row_id).row()) return;
    title = indexable(query.view(0));
    const auto form = query.integer(1) == 0 ? EncodedBody::Form::kPlain : EncodedBody::Form::kZstd;
    auto decoded = codec_.decode(form, query.view(3), query.integer(2), {});
    if (!decoded) {
      db_.set_error(decoded.error());
      return;
    }
    text = std::move(*decoded);
  }
  {
    Query query = unindex_version_.begin();
    query.bind(row_id).bind(title).bind(text).run();
  }
  Query query = drop_version_.begin();
  query.bind(row_id).run();
}

void TextRows::remove_versions(Id page_id) {
  std::vector<Id> ids;
  {
    Query query = texts_of_page_.begin();
    query.bind(page_id);
    while (query.row()) ids.push_back(query.integer(0));
  }
  for (const Id id : ids) remove_version(id);
}

}  // namespace store
