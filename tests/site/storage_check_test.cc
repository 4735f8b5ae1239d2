// Bodies that are written: what is well-formed, what the site changes, what wiki markup becomes.

#include "tests/site/storage_check.h"

#include <gtest/gtest.h>

#include "tests/site/content.h"
#include "tests/site/wiki.h"

namespace site {
namespace {

TEST(StorageCheckTest, WhatTheSiteItselfMakesIsGood) {
  ContentOptions options;
  options.pages = 300;
  options.huge_body_bytes = 0;
  const Content content(options);
  for (Index page = 0; page < content.pages().size(); ++page) {
    const std::string body = content.body(page, content.pages()[page].version);
    EXPECT_EQ(storage_error(body).value_or(""), "") << body;
    const std::string stored = rewrite_storage(body, page);
    EXPECT_EQ(storage_error(stored).value_or(""), "");
    EXPECT_EQ(rewrite_storage(stored, 7), stored) << "once rewritten, it stays";
    EXPECT_EQ(normal_storage(stored), normal_storage(body));
    EXPECT_EQ(storage_error(normal_storage(body)).value_or(""), "");
  }
}

TEST(StorageCheckTest, ErrorsTellTheirPlaceInTheBody) {
  EXPECT_EQ(storage_error("<p>a</q>"),
            "Error parsing xhtml: Unexpected close tag </q>; expected </p>.\n at [row,col "
            "{unknown-source}]: [1,7]");
  EXPECT_NE(storage_error("<p>\n\n  a & b</p>").value_or("").find("[3,6]"), std::string::npos);
  EXPECT_TRUE(storage_error("<p>\xFF</p>"));
  EXPECT_TRUE(storage_error("<!DOCTYPE x><p/>"));
  EXPECT_TRUE(storage_error("<P></p>"));
  EXPECT_FALSE(storage_error(""));
  EXPECT_FALSE(storage_error("plain text"));
  EXPECT_FALSE(storage_error("<p title=\"&nbsp;&hellip;\">&apos;&alefsym;</p>"));
}

TEST(StorageCheckTest, RewritingLooksIntoNoValueAndNoSection) {
  EXPECT_EQ(rewrite_storage("<p title=\"a>b<br/>\">x</p>", 1), "<p title=\"a>b<br/>\">x</p>");
  EXPECT_EQ(rewrite_storage("<!-- <br/> --><br/><br />", 1), "<!-- <br/> --><br /><br />");
  EXPECT_EQ(rewrite_storage("<ac:structured-macro ac:macro-id=\"m\" ac:local-id=\"l\" "
                            "ac:schema-version=\"2\"/>",
                            1),
            "<ac:structured-macro ac:macro-id=\"m\" ac:local-id=\"l\" ac:schema-version=\"2\" />");
}

TEST(StorageCheckTest, TheNormalFormLacksWhatTheSiteAdds) {
  EXPECT_EQ(
      normal_storage("<ac:structured-macro ac:name=\"x\" ac:local-id='1' "
                     "ac:schema-version=\"1\"\n ac:macro-id=\"2\"  /><br />a ac:macro-id=\"3\""),
      "<ac:structured-macro ac:name=\"x\"/><br/>a ac:macro-id=\"3\"");
  EXPECT_NE(normal_storage("<p>a</p>"), normal_storage("<p>a </p>"));
}

TEST(WikiTest, MarkupBecomesStorage) {
  EXPECT_EQ(wiki_to_storage("h1. Title\n\nOne *bold*, _slanted_ and {{mono}}\nsecond line"),
            "<h1>Title</h1><p>One <strong>bold</strong>, <em>slanted</em> and "
            "<code>mono</code><br/>second line</p>");
  EXPECT_EQ(wiki_to_storage("* a\n** b\n# c\n- d"),
            "<ul><li>a<ul><li>b</li></ul></li></ul><ol><li>c</li></ol><ul><li>d</li></ul>");
  EXPECT_EQ(wiki_to_storage("[text|https://a.example/?b&c] [Other page]"),
            "<p><a href=\"https://a.example/?b&amp;c\">text</a> <ac:link><ri:page "
            "ri:content-title=\"Other page\" /></ac:link></p>");
  EXPECT_EQ(wiki_to_storage("{code:java}\na < b ]]> c\n{code}"),
            "<ac:structured-macro ac:name=\"code\"><ac:parameter ac:name=\"language\">java"
            "</ac:parameter><ac:plain-text-body><![CDATA[a < b ]]]]><![CDATA[> c]]>"
            "</ac:plain-text-body></ac:structured-macro>");
}

TEST(WikiTest, WhatItDoesNotKnowIsEscapedTextAndAlwaysWellFormed) {
  EXPECT_EQ(wiki_to_storage("2 * 3 * 4 <b> {panel} snake_case_name"),
            "<p>2 * 3 * 4 &lt;b&gt; {panel} snake_case_name</p>");
  for (const std::string text : {"*a _b* c_", "[", "[]", "{code}", "*", "** ", "* \n# *x", "{{",
                                 "h1.", "----\n*", "[a|b|c]", "_*_*_", "\r\n\r\n", "*<*"}) {
    EXPECT_EQ(storage_error(wiki_to_storage(text)).value_or(""), "") << text;
  }
}

}  // namespace
}  // namespace site
