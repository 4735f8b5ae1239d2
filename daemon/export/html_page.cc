#include "daemon/export/html_page.h"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/export/file_names.h"
#include "daemon/export/site_link.h"

namespace exporting {

namespace {

// file: is for browsers that take every file for an origin of its own.
constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self' file:; style-src 'self' file:; img-src 'self' file: "
    "data:; base-uri 'none'; form-action 'none'";

std::string way_to_top(std::string_view path) {
  std::string way;
  for (auto count = std::count(path.begin(), path.end(), '/'); count > 0; --count) way += "../";
  return way.empty() ? "./" : way;
}

}  // namespace

std::string shown_title(std::string_view title) {
  if (title.find_first_not_of(" \t\r\n") == std::string_view::npos) return "(untitled)";
  return std::string(title);
}

std::string html_document(const HtmlFrame& frame, std::string_view content) {
  const auto root = way_to_top(frame.path);
  std::string data = fmt::format(" data-root=\"{}\"", root);
  std::string side;
  if (!frame.space_id.empty()) {
    data += fmt::format(" data-space=\"{}\" data-folder=\"{}\"", frame.space_id,
                        escaped_html(frame.space_folder));
    side = fmt::format(
        "<nav class=\"side\" aria-label=\"Pages\"><div><h2><a href=\"{}\">{}</a></h2>"
        "<div id=\"tree\"></div></div></nav>\n",
        escaped_html(root + percent_encoded(joined(frame.space_folder, kIndexFile))),
        escaped_html(shown_title(frame.space_name)));
  }
  if (!frame.page_path.empty()) {
    data += fmt::format(" data-path=\"{}\"", escaped_html(frame.page_path));
  }
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"referrer\" content=\"no-referrer\">\n"
      "<title>{title}</title>\n<link rel=\"stylesheet\" href=\"{root}{assets}/style.css\">\n"
      "<script src=\"{root}{assets}/app.js\" defer></script>\n</head>\n<body{data}>\n"
      "<a class=\"skip\" href=\"#main\">Skip to the text</a>\n"
      "<header class=\"bar\">{menu}<a class=\"site\" href=\"{root}{index}\">{site}</a>"
      "<form role=\"search\" hidden><input id=\"search\" type=\"search\" autocomplete=\"off\" "
      "placeholder=\"Search  ( / )\" aria-label=\"Search\"></form></header>\n"
      "<div class=\"{frame_class}\">\n{side}<div>\n<main id=\"main\" class=\"content\">\n{content}"
      "</main>\n<section id=\"results\" aria-label=\"Found\" hidden></section>\n</div>\n</div>\n"
      "</body>\n</html>\n",
      fmt::arg("policy", kPolicy), fmt::arg("title", escaped_html(frame.title)),
      fmt::arg("root", root), fmt::arg("assets", kAssetsFolder), fmt::arg("data", data),
      fmt::arg("menu", side.empty() ? ""
                                    : "<button id=\"menu\" type=\"button\" hidden "
                                      "aria-expanded=\"false\">Pages</button>"),
      fmt::arg("index", kIndexFile), fmt::arg("site", escaped_html(frame.site)),
      fmt::arg("frame_class", side.empty() ? "whole" : "frame"), fmt::arg("side", side),
      fmt::arg("content", content));
}

}  // namespace exporting
