#include "tests/site/body.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "tests/site/random.h"
#include "tests/site/text.h"
#include "tests/site/words.h"

namespace site {
namespace {

constexpr std::size_t kBlockBytes = 430;  // measured mean of the blocks below

class BodyWriter {
 public:
  BodyWriter(std::string& out, BodyForm form) : out_(out), json_(form == BodyForm::kJson) {}

  BodyWriter& put(std::string_view text) {
    if (json_) {
      append_escaped(out_, text);
    } else {
      out_ += text;
    }
    return *this;
  }
  BodyWriter& put(std::uint64_t number) {
    append_number(out_, static_cast<std::int64_t>(number));
    return *this;
  }
  // `count` words in a row. None of them needs escaping, so that both forms cost the same.
  BodyWriter& words(Random& random, std::size_t count) {
    const auto slots = word_slots();
    std::array<char, 1024> buffer{};
    std::size_t size = 0;
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (i % 6 == 0) bits = random.next();
      const WordSlot& slot = slots[bits & 1023U];
      bits >>= 10U;
      if (size + slot.text.size() > buffer.size()) {
        out_.append(buffer.data(), size);
        size = 0;
      }
      std::memcpy(buffer.data() + size, slot.text.data(), slot.text.size());
      size += slot.length;
    }
    if (size > 0) out_.append(buffer.data(), size - 1);  // without the last blank
    return *this;
  }
  BodyWriter& uuid(Random& random) {
    static constexpr std::string_view kHexDigits = "0123456789abcdef";
    std::array<char, 36> text{};
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (i % 16 == 0) bits = random.next();
      text[i] = i == 8 || i == 13 || i == 18 || i == 23 ? '-' : kHexDigits[bits & 15U];
      bits >>= 4U;
    }
    out_.append(text.data(), text.size());
    return *this;
  }
  BodyWriter& one_of(Random& random, std::span<const std::string_view> choices) {
    return put(choices[random.below(choices.size())]);
  }

 private:
  std::string& out_;
  bool json_;
};

using Block = void (*)(BodyWriter&, Random&);

void paragraph(BodyWriter& w, Random& r) {
  w.put("<p>").words(r, 30 + r.below(50)).put(". ");
  w.put("<strong>").words(r, 3).put("</strong> ").words(r, 10 + r.below(20)).put(".</p>");
}

void entities(BodyWriter& w, Random& r) {
  w.put("<p>").words(r, 15).put(" ").one_of(r, entity_phrases()).put(" ").words(r, 20).put(" ");
  w.one_of(r, entity_phrases()).put(" <em>").words(r, 4).put("</em>&nbsp;</p>");
  w.put("<p style=\"text-align: center;\">").words(r, 25).put("</p>");
}

void foreign(BodyWriter& w, Random& r) {
  w.put("<p>").one_of(r, foreign_sentences()).put("</p><p>").words(r, 12).put(" ");
  w.one_of(r, foreign_sentences()).put("</p>");
}

void heading(BodyWriter& w, Random& r) {
  w.put("<h2>").words(r, 5).put("</h2><p>").words(r, 40 + r.below(30)).put(".</p>");
}

void list(BodyWriter& w, Random& r) {
  w.put("<ul>");
  for (std::uint64_t i = 0, n = 3 + r.below(4); i < n; ++i) {
    w.put("<li><p>").words(r, 8 + r.below(12)).put("</p></li>");
  }
  w.put("</ul><ol start=\"1\"><li><p>").words(r, 6).put("</p></li></ol>");
}

void table(BodyWriter& w, Random& r) {
  w.put("<table data-table-width=\"760\" data-layout=\"default\" ac:local-id=\"").uuid(r);
  w.put("\"><colgroup><col style=\"width: 340.0px;\" /><col /></colgroup><tbody><tr><th><p>");
  w.words(r, 2).put("</p></th><th><p>").words(r, 2).put("</p></th></tr>");
  for (std::uint64_t i = 0, n = 2 + r.below(4); i < n; ++i) {
    w.put("<tr><td><p>").words(r, 4).put("</p></td><td data-highlight-colour=\"#e3fcef\"><p>");
    w.put(r.below(100'000)).put("</p></td></tr>");
  }
  w.put("</tbody></table>");
}

void code(BodyWriter& w, Random& r) {
  w.put("<ac:structured-macro ac:name=\"code\" ac:schema-version=\"1\" ac:macro-id=\"").uuid(r);
  w.put("\"><ac:parameter ac:name=\"language\">bash</ac:parameter><ac:plain-text-body><![CDATA[");
  for (std::uint64_t i = 0, n = 3 + r.below(5); i < n; ++i) {
    w.one_of(r, code_lines()).put("\n");
  }
  // A CDATA section cannot hold its own end: editors split it.
  if (r.chance(0.3)) w.put("x = a[b[1]]]]><![CDATA[>2;\n");
  w.put("]]></ac:plain-text-body></ac:structured-macro>");
}

void panel(BodyWriter& w, Random& r) {
  static constexpr std::string_view kNames[] = {"info", "note", "warning", "tip", "panel"};
  w.put("<ac:structured-macro ac:name=\"").one_of(r, kNames).put("\" ac:schema-version=\"1\" ");
  w.put("ac:macro-id=\"").uuid(r).put("\"><ac:parameter ac:name=\"title\">").words(r, 3);
  w.put("</ac:parameter><ac:rich-text-body><p>").words(r, 20 + r.below(20)).put("</p>");
  w.put("</ac:rich-text-body></ac:structured-macro>");
}

void nested(BodyWriter& w, Random& r) {
  w.put("<ac:structured-macro ac:name=\"expand\" ac:schema-version=\"1\"><ac:parameter ");
  w.put("ac:name=\"title\">").words(r, 4).put("</ac:parameter><ac:rich-text-body>");
  panel(w, r);
  w.put("<p>").words(r, 10).put(
      " <ac:structured-macro ac:name=\"status\" ac:schema-version=\"1\">");
  w.put("<ac:parameter ac:name=\"colour\">Green</ac:parameter><ac:parameter ac:name=\"title\">");
  w.words(r, 1).put("</ac:parameter></ac:structured-macro></p>");
  w.put("</ac:rich-text-body></ac:structured-macro>");
}

void links(BodyWriter& w, Random& r) {
  w.put("<p>").words(r, 8).put(" <ac:link><ri:user ri:account-id=\"712020:").uuid(r);
  w.put("\" /></ac:link> ").words(r, 6).put(" <ac:link ac:card-appearance=\"inline\"><ri:page ");
  w.put("ri:content-title=\"").words(r, 3).put("\" ri:version-at-save=\"3\" /><ac:link-body>");
  w.words(r, 2).put("</ac:link-body></ac:link> <a href=\"https://example.com/?a=1&amp;b=");
  w.put(r.below(10'000)).put("\" data-card-appearance=\"inline\">").words(r, 3).put("</a> ");
  w.put("<ac:link ac:anchor=\"top%20of%20page\"><ac:plain-text-link-body><![CDATA[top & <more>]]>");
  w.put("</ac:plain-text-link-body></ac:link>.</p>");
}

void image(BodyWriter& w, Random& r) {
  w.put("<ac:image ac:align=\"center\" ac:layout=\"center\" ac:original-width=\"");
  w.put(400 + r.below(1200))
      .put("\" ac:alt=\"")
      .words(r, 3)
      .put("\"><ri:attachment ri:filename=\"");
  w.words(r, 1).put(".png\" ri:version-at-save=\"1\" /><ac:caption><p>").words(r, 8);
  w.put("</p></ac:caption></ac:image><p>").words(r, 25).put("</p>");
}

void tasks(BodyWriter& w, Random& r) {
  w.put("<ac:task-list>");
  for (std::uint64_t i = 1, n = 2 + r.below(3); i <= n; ++i) {
    w.put("<ac:task><ac:task-id>").put(i).put("</ac:task-id><ac:task-status>");
    w.put(r.chance(0.5) ? "complete" : "incomplete").put("</ac:task-status><ac:task-body>");
    w.words(r, 7).put(" <time datetime=\"2026-01-31\" /></ac:task-body></ac:task>");
  }
  w.put("</ac:task-list>");
}

void emoji(BodyWriter& w, Random& r) {
  w.put("<p><ac:emoticon ac:name=\"blue-star\" ac:emoji-shortname=\":rocket:\" ");
  w.put("ac:emoji-id=\"1f680\" ac:emoji-fallback=\"🚀\" /> ")
      .words(r, 20)
      .put(" 👩‍💻 ")
      .words(r, 15);
  w.put("</p><hr />");
}

void macros(BodyWriter& w, Random& r) {
  w.put("<ac:structured-macro ac:name=\"toc\" ac:schema-version=\"1\"><ac:parameter ");
  w.put("ac:name=\"maxLevel\">3</ac:parameter></ac:structured-macro><p>").words(r, 12);
  w.put(" <ac:structured-macro ac:name=\"jira\" ac:schema-version=\"1\" ac:macro-id=\"").uuid(r);
  w.put("\"><ac:parameter ac:name=\"key\">OPS-").put(1 + r.below(9999));
  w.put("</ac:parameter></ac:structured-macro></p><ac:structured-macro ac:name=\"");
  w.put("acme-chart\"><ac:parameter ac:name=\"\">").words(r, 2).put("</ac:parameter>");
  w.put("<ac:parameter ac:name=\"link\"><ac:link><ri:page ri:space-key=\"ENG\" ");
  w.put("ri:content-title=\"A &amp; B\" /></ac:link></ac:parameter></ac:structured-macro>");
}

void layout(BodyWriter& w, Random& r) {
  w.put("<ac:layout><ac:layout-section ac:type=\"two_equal\" ac:breakout-mode=\"default\">");
  for (int cell = 0; cell < 2; ++cell) {
    w.put("<ac:layout-cell><p>").words(r, 16).put("</p></ac:layout-cell>");
  }
  w.put("</ac:layout-section></ac:layout>");
}

void adf(BodyWriter& w, Random& r) {
  w.put("<ac:adf-extension><ac:adf-node type=\"panel\"><ac:adf-attribute key=\"panel-type\">note");
  w.put("</ac:adf-attribute><ac:adf-content><p>").words(r, 12).put("</p></ac:adf-content>");
  w.put("</ac:adf-node><ac:adf-fallback><div class=\"panel\"><p>").words(r, 12);
  w.put("</p></div></ac:adf-fallback></ac:adf-extension>");
}

constexpr Block kBlocks[] = {paragraph, paragraph, paragraph, paragraph, paragraph, paragraph,
                             paragraph, heading,   heading,   heading,   list,      list,
                             table,     table,     entities,  entities,  foreign,   code,
                             code,      panel,     nested,    links,     links,     image,
                             tasks,     emoji,     macros,    layout,    adf};

}  // namespace

void append_body(std::string& out, const BodySpec& spec, BodyForm form) {
  if (spec.target_bytes == 0) return;
  const std::size_t blocks = std::max<std::size_t>(1, spec.target_bytes / kBlockBytes);
  // The version that wrote each block as this version shows it.
  std::vector<std::int32_t> written(blocks, 1);
  for (std::int32_t version = 2; version <= spec.version; ++version) {
    written[hash_of(spec.seed, 0x6564697455ULL, static_cast<std::uint64_t>(version)) % blocks] =
        version;
  }
  out.reserve(out.size() + spec.target_bytes + spec.target_bytes / 4);
  BodyWriter writer(out, form);
  for (std::size_t block = 0; block < blocks; ++block) {
    const std::uint64_t kind = hash_of(spec.seed, block) % std::size(kBlocks);
    Random random(hash_of(spec.seed, block, static_cast<std::uint64_t>(written[block])));
    kBlocks[kind](writer, random);
  }
}

}  // namespace site
