#include "tests/site/storage_check.h"

#include <expat.h>

#include <memory>
#include <vector>

#include "tests/site/random.h"
#include "tests/site/text.h"

namespace site {
namespace {

// The entities of XHTML 1.0 beside the five that XML has anyway.
constexpr std::string_view kEntities =
    "AElig Aacute Acirc Agrave Alpha Aring Atilde Auml Beta Ccedil Chi Dagger Delta ETH Eacute "
    "Ecirc Egrave Epsilon Eta Euml Gamma Iacute Icirc Igrave Iota Iuml Kappa Lambda Mu Ntilde "
    "Nu OElig Oacute Ocirc Ograve Omega Omicron Oslash Otilde Ouml Phi Pi Prime Psi Rho Scaron "
    "Sigma THORN Tau Theta Uacute Ucirc Ugrave Upsilon Uuml Xi Yacute Yuml Zeta aacute acirc "
    "acute aelig agrave alefsym alpha and ang aring asymp atilde auml bdquo beta brvbar bull "
    "cap ccedil cedil cent chi circ clubs cong copy crarr cup curren dArr dagger darr deg delta "
    "diams divide eacute ecirc egrave empty emsp ensp epsilon equiv eta eth euml euro exist "
    "fnof forall frac12 frac14 frac34 frasl gamma ge hArr harr hearts hellip iacute icirc iexcl "
    "igrave image infin int iota iquest isin iuml kappa lArr lambda lang laquo larr lceil ldquo "
    "le lfloor lowast loz lrm lsaquo lsquo macr mdash micro middot minus mu nabla nbsp ndash ne "
    "ni not notin nsub ntilde nu oacute ocirc oelig ograve oline omega omicron oplus or ordf "
    "ordm oslash otilde otimes ouml para part permil perp phi pi piv plusmn pound prime prod "
    "prop psi rArr radic rang raquo rarr rceil rdquo real reg rfloor rho rlm rsaquo rsquo sbquo "
    "scaron sdot sect shy sigma sigmaf sim spades sub sube sum sup sup1 sup2 sup3 supe szlig "
    "tau there4 theta thetasym thinsp thorn tilde times trade uArr uacute uarr ucirc ugrave uml "
    "upsih upsilon uuml weierp xi yacute yen yuml zeta zwj zwnj ";

constexpr std::string_view kOpen =
    "<root xmlns:ac=\"http://atlassian.com/content\" "
    "xmlns:ri=\"http://atlassian.com/resource/identifier\" "
    "xmlns:at=\"http://atlassian.com/template\">\n";
constexpr std::string_view kClose = "\n</root>";

const std::string& prolog() {
  static const std::string text = [] {
    std::string made = "<!DOCTYPE root [";
    std::string_view names = kEntities;
    while (!names.empty()) {
      const std::size_t end = names.find(' ');
      made += "<!ENTITY " + std::string(names.substr(0, end)) + " '&#160;'>";
      names.remove_prefix(end + 1);
    }
    return made + "]>" + std::string(kOpen);
  }();
  return text;
}

std::string_view name_at(std::string_view text, std::size_t from) {
  const std::size_t end = text.find_first_of(" \t\r\n/>", from);
  return text.substr(from, end == std::string_view::npos ? end : end - from);
}

// The elements that are open, for the words of the error.
struct Reading {
  XML_Parser parser = nullptr;
  std::string_view text;
  std::vector<std::string_view> open;
};

void on_start(void* data, const XML_Char*, const XML_Char**) {
  auto& reading = *static_cast<Reading*>(data);
  const auto at = static_cast<std::size_t>(XML_GetCurrentByteIndex(reading.parser));
  reading.open.push_back(name_at(reading.text, at + 1));
}

void on_end(void* data, const XML_Char*) { static_cast<Reading*>(data)->open.pop_back(); }

std::string describe(const Reading& reading, std::size_t at) {
  const XML_Error code = XML_GetErrorCode(reading.parser);
  const std::string_view rest = reading.text.substr(std::min(at, reading.text.size()));
  if (code == XML_ERROR_TAG_MISMATCH && !reading.open.empty()) {
    return "Unexpected close tag </" + std::string(name_at(rest, 0)) + ">; expected </" +
           std::string(reading.open.back()) + ">.";
  }
  // expat stops at the last of the three.
  if (at >= 2 && reading.text.substr(at - 2, 3) == "]]>")
    return "CDATA block has embedded ']]>' in it";
  return XML_ErrorString(code);
}

}  // namespace

std::optional<std::string> storage_error(std::string_view body) {
  const std::string text = prolog() + std::string(body) + std::string(kClose);
  const std::unique_ptr<XML_ParserStruct, decltype(&XML_ParserFree)> parser(
      XML_ParserCreateNS("UTF-8", '|'), &XML_ParserFree);
  Reading reading{parser.get(), text, {}};
  XML_SetUserData(parser.get(), &reading);
  XML_SetElementHandler(parser.get(), on_start, on_end);
  if (XML_Parse(parser.get(), text.data(), static_cast<int>(text.size()), XML_TRUE) ==
      XML_STATUS_OK) {
    return std::nullopt;
  }
  const auto at = static_cast<std::size_t>(XML_GetCurrentByteIndex(parser.get()));
  return "Error parsing xhtml: " + describe(reading, at) + "\n at [row,col {unknown-source}]: [" +
         std::to_string(XML_GetCurrentLineNumber(parser.get()) - 1) + "," +
         std::to_string(XML_GetCurrentColumnNumber(parser.get()) + 1) + "]";
}

namespace {

// The length of what starts at `<` and is no tag of an element; 0: it is a tag.
std::size_t length_of_other(std::string_view rest) {
  const auto until = [&](std::string_view mark) {
    const std::size_t end = rest.find(mark);
    return end == std::string_view::npos ? rest.size() : end + mark.size();
  };
  if (rest.starts_with("<![CDATA[")) return until("]]>");
  if (rest.starts_with("<!--")) return until("-->");
  if (rest.starts_with("<?")) return until("?>");
  return 0;
}

// Past the `>` that ends the tag; attribute values may hold one.
std::size_t length_of_tag(std::string_view rest) {
  char quote = 0;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    if (quote != 0) {
      if (rest[i] == quote) quote = 0;
    } else if (rest[i] == '"' || rest[i] == '\'') {
      quote = rest[i];
    } else if (rest[i] == '>') {
      return i + 1;
    }
  }
  return rest.size();
}

std::string uuid_of(std::uint64_t seed, std::uint64_t nth) {
  std::string text;
  for (const std::uint64_t part : {hash_of(seed, nth, 0), hash_of(seed, nth, 1)}) {
    text += to_hex({reinterpret_cast<const char*>(&part), sizeof part});
  }
  text[12] = '4';
  text[16] = 'a';
  for (const std::size_t place : {8U, 13U, 18U, 23U}) text.insert(place, 1, '-');
  return text;
}

void append_tag(std::string& out, std::string_view tag, std::uint64_t seed, std::uint64_t& ids) {
  const std::string_view name = name_at(tag, 1);
  const bool closed = tag.ends_with("/>");
  std::string_view inside = tag.substr(0, tag.size() - (closed ? 2 : 1));
  out += inside;
  const auto lacks = [&](std::string_view attribute) {
    return inside.find(std::string(attribute) + "=") == std::string_view::npos;
  };
  const auto add = [&](std::string_view attribute, const std::string& value) {
    if (!lacks(attribute)) return;
    out += ' ';
    out += attribute;
    out += "=\"" + value + "\"";
  };
  const bool macro = name == "ac:structured-macro" || name == "ac:macro";
  if (macro) add("ac:schema-version", "1");
  if (macro || name == "table") add("ac:local-id", uuid_of(seed, ++ids));
  if (macro) add("ac:macro-id", uuid_of(seed, ++ids));
  if (closed) out += out.back() == ' ' ? "/>" : " />";
  if (!closed) out += '>';
}

}  // namespace

namespace {

// Calls `append` for each tag that opens an element and copies everything else.
template <typename Append>
std::string with_each_tag(std::string_view body, Append&& append) {
  std::string out;
  out.reserve(body.size() + body.size() / 16);
  while (!body.empty()) {
    const std::size_t text = std::min(body.find('<'), body.size());
    out += body.substr(0, text);
    body.remove_prefix(text);
    if (body.empty()) break;
    std::size_t length = length_of_other(body);
    if (length > 0 || body.starts_with("</")) {
      if (length == 0) length = length_of_tag(body);
      out += body.substr(0, length);
    } else {
      length = length_of_tag(body);
      append(out, body.substr(0, length));
    }
    body.remove_prefix(length);
  }
  return out;
}

// Without the attribute of that name and the blanks before it.
void drop_attribute(std::string& tag, std::string_view name) {
  const std::size_t at = tag.find(" " + std::string(name) + "=");
  if (at == std::string::npos) return;
  const std::size_t open = at + name.size() + 2;
  const std::size_t end = tag.find(tag[open], open + 1);
  if (end == std::string::npos) return;
  const std::size_t before = tag.find_last_not_of(" \t\r\n", at);
  tag.erase(before + 1, end - before);
}

}  // namespace

std::string rewrite_storage(std::string_view body, std::uint64_t seed) {
  std::uint64_t ids = 0;
  return with_each_tag(
      body, [&](std::string& out, std::string_view tag) { append_tag(out, tag, seed, ids); });
}

std::string normal_storage(std::string_view body) {
  return with_each_tag(body, [](std::string& out, std::string_view tag) {
    std::string text(tag);
    for (const char* name : {"ac:schema-version", "ac:local-id", "ac:macro-id"}) {
      drop_attribute(text, name);
    }
    if (text.ends_with("/>")) {
      const std::size_t last = text.find_last_not_of(" \t\r\n", text.size() - 3);
      text.resize(last + 1);
      text += "/>";
    }
    out += text;
  });
}

}  // namespace site
