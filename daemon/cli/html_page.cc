#include "daemon/cli/html_page.h"

#include "daemon/storage_format/characters.h"

namespace cli {

std::string html_page(const std::string& title, const std::string& fragment) {
  return "<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
         "base-uri 'none'; form-action 'none'\">\n<title>" +
         storage_format::escaped_html(title) + "</title>\n</head>\n<body>\n<main>\n" + fragment +
         "</main>\n</body>\n</html>\n";
}

}  // namespace cli
