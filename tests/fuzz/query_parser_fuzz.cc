// What a query may be: anything. What is accepted is whole, in bounds and worth asking; what is not
// has a fault inside the text, with a caret under it.

#include "daemon/query/query_parser.h"
#include "store/tokenizer.h"
#include "tests/fuzz/fuzz.h"

namespace {

void check_term(const querying::Term& term, std::size_t size) {
  FUZZ_EXPECT(term.at <= size);
  FUZZ_EXPECT(store::has_word(term.text));
  FUZZ_EXPECT(term.text.find('"') == std::string::npos);
  FUZZ_EXPECT(term.text.find('\0') == std::string::npos);
}

void check_query(const querying::SearchQuery& query, std::size_t size) {
  std::size_t terms = query.none.size() + query.conditions.size();
  for (const auto& group : query.all) {
    FUZZ_EXPECT(!group.empty());
    for (const auto& term : group) check_term(term, size);
    terms += group.size();
  }
  for (const auto& term : query.none) check_term(term, size);
  for (const auto& condition : query.conditions) {
    const bool dates = condition.field == querying::Condition::Field::kUpdated ||
                       condition.field == querying::Condition::Field::kCreated;
    FUZZ_EXPECT(dates == condition.any.empty());
    FUZZ_EXPECT(!dates || condition.from || condition.to);
    FUZZ_EXPECT(!condition.from || !condition.to || *condition.from < *condition.to);
    terms += condition.any.size();
  }
  FUZZ_EXPECT(terms > 0);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = text_of(data, size);
  const auto parsed = querying::parse_query(text);
  if (parsed.fault) {
    FUZZ_EXPECT(parsed.fault->at <= text.size());
    FUZZ_EXPECT(!parsed.fault->what.empty());
    const auto error = querying::query_error(text, *parsed.fault);
    FUZZ_EXPECT(error.message.ends_with('^'));
  } else {
    check_query(parsed.query, text.size());
  }
  return 0;
}
