#include "daemon/storage_format/tidy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "daemon/storage_format/entities.h"
#include "daemon/storage_format/html_rules.h"

namespace storage_format {

namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string lowered(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

// A name as XML has it, as far as ASCII goes; the result is read strictly in the end.
bool is_name(std::string_view text) {
  return !text.empty() && (is_letter(text[0]) || text[0] == '_' || text[0] == ':') &&
         std::ranges::all_of(text, [](char c) {
           return is_letter(c) || is_digit(c) || c == '_' || c == ':' || c == '-' || c == '.' ||
                  static_cast<unsigned char>(c) >= 0x80;
         });
}

// For a message: a page may hold anything.
std::string safe(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 40)) out += c > ' ' && c < 0x7F ? c : '?';
  return out;
}

class Tidier {
 public:
  explicit Tidier(std::string_view html) : html_(html), positions_(html) {}

  tl::expected<Tidied, Fault> run() {
    while (!fault_ && at_ < html_.size()) {
      if (html_[at_] == '<') {
        markup();
      } else {
        text();
      }
    }
    if (!fault_) finish();
    if (fault_) return tl::unexpected<Fault>(std::move(*fault_));
    return Tidied{std::move(out_), std::move(changes_)};
  }

 private:
  struct Open {
    std::string name;
    std::size_t at = 0;
  };
  struct Name {
    std::size_t at = 0;
    std::string text;
  };

  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < html_.size() ? html_[at_ + ahead] : '\0';
  }
  std::string_view rest() const { return html_.substr(at_); }

  void fail(std::size_t at, std::string why) {
    if (!fault_) fault_ = Fault{positions_.at(at), std::move(why)};
  }
  void changed(std::size_t at, std::string_view what) {
    const auto position = positions_.at(at);
    changes_.push_back(fmt::format("line {}, column {}: {}", position.line, position.column, what));
  }
  void copy(std::size_t count) {
    origin_.emplace_back(out_.size(), at_);
    out_ += html_.substr(at_, count);
    at_ += std::min(count, html_.size() - at_);
  }
  void write(std::string_view replacement) {
    origin_.emplace_back(out_.size(), at_);
    out_ += replacement;
  }

  void text();
  void reference(bool in_attribute);
  void named_reference(bool in_attribute);
  void ampersand();
  void markup();
  void copy_until(std::string_view end, std::string_view what);
  void start_tag();
  bool attribute(std::vector<std::string>& seen);
  void value(std::string_view name);
  void end_tag();
  Name tag_name();
  void close_for_start(std::string_view name);
  void open(const std::string& name, std::size_t begin);
  void close_top(std::size_t at);
  void finish();

  std::string_view html_;
  PositionCursor positions_;
  std::size_t at_ = 0;
  std::string out_;
  std::vector<std::string> changes_;
  std::vector<Open> open_;
  std::vector<std::pair<std::size_t, std::size_t>> origin_;  // of places in out_
  std::optional<Fault> fault_;
};

void Tidier::text() {
  if (html_[at_] == '&') {
    reference(false);
    return;
  }
  if (rest().starts_with("]]>")) {
    changed(at_, "wrote ]]> as ]]&gt;");
    write("]]&gt;");
    at_ += 3;
    return;
  }
  std::size_t count = 1;
  while (at_ + count < html_.size() && peek(count) != '<' && peek(count) != '&' &&
         peek(count) != ']') {
    ++count;
  }
  copy(count);
}

void Tidier::ampersand() {
  changed(at_, "wrote & as &amp;");
  write("&amp;");
  ++at_;
}

void Tidier::reference(bool in_attribute) {
  if (peek(1) != '#') {
    named_reference(in_attribute);
    return;
  }
  const bool hex = peek(2) == 'x' || peek(2) == 'X';
  const std::size_t first = hex ? 3 : 2;
  auto end = first;
  const auto is_part = [&](char c) {
    return is_digit(c) || (hex && ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')));
  };
  while (is_part(peek(end))) ++end;
  if (end == first) {
    ampersand();
  } else if (peek(end) != ';') {
    fail(at_, "a reference without its semicolon: write &amp; for &, or add the semicolon");
  } else if (peek(2) == 'X') {
    changed(at_, "wrote &#X as &#x");
    write("&#x");
    at_ += 3;
    copy(end + 1 - 3);
  } else {
    copy(end + 1);
  }
}

void Tidier::named_reference(bool in_attribute) {
  std::size_t end = 1;
  while (is_letter(peek(end)) || is_digit(peek(end))) ++end;
  const auto name = html_.substr(at_ + 1, end - 1);
  if (name.empty()) {
    ampersand();
    return;
  }
  if (peek(end) == ';') {
    if (entity(name) != 0) {
      copy(end + 1);
    } else if (const auto other = html_alias(name); !other.empty()) {
      changed(at_, fmt::format("wrote &{}; as &{};", name, other));
      write(fmt::format("&{};", other));
      at_ += end + 1;
    } else {
      fail(at_, fmt::format("unknown entity &{};", safe(name)));
    }
    return;
  }
  // HTML takes some names without their semicolon, in text even in front of other letters.
  const bool literal = in_attribute && peek(end) == '=';
  if (!literal && (in_attribute ? is_legacy_name(name) : begins_with_legacy_name(name))) {
    fail(at_, fmt::format("&{} without its semicolon: write &amp; for &, or add the semicolon",
                          safe(name)));
    return;
  }
  ampersand();
}

void Tidier::copy_until(std::string_view end, std::string_view what) {
  const auto found = html_.find(end, at_);
  if (found == html_.npos) {
    fail(at_, fmt::format("{} is never closed", what));
    return;
  }
  copy(found + end.size() - at_);
}

void Tidier::markup() {
  const char next = peek(1);
  if (is_letter(next)) {
    start_tag();
  } else if (next == '/' && is_letter(peek(2))) {
    end_tag();
  } else if (rest().starts_with("<!--")) {
    copy_until("-->", "a comment");
  } else if (rest().starts_with("<![CDATA[")) {
    copy_until("]]>", "<![CDATA[");
  } else if (next == '!') {
    fail(at_, "a document type or declaration does not belong in a body");
  } else if (next == '?') {
    copy_until("?>", "a processing instruction");
  } else if (next == '/') {
    fail(at_, "</ that begins no end tag");
  } else {
    changed(at_, "wrote < as &lt;");
    write("&lt;");
    ++at_;
  }
}

// At a name in a tag; HTML's in lower case.
Tidier::Name Tidier::tag_name() {
  Name name{at_, {}};
  auto end = at_;
  while (end < html_.size() && !is_space(html_[end]) && html_[end] != '/' && html_[end] != '>') {
    ++end;
  }
  const auto given = html_.substr(at_, end - at_);
  name.text = given.find(':') == given.npos ? lowered(given) : std::string(given);
  at_ = end;
  return name;
}

void Tidier::start_tag() {
  const auto begin = at_++;
  const auto name = tag_name();
  if (!is_name(name.text)) {
    fail(begin, fmt::format("<{}> is no name of an element", safe(name.text)));
    return;
  }
  if (is_foreign(name.text)) {
    fail(begin, fmt::format("<{}> does not belong in a body", name.text));
    return;
  }
  const auto after_name = std::exchange(at_, begin);
  close_for_start(name.text);
  if (fault_) return;
  if (html_.substr(begin + 1, name.text.size()) != name.text) {
    changed(begin, fmt::format("wrote <{}> in lower case", name.text));
  }
  write("<" + name.text);
  at_ = after_name;
  std::vector<std::string> seen;
  while (!fault_ && attribute(seen)) {
  }
  if (fault_) return;
  if (at_ >= html_.size()) {
    fail(begin, fmt::format("the tag <{}> is never closed", safe(name.text)));
    return;
  }
  if (peek() == '/') {
    copy(2);
    return;
  }
  if (!is_void(name.text)) {
    copy(1);
    open(name.text, begin);
    return;
  }
  const auto end = fmt::format("</{}>", name.text);
  if (lowered(html_.substr(at_ + 1, end.size())) == end) {
    copy(1);
    open(name.text, begin);
    return;
  }
  changed(begin, fmt::format("closed <{}>", name.text));
  write("/>");
  ++at_;
}

void Tidier::open(const std::string& name, std::size_t begin) {
  const auto most = static_cast<std::size_t>(Limits().max_depth);
  if (open_.size() >= most) {
    fail(begin, fmt::format("elements are nested more than {} deep", most));
  }
  open_.push_back({name, begin});
}

// One attribute with the white space before it; false at the end of the tag.
bool Tidier::attribute(std::vector<std::string>& seen) {
  const auto space = at_;
  while (at_ < html_.size() && is_space(html_[at_])) ++at_;
  const auto spaces = html_.substr(space, at_ - space);
  if (at_ >= html_.size() || peek() == '>' || (peek() == '/' && peek(1) == '>')) {
    write(spaces);
    return false;
  }
  auto end = at_;
  while (end < html_.size() && !is_space(html_[end]) && html_[end] != '=' && html_[end] != '>' &&
         html_[end] != '/') {
    ++end;
  }
  const auto given = html_.substr(at_, end - at_);
  auto name = given.find(':') == given.npos ? lowered(given) : std::string(given);
  const auto begin = at_;
  if (!is_name(name)) {
    fail(at_, fmt::format("'{}' is no attribute", safe(given)));
    return false;
  }
  if (std::ranges::find(seen, name) != seen.end()) {
    fail(at_, fmt::format("the attribute {} is given twice", safe(name)));
    return false;
  }
  seen.push_back(name);
  constexpr std::size_t kMaxAttributes = 1'000;  // `seen` is searched for each
  if (seen.size() > kMaxAttributes) {
    fail(at_, "a tag with more than 1000 attributes");
    return false;
  }
  if (spaces.empty()) changed(begin, "put a space between attributes");
  write(spaces.empty() ? " " : spaces);
  if (name != given) changed(begin, fmt::format("wrote {} in lower case", name));
  write(name);
  at_ = end;
  while (end < html_.size() && is_space(html_[end])) ++end;
  if (end < html_.size() && html_[end] == '=') {
    at_ = end + 1;
    while (at_ < html_.size() && is_space(html_[at_])) ++at_;
    write("=");
    value(name);
  } else {
    changed(begin, fmt::format("gave {} a value", safe(name)));
    write("=\"" + name + "\"");
  }
  return true;
}

void Tidier::value(std::string_view name) {
  const auto begin = at_;
  const char quote = peek() == '"' || peek() == '\'' ? peek() : '\0';
  if (quote == '\0') changed(begin, fmt::format("quoted the value of {}", safe(name)));
  if (quote != '\0') ++at_;
  out_ += quote != '\0' ? quote : '"';
  while (!fault_) {
    if (at_ >= html_.size()) {
      fail(begin, fmt::format("the value of {} is never closed", safe(name)));
      return;
    }
    const char c = html_[at_];
    if (quote != '\0' ? c == quote : is_space(c) || c == '>') break;
    if (quote == '\0' && (c == '"' || c == '\'' || c == '=' || c == '`' || c == '<')) {
      fail(at_, fmt::format("the value of {} needs quotes", safe(name)));
      return;
    }
    if (c == '&') {
      reference(true);
    } else if (c == '<') {
      changed(at_, "wrote < as &lt;");
      write("&lt;");
      ++at_;
    } else {
      copy(1);
    }
  }
  if (quote != '\0') ++at_;
  out_ += quote != '\0' ? quote : '"';
}

void Tidier::close_top(std::size_t at) {
  changed(at, fmt::format("closed <{}>", open_.back().name));
  write("</" + open_.back().name + ">");
  open_.pop_back();
}

// What HTML's rules end in front of a start tag.
void Tidier::close_for_start(std::string_view name) {
  const auto begin = at_;
  for (auto depth = open_.size(); depth-- > 0;) {
    const auto& open = open_[depth].name;
    if (ends_before(open, name)) {
      while (open_.size() > depth) close_top(begin);
      // A row ends its cell and itself; go on outwards.
      continue;
    }
    if (!has_optional_end(open) || is_boundary(open, name)) break;
  }
  // <p><b>text<p>: HTML would open the <b> once more.
  if (!ends_before("p", name)) return;
  for (auto depth = open_.size(); depth-- > 0;) {
    const auto& open = open_[depth].name;
    if (!is_formatting(open) && open != "p") return;
    if (open != "p") continue;
    fail(begin, fmt::format("<{}> would end the <p> around an element that is open", safe(name)));
    return;
  }
}

void Tidier::end_tag() {
  const auto begin = at_;
  at_ += 2;
  const auto name = tag_name();
  const auto space = at_;
  while (at_ < html_.size() && is_space(html_[at_])) ++at_;
  std::string spaces(html_.substr(space, at_ - space));
  if (peek() != '>') {
    fail(begin, fmt::format("</{} is no end tag", safe(name.text)));
    return;
  }
  const auto after = std::exchange(at_, begin) + 1;
  while (!open_.empty() && open_.back().name != name.text) {
    const bool is_open =
        std::ranges::any_of(open_, [&](const Open& open) { return open.name == name.text; });
    if (!is_open) {
      fail(begin, fmt::format("</{}> closes nothing", safe(name.text)));
      return;
    }
    if (!has_optional_end(open_.back().name) || is_formatting(name.text)) {
      fail(begin, fmt::format("crossed tags: expected </{}>, found </{}>", safe(open_.back().name),
                              safe(name.text)));
      return;
    }
    close_top(begin);
  }
  if (open_.empty()) {
    fail(begin, fmt::format("</{}> closes nothing", safe(name.text)));
    return;
  }
  open_.pop_back();
  if (html_.substr(name.at, name.text.size()) != name.text) {
    changed(begin, fmt::format("wrote </{}> in lower case", safe(name.text)));
  }
  // White space to HTML, but none to XML.
  if (std::erase(spaces, '\f') > 0) {
    changed(begin, fmt::format("took a form feed out of </{}>", safe(name.text)));
  }
  write("</" + name.text + spaces + ">");
  at_ = after;
}

void Tidier::finish() {
  while (!open_.empty() && has_optional_end(open_.back().name)) close_top(html_.size());
  if (!open_.empty()) {
    fail(open_.back().at, fmt::format("<{}> is never closed", safe(open_.back().name)));
    return;
  }
  // What is not HTML's matter: characters, prefixes, depth. Its place is that of the input.
  const auto found = check(out_);
  if (!found) return;
  PositionCursor in_output(out_);
  std::size_t offset = 0;
  while (offset < out_.size() && in_output.at(offset) != found->at) ++offset;
  const auto in_character = [&](std::size_t at) {
    return at < out_.size() && (static_cast<unsigned char>(out_[at]) & 0xC0U) == 0x80U;
  };
  while (in_character(offset)) ++offset;
  auto source =
      std::ranges::upper_bound(origin_, offset, {}, &std::pair<std::size_t, std::size_t>::first);
  const auto [from, to] =
      source == origin_.begin() ? std::pair<std::size_t, std::size_t>{0, 0} : *std::prev(source);
  fail(std::min(to + (offset - from), html_.size()), found->text);
}

}  // namespace

tl::expected<Tidied, Fault> tidy(std::string_view html) {
  if (!check(html)) return Tidied{std::string(html), {}};
  if (html.size() > Limits().max_bytes) return tl::unexpected<Fault>(*check(html));
  return Tidier(html).run();
}

}  // namespace storage_format
