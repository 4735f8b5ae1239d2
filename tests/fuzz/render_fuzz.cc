#include <algorithm>
#include <iterator>
#include <string>

#include "daemon/storage_format/characters.h"
#include "daemon/storage_format/document.h"
#include "daemon/storage_format/extract.h"
#include "daemon/storage_format/forgiving.h"
#include "daemon/storage_format/render.h"
#include "tests/fuzz/document_check.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/html_check.h"

namespace {

namespace sf = storage_format;

void expect_text(std::string_view text) {
  while (!text.empty()) {
    const auto size = sf::character_size(text);
    FUZZ_EXPECT(size > 0);
    text.remove_prefix(size);
  }
}

void expect_rendering(const sf::Rendering& rendering) {
  expect_text(rendering.text);
  FUZZ_EXPECT(rendering.text.empty() || rendering.text.ends_with('\n'));
  for (const auto& one : rendering.approximations) {
    FUZZ_EXPECT(one.at.line >= 1 && one.at.column >= 1 && !one.what.empty());
    for (const char c : one.what) FUZZ_EXPECT(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
  }
}

// Everything that is asked may be known, and dangerous.
class KnownWorld : public sf::Surroundings {
 public:
  explicit KnownWorld(std::string_view body) : body_(body) {}
  std::optional<Target> find(const sf::Reference& reference) const override {
    return Target{reference.title + reference.url, reference.title};
  }
  std::optional<std::string> user_name(std::string_view account_id) const override {
    return std::string(account_id);
  }
  std::vector<Below> below(const sf::Reference& page, int) const override {
    return {{{page.title, page.title}, {{{"a.md", "*a*"}, {}}}}};
  }
  std::optional<std::string> body_of(const sf::Reference&) const override { return body_; }
  std::vector<Target> attachments() const override { return {{"f%20.png", "<f|>"}}; }
  std::string jira_issue(std::string_view key) const override { return std::string(key); }

 private:
  std::string body_;
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto body = text_of(data, size);
  sf::Limits small;
  small.max_depth = 4;
  small.max_nodes = 20;
  (void)sf::read_forgiving(body, small);
  if (const auto strict = sf::read(body)) {
    expect_same(strict->root(), sf::read_forgiving(body).root());
  }
  const auto content = sf::extract(body);
  FUZZ_EXPECT(content.text == sf::plain_text(body));
  expect_text(content.text);
  const KnownWorld world(body);
  for (const auto* surroundings : {static_cast<const sf::Surroundings*>(nullptr),
                                   static_cast<const sf::Surroundings*>(&world)}) {
    const sf::Surroundings nothing;
    const auto& around = surroundings == nullptr ? nothing : *surroundings;
    const auto html = sf::to_html(body, around);
    expect_rendering(html);
    const auto fault = sf::HtmlCheck::fault_in(html.text);
    FUZZ_EXPECT(fault.empty());
    expect_rendering(sf::to_markdown(body, around));
  }
  return 0;
}
