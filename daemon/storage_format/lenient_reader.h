#pragma once

// The tokenizer behind forgiving.h, which alone includes this. By XML's rules it gives up (run() is
// false) where tags do not match or a limit is passed; by HTML's rules it takes everything. It
// looks for the end of a thing (a comment, a quoted value) once: what was not found is remembered,
// so that the time stays linear. One LenientReader reads one body, on one thread.

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/storage_format/document.h"

namespace storage_format {

class LenientReader {
 public:
  enum class Rules { kXml, kHtml };

  LenientReader(std::string_view body, const Limits& limits, Rules rules);

  bool run();
  Document document() { return Document(std::move(tree_)); }

 private:
  // A tag as it stands; `end` is behind its >.
  struct Tag {
    std::string_view name;
    std::vector<Attribute> attributes;
    bool self_closed = false;
    std::size_t end = 0;
  };

  bool html() const { return rules_ == Rules::kHtml; }
  bool give_up();  // false by XML's rules, for good
  Node& parent() { return *path_.back(); }
  Node* add(Node::Kind kind, std::size_t begin, std::size_t end);

  bool markup();
  bool span(std::string_view end_mark, std::size_t skip, std::size_t& missing, Node::Kind kind);
  bool start_tag();
  bool end_tag();
  bool read_tag(Tag& tag) const;
  bool read_attribute(Tag& tag, std::size_t& at) const;
  bool read_value(std::size_t& at, std::string& value) const;
  std::string_view element_name(std::string_view given);
  void open(Tag& tag, std::size_t begin);
  void close_top(std::size_t content_end, std::size_t end);
  void close_before(std::string_view name, std::size_t begin);
  bool close_named(std::string_view name, std::size_t begin, std::size_t end);
  void raw_text(std::string_view name);
  bool ends_at_once(const Tag& tag) const;

  void literal(std::size_t size);  // the next bytes, as text
  void reference();
  void add_text(std::string_view text);
  void close_text();
  void strip_rest();  // the rest as one text

  std::shared_ptr<Document::Tree> tree_;
  std::string_view body_;
  Limits limits_;
  Rules rules_;
  bool clean_ = false;  // nothing in the body needs to be cleaned
  std::size_t at_ = 0;
  std::vector<Node*> path_;   // of the open elements, the root first
  std::size_t too_deep_ = 0;  // elements that are open beyond the limit
  Node* text_ = nullptr;      // the text that is being added to
  std::size_t nodes_ = 0;
  // From where on there is no such end; npos: not known yet.
  std::size_t no_comment_end_ = std::string_view::npos;
  std::size_t no_cdata_end_ = std::string_view::npos;
  std::size_t no_instruction_end_ = std::string_view::npos;
  std::size_t no_tag_end_ = std::string_view::npos;
  std::size_t no_script_end_ = std::string_view::npos;
  std::size_t no_style_end_ = std::string_view::npos;
};

// The character or characters that a reference at the front of `text` stands for, and its size;
// nullopt where it is none. As HTML has them, but only with their semicolon.
struct ReadReference {
  std::string characters;
  std::size_t size = 0;
};
std::optional<ReadReference> read_reference(std::string_view text);

}  // namespace storage_format
