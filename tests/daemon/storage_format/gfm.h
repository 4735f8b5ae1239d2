#pragma once

// Markdown as GitHub's own reader takes it, with tables, task lists, strikethrough and autolinks:
// what it makes of it as HTML, raw HTML among it, and as text.

#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm.h>

#include <cstdlib>
#include <string>
#include <string_view>

namespace storage_format {

inline std::string gfm_to_html(std::string_view markdown) {
  cmark_gfm_core_extensions_ensure_registered();
  auto* parser = cmark_parser_new(CMARK_OPT_UNSAFE);
  for (const auto* name : {"table", "strikethrough", "autolink", "tasklist"}) {
    cmark_parser_attach_syntax_extension(parser, cmark_find_syntax_extension(name));
  }
  cmark_parser_feed(parser, markdown.data(), markdown.size());
  auto* document = cmark_parser_finish(parser);
  auto* html =
      cmark_render_html(document, CMARK_OPT_UNSAFE, cmark_parser_get_syntax_extensions(parser));
  std::string result = html;
  std::free(html);  // NOLINT: cmark allocates so
  cmark_node_free(document);
  cmark_parser_free(parser);
  return result;
}

}  // namespace storage_format
