#include "daemon/storage_format/markdown_inline.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "daemon/storage_format/characters.h"
#include "daemon/storage_format/markdown_escape.h"

namespace storage_format {

namespace {

std::string_view html_tag(Style style) {
  switch (style) {
    case Style::kStrong:
      return "strong";
    case Style::kEmphasis:
      return "em";
    case Style::kStrike:
      return "del";
    case Style::kUnderline:
      return "u";
    case Style::kSub:
      return "sub";
    case Style::kSup:
      return "sup";
    case Style::kSmall:
      return "small";
    case Style::kMark:
      return "mark";
    case Style::kCode:
      return "code";
    case Style::kLink:
      return "";
  }
  return "";
}

std::size_t longest_run(std::string_view text, char c) {
  std::size_t longest = 0;
  std::size_t run = 0;
  for (const char each : text) {
    run = each == c ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return longest;
}

std::string on_one_line(std::string_view text) {
  std::string line;
  append_clean(line, text);
  std::ranges::replace_if(line, is_xml_space, ' ');
  return std::string(trimmed(line));
}

constexpr char32_t kSomePunctuation = '*';
constexpr std::string_view kNoBreak = "\u00A0";

}  // namespace

std::string code_span(std::string_view text, RunPlace place) {
  const auto code = on_one_line(text);
  if (code.empty()) return {};
  if (place == RunPlace::kCell && code.find('|') != code.npos) {
    auto escaped = escaped_markdown(code, RunPlace::kParagraph, false);
    for (auto at = escaped.find("\\|"); at != escaped.npos; at = escaped.find("\\|", at)) {
      escaped.replace(at, 2, "&#124;");
    }
    return "<code>" + escaped + "</code>";
  }
  const std::string fence(longest_run(code, '`') + 1, '`');
  const auto* const space = code.front() == '`' || code.back() == '`' ? " " : "";
  return fence + space + code + space + fence;
}

std::string link_tail(std::string_view href, std::string_view title) {
  std::string tail = "](";
  for (std::size_t at = 0; at < href.size(); ++at) {
    const char c = href[at];
    if (c == '(' || c == ')' || c == '&') tail += '\\';
    tail += c;
  }
  if (const auto line = on_one_line(title); !line.empty()) {
    tail += " \"";
    for (const char c : line) {
      if (is_ascii_punctuation(c)) tail += '\\';
      tail += c;
    }
    tail += '"';
  }
  return tail + ")";
}

std::string comment_of(std::string_view text) {
  std::string comment = "<!-- ";
  for (const char c : on_one_line(text)) {
    if (c == '-' && comment.back() == '-') comment += ' ';
    comment += c == '>' || c == '<' || c == '|' ? '?' : c;
  }
  return comment + " -->";
}

void InlineRun::visible() {
  if (break_ && any_) {
    break_ = false;
    hard_break();
  }
  break_ = false;
  if (space_ && line_started_) before_opened(" ");
  space_ = false;
  line_started_ = any_ = true;
}

// White space, before the styles that have just been opened.
void InlineRun::before_opened(std::string_view space) {
  auto at = pieces_.size();
  while (at > 0 && pieces_[at - 1].kind == Piece::Kind::kOpen) --at;
  if (at > 0 && pieces_[at - 1].kind == Piece::Kind::kText) {
    pieces_[at - 1].text += space;
    return;
  }
  Piece piece;
  piece.text = space;
  pieces_.insert(pieces_.begin() + static_cast<std::ptrdiff_t>(at), std::move(piece));
}

void InlineRun::text(std::string_view text) {
  while (!text.empty()) {
    if (is_xml_space(text[0])) {
      space_ = true;
      text.remove_prefix(1);
      continue;
    }
    const auto size = std::min(text.find_first_of(" \t\r\n"), text.size());
    visible();
    // U+00A0 at the edge of a style would keep its delimiters from working.
    if (text.starts_with(kNoBreak) && !pieces_.empty() &&
        pieces_.back().kind == Piece::Kind::kOpen) {
      before_opened(kNoBreak);
      text.remove_prefix(kNoBreak.size());
      continue;
    }
    if (pieces_.empty() || pieces_.back().kind != Piece::Kind::kText) push({});
    append_clean(pieces_.back().text, text.substr(0, size));
    text.remove_prefix(size);
  }
}

void InlineRun::raw(std::string markdown) {
  if (markdown.empty()) return;
  visible();
  Piece piece;
  piece.kind = Piece::Kind::kRaw;
  piece.text = std::move(markdown);
  push(std::move(piece));
}

void InlineRun::code(std::string_view text) {
  if (on_one_line(text).empty()) return;
  visible();
  Piece piece;
  piece.kind = Piece::Kind::kCode;
  piece.text = text;
  push(std::move(piece));
}

void InlineRun::comment(std::string_view text) { comments_.push_back(comment_of(text)); }

void InlineRun::open(Style style) {
  const bool within =
      std::ranges::any_of(opened_, [style](const Open& open) { return open.style == style; });
  opened_.push_back({style, {}, within});
  if (within) return;
  Piece piece;
  piece.kind = Piece::Kind::kOpen;
  piece.style = style;
  push(std::move(piece));
}

void InlineRun::open_link(std::string tail) {
  open(Style::kLink);
  opened_.back().tail = std::move(tail);
}

void InlineRun::close() {
  auto open = std::move(opened_.back());
  opened_.pop_back();
  if (open.within) return;
  if (pieces_.back().kind == Piece::Kind::kOpen) {
    pieces_.pop_back();
    return;
  }
  std::size_t breaks = 0;  // at its end: they come behind it
  for (; pieces_.back().kind == Piece::Kind::kBreak; ++breaks) pieces_.pop_back();
  std::string space;
  if (auto& last = pieces_.back(); last.kind == Piece::Kind::kText) {
    while (last.text.ends_with(kNoBreak)) {
      last.text.erase(last.text.size() - kNoBreak.size());
      space += kNoBreak;
    }
    if (last.text.empty()) pieces_.pop_back();
  }
  Piece piece;
  piece.kind = Piece::Kind::kClose;
  piece.style = open.style;
  piece.text = std::move(open.tail);
  if (pieces_.back().kind == Piece::Kind::kOpen) {
    pieces_.pop_back();
  } else {
    push(std::move(piece));
  }
  if (!space.empty()) {
    if (pieces_.empty() || pieces_.back().kind != Piece::Kind::kText) push({});
    pieces_.back().text += space;
  }
  for (; breaks > 0; --breaks) hard_break();
}

void InlineRun::hard_break() {
  space_ = false;
  line_started_ = false;
  if (!any_) return;
  auto at = pieces_.size();  // before the styles that have just been opened
  while (at > 0 && pieces_[at - 1].kind == Piece::Kind::kOpen) --at;
  Piece piece;
  piece.kind = Piece::Kind::kBreak;
  pieces_.insert(pieces_.begin() + static_cast<std::ptrdiff_t>(at), std::move(piece));
}

void InlineRun::separate() { break_ = true; }

bool InlineRun::in_link() const {
  return std::ranges::any_of(opened_, [](const Open& open) { return open.style == Style::kLink; });
}

bool InlineRun::blank() const {
  return comments_.empty() && std::ranges::all_of(pieces_, [](const Piece& piece) {
           return piece.kind != Piece::Kind::kRaw && piece.kind != Piece::Kind::kCode &&
                  (piece.kind != Piece::Kind::kText || is_invisible(piece.text));
         });
}

// Pieces as lines. Which delimiters are safe is decided from what is around each of them.
class RunWriter {
 public:
  RunWriter(std::vector<InlineRun::Piece>& pieces, RunPlace place)
      : pieces_(pieces), place_(place) {}

  std::vector<std::string> run() {
    pair_up();
    for (std::size_t at = 0; at < pieces_.size(); ++at) write(at);
    lines_.push_back(std::move(line_));
    return std::move(lines_);
  }

 private:
  using Piece = InlineRun::Piece;
  using Kind = Piece::Kind;

  void pair_up() {
    std::vector<std::size_t> open;
    for (std::size_t at = 0; at < pieces_.size(); ++at) {
      if (pieces_[at].kind == Kind::kOpen) open.push_back(at);
      if (pieces_[at].kind != Kind::kClose) continue;
      pieces_[at].other = open.back();
      pieces_[open.back()].other = at;
      open.pop_back();
    }
  }

  char32_t after(std::size_t at) const {  // the first character behind a piece
    if (at + 1 >= pieces_.size() || pieces_[at + 1].kind == Kind::kBreak) return 0;
    const auto& piece = pieces_[at + 1];
    return piece.kind == Kind::kText ? first_character(piece.text) : kSomePunctuation;
  }
  char32_t before(std::size_t at) const {  // the last one before it
    if (at == 0 || pieces_[at - 1].kind == Kind::kBreak) return 0;
    const auto& piece = pieces_[at - 1];
    return piece.kind == Kind::kText ? last_character(piece.text) : kSomePunctuation;
  }
  bool is(std::size_t at, Kind kind) const {
    return at < pieces_.size() && pieces_[at].kind == kind && pieces_[at].style != Style::kLink;
  }

  void write(std::size_t at);
  void write_text(std::size_t at);
  void write_open(std::size_t at);
  std::string delimiter(std::size_t at) const;

  std::vector<Piece>& pieces_;
  RunPlace place_;
  std::vector<std::string> lines_;
  std::string line_;
  std::size_t delimiter_end_ = std::string::npos;  // of the last * _ ~ on the line
  int delimited_ = 0;                              // styles open with such
  int links_ = 0;
};

void RunWriter::write(std::size_t at) {
  auto& piece = pieces_[at];
  switch (piece.kind) {
    case Kind::kText:
      return write_text(at);
    case Kind::kRaw:
      line_ += piece.text;
      return;
    case Kind::kCode:
      line_ += code_span(piece.text, place_);
      return;
    case Kind::kOpen:
      return write_open(at);
    case Kind::kClose: {
      const auto& open = pieces_[piece.other];
      if (piece.style == Style::kLink) {
        --links_;
        line_ += piece.text;
      } else if (open.delimiter.empty()) {
        line_ += fmt::format("</{}>", html_tag(piece.style));
      } else {
        --delimited_;
        line_ += open.delimiter;
        delimiter_end_ = line_.size();
      }
      return;
    }
    case Kind::kBreak:
      if (place_ != RunPlace::kParagraph) {
        line_ += "<br>";
        return;
      }
      lines_.push_back(line_ + "\\");
      line_.clear();
      delimiter_end_ = std::string::npos;
      return;
  }
}

void RunWriter::write_text(std::size_t at) {
  EscapePlace where;
  where.place = place_;
  where.line_begins = line_.empty() && place_ == RunPlace::kParagraph;
  where.in_link = links_ > 0;
  where.before = last_character(line_);
  const bool more = at + 1 < pieces_.size();
  where.link_follows =
      more && (pieces_[at + 1].kind == Kind::kRaw ||
               (pieces_[at + 1].kind == Kind::kOpen && pieces_[at + 1].style == Style::kLink));
  where.ends = at + 1 >= pieces_.size();
  append_escaped(line_, pieces_[at].text, where);
}

void RunWriter::write_open(std::size_t at) {
  auto& piece = pieces_[at];
  if (piece.style == Style::kLink) {
    ++links_;
    line_ += '[';
    return;
  }
  piece.delimiter = delimiter(at);
  if (piece.delimiter.empty()) {
    line_ += fmt::format("<{}>", html_tag(piece.style));
    return;
  }
  ++delimited_;
  line_ += piece.delimiter;
  delimiter_end_ = line_.size();
}

// "" where a tag is needed.
std::string RunWriter::delimiter(std::size_t at) const {
  const auto style = pieces_[at].style;
  const bool starry = style == Style::kStrong || style == Style::kEmphasis;
  if (!starry && style != Style::kStrike) return {};
  const auto end = pieces_[at].other;
  const auto outside_before = line_.empty() ? char32_t{0} : last_character(line_);
  const auto outside_after = after(end);
  const auto inside_first = after(at);
  const auto inside_last = before(end);
  const auto is_edge = [](char32_t c) {
    return is_markdown_space(c) || is_markdown_punctuation(c);
  };
  const auto is_core = [](char32_t c) {  // certainly no white space
    return is_markdown_letter(c) || is_markdown_punctuation(c);
  };
  if (!is_core(inside_first) || !is_core(inside_last)) return {};
  const bool strict = is_edge(outside_before) && is_edge(outside_after);
  const bool plain_inside = at + 2 == end && pieces_[at + 1].kind == Kind::kText;
  const bool within_word = plain_inside && delimited_ == 0 && is_markdown_letter(inside_first) &&
                           is_markdown_letter(inside_last) &&
                           (is_edge(outside_before) || is_markdown_letter(outside_before)) &&
                           (is_edge(outside_after) || is_markdown_letter(outside_after));
  const bool touches =
      delimiter_end_ == line_.size() || is(end + 1, Kind::kClose) || is(end + 1, Kind::kOpen);
  if (!starry) return strict && !touches ? "~~" : "";
  // A style that touches another one takes the other sign; between two, a tag is sure.
  if (touches) {
    const bool star_before = delimiter_end_ == line_.size() && !line_.ends_with('*');
    if (!strict || star_before || is(end + 1, Kind::kOpen)) return {};
    return style == Style::kStrong ? "__" : "_";
  }
  if (!strict && !within_word) return {};
  return style == Style::kStrong ? "**" : "*";
}

std::vector<std::string> InlineRun::take(RunPlace place) {
  while (!opened_.empty()) close();
  while (!pieces_.empty() && pieces_.back().kind == Piece::Kind::kBreak) pieces_.pop_back();
  auto pieces = std::exchange(pieces_, {});
  auto comments = std::exchange(comments_, {});
  space_ = break_ = line_started_ = any_ = false;
  std::vector<std::string> lines;
  if (!pieces.empty()) lines = RunWriter(pieces, place).run();
  for (auto& comment : comments) {
    if (lines.empty()) {
      lines.push_back(std::move(comment));
    } else {
      lines.back() += " " + comment;
    }
  }
  return lines;
}

}  // namespace storage_format
