#pragma once

// The one use of expat: document.h's read() and check(), and nothing else, include this.
//
// The body is put between a prolog, which declares the prefixes and the entities, and the end tag
// of the root. It cannot leave that root: an end tag that would close it is a fault at once, and
// what is open where the body ends swallows or contradicts the root's own end tag.
// One Reader reads one body, on one thread. The handlers are noexcept: expat is C.

#include <expat.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/storage_format/document.h"
#include "daemon/storage_format/document_tree.h"

namespace storage_format {

class Reader {
 public:
  Reader(std::string_view prolog, std::string_view body, const Limits& limits, bool keep);

  std::optional<Fault> run();
  Document document() { return Document(std::move(tree_)); }

 private:
  struct Open {  // an element whose end tag has not come
    std::size_t begin = 0;
    std::size_t name_size = 0;
  };

  static Reader& self(void* data) { return *static_cast<Reader*>(data); }
  void set_handlers();
  void start(const char** attributes) noexcept;
  void end() noexcept;
  void text(const char* bytes, int size) noexcept;
  void cdata(bool begins) noexcept;
  void span(Node::Kind kind) noexcept;  // a comment or an instruction
  void take_attributes(Node& node, const char** attributes);
  Node* add(Node::Kind kind, std::size_t begin);  // nullptr: one too many
  void close_text();

  std::size_t here() const;  // of the event, in the body
  std::size_t event_size() const;
  std::string_view name_at(std::size_t offset) const;
  void stop(std::size_t at, std::string why);
  Fault fault_at(std::size_t at, std::string why) const;
  Fault explain() const;
  std::string never_closed() const;
  Fault explain_entity(std::size_t at) const;
  Fault explain_token(std::size_t at) const;

  std::shared_ptr<Document::Tree> tree_;
  std::string_view body_;
  std::size_t prolog_size_;
  Limits limits_;
  bool keep_;  // the nodes
  std::unique_ptr<XML_ParserStruct, decltype(&XML_ParserFree)> parser_;
  std::vector<Open> open_;
  std::vector<Node*> path_;          // of the open elements, the root first
  std::vector<Attribute> declared_;  // xmlns, for the element that starts next
  Node* text_ = nullptr;             // the text that is being added to
  bool in_text_ = false;
  std::optional<std::size_t> cdata_begin_;  // while in one
  std::size_t nodes_ = 0;
  std::optional<Fault> fault_;
};

}  // namespace storage_format
