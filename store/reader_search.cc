#include <algorithm>
#include <chrono>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "store/as_of.h"
#include "store/blob_codec.h"
#include "store/fold.h"
#include "store/reader.h"
#include "store/reader_impl.h"
#include "store/text_search.h"
#include "store/tokenizer.h"

namespace store {
namespace {

// Control characters, which no indexed text holds (store/apply_texts.h).
constexpr char kMarkOn = '\x02';
constexpr char kMarkOff = '\x03';
constexpr std::string_view kOn(&kMarkOn, 1);
constexpr std::string_view kOff(&kMarkOff, 1);
constexpr std::size_t kBeginningBytes = 240;  // of a text in which nothing was searched for
constexpr const char* kTitleWeight = "8.0";

// Not a variant: g++ 12 takes the number in one for a string that was never made.
struct Bound {
  std::optional<std::int64_t> number;
  std::string text;  // where there is no number
};

// An expression of FTS5. Whatever the words hold, inside the quotes it is text.
std::string as_phrase(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

std::string expression(const TextTerm& term) {
  std::string out = term.title_only ? "({title} : " : "(";
  out += as_phrase(term.text);
  if (term.prefix) out += " *";
  return out + ")";
}

std::string any_of(const std::vector<TextTerm>& terms) {
  std::string out;
  for (const TextTerm& term : terms) out += (out.empty() ? "(" : " OR ") + expression(term);
  return out + ")";
}

// What is wanted, without what is left out where nothing is wanted.
std::string expression(const TextQuery& query) {
  std::string out;
  for (const auto& group : query.all) out += (out.empty() ? "(" : " AND ") + any_of(group);
  if (out.empty()) return out;
  out += ")";
  if (!query.none.empty()) out += " NOT " + any_of(query.none);
  return out;
}

MarkedText pieces_of(std::string_view text) {
  MarkedText pieces;
  bool marked = false;
  std::string piece;
  const auto end_piece = [&] {
    if (!piece.empty()) pieces.emplace_back(std::exchange(piece, {}), marked);
  };
  bool blank = false;  // lines and columns of the page mean nothing in a snippet
  for (const char c : text) {
    if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
      blank = !pieces.empty() || !piece.empty();
      continue;
    }
    if (std::exchange(blank, false)) piece += ' ';
    if (c == kMarkOn || c == kMarkOff) {
      end_piece();
      marked = c == kMarkOn;
    } else {
      piece += c;
    }
  }
  end_piece();
  return pieces;
}

std::string beginning_of(std::string_view text) {
  if (text.size() <= kBeginningBytes) return std::string(text);
  std::size_t end = kBeginningBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  const auto blank = text.rfind(' ', end);
  if (blank != text.npos && blank > kBeginningBytes / 2) end = blank;
  return std::string(text.substr(0, end)) + "…";
}

// The part of a statement behind WHERE, with what is bound to it.
class Where {
 public:
  void add(const std::string& condition) { sql_ += " AND " + condition; }
  std::string bind(std::string text) {
    values_.push_back({std::nullopt, std::move(text)});
    return "?";
  }
  std::string bind(Time time) {
    values_.push_back({time.time_since_epoch().count(), {}});
    return "?";
  }
  const std::string& sql() const { return sql_; }
  void bind_to(Query& query) const {
    for (const Bound& value : values_) {
      if (value.number) {
        query.bind(*value.number);
      } else {
        query.bind(value.text);
      }
    }
  }

 private:
  std::string sql_;
  std::vector<Bound> values_;
};

std::string list_of(const std::vector<Id>& ids) {
  std::string out;
  for (const Id id : ids) out += (out.empty() ? "(" : ",") + std::to_string(id);
  return out.empty() ? "()" : out + ")";
}

struct Ranked {
  Id row = 0;  // of the index
  Id page_id = 0;
  std::optional<std::int32_t> version;
  double rank = 0;  // FTS5's: less is better
  std::int64_t modified = 0;
  std::string title;  // in lower case
};

bool comes_first(const Ranked& a, const Ranked& b, const std::string& sort) {
  if (sort == "modified" && a.modified != b.modified) return a.modified > b.modified;
  if (sort == "title" && a.title != b.title) return a.title < b.title;
  if (sort == "rank" && a.rank != b.rank) return a.rank < b.rank;
  // Of what is alike the newest: that is what people look for.
  if (a.modified != b.modified) return a.modified > b.modified;
  return a.row < b.row;
}

}  // namespace

// Only what is shown is read, and cut by FTS5 itself, which knows what it has found where.
constexpr const char* kMarked =
    "SELECT highlight(page_index, 0, ?1, ?2), snippet(page_index, 1, ?1, ?2, '…', 30)"
    " FROM page_index WHERE page_index MATCH ?3 AND rowid=?4";

// One search, in one snapshot.
class Reader::Search {
 public:
  Search(Impl& impl, const TextQuery& query)
      : impl_(impl), query_(query), match_(expression(query)) {}

  TextHits run() {
    if (!query_.as_of) add_words();
    add_conditions();
    if (query_.as_of) {
      rank_titles();
    } else {
      rank();
    }
    TextHits hits;
    hits.total = total_;
    if (query_.as_of) {
      show_titles(hits);
    } else if (query_.history) {
      for (const Ranked& row : found_) hits.hits.push_back(old_hit(row));
    } else {
      show_current(hits);
    }
    return hits;
  }

 private:
  void add_words();
  void add_conditions();
  std::string sql_of(const TextCondition& condition);
  std::string sql_of_author(const TextCondition& condition);
  std::vector<Id> accounts_like(const std::vector<std::string>& names);
  std::string ranking_sql() const;
  void rank();
  bool gather_titles();
  void rank_titles();
  void show_titles(TextHits& hits);
  Db* aside();
  void keep(Ranked row);
  void put_in_order();
  void show_current(TextHits& hits);
  TextHit old_hit(const Ranked& row);
  TextHit mark_aside(TextHit hit, const std::string& title, const std::string& text);
  static TextHit hit_of(const Ranked& row);

  Impl& impl_;
  const TextQuery& query_;
  const std::string match_;
  Where where_;
  std::vector<Ranked> found_;  // a heap, the last to be shown on top, until all is there
  std::int64_t total_ = 0;
  std::unique_ptr<Db> aside_;
  std::unordered_map<Id, std::int64_t> modified_then_;
};

std::vector<Id> Reader::Search::accounts_like(const std::vector<std::string>& names) {
  std::vector<Id> ids;
  for (const std::string& name : names) {
    const std::string folded = fold_case(name);
    impl_.each(
        "SELECT id FROM account WHERE account_id=? OR instr(fold(coalesce(name, '')), ?) > 0",
        [&](Query& query) { query.bind(name).bind(folded); },
        [&](const Query& query) {
          ids.push_back(query.integer(0));
          return true;
        });
  }
  return ids;
}

std::string Reader::Search::sql_of_author(const TextCondition& condition) {
  const std::string accounts = list_of(accounts_like(condition.values));
  if (query_.history) return "v.author IN " + accounts;
  return "(p.author IN " + accounts +
         " OR EXISTS (SELECT 1 FROM page_version v WHERE v.page_id=p.id AND v.number=p.version"
         " AND v.author IN " +
         accounts + "))";
}

std::string Reader::Search::sql_of(const TextCondition& condition) {
  using Field = TextCondition::Field;
  switch (condition.field) {
    case Field::kSpace:
      return "p.space_id IN " + list_of(condition.space_ids);
    case Field::kStatus: {
      std::string values;
      for (const std::string& value : condition.values) {
        values += (values.empty() ? "" : ",") + where_.bind(value);
      }
      return "p.status IN (" + values + ")";
    }
    case Field::kAuthor:
      return sql_of_author(condition);
    case Field::kUpdated:
    case Field::kCreated:
      break;
  }
  const std::string column = condition.field == Field::kCreated ? "p.created_at"
                             : query_.history                   ? "v.created_at"
                                                                : "p.modified_at";
  std::string sql = "(1";
  if (condition.from) sql += " AND " + column + ">=" + where_.bind(*condition.from);
  if (condition.to) sql += " AND " + column + "<" + where_.bind(*condition.to);
  return sql + ")";
}

void Reader::Search::add_words() {
  if (!match_.empty()) {
    where_.add((query_.history ? "version_index MATCH " : "page_index MATCH ") +
               where_.bind(match_));
  } else if (!query_.none.empty()) {
    const std::string index = query_.history ? "version_index" : "page_index";
    where_.add("t.id NOT IN (SELECT rowid FROM " + index + " WHERE " + index + " MATCH " +
               where_.bind(any_of(query_.none)) + ")");
  }
}

void Reader::Search::add_conditions() {
  for (const TextCondition& condition : query_.conditions) {
    const std::string sql = sql_of(condition);
    where_.add(condition.negated ? "NOT coalesce(" + sql + ", 0)" : sql);
  }
}

std::string Reader::Search::ranking_sql() const {
  const std::string index = query_.history ? "version_index" : "page_index";
  const std::string rank = query_.sort == "rank" && !match_.empty()
                               ? "bm25(" + index + ", " + kTitleWeight + ", 1.0)"
                               : "0.0";
  const std::string title = query_.sort == "title" ? "fold(p.title)" : "''";
  std::string sql = "SELECT t.id, p.id, " + rank + ", " + title;
  if (query_.history) {
    sql += ", v.created_at, v.number FROM " +
           (match_.empty() ? std::string("version_text t")
                           : index + " JOIN version_text t ON t.id=" + index + ".rowid") +
           " JOIN page_version v ON v.page_id=t.page_id AND v.number=t.version"
           " JOIN page p ON p.id=t.page_id WHERE p.gone_at IS NULL";
  } else {
    sql += ", p.modified_at, NULL FROM " +
           (match_.empty() ? std::string("page t")
                           : index + " JOIN page t ON t.id=" + index + ".rowid") +
           " JOIN page p ON p.id=t.id WHERE p.gone_at IS NULL";
  }
  return sql + where_.sql();
}

void Reader::Search::keep(Ranked row) {
  const auto first = [&](const Ranked& a, const Ranked& b) {
    return comes_first(a, b, query_.sort);
  };
  const bool all = query_.limit < 0;
  if (!all && static_cast<std::int64_t>(found_.size()) == query_.limit) {
    if (found_.empty() || !first(row, found_.front())) return;
    std::pop_heap(found_.begin(), found_.end(), first);
    found_.pop_back();
  }
  found_.push_back(std::move(row));
  std::push_heap(found_.begin(), found_.end(), first);
}

void Reader::Search::rank() {
  impl_.each(
      ranking_sql(), [&](Query& query) { where_.bind_to(query); },
      [&](const Query& query) {
        Ranked row;
        row.row = query.integer(0);
        row.page_id = query.integer(1);
        row.rank = query.real(2);
        row.title = query.text(3);
        row.modified = query.integer(4);
        if (!query.is_null(5)) row.version = query.int32(5);
        ++total_;
        keep(std::move(row));
        return true;
      });
  put_in_order();
}

void Reader::Search::put_in_order() {
  std::sort_heap(found_.begin(), found_.end(),
                 [&](const Ranked& a, const Ranked& b) { return comes_first(a, b, query_.sort); });
}

// The titles of then, in an index of their own.
bool Reader::Search::gather_titles() {
  Db* const index = aside();
  if (index == nullptr) return false;
  Stmt insert(*index, "INSERT INTO page_index(rowid, title, text) VALUES(?, ?, '')");
  impl_.each(
      "SELECT p.id, p.title, p.modified_at FROM " + pages_as_of(*query_.as_of) + " p WHERE 1" +
          where_.sql(),
      [&](Query& query) { where_.bind_to(query); },
      [&](const Query& query) {
        const Id page_id = query.integer(0);
        modified_then_[page_id] = query.integer(2);
        Query row = insert.begin();
        row.bind(page_id).bind(query.view(1)).run();
        return true;
      });
  return true;
}

void Reader::Search::rank_titles() {
  if (!gather_titles()) return;
  std::string sql = "SELECT rowid, title";
  std::string words = match_;
  if (!match_.empty()) {
    sql += ", bm25(page_index, " + std::string(kTitleWeight) +
           ", 1.0) FROM page_index WHERE page_index MATCH ?";
  } else {
    sql += ", 0.0 FROM page_index";
    if (!query_.none.empty()) {
      words = any_of(query_.none);
      sql += " WHERE rowid NOT IN (SELECT rowid FROM page_index WHERE page_index MATCH ?)";
    }
  }
  Stmt found(*aside_, sql.c_str());
  Query query = found.begin();
  if (!words.empty()) query.bind(words);
  while (query.row()) {
    Ranked row;
    row.row = query.integer(0);
    row.page_id = row.row;
    row.title = query_.sort == "title" ? fold_case(query.view(1)) : "";
    row.rank = query_.sort == "rank" ? query.real(2) : 0;
    row.modified = modified_then_[row.page_id];
    ++total_;
    keep(std::move(row));
  }
  put_in_order();
  if (auto error = aside_->take_error()) impl_.db->set_error(std::move(*error));
}

void Reader::Search::show_titles(TextHits& hits) {
  if (!aside_) return;
  Stmt marked(*aside_, kMarked);
  Stmt plain(*aside_, "SELECT title FROM page_index WHERE rowid=?");
  for (const Ranked& row : found_) {
    TextHit hit = hit_of(row);
    Query query = match_.empty() ? plain.begin() : marked.begin();
    if (!match_.empty()) query.bind(kOn).bind(kOff).bind(match_);
    query.bind(row.row);
    if (!query.row()) break;
    hit.title = pieces_of(query.view(0));
    hits.hits.push_back(std::move(hit));
  }
  if (auto error = aside_->take_error()) impl_.db->set_error(std::move(*error));
}

TextHit Reader::Search::hit_of(const Ranked& row) {
  TextHit hit;
  hit.page_id = row.page_id;
  hit.version = row.version;
  hit.modified = Time(std::chrono::milliseconds(row.modified));
  hit.rank = -row.rank;
  return hit;
}

void Reader::Search::show_current(TextHits& hits) {
  Stmt marked(*impl_.db, kMarked);
  Stmt plain(*impl_.db,
             "SELECT p.title, coalesce(t.text, '') FROM page p LEFT JOIN page_text t"
             " ON t.page_id=p.id WHERE p.id=?");
  for (const Ranked& row : found_) {
    TextHit hit = hit_of(row);
    Query query = match_.empty() ? plain.begin() : marked.begin();
    if (match_.empty()) {
      query.bind(row.page_id);
      if (!query.row()) break;
      hit.title = pieces_of(query.view(0));
      hit.snippet = pieces_of(beginning_of(query.view(1)));
    } else {
      query.bind(kOn).bind(kOff).bind(match_).bind(row.row);
      if (!query.row()) break;
      hit.title = pieces_of(query.view(0));
      hit.snippet = pieces_of(query.view(1));
    }
    hits.hits.push_back(std::move(hit));
  }
}

TextHit Reader::Search::old_hit(const Ranked& row) {
  std::string title;
  std::string text;
  impl_.each(
      "SELECT title, encoding, raw_bytes, text FROM version_text WHERE id=?",
      [&](Query& query) { query.bind(row.row); },
      [&](const Query& query) {
        BlobCodec codec;
        const auto form =
            query.integer(1) == 0 ? EncodedBody::Form::kPlain : EncodedBody::Form::kZstd;
        auto decoded = codec.decode(form, query.view(3), query.integer(2), {});
        if (!decoded) {
          impl_.db->set_error(decoded.error());
          return false;
        }
        title = query.text(0);
        text = std::move(*decoded);
        return false;
      });
  TextHit hit = hit_of(row);
  if (!match_.empty()) return mark_aside(std::move(hit), title, text);
  hit.title = pieces_of(title);
  hit.snippet = pieces_of(beginning_of(text));
  return hit;
}

// An index in memory, empty at first. nullptr: it could not be made, which impl_.db tells.
Db* Reader::Search::aside() {
  if (aside_) return aside_.get();
  auto opened = Db::open(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  if (!opened) {
    impl_.db->set_error(opened.error());
    return nullptr;
  }
  if (auto made = (*opened)->exec(
          "CREATE VIRTUAL TABLE page_index USING fts5(title, text, tokenize='confmirror')");
      !made) {
    impl_.db->set_error(made.error());
    return nullptr;
  }
  aside_ = std::move(*opened);
  return aside_.get();
}

// The index of versions holds no texts: FTS5 cuts this one in an index of its own.
TextHit Reader::Search::mark_aside(TextHit hit, const std::string& title, const std::string& text) {
  if (aside() == nullptr) return hit;
  Stmt clear(*aside_, "DELETE FROM page_index");
  Stmt insert(*aside_, "INSERT INTO page_index(rowid, title, text) VALUES(1, ?, ?)");
  Stmt marked(*aside_, kMarked);
  clear.begin().run();
  {
    Query query = insert.begin();
    query.bind(title).bind(text).run();
  }
  {
    Query query = marked.begin();
    if (query.bind(kOn).bind(kOff).bind(match_).bind(std::int64_t{1}).row()) {
      hit.title = pieces_of(query.view(0));
      hit.snippet = pieces_of(query.view(1));
    }
  }
  if (auto error = aside_->take_error()) impl_.db->set_error(std::move(*error));
  return hit;
}

Result<TextHits> Reader::search(const TextQuery& query) {
  impl_->db->adopt_thread();
  if (query.sort != "rank" && query.sort != "modified" && query.sort != "title") {
    return fail(ErrorKind::kUsage, "bad_sort", "cannot sort what was found by '" + query.sort + "'",
                "Sort by rank, modified or title.");
  }
  if (query.as_of && query.history) {
    return fail(ErrorKind::kUsage, "as_of_history",
                "cannot search older versions as of a time: it is the titles of then that are",
                "Leave one of the two out.");
  }
  Txn snapshot(*impl_->db, Txn::Mode::kRead);
  TextHits hits = Search(*impl_, query).run();
  return impl_->answer(std::move(hits));
}

}  // namespace store
