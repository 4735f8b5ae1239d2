// Every real body, in every form: nothing that people see of it is lost. The words to look for come
// from a stripper of the test's own, and Markdown is read by GitHub's reader.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "daemon/storage_format/extract.h"
#include "daemon/storage_format/forgiving.h"
#include "daemon/storage_format/render.h"
#include "tests/daemon/storage_format/corpus.h"
#include "tests/daemon/storage_format/gfm.h"
#include "tests/daemon/storage_format/stripper.h"

namespace storage_format {
namespace {

class RenderCorpus : public testing::Test {
 protected:
  void SetUp() override {
    if (bodies_.empty()) GTEST_SKIP() << "no bodies beside the checkout";
  }

  static std::string missing(const std::set<std::string>& wanted,
                             const std::set<std::string>& there) {
    std::string lost;
    for (const auto& word : wanted) {
      if (!there.contains(word)) lost += word + " ";
    }
    return lost;
  }

  std::vector<RealBody> bodies_ = real_bodies();
};

TEST_F(RenderCorpus, TheStripperFindsWords) {
  std::size_t found = 0;
  for (const auto& body : bodies_) found += visible_words(body.text).size();
  std::printf("different words of each body, in all: %zu\n", found);
  EXPECT_GT(found, 10 * bodies_.size());
}

TEST_F(RenderCorpus, NoWordIsLostInText) {
  for (const auto& body : bodies_) {
    EXPECT_EQ(missing(visible_words(body.text), words_of(plain_text(body.text))), "") << body.name;
  }
}

TEST_F(RenderCorpus, NoWordIsLostInHtml) {
  for (const auto& body : bodies_) {
    EXPECT_EQ(missing(visible_words(body.text), html_words(to_html(body.text).text)), "")
        << body.name;
  }
}

TEST_F(RenderCorpus, NoWordIsLostInMarkdownAsGitHubReadsIt) {
  for (const auto& body : bodies_) {
    const auto markdown = to_markdown(body.text).text;
    EXPECT_EQ(missing(visible_words(body.text), html_words(gfm_to_html(markdown))), "")
        << body.name << "\n"
        << markdown;
  }
}

TEST_F(RenderCorpus, TheTextOfExtractIsThatOfPlainText) {
  for (const auto& body : bodies_) {
    const auto content = extract(body.text);
    EXPECT_EQ(content.text, plain_text(body.text)) << body.name;
    EXPECT_FALSE(content.fault) << body.name;
  }
}

TEST_F(RenderCorpus, WhatIsWellFormedIsReadForgivinglyAsItIsReadStrictly) {
  const auto same = [](const auto& self, const Node& a, const Node& b) -> bool {
    const bool own = a.kind == b.kind && a.cdata == b.cdata && a.name == b.name &&
                     a.text == b.text && a.begin == b.begin && a.end == b.end &&
                     a.content_begin == b.content_begin && a.content_end == b.content_end;
    return own &&
           std::ranges::equal(a.attributes, b.attributes,
                              [](const Attribute& x, const Attribute& y) {
                                return x.name == y.name && x.value == y.value;
                              }) &&
           std::ranges::equal(a.children, b.children,
                              [&](const Node& x, const Node& y) { return self(self, x, y); });
  };
  for (const auto& body : bodies_) {
    const auto strict = read(body.text);
    ASSERT_TRUE(strict) << body.name;
    EXPECT_TRUE(same(same, strict->root(), read_forgiving(body.text).root())) << body.name;
  }
}

TEST_F(RenderCorpus, EveryBodyCutAnywhereIsStillReadInEveryForm) {
  for (const auto& body : bodies_) {
    for (std::size_t cut = 1; cut < body.text.size(); cut += 97) {
      const auto part = std::string_view(body.text).substr(0, cut);
      EXPECT_EQ(extract(part).text, plain_text(part));
      EXPECT_EQ(to_html(part).text.find("<script"), std::string::npos);
      (void)to_markdown(part);
    }
  }
}

}  // namespace
}  // namespace storage_format
