#pragma once

// A run of inline Markdown: text, styles, links, breaks. Texts are escaped so that none of them is
// markup for CommonMark or GFM (autolinks, tables, tasks, alerts and $ of GitHub's formulas among
// it); styles become * _ ~ only where those are sure to work, else HTML's tags. White space is
// reduced, and moved out of styles; styles without content vanish. One thread.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace storage_format {

enum class Style {
  kStrong,
  kEmphasis,
  kStrike,
  kUnderline,
  kSub,
  kSup,
  kSmall,
  kMark,
  kCode,  // around other markup; plain code is a code span
  kLink,
};

// Where the run is put: breaks are \ in a paragraph, <br> else; | is escaped in a cell.
enum class RunPlace { kParagraph, kHeading, kCell };

class InlineRun {
 public:
  void text(std::string_view text);
  void raw(std::string markdown);  // visible, and safe in any place: a code span, an image
  void code(std::string_view text);
  void comment(std::string_view text);  // <!-- text -->: at the end of its line
  void open(Style style);               // within one of its kind it changes nothing
  void open_link(std::string tail);     // "](address)"
  void close();                         // what was opened last
  void hard_break();
  void separate();  // a break before what follows, if there is something before it

  // What is open, to be closed where a block begins and opened again behind it.
  struct Open {
    Style style = Style::kLink;
    std::string tail;
    bool within = false;  // one of its kind: nothing is written for it
  };
  const std::vector<Open>& opened() const { return opened_; }
  bool in_link() const;

  bool blank() const;  // nothing to be seen, and no comment
  // The lines; the run is empty then, and nothing open.
  std::vector<std::string> take(RunPlace place);

 private:
  struct Piece {
    enum class Kind { kText, kRaw, kCode, kOpen, kClose, kBreak };
    Kind kind = Kind::kText;
    std::string text;
    Style style = Style::kLink;
    std::size_t other = 0;  // of kOpen and kClose
    std::string delimiter;  // as chosen
  };
  friend class RunWriter;

  void visible();  // what is pending, before visible content
  void before_opened(std::string_view space);
  void push(Piece piece) { pieces_.push_back(std::move(piece)); }

  std::vector<Piece> pieces_;
  std::vector<Open> opened_;
  std::vector<std::string> comments_;
  bool space_ = false;
  bool break_ = false;
  bool line_started_ = false;
  bool any_ = false;
};

// In Markdown, for a text that stands alone in one line.
std::string code_span(std::string_view text, RunPlace place);
std::string link_tail(std::string_view href, std::string_view title);  // "](href "title")"
std::string comment_of(std::string_view text);                         // "<!-- text -->"
// Text on one line, escaped; `begins` a line.
std::string escaped_markdown(std::string_view text, RunPlace place, bool begins);

}  // namespace storage_format
