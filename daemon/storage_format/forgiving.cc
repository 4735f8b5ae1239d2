#include "daemon/storage_format/forgiving.h"

#include "daemon/storage_format/lenient_reader.h"

namespace storage_format {

Forgiven forgive(std::string_view body, const Limits& limits) {
  return {read_forgiving(body, limits), check(body, limits)};
}

Document read_forgiving(std::string_view body, const Limits& limits) {
  LenientReader as_xml(body, limits, LenientReader::Rules::kXml);
  if (as_xml.run()) return as_xml.document();
  LenientReader as_html(body, limits, LenientReader::Rules::kHtml);
  as_html.run();
  return as_html.document();
}

}  // namespace storage_format
