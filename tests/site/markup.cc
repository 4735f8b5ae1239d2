#include "tests/site/markup.h"

#include <vector>

#include "tests/site/text.h"

namespace site {
namespace {

constexpr std::string_view kCdata = "<![CDATA[";
constexpr std::string_view kCdataEnd = "]]>";

// Calls on_tag(whole tag), on_text(text with entities) and on_cdata(plain text) over a storage
// body.
template <typename OnTag, typename OnText, typename OnCdata>
void scan(std::string_view storage, OnTag&& on_tag, OnText&& on_text, OnCdata&& on_cdata) {
  while (!storage.empty()) {
    if (storage.starts_with(kCdata)) {
      const std::size_t end = std::min(storage.find(kCdataEnd), storage.size());
      on_cdata(storage.substr(kCdata.size(), end - kCdata.size()));
      storage.remove_prefix(std::min(end + kCdataEnd.size(), storage.size()));
    } else if (storage.front() == '<') {
      const std::size_t size = std::min(storage.find('>'), storage.size() - 1) + 1;
      on_tag(storage.substr(0, size));
      storage.remove_prefix(size);
    } else {
      const std::size_t size = std::min(storage.find('<'), storage.size());
      on_text(storage.substr(0, size));
      storage.remove_prefix(size);
    }
  }
}

std::string decode_entities(std::string_view text) {
  static constexpr std::pair<std::string_view, std::string_view> kEntities[] = {
      {"&amp;", "&"},   {"&lt;", "<"},        {"&gt;", ">"},
      {"&quot;", "\""}, {"&nbsp;", "\u00A0"}, {"&apos;", "'"}};
  std::string out;
  while (!text.empty()) {
    std::size_t used = 0;
    for (const auto& [entity, meaning] : kEntities) {
      if (!text.starts_with(entity)) continue;
      out += meaning;
      used = entity.size();
      break;
    }
    if (used == 0) {
      out += text.front();
      used = 1;
    }
    text.remove_prefix(used);
  }
  return out;
}

bool ends_block(std::string_view tag) {
  for (const std::string_view name : {"</p>", "</h1>", "</h2>", "</h3>", "</li>", "</td>", "</th>",
                                      "</ac:plain-text-body>", "</ac:task-body>", "<hr />"}) {
    if (tag == name) return true;
  }
  return false;
}

}  // namespace

std::string escape_markup(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string to_view(std::string_view storage) {
  std::string out;
  scan(
      storage,
      [&](std::string_view tag) {
        const std::string_view name = tag.substr(tag.starts_with("</") ? 2 : 1);
        if (!name.starts_with("ac:") && !name.starts_with("ri:")) out += tag;
      },
      [&](std::string_view text) { out += text; },
      [&](std::string_view text) { out += escape_markup(text); });
  return out;
}

std::string to_atlas_doc(std::string_view storage) {
  std::string out = R"({"type":"doc","version":1,"content":[)";
  std::string block;
  bool first = true;
  const auto flush = [&] {
    if (block.empty()) return;
    if (!first) out += ',';
    first = false;
    out += R"({"type":"paragraph","content":[{"type":"text","text":)";
    append_quoted(out, block);
    out += "}]}";
    block.clear();
  };
  scan(
      storage,
      [&](std::string_view tag) {
        if (ends_block(tag)) flush();
      },
      [&](std::string_view text) { block += decode_entities(text); },
      [&](std::string_view text) { block += text; });
  flush();
  return out + "]}";
}

}  // namespace site
