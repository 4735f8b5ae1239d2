#include "daemon/storage_format/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "daemon/storage_format/entities.h"

namespace storage_format {

namespace {

constexpr char kNameSeparator = '\n';  // expat refuses namespaces that hold it
constexpr std::string_view kEndOfRoot = "</body>";
constexpr std::size_t kMaxBytes = 1U << 30;
constexpr int kMaxDepth = 1000;

// What a fault quotes of the body.
std::string quoted(std::string_view text) {
  constexpr std::size_t kLongest = 40;
  std::string shown;
  for (const char c : text.substr(0, kLongest)) {
    const auto byte = static_cast<unsigned char>(c);
    shown += byte > 0x20 && byte < 0x7F ? c : '?';
  }
  return text.size() > kLongest ? shown + "..." : shown;
}

bool is_name_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= 'a' && byte <= 'z') || c == ':' || c == '_' || c == '-' || c == '.';
}

}  // namespace

Reader::Reader(std::string_view prolog, std::string_view body, const Limits& limits, bool keep)
    : tree_(std::make_shared<Document::Tree>()),
      prolog_size_(prolog.size()),
      limits_(limits),
      keep_(keep),
      parser_(XML_ParserCreateNS("UTF-8", kNameSeparator), &XML_ParserFree) {
  limits_.max_bytes = std::min(limits_.max_bytes, kMaxBytes);
  limits_.max_depth = std::min(limits_.max_depth, kMaxDepth);
  body_ = body;
  if (body.size() > limits_.max_bytes) return;  // run() says so
  auto& wrapped = tree_->wrapped;
  wrapped.reserve(prolog.size() + body.size() + kEndOfRoot.size());
  wrapped.append(prolog).append(body).append(kEndOfRoot);
  tree_->source = std::string_view(wrapped).substr(prolog.size(), body.size());
  body_ = tree_->source;
  tree_->root.end = tree_->root.content_end = body.size();
}

void Reader::set_handlers() {
  auto* parser = parser_.get();
  XML_SetUserData(parser, this);
  XML_SetReturnNSTriplet(parser, 1);
  XML_SetElementHandler(
      parser,
      [](void* data, const char*, const char** attributes) { self(data).start(attributes); },
      [](void* data, const char*) { self(data).end(); });
  XML_SetCharacterDataHandler(
      parser, [](void* data, const char* bytes, int size) { self(data).text(bytes, size); });
  XML_SetCdataSectionHandler(
      parser, [](void* data) { self(data).cdata(true); },
      [](void* data) { self(data).cdata(false); });
  XML_SetCommentHandler(parser,
                        [](void* data, const char*) { self(data).span(Node::Kind::kComment); });
  XML_SetProcessingInstructionHandler(parser, [](void* data, const char*, const char*) {
    self(data).span(Node::Kind::kInstruction);
  });
  XML_SetStartNamespaceDeclHandler(parser, [](void* data, const char* prefix, const char* uri) {
    if (self(data).path_.empty()) return;  // the root's own
    self(data).declared_.push_back(
        {prefix == nullptr ? "xmlns" : std::string("xmlns:") + prefix, uri == nullptr ? "" : uri});
  });
}

std::optional<Fault> Reader::run() {
  if (body_.size() > limits_.max_bytes) {
    return Fault{
        {},
        fmt::format("the body has {} bytes; at most {} are read", body_.size(), limits_.max_bytes)};
  }
  if (parser_ == nullptr) return Fault{{}, "out of memory"};
  set_handlers();
  const auto& wrapped = tree_->wrapped;
  const auto status =
      XML_Parse(parser_.get(), wrapped.data(), static_cast<int>(wrapped.size()), XML_TRUE);
  if (!fault_ && status != XML_STATUS_OK) fault_ = explain();
  return fault_;
}

void Reader::start(const char** attributes) noexcept {
  if (fault_) return;
  close_text();
  if (path_.empty()) {
    path_.push_back(&tree_->root);
    return;
  }
  const auto begin = here();
  if (open_.size() >= static_cast<std::size_t>(limits_.max_depth)) {
    stop(begin, fmt::format("elements are nested more than {} deep", limits_.max_depth));
    return;
  }
  const auto name = name_at(begin + 1);
  auto* node = add(Node::Kind::kElement, begin);
  if (node == nullptr) return;
  open_.push_back({begin, name.size()});
  path_.push_back(node);
  if (!keep_) {
    declared_.clear();
    return;
  }
  node->name = name;
  node->end = begin + event_size();
  node->content_begin = node->content_end = node->end;
  take_attributes(*node, attributes);
}

// "name", or "namespace\nname", or "namespace\nname\nprefix".
void Reader::take_attributes(Node& node, const char** attributes) {
  node.attributes = std::exchange(declared_, {});
  for (; *attributes != nullptr; attributes += 2) {
    std::string_view name = attributes[0];
    std::string whole(name);
    if (const auto first = name.find(kNameSeparator); first != name.npos) {
      name.remove_prefix(first + 1);
      const auto second = name.find(kNameSeparator);
      whole = second == name.npos
                  ? std::string(name)
                  : fmt::format("{}:{}", name.substr(second + 1), name.substr(0, second));
    }
    node.attributes.push_back({std::move(whole), attributes[1]});
  }
}

void Reader::end() noexcept {
  if (fault_) return;
  close_text();
  const auto begin = here();
  if (open_.empty()) {
    if (begin < body_.size()) stop(begin, "</body> closes nothing");
    return;
  }
  if (begin >= body_.size() && event_size() > 0) {  // the root's own end tag
    stop(open_.back().begin, never_closed());
    return;
  }
  open_.pop_back();
  auto* node = path_.back();
  path_.pop_back();
  // <x/> ends where its tag does: expat then reports an empty event behind it.
  if (keep_ && body_.substr(begin, 2) == "</" && event_size() > 0) {
    node->content_end = begin;
    node->end = begin + event_size();
  }
}

void Reader::text(const char* bytes, int size) noexcept {
  if (fault_ || path_.empty()) return;
  if (!in_text_) {
    in_text_ = true;
    text_ = add(Node::Kind::kText, here());
  }
  if (keep_ && text_ != nullptr) text_->text.append(bytes, static_cast<std::size_t>(size));
}

void Reader::close_text() {
  if (!in_text_) return;
  in_text_ = false;
  if (keep_ && text_ != nullptr) text_->end = std::min(here(), body_.size());
}

void Reader::cdata(bool begins) noexcept {
  if (fault_) return;
  if (begins) {
    close_text();
    cdata_begin_ = here();
    in_text_ = true;
    text_ = add(Node::Kind::kText, here());
    if (text_ != nullptr) text_->cdata = true;
    return;
  }
  constexpr std::size_t kEndMark = 3;  // ]]>
  cdata_begin_.reset();
  in_text_ = false;
  if (keep_ && text_ != nullptr) text_->end = here() + kEndMark;
}

void Reader::span(Node::Kind kind) noexcept {
  if (fault_ || path_.empty()) return;
  close_text();
  auto* node = add(kind, here());
  if (keep_ && node != nullptr) node->end = here() + event_size();
}

Node* Reader::add(Node::Kind kind, std::size_t begin) {
  if (++nodes_ > limits_.max_nodes) {
    stop(begin, fmt::format("the body has more than {} elements and texts", limits_.max_nodes));
    return nullptr;
  }
  if (!keep_) return &tree_->root;
  auto& node = path_.back()->children.emplace_back();
  node.kind = kind;
  node.begin = begin;
  return &node;
}

std::size_t Reader::here() const {
  const auto index = XML_GetCurrentByteIndex(parser_.get());
  const auto in_all = index < 0 ? std::size_t{0} : static_cast<std::size_t>(index);
  return in_all < prolog_size_ ? 0 : in_all - prolog_size_;
}

std::size_t Reader::event_size() const {
  return static_cast<std::size_t>(std::max(0, XML_GetCurrentByteCount(parser_.get())));
}

std::string_view Reader::name_at(std::size_t offset) const {
  auto end = std::min(offset, body_.size());
  const auto begin = end;
  while (end < body_.size() && is_name_byte(body_[end])) ++end;
  return body_.substr(begin, end - begin);
}

void Reader::stop(std::size_t at, std::string why) {
  if (!fault_) fault_ = fault_at(at, std::move(why));
  XML_StopParser(parser_.get(), XML_FALSE);
}

Fault Reader::fault_at(std::size_t at, std::string why) const {
  return {PositionCursor(body_).at(at), std::move(why)};
}

Fault Reader::explain() const {
  const auto at = std::min(here(), body_.size());
  switch (XML_GetErrorCode(parser_.get())) {
    case XML_ERROR_TAG_MISMATCH: {
      const auto& open = open_.empty() ? Open{} : open_.back();
      const auto expected = quoted(body_.substr(open.begin + 1, open.name_size));
      if (at >= body_.size()) return fault_at(open.begin, never_closed());
      const auto found = quoted(name_at(at));
      const auto tag = at - std::min<std::size_t>(at, 2);  // expat points behind the "</"
      if (open_.empty()) return fault_at(tag, fmt::format("</{}> closes nothing", found));
      return fault_at(tag,
                      fmt::format("mismatched tag: expected </{}>, found </{}>", expected, found));
    }
    case XML_ERROR_UNDEFINED_ENTITY:
      return explain_entity(at);
    case XML_ERROR_BAD_CHAR_REF:
      return fault_at(at, "a reference to a character that XML does not allow");
    case XML_ERROR_UNBOUND_PREFIX:
      return fault_at(at, fmt::format("<{}> has or holds a prefix that is neither ac, ri nor at",
                                      quoted(name_at(at + 1))));
    case XML_ERROR_DUPLICATE_ATTRIBUTE:
      return fault_at(at, fmt::format("the attribute {} is given twice", quoted(name_at(at))));
    case XML_ERROR_UNCLOSED_CDATA_SECTION:
      return fault_at(cdata_begin_.value_or(at), "<![CDATA[ is never closed");
    case XML_ERROR_MISPLACED_XML_PI:
      return fault_at(at, "an XML declaration does not belong in a body");
    case XML_ERROR_NO_MEMORY:
      return fault_at(at, "out of memory");
    case XML_ERROR_INVALID_TOKEN:
    case XML_ERROR_UNCLOSED_TOKEN:
    case XML_ERROR_PARTIAL_CHAR:
      return explain_token(at);
    default:
      return fault_at(
          at, fmt::format("not well-formed: {}", XML_ErrorString(XML_GetErrorCode(parser_.get()))));
  }
}

std::string Reader::never_closed() const {
  const auto& open = open_.back();
  return fmt::format("<{}> is never closed", quoted(body_.substr(open.begin + 1, open.name_size)));
}

// In the event that starts at `at`: of an attribute's value expat tells the tag only.
Fault Reader::explain_entity(std::size_t at) const {
  for (auto next = body_.find('&', at); next != body_.npos; next = body_.find('&', next + 1)) {
    const auto name = name_at(next + 1);
    if (name.empty() || entity(name) != 0) continue;
    return fault_at(next, fmt::format("unknown entity &{};", quoted(name)));
  }
  return fault_at(at, "an unknown entity");
}

Fault Reader::explain_token(std::size_t at) const {
  const auto rest = body_.substr(at);
  const auto before = body_.substr(0, at);
  if (rest.starts_with("<!--")) return fault_at(at, "a comment is never closed");
  if (rest.starts_with("<?")) return fault_at(at, "a processing instruction is never closed");
  if (const auto declaration = before.rfind("<!");
      declaration != before.npos && before.size() - declaration <= 3) {
    return fault_at(declaration, "a document type declaration does not belong in a body");
  }
  const auto byte = rest.empty() ? '\0' : rest.front();
  if (!rest.empty() && static_cast<unsigned char>(byte) < 0x20 && byte != '\t' && byte != '\n' &&
      byte != '\r') {
    return fault_at(at, fmt::format("the control character U+{:04X} is not allowed", byte));
  }
  if (before.ends_with('&')) {
    return fault_at(at - 1, "& that begins no reference: write &amp;");
  }
  if (const auto reference = before.rfind('&'); reference != before.npos) {
    const auto is_part = [](char c) { return is_name_byte(c) || c == '#'; };
    if (std::ranges::all_of(before.substr(reference + 1), is_part)) {
      return fault_at(reference, "a reference without its semicolon: write &amp; for &");
    }
  }
  if (rest.empty()) return fault_at(at, "the body ends inside a tag");
  if (static_cast<unsigned char>(byte) >= 0x80) {
    return fault_at(at, "a character that XML does not allow here, or bytes that are not UTF-8");
  }
  if (byte == '>' && before.ends_with("]]")) return fault_at(at - 2, "]]> does not belong in text");
  if (before.ends_with('<')) return fault_at(at - 1, "< that begins no tag: write &lt;");
  return fault_at(at, fmt::format("not well-formed: unexpected '{}'", quoted(rest.substr(0, 1))));
}

}  // namespace storage_format
