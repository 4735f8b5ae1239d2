#include "daemon/query/query_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "daemon/query/date_range.h"
#include "store/caret.h"
#include "store/fold.h"
#include "store/tokenizer.h"

namespace querying {

namespace {

constexpr std::string_view kSearchedStatuses[] = {"current", "archived", "trashed",
                                                  "deleted", "draft",    "any"};
constexpr const char* kFieldsHint =
    "fields: title, space, status, author, updated, created; in quotes it is searched for as it is";

struct FieldName {
  std::string_view name;
  std::optional<Condition::Field> field;  // none: title
};
constexpr FieldName kFields[] = {{"title", std::nullopt},
                                 {"space", Condition::Field::kSpace},
                                 {"status", Condition::Field::kStatus},
                                 {"author", Condition::Field::kAuthor},
                                 {"updated", Condition::Field::kUpdated},
                                 {"created", Condition::Field::kCreated}};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// One thing between blanks: a word or a phrase, with what stands before and behind it.
struct Item {
  enum class Kind { kWord, kOr, kAnd, kNot, kField, kEnd };
  Kind kind = Kind::kEnd;
  std::size_t at = 0;  // with its minus
  bool negated = false;
  bool quoted = false;
  bool star = false;
  std::string field;  // in lower case
  std::size_t field_at = 0;
  std::string text;
  std::size_t text_at = 0;
};

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  ParsedQuery run() {
    check_text();
    while (!failed()) {
      const Item item = next();
      if (failed() || item.kind == Item::Kind::kEnd) break;
      take(item);
    }
    if (!failed() && or_at_) fail(*or_at_, "OR has nothing on its right", "Write a OR b.");
    if (!failed() && not_at_)
      fail(*not_at_, "NOT has nothing on its right", "In quotes it is a word.");
    if (!failed() && !said_) fail(0, "there is nothing to search for", "Write a word.");
    return std::move(parsed_);
  }

 private:
  // Where a group of alternatives is: what OR goes on with.
  enum class Last { kNothing, kTerms, kCondition, kFixed };

  bool failed() const { return parsed_.fault.has_value(); }
  void fail(std::size_t at, std::string what, std::string hint = {}) {
    if (!failed()) parsed_.fault = QueryFault{at, std::move(what), std::move(hint)};
  }

  void check_text();
  std::size_t blank_at(std::size_t at) const;
  Item next();
  void read_value(Item& item);
  void read_phrase(Item& item);
  void read_word(Item& item);
  bool read_field(Item& item);
  void take(const Item& item);
  void take_or(const Item& item);
  void take_term(const Item& item, bool title_only);
  void take_field(const Item& item);
  void take_condition(const Item& item, Condition::Field field);
  void take_dates(const Item& item, Condition::Field field);
  bool joins(const Item& item, Last kind);

  std::string_view text_;
  std::size_t at_ = 0;
  ParsedQuery parsed_;
  Last last_ = Last::kNothing;
  std::optional<std::size_t> or_at_;   // an OR that waits for its right side
  std::optional<std::size_t> not_at_;  // a NOT that waits for its word
  std::size_t terms_ = 0;
  bool said_ = false;  // anything at all
};

void Parser::check_text() {
  if (text_.size() > kLongestQuery) {
    fail(kLongestQuery, fmt::format("it is longer than {} bytes", kLongestQuery));
  }
  for (std::size_t at = 0; at < text_.size() && !failed();) {
    const auto decoded = store::decode_utf8(text_.substr(at));
    const bool blank = decoded.code == '\t' || decoded.code == '\n' || decoded.code == '\r';
    if (decoded.size == 0) {
      fail(at, "it is not UTF-8 here");
    } else if (decoded.code < 0x20 && !blank) {
      fail(at, "a control character stands here");
    }
    at += std::max<std::size_t>(decoded.size, 1);
  }
}

// The size of the blank at that place, 0: there is none. Those of Unicode that keyboards give.
std::size_t Parser::blank_at(std::size_t at) const {
  const char c = text_[at];
  if (c == ' ' || c == '\t' || c == '\n' || c == '\r') return 1;
  for (const std::string_view blank : {"\u00a0", "\u3000", "\u202f"}) {
    if (text_.substr(at).starts_with(blank)) return blank.size();
  }
  return 0;
}

Item Parser::next() {
  Item item;
  while (at_ < text_.size()) {
    const std::size_t blank = blank_at(at_);
    if (blank == 0) break;
    at_ += blank;
  }
  item.at = at_;
  if (at_ == text_.size()) return item;
  item.kind = Item::Kind::kWord;
  const bool follows = at_ + 1 < text_.size() && blank_at(at_ + 1) == 0;
  if (text_[at_] == '-' && follows) {
    item.negated = true;
    ++at_;
  }
  if (read_field(item)) item.kind = Item::Kind::kField;
  read_value(item);
  if (item.kind == Item::Kind::kWord && !item.negated && !item.quoted && !item.star) {
    if (item.text == "OR") item.kind = Item::Kind::kOr;
    if (item.text == "AND") item.kind = Item::Kind::kAnd;
    if (item.text == "NOT") item.kind = Item::Kind::kNot;
  }
  return item;
}

// "title:" and so on. Not the colon of an address or of a::b, nor one that ends a word.
bool Parser::read_field(Item& item) {
  std::size_t end = at_;
  while (end < text_.size() && is_letter(text_[end])) ++end;
  if (end == at_ || end == text_.size() || text_[end] != ':') return false;
  const std::string name = lower(text_.substr(at_, end - at_));
  const bool known = std::any_of(std::begin(kFields), std::end(kFields),
                                 [&](const FieldName& field) { return field.name == name; });
  const std::size_t after = end + 1;
  const bool empty = after == text_.size() || blank_at(after) > 0;
  if (!known && (empty || text_[after] == '/' || text_[after] == ':')) return false;
  item.field = name;
  item.field_at = at_;
  at_ = after;
  return true;
}

void Parser::read_value(Item& item) {
  item.text_at = at_;
  if (at_ < text_.size() && text_[at_] == '"') {
    read_phrase(item);
  } else {
    read_word(item);
  }
}

void Parser::read_phrase(Item& item) {
  const std::size_t begin = ++at_;
  const std::size_t end = text_.find('"', begin);
  if (end == text_.npos) {
    fail(begin - 1, "the quote is not closed", "Put a \" at the end of the phrase.");
    at_ = text_.size();
    return;
  }
  item.quoted = true;
  item.text = text_.substr(begin, end - begin);
  at_ = end + 1;
  if (at_ < text_.size() && text_[at_] == '*') {
    item.star = true;
    ++at_;
  }
}

void Parser::read_word(Item& item) {
  const std::size_t begin = at_;
  while (at_ < text_.size() && text_[at_] != '"' && blank_at(at_) == 0) ++at_;
  std::string_view word = text_.substr(begin, at_ - begin);
  if (word.ends_with('*')) {
    item.star = true;
    word.remove_suffix(1);
  }
  item.text = word;
}

void Parser::take(const Item& item) {
  if (item.kind == Item::Kind::kOr) return take_or(item);
  if (item.kind == Item::Kind::kAnd || item.kind == Item::Kind::kNot) {
    if (or_at_) fail(*or_at_, "OR has nothing on its right", "Write a OR b.");
    if (item.kind == Item::Kind::kNot) not_at_ = item.at;
    return;
  }
  Item meant = item;
  if (not_at_) {
    meant.negated = !item.negated;
    not_at_.reset();
  }
  said_ = true;
  if (++terms_ > kMostTerms) {
    return fail(item.at, fmt::format("there are more than {} words", kMostTerms));
  }
  if (meant.kind == Item::Kind::kField) {
    take_field(meant);
  } else {
    take_term(meant, /*title_only=*/false);
  }
}

void Parser::take_or(const Item& item) {
  if (last_ == Last::kNothing || or_at_ || not_at_) {
    return fail(item.at, "OR has nothing on its left", "Write a OR b; in quotes it is a word.");
  }
  if (last_ == Last::kFixed) {
    return fail(item.at, "OR cannot follow what is left out, nor a time",
                "It joins words, or values of one field.");
  }
  or_at_ = item.at;
}

// Whether this goes on with what was before an OR. A fault where it cannot.
bool Parser::joins(const Item& item, Last kind) {
  if (!or_at_) return false;
  if (item.negated) {
    fail(item.at, "what is left out cannot stand behind OR", "Write it without the OR.");
    return false;
  }
  if (kind == Last::kFixed || kind != last_) {
    fail(*or_at_, "OR joins words, or values of one field, not both");
    return false;
  }
  or_at_.reset();
  return true;
}

void Parser::take_term(const Item& item, bool title_only) {
  if (const auto star = item.quoted ? std::string::npos : item.text.find('*');
      star != std::string::npos) {
    return fail(item.text_at + star, "a star stands at the end of a word only",
                "Write roll* for words that begin with roll.");
  }
  if (!store::has_word(item.text)) {
    return fail(item.text_at, "there is no letter or digit to search for");
  }
  Term term{item.text, item.star, title_only, item.text_at};
  if (joins(item, Last::kTerms)) {
    parsed_.query.all.back().push_back(std::move(term));
  } else if (item.negated) {
    parsed_.query.none.push_back(std::move(term));
    last_ = Last::kFixed;
  } else {
    parsed_.query.all.push_back({std::move(term)});
    last_ = Last::kTerms;
  }
}

void Parser::take_field(const Item& item) {
  if (item.field == "label" || item.field == "labels") {
    return fail(item.field_at, "labels of pages are not mirrored",
                "Without that field the word is searched for in titles and texts.");
  }
  const auto* const found =
      std::find_if(std::begin(kFields), std::end(kFields),
                   [&](const FieldName& field) { return field.name == item.field; });
  if (found == std::end(kFields)) {
    return fail(item.field_at, fmt::format("unknown field '{}'", item.field), kFieldsHint);
  }
  if (item.text.empty() && !item.star) {
    return fail(item.text_at, fmt::format("the value of '{}' is missing", item.field));
  }
  if (!found->field) return take_term(item, /*title_only=*/true);
  if (item.star) {
    return fail(item.at, fmt::format("a star has no meaning in '{}'", item.field),
                "It is for words of titles and texts.");
  }
  if (*found->field == Condition::Field::kUpdated || *found->field == Condition::Field::kCreated) {
    return take_dates(item, *found->field);
  }
  take_condition(item, *found->field);
}

void Parser::take_condition(const Item& item, Condition::Field field) {
  std::string value = item.text;
  if (field == Condition::Field::kStatus) {
    value = lower(value);
    if (std::find(std::begin(kSearchedStatuses), std::end(kSearchedStatuses), value) ==
        std::end(kSearchedStatuses)) {
      return fail(item.text_at, fmt::format("unknown status '{}'", item.text),
                  "Statuses are current, archived, trashed, deleted, draft, and any.");
    }
  }
  auto& conditions = parsed_.query.conditions;
  if (joins(item, Last::kCondition)) {
    if (conditions.back().field != field) {
      return fail(item.at, "OR joins words, or values of one field, not both");
    }
    conditions.back().any.push_back({std::move(value), item.text_at});
    return;
  }
  Condition condition;
  condition.field = field;
  condition.negated = item.negated;
  condition.any.push_back({std::move(value), item.text_at});
  conditions.push_back(std::move(condition));
  last_ = item.negated ? Last::kFixed : Last::kCondition;
}

void Parser::take_dates(const Item& item, Condition::Field field) {
  if (joins(item, Last::kFixed) || failed()) return;
  const auto range = parse_date_range(item.text);
  if (!range.fault.empty()) {
    return fail(
        item.text_at, range.fault,
        fmt::format("{0}:>2026-01-31, {0}:2025-06..2026, {0}:<=2026-01-31T12:00:00Z", item.field));
  }
  Condition condition;
  condition.field = field;
  condition.negated = item.negated;
  condition.from = range.from;
  condition.to = range.to;
  parsed_.query.conditions.push_back(std::move(condition));
  last_ = Last::kFixed;
}

}  // namespace

ParsedQuery parse_query(std::string_view text) { return Parser(text).run(); }

store::Error query_error(std::string_view text, const QueryFault& fault) {
  return store::Error(
      store::ErrorKind::kUsage, "bad_query",
      "cannot search: " + fault.what + store::caret_under(text.substr(0, kLongestQuery), fault.at),
      fault.hint);
}

std::optional<store::Error> query_fault(std::string_view text) {
  const auto parsed = parse_query(text);
  if (!parsed.fault) return std::nullopt;
  return query_error(text, *parsed.fault);
}

}  // namespace querying
