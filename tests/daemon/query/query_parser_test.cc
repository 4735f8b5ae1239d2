#include "daemon/query/query_parser.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "daemon/query/date_range.h"

namespace querying {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string word(const Term& term) {
  return (term.title_only ? "title:" : "") + ("'" + term.text + "'") + (term.prefix ? "*" : "");
}

// The query as it was understood: groups, what is left out, conditions.
std::string understood(std::string_view text) {
  const auto parsed = parse_query(text);
  if (parsed.fault) {
    return fmt::format("fault at {}: {}", parsed.fault->at, parsed.fault->what);
  }
  std::string out;
  const auto add = [&](const std::string& part) { out += (out.empty() ? "" : " & ") + part; };
  for (const auto& group : parsed.query.all) {
    std::string any;
    for (const auto& term : group) any += (any.empty() ? "" : "|") + word(term);
    add(any);
  }
  for (const auto& term : parsed.query.none) add("not " + word(term));
  constexpr const char* kNames[] = {"space", "status", "author", "updated", "created"};
  for (const auto& condition : parsed.query.conditions) {
    std::string values;
    for (const auto& value : condition.any) values += (values.empty() ? "" : "|") + value.text;
    if (condition.from) values += store::to_iso8601(*condition.from);
    if (condition.from || condition.to) values += "..";
    if (condition.to) values += store::to_iso8601(*condition.to);
    add(fmt::format("{}{}={}", condition.negated ? "not " : "",
                    kNames[static_cast<int>(condition.field)], values));
  }
  return out;
}

TEST(QueryParserTest, WordsAreAllWanted) {
  EXPECT_EQ(understood("deploy rollback"), "'deploy' & 'rollback'");
  EXPECT_EQ(understood("  Grüße\t東京\n"), "'Grüße' & '東京'");
  EXPECT_EQ(understood("東京\u3000大阪\u00a0x"), "'東京' & '大阪' & 'x'");
  EXPECT_EQ(understood("a AND b"), "'a' & 'b'");
  EXPECT_EQ(understood("e-mail c++ node.js (x)"), "'e-mail' & 'c++' & 'node.js' & '(x)'");
}

TEST(QueryParserTest, PhrasesAndPrefixes) {
  EXPECT_EQ(understood("\"roll back\" now"), "'roll back' & 'now'");
  EXPECT_EQ(understood("roll* \"roll ba\"*"), "'roll'* & 'roll ba'*");
  EXPECT_EQ(understood("a\"b c\"d"), "'a' & 'b c' & 'd'");
  EXPECT_EQ(understood("\"OR\" \"-x\" \"a*b\""), "'OR' & '-x' & 'a*b'");
}

TEST(QueryParserTest, WhatIsLeftOut) {
  EXPECT_EQ(understood("deploy -draft -\"to do\""), "'deploy' & not 'draft' & not 'to do'");
  EXPECT_EQ(understood("deploy NOT draft"), "'deploy' & not 'draft'");
  EXPECT_EQ(understood("-draft"), "not 'draft'");
  EXPECT_EQ(understood("-title:draft -space:X"), "not title:'draft' & not space=X");
}

TEST(QueryParserTest, OrJoinsItsNeighbours) {
  EXPECT_EQ(understood("a OR b c"), "'a'|'b' & 'c'");
  EXPECT_EQ(understood("a b OR c OR d* e"), "'a' & 'b'|'c'|'d'* & 'e'");
  EXPECT_EQ(understood("title:a OR b"), "title:'a'|'b'");
  EXPECT_EQ(understood("space:A OR space:B x"), "'x' & space=A|B");
  EXPECT_EQ(understood("or"), "'or'");
}

TEST(QueryParserTest, FieldsOfThePage) {
  EXPECT_EQ(understood("title:plan TITLE:\"next year\" title:roll*"),
            "title:'plan' & title:'next year' & title:'roll'*");
  EXPECT_EQ(understood("space:~ann status:Archived author:\"Ann Lee\""),
            "space=~ann & status=archived & author=Ann Lee");
}

TEST(QueryParserTest, AColonOfSomethingElseIsNoField) {
  EXPECT_EQ(understood("https://example.org/x std::vector note: 10:30"),
            "'https://example.org/x' & 'std::vector' & 'note:' & '10:30'");
}

TEST(QueryParserTest, Dates) {
  EXPECT_EQ(understood("updated:>2026-01-31"), "updated=2026-02-01T00:00:00.000Z..");
  EXPECT_EQ(understood("updated:>=2026-01-31"), "updated=2026-01-31T00:00:00.000Z..");
  EXPECT_EQ(understood("updated:<2026-01"), "updated=..2026-01-01T00:00:00.000Z");
  EXPECT_EQ(understood("updated:<=2026"), "updated=..2027-01-01T00:00:00.000Z");
  EXPECT_EQ(understood("created:2024-02"),
            "created=2024-02-01T00:00:00.000Z..2024-03-01T00:00:00.000Z");
  EXPECT_EQ(understood("created:2024..2025-06"),
            "created=2024-01-01T00:00:00.000Z..2025-07-01T00:00:00.000Z");
  EXPECT_EQ(understood("created:..2025"), "created=..2026-01-01T00:00:00.000Z");
  EXPECT_EQ(understood("-updated:>2026-02-03T04:05:06Z"), "not updated=2026-02-03T04:05:06.001Z..");
}

TEST(QueryParserTest, FaultsHaveAPlace) {
  EXPECT_EQ(understood(""), "fault at 0: there is nothing to search for");
  EXPECT_EQ(understood("  "), "fault at 0: there is nothing to search for");
  EXPECT_EQ(understood("a \"b c"), "fault at 2: the quote is not closed");
  EXPECT_EQ(understood("a OR"), "fault at 2: OR has nothing on its right");
  EXPECT_EQ(understood("OR a"), "fault at 0: OR has nothing on its left");
  EXPECT_EQ(understood("a OR OR b"), "fault at 5: OR has nothing on its left");
  EXPECT_EQ(understood("a NOT"), "fault at 2: NOT has nothing on its right");
  EXPECT_EQ(understood("a OR -b"), "fault at 5: what is left out cannot stand behind OR");
  EXPECT_EQ(understood("-a OR b"), "fault at 3: OR cannot follow what is left out, nor a time");
  EXPECT_EQ(understood("a OR space:X"),
            "fault at 2: OR joins words, or values of one field, not both");
  EXPECT_EQ(understood("space:X OR status:any"),
            "fault at 11: OR joins words, or values of one field, not both");
  EXPECT_EQ(understood("ro*l"), "fault at 2: a star stands at the end of a word only");
  EXPECT_EQ(understood("a - b"), "fault at 2: there is no letter or digit to search for");
  EXPECT_EQ(understood("*"), "fault at 0: there is no letter or digit to search for");
  EXPECT_EQ(understood("\"\""), "fault at 0: there is no letter or digit to search for");
  EXPECT_EQ(understood("label:x"), "fault at 0: labels of pages are not mirrored");
  EXPECT_EQ(understood("a titel:x"), "fault at 2: unknown field 'titel'");
  EXPECT_EQ(understood("space:"), "fault at 6: the value of 'space' is missing");
  EXPECT_EQ(understood("status:open"), "fault at 7: unknown status 'open'");
  EXPECT_EQ(understood("space:DO*"), "fault at 0: a star has no meaning in 'space'");
  EXPECT_EQ(understood("updated:>2026-13"), "fault at 8: '2026-13' is no date");
  EXPECT_EQ(understood("updated:2026-02-30"), "fault at 8: '2026-02-30' is no date");
  EXPECT_EQ(understood("updated:yesterday"), "fault at 8: 'yesterday' is no date");
  EXPECT_EQ(understood("updated:2026..2025"), "fault at 8: the end lies before the beginning");
  EXPECT_EQ(understood("updated:=>2026"), "fault at 8: '=>' is none of > >= < <=");
  EXPECT_EQ(understood("a\x01"), "fault at 1: a control character stands here");
  EXPECT_EQ(understood(std::string_view("a\0b", 3)), "fault at 1: a control character stands here");
  EXPECT_EQ(understood("a \xff"), "fault at 2: it is not UTF-8 here");
  EXPECT_EQ(understood(std::string(5000, 'a')), "fault at 4096: it is longer than 4096 bytes");
  std::string many;
  for (int i = 0; i < 65; ++i) many += "a ";
  EXPECT_EQ(understood(many), "fault at 128: there are more than 64 words");
}

TEST(QueryParserTest, AnErrorShowsTheFault) {
  const std::string text = "東京 titel:x";
  const auto parsed = parse_query(text);
  ASSERT_TRUE(parsed.fault.has_value());
  const auto error = query_error(text, *parsed.fault);
  EXPECT_EQ(error.kind, store::ErrorKind::kUsage);
  EXPECT_EQ(error.message, "cannot search: unknown field 'titel'\n東京 titel:x\n     ^");
  EXPECT_THAT(error.hint, HasSubstr("title, space, status"));
}

}  // namespace
}  // namespace querying
