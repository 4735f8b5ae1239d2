#include "daemon/query/readable_body.h"

#include <array>
#include <utility>

#include "daemon/storage_format/forgiving.h"
#include "daemon/storage_format/readable.h"

namespace querying {

namespace {

// Elements that begin a line of the source where one ends before them, or a text.
constexpr std::array<std::string_view, 36> kBlocks = {"p",
                                                      "h1",
                                                      "h2",
                                                      "h3",
                                                      "h4",
                                                      "h5",
                                                      "h6",
                                                      "ul",
                                                      "ol",
                                                      "li",
                                                      "table",
                                                      "colgroup",
                                                      "tbody",
                                                      "thead",
                                                      "tr",
                                                      "th",
                                                      "td",
                                                      "blockquote",
                                                      "pre",
                                                      "hr",
                                                      "div",
                                                      "ac:structured-macro",
                                                      "ac:macro",
                                                      "ac:parameter",
                                                      "ac:rich-text-body",
                                                      "ac:plain-text-body",
                                                      "ac:layout",
                                                      "ac:layout-section",
                                                      "ac:layout-cell",
                                                      "ac:task-list",
                                                      "ac:task",
                                                      "ac:task-id",
                                                      "ac:task-status",
                                                      "ac:task-body",
                                                      "ac:image",
                                                      "ac:adf-extension"};

bool is_block_tag(std::string_view rest) {
  auto name = rest.substr(1);
  if (name.starts_with('/')) name.remove_prefix(1);
  constexpr std::size_t kLongestName = 32;
  name = name.substr(0, kLongestName);
  name = name.substr(0, name.find_first_of(" \t\r\n/>"));
  for (const auto block : kBlocks) {
    if (name == block) return true;
  }
  return false;
}

}  // namespace

std::string readable_body(std::string_view body) {
  const auto document = storage_format::read_forgiving(body);
  return storage_format::readable_text(document, document.root());
}

std::string storage_lines(std::string_view body) {
  std::string out;
  std::size_t tag = body.size();  // where the last tag began in the body
  std::size_t at = 0;
  while (at < body.size()) {
    const auto rest = body.substr(at);
    if (rest.starts_with("<![CDATA[")) {
      const auto end = rest.find("]]>");
      const auto size = end == rest.npos ? rest.size() : end + 3;
      out += rest.substr(0, size);
      at += size;
      continue;
    }
    if (rest.front() == '<') {
      tag = at;
      const bool opens = !rest.starts_with("</") && is_block_tag(rest);
      if (opens && !out.empty() && out.back() != '\n') out += '\n';
    }
    out += rest.front();
    ++at;
    if (rest.front() != '>' || tag >= at) continue;
    const auto ended = body.substr(std::exchange(tag, body.size()));
    const bool more = at < body.size() && body[at] != '\n';
    if (more && ended.starts_with("</") && is_block_tag(ended)) out += '\n';
  }
  return out;
}

}  // namespace querying
