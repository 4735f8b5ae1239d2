#include "tests/site/wiki.h"

#include <algorithm>
#include <cctype>

#include "tests/site/markup.h"
#include "tests/site/message.h"

namespace site {
namespace {

std::string_view trim_blanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) {
    text.remove_suffix(1);
  }
  return text;
}

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || (c & 0x80) != 0; }

// `[text|target]` or `[target]`; a target that is no address is the title of a page.
std::string link_of(std::string_view inside) {
  const std::size_t bar = inside.find('|');
  const std::string_view target = bar == std::string_view::npos ? inside : inside.substr(bar + 1);
  const std::string_view text = inside.substr(0, bar);
  if (target.find("://") != std::string_view::npos || target.starts_with("mailto:")) {
    return "<a href=\"" + escape_markup(target) + "\">" + escape_markup(text) + "</a>";
  }
  std::string link = "<ac:link><ri:page ri:content-title=\"" + escape_markup(target) + "\" />";
  if (bar != std::string_view::npos) {
    link += "<ac:link-body>" + escape_markup(text) + "</ac:link-body>";
  }
  return link + "</ac:link>";
}

std::string inline_of(std::string_view text);

// What a mark at the start of `text` encloses; 0: it is plain text.
std::size_t take_marked(std::string_view text, bool at_word, std::string& out) {
  struct Mark {
    std::string_view open, close, element;
  };
  constexpr Mark kMarks[] = {{"{{", "}}", "code"}, {"*", "*", "strong"}, {"_", "_", "em"}};
  if (text.front() == '[') {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos || end == 1) return 0;
    out += link_of(text.substr(1, end - 1));
    return end + 1;
  }
  for (const Mark& mark : kMarks) {
    if (at_word || !text.starts_with(mark.open)) continue;
    const std::size_t begin = mark.open.size();
    const std::size_t end = text.find(mark.close, begin + 1);
    if (end == std::string_view::npos || text[begin] == ' ' || text[end - 1] == ' ') continue;
    const std::size_t after = end + mark.close.size();
    if (after < text.size() && is_word(text[after])) continue;
    const std::string name(mark.element);
    out += "<" + name + ">" + inline_of(text.substr(begin, end - begin)) + "</" + name + ">";
    return after;
  }
  return 0;
}

std::string inline_of(std::string_view text) {
  std::string out;
  std::size_t plain = 0;
  for (std::size_t i = 0; i < text.size();) {
    std::string marked;
    const std::size_t taken = take_marked(text.substr(i), i > 0 && is_word(text[i - 1]), marked);
    if (taken == 0) {
      ++i;
      continue;
    }
    out += escape_markup(text.substr(plain, i - plain)) + marked;
    plain = i += taken;
  }
  return out + escape_markup(text.substr(plain));
}

class WikiReader {
 public:
  std::string read(std::string_view wiki) {
    for (const std::string_view raw : split(wiki, '\n')) take(raw);
    if (in_code_) end_code();  // one that is not closed ends with the text
    end_blocks();
    return std::move(out_);
  }

 private:
  void take(std::string_view raw) {
    const std::string_view line = trim_blanks(raw);
    if (in_code_) {
      if (line == "{code}") return end_code();
      code_ += std::string(raw.ends_with('\r') ? raw.substr(0, raw.size() - 1) : raw) + "\n";
      return;
    }
    if (line.starts_with("{code") && line.ends_with('}') && line.find('}') == line.size() - 1) {
      end_blocks();
      in_code_ = true;
      code_.clear();
      language_ = line.size() > 6 && line[5] == ':' ? line.substr(6, line.size() - 7) : "";
      return;
    }
    if (line.empty()) return end_blocks();
    if (line == "----") {
      end_blocks();
      out_ += "<hr/>";
      return;
    }
    if (line.size() > 4 && line[0] == 'h' && line[1] >= '1' && line[1] <= '6' &&
        line.substr(2, 2) == ". ") {
      end_blocks();
      const std::string name = "h" + std::string(1, line[1]);
      out_ += "<" + name + ">" + inline_of(trim_blanks(line.substr(4))) + "</" + name + ">";
      return;
    }
    const std::size_t marks = std::min(line.find_first_not_of("*#-"), line.size());
    if (marks > 0 && marks < line.size() && line[marks] == ' ') {
      return take_item(line.substr(0, marks), trim_blanks(line.substr(marks)));
    }
    end_lists();
    paragraph_ += (paragraph_.empty() ? "" : "<br/>") + inline_of(line);
  }

  void take_item(std::string_view marks, std::string_view text) {
    end_paragraph();
    std::size_t same = 0;
    while (same < lists_.size() && same < marks.size() && list_of(marks[same]) == lists_[same]) {
      ++same;
    }
    while (lists_.size() > same) end_list();
    if (lists_.size() == marks.size()) {
      out_ += "</li><li>";
    } else {
      for (std::size_t i = lists_.size(); i < marks.size(); ++i) {
        lists_ += list_of(marks[i]);
        out_ += lists_.back() == 'o' ? "<ol><li>" : "<ul><li>";
      }
    }
    out_ += inline_of(text);
  }

  static char list_of(char mark) { return mark == '#' ? 'o' : 'u'; }
  void end_list() {
    out_ += lists_.back() == 'o' ? "</li></ol>" : "</li></ul>";
    lists_.pop_back();
  }
  void end_lists() {
    while (!lists_.empty()) end_list();
  }
  void end_paragraph() {
    if (!paragraph_.empty()) out_ += "<p>" + paragraph_ + "</p>";
    paragraph_.clear();
  }
  void end_blocks() {
    end_paragraph();
    end_lists();
  }
  void end_code() {
    in_code_ = false;
    if (code_.ends_with('\n')) code_.pop_back();
    for (std::size_t at = 0; (at = code_.find("]]>", at)) != std::string::npos; at += 15) {
      code_.replace(at, 3, "]]]]><![CDATA[>");
    }
    out_ += "<ac:structured-macro ac:name=\"code\">";
    if (!language_.empty()) {
      out_ += "<ac:parameter ac:name=\"language\">" + escape_markup(language_) + "</ac:parameter>";
    }
    out_ +=
        "<ac:plain-text-body><![CDATA[" + code_ + "]]></ac:plain-text-body></ac:structured-macro>";
  }

  std::string out_;
  std::string paragraph_;
  std::string lists_;  // the open ones: o or u
  std::string code_;
  std::string language_;
  bool in_code_ = false;
};

}  // namespace

std::string wiki_to_storage(std::string_view wiki) { return WikiReader().read(wiki); }

}  // namespace site
