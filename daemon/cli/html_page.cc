#include "daemon/cli/html_page.h"

#include <string_view>

namespace cli {

namespace {

std::string escaped_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::string html_page(const std::string& title, const std::string& fragment) {
  return "<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
         "base-uri 'none'; form-action 'none'\">\n<title>" +
         escaped_html(title) + "</title>\n</head>\n<body>\n<main>\n" + fragment +
         "</main>\n</body>\n</html>\n";
}

}  // namespace cli
