#include "daemon/storage_format/lenient_reader.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "daemon/storage_format/characters.h"
#include "daemon/storage_format/document_tree.h"
#include "daemon/storage_format/entities.h"
#include "daemon/storage_format/html_rules.h"
#include "daemon/storage_format/lenient_rules.h"

namespace storage_format {

namespace {

constexpr int kDeepest = 1000;

bool begins_name(char c) {
  return is_ascii_letter(c) || c == '_' || c == ':' || static_cast<unsigned char>(c) >= 0x80;
}
bool continues_name(char c) { return begins_name(c) || is_ascii_digit(c) || c == '-' || c == '.'; }

std::string_view name_in(std::string_view text, std::size_t at) {
  auto end = at;
  if (end < text.size() && begins_name(text[end])) {
    while (end < text.size() && continues_name(text[end])) ++end;
  }
  const auto name = text.substr(at, end - at);
  const bool ascii =
      std::ranges::all_of(name, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  return ascii || is_clean(name) ? name : std::string_view();
}

bool is_declaration(const Attribute& attribute) {
  return attribute.name == "xmlns" || attribute.name.starts_with("xmlns:");
}

// White space as XML normalises it in an attribute, references resolved.
std::string attribute_value(std::string_view raw) {
  const bool plain = std::ranges::all_of(raw, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte < 0x80 && c != '&';
  });
  if (plain) return std::string(raw);
  std::string value;
  for (std::size_t at = 0; at < raw.size();) {
    const char c = raw[at];
    if (c == '&') {
      if (auto reference = read_reference(raw.substr(at))) {
        value += reference->characters;
        at += reference->size;
        continue;
      }
    } else if (is_xml_space(c)) {
      if (c != '\r' || at + 1 >= raw.size() || raw[at + 1] != '\n') value += ' ';
      ++at;
      continue;
    }
    const auto size = std::max<std::size_t>(character_size(raw.substr(at)), 1);
    append_clean(value, raw.substr(at, size));
    at += size;
  }
  return value;
}

bool repeats(const std::vector<Attribute>& attributes) {
  for (std::size_t at = 1; at < attributes.size(); ++at) {
    for (std::size_t other = 0; other < at; ++other) {
      if (attributes[at].name == attributes[other].name) return true;
    }
  }
  return false;
}

void drop_repeated(std::vector<Attribute>& attributes) {
  constexpr std::size_t kFew = 16;
  if (attributes.size() <= kFew && !repeats(attributes)) return;
  std::unordered_set<std::string_view> seen;
  std::vector<bool> repeated(attributes.size());
  bool any = false;
  for (std::size_t at = 0; at < attributes.size(); ++at) {
    repeated[at] = !seen.insert(attributes[at].name).second;
    any = any || repeated[at];
  }
  if (!any) return;
  std::vector<Attribute> kept;
  for (std::size_t at = 0; at < attributes.size(); ++at) {
    if (!repeated[at]) kept.push_back(std::move(attributes[at]));
  }
  attributes = std::move(kept);
}

}  // namespace

namespace {

// Behind "&#", as long as it is one: zeros in front do not count.
std::optional<ReadReference> read_number(std::string_view text) {
  std::size_t at = 2;
  const bool hex = at < text.size() && (text[at] == 'x' || text[at] == 'X');
  if (hex) ++at;
  const auto digits = at;
  char32_t value = 0;
  for (; at < text.size() && text[at] != ';'; ++at) {
    const char c = text[at];
    const auto lower = static_cast<char>(c | 0x20);
    const bool letter = hex && lower >= 'a' && lower <= 'f';
    if (!is_ascii_digit(c) && !letter) return std::nullopt;
    const auto digit = static_cast<char32_t>(letter ? lower - 'a' + 10 : c - '0');
    value = value * (hex ? 16 : 10) + digit;
    if (value > 0x10FFFF) return std::nullopt;
  }
  if (at == text.size() || at == digits) return std::nullopt;
  const bool control = value < 0x20 && value != '\t' && value != '\n' && value != '\r';
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (control || surrogate || value == 0xFFFE || value == 0xFFFF) return std::nullopt;
  return ReadReference{to_utf8(value), at + 1};
}

}  // namespace

std::optional<ReadReference> read_reference(std::string_view text) {
  if (text.substr(1).starts_with('#')) return read_number(text);
  constexpr std::size_t kLongest = 40;  // HTML's longest name has 33 bytes
  const auto semicolon = text.substr(0, kLongest).find(';');
  if (semicolon == text.npos || semicolon < 2) return std::nullopt;
  const auto name = text.substr(1, semicolon - 1);
  const auto alias = html_alias(name);
  const auto character = entity(alias.empty() ? name : alias);
  if (character == 0) return std::nullopt;
  return ReadReference{to_utf8(character), semicolon + 1};
}

LenientReader::LenientReader(std::string_view body, const Limits& limits, Rules rules)
    : tree_(std::make_shared<Document::Tree>()), limits_(limits), rules_(rules) {
  limits_.max_depth = std::clamp(limits_.max_depth, 1, kDeepest);
  tree_->wrapped = body;
  tree_->source = body_ = tree_->wrapped;
  tree_->root.end = tree_->root.content_end = body_.size();
  path_.push_back(&tree_->root);
}

bool LenientReader::run() {
  if (body_.size() > limits_.max_bytes) {
    if (!html()) return false;
    strip_rest();
    return true;
  }
  clean_ = is_clean(body_);
  while (at_ < body_.size()) {
    const char c = body_[at_];
    if (c == '<') {
      if (!markup()) return false;
    } else if (c == '&') {
      reference();
    } else {
      auto end = at_ + 1;
      while (end < body_.size() && body_[end] != '<' && body_[end] != '&') ++end;
      literal(end - at_);
    }
    if (nodes_ > limits_.max_nodes) {
      if (!html()) return false;
      strip_rest();
    }
  }
  close_text();
  if (path_.size() > 1 && !html()) return false;
  while (path_.size() > 1) close_top(body_.size(), body_.size());
  return true;
}

Node* LenientReader::add(Node::Kind kind, std::size_t begin, std::size_t end) {
  close_text();
  ++nodes_;
  auto& node = parent().children.emplace_back();
  node.kind = kind;
  node.begin = begin;
  node.content_begin = node.content_end = 0;
  node.end = end;
  return &node;
}

void LenientReader::close_text() {
  if (text_ == nullptr) return;
  text_->end = at_;
  text_ = nullptr;
}

void LenientReader::add_text(std::string_view text) {
  if (text_ == nullptr) text_ = add(Node::Kind::kText, at_, at_);
  if (clean_) {
    text_->text += text;
  } else {
    append_clean(text_->text, text);
  }
}

void LenientReader::literal(std::size_t size) {
  add_text(body_.substr(at_, size));
  at_ += size;
}

void LenientReader::reference() {
  const auto found = read_reference(body_.substr(at_));
  if (!found) {
    literal(1);
    return;
  }
  if (text_ == nullptr) text_ = add(Node::Kind::kText, at_, at_);
  text_->text += found->characters;  // &#13; stays what it is
  at_ += found->size;
}

bool LenientReader::markup() {
  const auto rest = body_.substr(at_);
  if (rest.size() > 1 && begins_name(rest[1])) return start_tag();
  if (rest.starts_with("</")) return end_tag();
  if (rest.starts_with("<!--")) {
    return span("-->", 4, no_comment_end_, Node::Kind::kComment);
  }
  if (rest.starts_with("<![CDATA[")) {
    constexpr std::size_t kMark = 9;
    const auto end = no_cdata_end_ <= at_ ? body_.npos : body_.find("]]>", at_ + kMark);
    if (end == body_.npos) {
      no_cdata_end_ = std::min(no_cdata_end_, at_);
      if (!html()) return false;
      literal(1);
      return true;
    }
    auto* node = add(Node::Kind::kText, at_, end + 3);
    node->cdata = true;
    append_clean(node->text, body_.substr(at_ + kMark, end - at_ - kMark));
    at_ = end + 3;
    return true;
  }
  if (rest.starts_with("<?")) {
    if (!html()) return span("?>", 2, no_instruction_end_, Node::Kind::kInstruction);
    return span(">", 2, no_tag_end_, Node::Kind::kInstruction);
  }
  if (rest.starts_with("<!")) return span(">", 2, no_tag_end_, Node::Kind::kInstruction);
  literal(1);
  return true;
}

// A thing that ends with `end_mark`; `missing` is from where on there is none.
bool LenientReader::span(std::string_view end_mark, std::size_t skip, std::size_t& missing,
                         Node::Kind kind) {
  const auto end = missing <= at_ ? body_.npos : body_.find(end_mark, at_ + skip);
  if (end == body_.npos) {
    missing = std::min(missing, at_);
    if (!html()) return false;
    literal(1);
    return true;
  }
  add(kind, at_, end + end_mark.size());
  at_ = end + end_mark.size();
  return true;
}

bool LenientReader::start_tag() {
  const auto begin = at_;
  Tag tag;
  if (!read_tag(tag)) {
    if (!html()) return false;
    literal(1);
    return true;
  }
  close_text();
  tag.name = element_name(tag.name);
  if (html()) close_before(tag.name, begin);
  const bool deep = path_.size() > static_cast<std::size_t>(limits_.max_depth);
  if (deep && !html()) return false;
  auto* node = add(Node::Kind::kElement, begin, tag.end);
  at_ = tag.end;
  node->name = tag.name;
  node->content_begin = node->content_end = tag.end;
  std::stable_partition(tag.attributes.begin(), tag.attributes.end(), is_declaration);
  drop_repeated(tag.attributes);
  node->attributes = std::move(tag.attributes);
  if (tag.self_closed || ends_at_once(tag)) return true;
  if (deep) {
    ++too_deep_;
    return true;
  }
  path_.push_back(node);
  if (html() && (tag.name == "script" || tag.name == "style")) raw_text(tag.name);
  return true;
}

// Void elements that HTML writes without an end: not where one follows.
bool LenientReader::ends_at_once(const Tag& tag) const {
  if (!html() || !is_void(tag.name)) return false;
  const auto end = "</" + std::string(tag.name) + ">";
  return lower_ascii(body_.substr(tag.end, end.size())) != end;
}

std::string_view LenientReader::element_name(std::string_view given) {
  const bool plain = given.find(':') == given.npos;
  const bool capitals = std::ranges::any_of(given, [](char c) { return c >= 'A' && c <= 'Z'; });
  if (!html() || !plain || !capitals) return given;
  return tree_->names.emplace_back(lower_ascii(given));
}

void LenientReader::close_top(std::size_t content_end, std::size_t end) {
  path_.back()->content_end = content_end;
  path_.back()->end = end;
  path_.pop_back();
}

// What HTML's rules end in front of a start tag.
void LenientReader::close_before(std::string_view name, std::size_t begin) {
  if (too_deep_ > 0) return;
  if (is_heading_name(name) && is_heading_name(path_.back()->name)) close_top(begin, begin);
  if (path_.back()->name == "colgroup" && name != "col") close_top(begin, begin);
  if (begins_content(name)) {
    for (auto depth = path_.size(); depth-- > 1;) {
      if (is_fence(path_[depth]->name)) break;
      if (!is_unseen(path_[depth]->name)) continue;
      while (path_.size() > depth) close_top(begin, begin);
    }
  }
  for (auto depth = path_.size(); depth-- > 1;) {
    const auto open = path_[depth]->name;
    if (ends_before(open, name)) {
      while (path_.size() > depth) close_top(begin, begin);
      continue;
    }
    if (!has_optional_end(open) || is_boundary(open, name)) return;
  }
}

bool LenientReader::end_tag() {
  const auto name = name_in(body_, at_ + 2);
  auto end = at_ + 2 + name.size();
  while (end < body_.size() && is_xml_space(body_[end])) ++end;
  const bool whole = !name.empty() && end < body_.size() && body_[end] == '>';
  if (!whole) {
    if (!html()) return false;
    literal(1);
    return true;
  }
  const auto begin = at_;
  close_text();
  at_ = end + 1;
  if (too_deep_ > 0) {
    --too_deep_;
    return true;
  }
  const auto closed = element_name(name);
  return close_named(closed, begin, at_) || html();
}

bool LenientReader::close_named(std::string_view name, std::size_t begin, std::size_t end) {
  if (path_.size() > 1 && path_.back()->name == name) {
    close_top(begin, end);
    return true;
  }
  if (!html()) return false;
  const bool far = is_fence(name);
  for (auto depth = path_.size(); depth-- > 1;) {
    const bool headings = is_heading_name(name) && is_heading_name(path_[depth]->name);
    if (path_[depth]->name == name || headings) {
      while (path_.size() > depth + 1) close_top(begin, begin);
      close_top(begin, end);
      return true;
    }
    if (!far && is_fence(path_[depth]->name)) return false;
  }
  return false;
}

void LenientReader::raw_text(std::string_view name) {
  auto& missing = name == "script" ? no_script_end_ : no_style_end_;
  if (missing <= at_) return;
  const auto is_end = [&](std::size_t at) {
    return lower_ascii(body_.substr(at + 2, name.size())) == name;
  };
  auto end = body_.find("</", at_);
  while (end != body_.npos && !is_end(end)) end = body_.find("</", end + 2);
  if (end == body_.npos) {
    missing = at_;
    return;
  }
  if (end > at_) literal(end - at_);
}

bool LenientReader::read_tag(Tag& tag) const {
  tag.name = name_in(body_, at_ + 1);
  if (tag.name.empty()) return false;
  auto at = at_ + 1 + tag.name.size();
  for (;;) {
    while (at < body_.size() && is_xml_space(body_[at])) ++at;
    if (at >= body_.size() || body_[at] == '<') return false;
    if (body_[at] == '>') {
      tag.end = at + 1;
      return true;
    }
    if (body_.substr(at, 2) == "/>") {
      tag.self_closed = true;
      tag.end = at + 2;
      return true;
    }
    if (!read_attribute(tag, at)) return false;
  }
}

// One attribute, or a byte that belongs to none; false where the tag turns out to be none.
bool LenientReader::read_attribute(Tag& tag, std::size_t& at) const {
  const auto name = name_in(body_, at);
  if (name.empty()) {
    ++at;
    return html();
  }
  at += name.size();
  auto next = at;
  while (next < body_.size() && is_xml_space(body_[next])) ++next;
  Attribute attribute;
  const bool plain = name.find(':') == name.npos;
  attribute.name = html() && plain ? lower_ascii(name) : std::string(name);
  if (next < body_.size() && body_[next] == '=') {
    at = next + 1;
    while (at < body_.size() && is_xml_space(body_[at])) ++at;
    if (!read_value(at, attribute.value)) return false;
  } else {
    attribute.value = attribute.name;
  }
  tag.attributes.push_back(std::move(attribute));
  return true;
}

bool LenientReader::read_value(std::size_t& at, std::string& value) const {
  if (at >= body_.size()) return false;
  const char quote = body_[at];
  if (quote != '"' && quote != '\'') {
    auto end = at;
    while (end < body_.size() && !is_xml_space(body_[end]) && body_[end] != '>' &&
           body_[end] != '<' && body_.substr(end, 2) != "/>") {
      ++end;
    }
    value = attribute_value(body_.substr(at, end - at));
    at = end;
    return true;
  }
  // A value whose quote comes only behind other tags lacks one: it ends with its own tag.
  std::size_t greater = body_.npos;
  bool less = false;
  auto end = at + 1;
  for (; end < body_.size() && body_[end] != quote; ++end) {
    if (body_[end] == '>' && greater == body_.npos) greater = end;
    less = less || body_[end] == '<';
    if (less && greater != body_.npos) break;
  }
  const bool closed = end < body_.size() && body_[end] == quote;
  if (!closed && (!html() || greater == body_.npos)) return false;
  const auto last = closed ? end : greater;
  value = attribute_value(body_.substr(at + 1, last - at - 1));
  at = closed ? end + 1 : greater;
  return true;
}

void LenientReader::strip_rest() {
  close_text();
  while (path_.size() > 1) close_top(at_, at_);
  text_ = add(Node::Kind::kText, at_, body_.size());
  clean_ = false;
  while (at_ < body_.size()) {
    const auto rest = body_.substr(at_);
    if (rest[0] == '&') {
      reference();
      continue;
    }
    const bool tag = rest[0] == '<' && rest.size() > 1 && (begins_name(rest[1]) || rest[1] == '/');
    if (tag && no_tag_end_ > at_) {
      const auto end = body_.find('>', at_);
      if (end == body_.npos) {
        no_tag_end_ = at_;
        continue;
      }
      text_->text += ' ';
      at_ = end + 1;
      continue;
    }
    literal(std::min(body_.find_first_of("<&", at_ + 1), body_.size()) - at_);
  }
  close_text();
}

}  // namespace storage_format
