#include "daemon/confluence/parse.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <memory>
#include <mutex>

#include "daemon/confluence/json_fields.h"
#include "daemon/confluence/parse_document.h"

namespace confluence {

namespace {

namespace dom = simdjson::dom;

// A value of simdjson's document, or nothing.
class Node {
 public:
  Node() = default;
  explicit Node(dom::element element) : element_(element), present_(true) {}

  json::Kind kind() const {
    if (!present_) return json::Kind::kAbsent;
    switch (element_.type()) {
      case dom::element_type::NULL_VALUE:
        return json::Kind::kNull;
      case dom::element_type::STRING:
        return json::Kind::kString;
      case dom::element_type::INT64:
        return json::Kind::kInteger;
      case dom::element_type::BOOL:
        return json::Kind::kBoolean;
      case dom::element_type::OBJECT:
        return json::Kind::kObject;
      case dom::element_type::ARRAY:
        return json::Kind::kArray;
      default:
        return json::Kind::kOther;
    }
  }
  std::string_view string() const {
    std::string_view text;
    return element_.get(text) == simdjson::SUCCESS ? text : std::string_view();
  }
  std::int64_t integer() const {
    std::int64_t value = 0;
    return element_.get(value) == simdjson::SUCCESS ? value : 0;
  }
  bool boolean() const {
    bool value = false;
    return element_.get(value) == simdjson::SUCCESS && value;
  }
  Node child(std::string_view key) const {
    dom::object object;
    dom::element found;
    if (!present_ || element_.get(object) != simdjson::SUCCESS ||
        object.at_key(key).get(found) != simdjson::SUCCESS) {
      return {};
    }
    return Node(found);
  }
  bool array(dom::array& out) const { return present_ && element_.get(out) == simdjson::SUCCESS; }

 private:
  dom::element element_;
  bool present_ = false;
};

// The one parser of all threads, in turn: it takes over ten times the size of a document, and each
// has it for a few milliseconds only. It is kept for its buffers, unless a huge document has made
// them huge.
class Document {
 public:
  Document() : turn_(mutex()), parser_(std::move(kept())) {
    if (!parser_) parser_ = std::make_unique<dom::parser>();
  }
  ~Document() {
    if (parser_->capacity() <= kKeptCapacity) kept() = std::move(parser_);
  }
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;

  store::Result<Node> parse(const std::string& padded_body) {
    dom::element root;
    const auto code =
        parser_->parse(padded_body.data(), padded_body.size(), /*realloc_if_needed=*/false)
            .get(root);
    if (code == simdjson::MEMALLOC) {
      return store::fail(store::ErrorKind::kSystem, "out_of_memory", "out of memory");
    }
    if (code != simdjson::SUCCESS) return malformed_json(simdjson::error_message(code));
    return Node(root);
  }

 private:
  static constexpr std::size_t kKeptCapacity = 4u << 20;
  static std::mutex& mutex() {
    static std::mutex mutex;
    return mutex;
  }
  static std::unique_ptr<dom::parser>& kept() {
    static std::unique_ptr<dom::parser> parser;
    return parser;
  }
  std::lock_guard<std::mutex> turn_;
  std::unique_ptr<dom::parser> parser_;
};

template <typename Row, typename ReadRow>
store::Result<Listing<Row>> parse_rows(std::string body, std::string_view id_key,
                                       const ReadRow& read_row) {
  if (auto plausible = check_plausible(body); !plausible) return store::fail(plausible.error());
  body.reserve(body.size() + simdjson::SIMDJSON_PADDING);
  Document document;
  const auto root = document.parse(body);
  if (!root) return store::fail(root.error());
  dom::array results;
  if (!root->child("results").array(results)) return unexpected_document("a listing");

  Listing<Row> listing;
  listing.rows.reserve(results.size());
  for (const auto element : results) {
    const Node node(element);
    std::string reason;
    if (node.kind() != json::Kind::kObject) {
      listing.bad_rows.push_back({{}, "the row is not an object"});
      continue;
    }
    Row row = read_row(json::Fields<Node>(node, {}, &reason));
    if (reason.empty()) {
      listing.rows.push_back(std::move(row));
    } else {
      listing.bad_rows.push_back({json::shown_id(node, id_key), std::move(reason)});
    }
  }
  const auto next = root->child("_links").child("next");
  if (next.kind() == json::Kind::kString) listing.next = next.string();
  return listing;
}

}  // namespace

store::Result<Listing<store::Page>> parse_pages(std::string body, bool bodies) {
  const auto read_row = [bodies](json::Fields<Node> row) {
    return json::read_page(std::move(row), bodies);
  };
  return parse_rows<store::Page>(std::move(body), "id", read_row);
}

store::Result<Listing<store::PageVersion>> parse_versions(std::string body, bool bodies) {
  const auto read_row = [bodies](json::Fields<Node> row) {
    return json::read_page_version(std::move(row), bodies);
  };
  return parse_rows<store::PageVersion>(std::move(body), "number", read_row);
}

store::Result<Listing<store::Page>> parse_page(std::string body, bool bodies) {
  if (auto plausible = check_plausible(body); !plausible) return store::fail(plausible.error());
  body.reserve(body.size() + simdjson::SIMDJSON_PADDING);
  Document document;
  const auto root = document.parse(body);
  if (!root) return store::fail(root.error());
  if (root->kind() != json::Kind::kObject || root->child("id").kind() == json::Kind::kAbsent) {
    return unexpected_document("a page");
  }
  Listing<store::Page> listing;
  std::string reason;
  auto page = json::read_page(json::Fields<Node>(*root, {}, &reason), bodies);
  if (reason.empty()) {
    listing.rows.push_back(std::move(page));
  } else {
    listing.bad_rows.push_back({json::shown_id(*root, "id"), std::move(reason)});
  }
  return listing;
}

}  // namespace confluence
