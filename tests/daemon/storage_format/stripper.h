#pragma once

// The words of XML or HTML, without any of our readers: tags go, named and numbered references
// become characters, what is left is cut at everything that is no letter and no digit. For bodies
// it also leaves out what nobody sees: parameters of macros, ids and states of tasks, placeholders.

#include <array>
#include <cctype>
#include <set>
#include <string>
#include <utility>

namespace storage_format {

// Everything from `begin` to `end`, both of them gone; `begin` is the start of a whole name.
inline std::string cut_out(std::string text, const std::string& begin, const std::string& end) {
  for (auto at = text.find(begin); at != std::string::npos; at = text.find(begin, at)) {
    const auto tag_end = text.find('>', at);
    const char next = text[at + begin.size()];
    const bool whole = begin == "<!--" || next == '>' || next == ' ' || next == '/' || next == '\n';
    if (tag_end == std::string::npos || !whole) {
      at += begin.size();
      continue;
    }
    const bool empty = begin != "<!--" && text[tag_end - 1] == '/';
    const auto last = empty ? tag_end + 1 : text.find(end, at);
    if (last == std::string::npos) return text;
    text.replace(at, empty ? last - at : last + end.size() - at, " ");
  }
  return text;
}

inline std::string utf8_of(unsigned long code) {
  const auto byte = [](unsigned long value) { return static_cast<char>(value); };
  if (code < 0x80) return {byte(code)};
  if (code < 0x800) return {byte(0xC0 | code >> 6), byte(0x80 | (code & 0x3F))};
  if (code < 0x10000) {
    return {byte(0xE0 | code >> 12), byte(0x80 | (code >> 6 & 0x3F)), byte(0x80 | (code & 0x3F))};
  }
  return {byte(0xF0 | code >> 18), byte(0x80 | (code >> 12 & 0x3F)),
          byte(0x80 | (code >> 6 & 0x3F)), byte(0x80 | (code & 0x3F))};
}

inline std::string without_references(const std::string& text) {
  static const std::array<std::pair<std::string, std::string>, 30> kNames = {{
      {"amp", "&"},    {"lt", "<"},     {"gt", ">"},     {"quot", "\""},  {"apos", "'"},
      {"nbsp", " "},   {"ndash", "–"},  {"mdash", "—"},  {"hellip", "…"}, {"rsquo", "’"},
      {"lsquo", "‘"},  {"ldquo", "“"},  {"rdquo", "”"},  {"bull", "•"},   {"rarr", "→"},
      {"larr", "←"},   {"times", "×"},  {"eacute", "é"}, {"egrave", "è"}, {"agrave", "à"},
      {"ccedil", "ç"}, {"auml", "ä"},   {"ouml", "ö"},   {"uuml", "ü"},   {"szlig", "ß"},
      {"ecirc", "ê"},  {"iacute", "í"}, {"copy", "©"},   {"acirc", "â"},  {"deg", "°"},
  }};
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto end = text.find(';', at);
    if (text[at] != '&' || end == std::string::npos || end - at > 10) {
      out += text[at];
      continue;
    }
    const auto name = text.substr(at + 1, end - at - 1);
    bool known = name.size() > 1 && name[0] == '#';
    if (known) {
      const bool hex = name[1] == 'x' || name[1] == 'X';
      out += utf8_of(std::stoul(name.substr(hex ? 2 : 1), nullptr, hex ? 16 : 10));
    }
    for (const auto& [each, character] : kNames) {
      if (each != name) continue;
      out += character;
      known = true;
    }
    if (known) {
      at = end;
    } else {
      out += text[at];
    }
  }
  return out;
}

inline std::set<std::string> words_of(const std::string& text) {
  std::set<std::string> words;
  std::string word;
  const auto end_word = [&] {
    if (!word.empty()) words.insert(word);
    word.clear();
  };
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (text.compare(at, 2, "\xC2\xA0") == 0) {
      end_word();
      ++at;
    } else if (std::isalnum(byte) != 0 || byte >= 0x80) {
      word += text[at];
    } else {
      end_word();
    }
  }
  end_word();
  return words;
}

// Tags that end a word, and those that do not: <b>wo</b>rd is one.
inline std::string without_tags(const std::string& text) {
  static const std::set<std::string> kInline = {"a",
                                                "strong",
                                                "b",
                                                "em",
                                                "i",
                                                "u",
                                                "s",
                                                "del",
                                                "ins",
                                                "sub",
                                                "sup",
                                                "code",
                                                "span",
                                                "small",
                                                "mark",
                                                "font",
                                                "ac:link",
                                                "ac:link-body",
                                                "ac:inline-comment-marker"};
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto end = text.find('>', at);
    if (text[at] != '<' || end == std::string::npos) {
      out += text[at];
      continue;
    }
    if (text.compare(at, 4, "<!--") == 0) {
      at = text.find("-->", at) + 2;
      continue;
    }
    const auto first = at + (text[at + 1] == '/' ? 2 : 1);
    const auto name = text.substr(first, text.find_first_of(" \n\t/>", first) - first);
    if (!kInline.contains(name)) out += ' ';
    at = end;
  }
  return without_references(out);
}

inline std::set<std::string> html_words(const std::string& html) {
  return words_of(without_tags(html));
}

inline std::set<std::string> visible_words(std::string body) {
  // Character data first: what is in it may look like tags.
  for (auto at = body.find("<![CDATA["); at != std::string::npos; at = body.find("<![CDATA[")) {
    const auto end = body.find("]]>", at);
    std::string inside;
    for (const char c : body.substr(at + 9, end - at - 9)) {
      inside += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : std::string(1, c);
    }
    body.replace(at, end + 3 - at, inside);
  }
  body = cut_out(std::move(body), "<!--", "-->");
  for (const std::string name : {"ac:parameter", "ac:default-parameter", "ac:task-id",
                                 "ac:task-uuid", "ac:task-status", "ac:placeholder"}) {
    body = cut_out(std::move(body), "<" + name, "</" + name + ">");
  }
  return words_of(without_tags(body));
}

}  // namespace storage_format
