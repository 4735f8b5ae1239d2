#include "daemon/storage_format/document.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "daemon/storage_format/document_tree.h"
#include "daemon/storage_format/entities.h"
#include "daemon/storage_format/reader.h"

namespace storage_format {

namespace {

// Only the entities that the body names are declared: most bodies name few.
std::string prolog_for(std::string_view body) {
  std::set<std::string_view> names;
  for (auto at = body.find('&'); at != body.npos; at = body.find('&', at + 1)) {
    constexpr std::size_t kLongestName = 8;  // thetasym
    const auto end = body.substr(at + 1, kLongestName + 1).find(';');
    if (end == body.npos) continue;
    const auto name = body.substr(at + 1, end);
    if (entity(name) != 0) names.insert(name);
  }
  std::string text = "<!DOCTYPE body [";
  for (const auto name : names) {
    static const std::set<std::string_view> kBuiltIn = {"amp", "lt", "gt", "quot", "apos"};
    if (kBuiltIn.contains(name)) continue;
    text += fmt::format("<!ENTITY {} \"&#{};\">", name, static_cast<unsigned>(entity(name)));
  }
  return text +
         "]><body xmlns:ac=\"http://atlassian.com/content\""
         " xmlns:ri=\"http://atlassian.com/resource/identifier\""
         " xmlns:at=\"http://atlassian.com/template\">";
}

}  // namespace

const std::string* Node::attribute(std::string_view attribute_name) const {
  const auto found = std::ranges::find(attributes, attribute_name, &Attribute::name);
  return found == attributes.end() ? nullptr : &found->value;
}

std::string_view Document::source() const { return tree_->source; }
const Node& Document::root() const { return tree_->root; }

std::string_view Document::source_of(const Node& node) const {
  return source().substr(node.begin, node.end - node.begin);
}

std::string_view Document::content_of(const Node& element) const {
  return source().substr(element.content_begin, element.content_end - element.content_begin);
}

Position Document::position(std::size_t offset) const {
  return PositionCursor(source()).at(offset);
}

Position PositionCursor::at(std::size_t offset) {
  if (offset < offset_) {
    offset_ = 0;
    position_ = {};
  }
  for (const auto end = std::min(offset, source_.size()); offset_ < end; ++offset_) {
    const auto byte = static_cast<unsigned char>(source_[offset_]);
    const bool before_lf = offset_ + 1 < source_.size() && source_[offset_ + 1] == '\n';
    if (byte == '\n' || (byte == '\r' && !before_lf)) {
      ++position_.line;
      position_.column = 1;
    } else if ((byte & 0xC0U) != 0x80U) {
      ++position_.column;
    }
  }
  // In the middle of a character, as in front of it.
  return position_;
}

tl::expected<Document, Fault> read(std::string_view body, const Limits& limits) {
  const auto prolog = prolog_for(body);
  Reader reader(prolog, body, limits, true);
  if (auto fault = reader.run()) return tl::unexpected<Fault>(std::move(*fault));
  return reader.document();
}

std::optional<Fault> check(std::string_view body, const Limits& limits) {
  const auto prolog = prolog_for(body);
  return Reader(prolog, body, limits, false).run();
}

}  // namespace storage_format
