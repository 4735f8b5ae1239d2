#pragma once

// A page body in storage format, read strictly, with the place of everything in its source.
//
// Storage format is a fragment of XML: no root, the prefixes ac, ri and at without a declaration,
// the 253 named characters of XHTML 1.0. Anything else that XML forbids is a Fault: other prefixes
// (unless the body declares them itself), other entities, control characters, a DTD, an XML
// declaration, bytes that are not UTF-8. What is well-formed here is what the site takes.
//
// A Document is immutable and owns its source; copies share it and are cheap; views into it live as
// long as any copy. Pure; any thread. Offsets are bytes of the body as given; entities cannot grow:
// what is read never takes more characters than the source has bytes. Names that a body declares
// through xmlns come back as attributes (first); two attributes that are one only through such
// declarations are a Fault like any other repetition. Nothing throws but for want of memory.
// Source: https://confluence.atlassian.com/doc/confluence-storage-format-790796544.html

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/error.h"

namespace storage_format {

// 1-based; columns count code points; lines end at LF, CR LF or CR.
struct Position {
  int line = 1;
  int column = 1;
  bool operator==(const Position&) const = default;
};

struct Limits {
  std::size_t max_bytes = 16U << 20;  // at most 1 GiB, whatever is asked
  int max_depth = 256;                // elements in elements; at most 1000, whatever is asked
  std::size_t max_nodes = 2'000'000;
};

struct Fault {
  Position at;
  std::string text;  // one printable line: "mismatched tag: expected </p>, found </div>"
};

struct Attribute {
  std::string name;   // with its prefix: "ac:name"
  std::string value;  // entities resolved, white space as XML normalises it
};

struct Node {
  enum class Kind { kElement, kText, kComment, kInstruction };

  bool is_element() const { return kind == Kind::kElement; }
  bool is_text() const { return kind == Kind::kText; }
  bool is(std::string_view element) const { return is_element() && name == element; }
  // The value of an attribute; nullptr where it is absent.
  const std::string* attribute(std::string_view attribute_name) const;
  bool self_closed() const { return is_element() && content_begin == end; }

  Kind kind = Kind::kElement;
  bool cdata = false;     // a text that stood in <![CDATA[ ]]>; kept apart from text beside it
  std::string_view name;  // of an element, with its prefix; lives as long as the Document
  std::vector<Attribute> attributes;
  std::vector<Node> children;
  std::string text;  // of a text: resolved, lines end in LF
  // The source text is [begin, end); of an element's content, [content_begin, content_end): empty
  // and at `end` for <x/>. The root's are those of the whole body.
  std::size_t begin = 0;
  std::size_t content_begin = 0;
  std::size_t content_end = 0;
  std::size_t end = 0;
};

class Document {
 public:
  std::string_view source() const;  // the body as given
  const Node& root() const;         // an element without a name: its children are the body
  std::string_view source_of(const Node& node) const;
  std::string_view content_of(const Node& element) const;
  Position position(std::size_t offset) const;  // walks the source: see PositionCursor

 private:
  friend class Reader;
  friend class LenientReader;
  struct Tree;  // document_tree.h
  explicit Document(std::shared_ptr<const Tree> tree) : tree_(std::move(tree)) {}
  std::shared_ptr<const Tree> tree_;
};

tl::expected<Document, Fault> read(std::string_view body, const Limits& limits = {});
// Only whether it is well-formed, and within the limits: nullopt = it is.
std::optional<Fault> check(std::string_view body, const Limits& limits = {});

// Positions of offsets asked for in ascending order, in one walk of the source altogether.
class PositionCursor {
 public:
  explicit PositionCursor(std::string_view source) : source_(source) {}
  Position at(std::size_t offset);

 private:
  std::string_view source_;
  std::size_t offset_ = 0;
  Position position_;
};

}  // namespace storage_format
