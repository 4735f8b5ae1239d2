#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "daemon/confluence/json_fields.h"
#include "daemon/confluence/parse.h"
#include "daemon/confluence/parse_document.h"

namespace confluence {

namespace {

constexpr int kMaxDepth = 64;

// A value of nlohmann's document, or nothing.
class JsonNode {
 public:
  JsonNode() = default;
  explicit JsonNode(const nlohmann::json* value) : value_(value) {}

  confluence::json::Kind kind() const {
    using confluence::json::Kind;
    if (value_ == nullptr) return Kind::kAbsent;
    switch (value_->type()) {
      case nlohmann::json::value_t::null:
        return Kind::kNull;
      case nlohmann::json::value_t::string:
        return Kind::kString;
      case nlohmann::json::value_t::number_integer:
        return Kind::kInteger;
      case nlohmann::json::value_t::number_unsigned:
        return value_->get_ref<const std::uint64_t&>() <= INT64_MAX ? Kind::kInteger : Kind::kOther;
      case nlohmann::json::value_t::boolean:
        return Kind::kBoolean;
      case nlohmann::json::value_t::object:
        return Kind::kObject;
      case nlohmann::json::value_t::array:
        return Kind::kArray;
      default:
        return Kind::kOther;
    }
  }
  std::string_view string() const { return value_->get_ref<const std::string&>(); }
  std::int64_t integer() const { return value_->get<std::int64_t>(); }
  bool boolean() const { return value_->get<bool>(); }
  JsonNode child(std::string_view key) const {
    if (value_ == nullptr || !value_->is_object()) return {};
    const auto found = value_->find(key);
    return found == value_->end() ? JsonNode() : JsonNode(&*found);
  }
  JsonNode first() const {
    return value_ == nullptr || !value_->is_array() || value_->empty() ? JsonNode()
                                                                       : JsonNode(&value_->front());
  }

 private:
  const nlohmann::json* value_ = nullptr;
};

// Nesting costs far more memory than it has bytes; nothing that we read is deep.
bool too_deep(std::string_view body) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < body.size(); ++i) {
    const char c = body[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kMaxDepth) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

store::Result<nlohmann::json> parse_document(std::string_view body) {
  if (auto plausible = check_plausible(body); !plausible) return store::fail(plausible.error());
  if (too_deep(body)) return malformed_json("it is nested too deeply");
  auto document = nlohmann::json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (document.is_discarded()) return malformed_json("it is cut or not valid");
  return document;
}

template <typename Row, typename ReadRow>
store::Result<Listing<Row>> parse_rows(std::string_view body, std::string_view id_key,
                                       const ReadRow& read_row) {
  const auto document = parse_document(body);
  if (!document) return store::fail(document.error());
  const auto results = document->find("results");
  if (results == document->end() || !results->is_array()) return unexpected_document("a listing");

  Listing<Row> listing;
  listing.rows.reserve(results->size());
  for (const auto& element : *results) {
    const JsonNode node(&element);
    std::string reason;
    if (!element.is_object()) {
      listing.bad_rows.push_back({{}, "the row is not an object"});
      continue;
    }
    Row row = read_row(confluence::json::Fields<JsonNode>(node, {}, &reason));
    if (reason.empty()) {
      listing.rows.push_back(std::move(row));
    } else {
      listing.bad_rows.push_back({confluence::json::shown_id(node, id_key), std::move(reason)});
    }
  }
  const auto next = JsonNode(&*document).child("_links").child("next");
  if (next.kind() == confluence::json::Kind::kString) listing.next = next.string();
  return listing;
}

store::Space read_space(confluence::json::Fields<JsonNode> row) {
  store::Space space;
  space.id = row.id("id");
  space.key = row.text("key");
  space.name = row.text("name");
  space.type = row.text("type");
  space.status = row.text("status");
  space.current_alias = row.maybe_text("currentActiveAlias");
  space.author_id = row.text_or_empty("authorId");
  space.created_at = row.maybe_time("createdAt").value_or(store::Time{});
  space.homepage_id = row.maybe_id("homepageId");
  space.description = row.maybe_object("description").maybe_object("plain").maybe_text("value");
  space.icon_path = row.maybe_object("icon").maybe_text("path");
  space.web_path = row.maybe_object("_links").text_or_empty("webui");
  return space;
}

store::Node read_node(confluence::json::Fields<JsonNode> row) {
  store::Node node;
  node.id = row.id("id");
  node.type = row.text_or_empty("type");
  node.status = row.text("status");
  node.title = row.text("title");
  node.space_id = row.maybe_id("spaceId");
  node.parent_id = row.maybe_id("parentId");
  node.parent_type = row.maybe_text("parentType");
  node.position = row.maybe_integer("position");
  node.author_id = row.text_or_empty("authorId");
  node.created_at = row.maybe_time("createdAt");
  if (const auto number = row.maybe_object("version").maybe_integer("number")) {
    node.version = static_cast<std::int32_t>(std::clamp<std::int64_t>(*number, 0, INT32_MAX));
  }
  return node;
}

store::User read_user(confluence::json::Fields<JsonNode> row) {
  store::User user;
  user.account_id = row.text("accountId");
  user.display_name = row.maybe_text("displayName");
  if (user.display_name && user.display_name->empty()) user.display_name.reset();
  user.account_status = row.maybe_text("accountStatus");
  return user;
}

// The text of a v2, v1, gateway or edge error document.
ServerMessage message_of(const JsonNode& root) {
  ServerMessage message;
  const auto text_of = [](const JsonNode& node) {
    return node.kind() == confluence::json::Kind::kString ? std::string(node.string())
                                                          : std::string();
  };
  const auto errors = root.child("errors");
  if (errors.kind() == confluence::json::Kind::kArray) {
    const auto first = errors.first();
    message.code = text_of(first.child("code"));
    message.title = text_of(first.child("title"));
    message.text = message.title;
    if (const auto detail = text_of(first.child("detail")); !detail.empty()) {
      message.text += message.text.empty() ? detail : " (" + detail + ")";
    }
  }
  if (message.text.empty()) {
    message.text = text_of(root.child("message"));
    // "com.atlassian.…BadRequestException: what it means"
    const auto colon = message.text.find(": ");
    if (colon != std::string::npos && message.text.find(' ') > colon &&
        message.text.substr(0, colon).find('.') != std::string::npos) {
      message.text.erase(0, colon + 2);
    }
  }
  if (message.text.empty()) message.text = text_of(root.child("error"));
  return message;
}

std::string text_of_html(std::string_view html) {
  std::string lowered(html.substr(0, 4096));
  std::transform(lowered.begin(), lowered.end(), lowered.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  auto begin = lowered.find("<title");
  if (begin != std::string::npos) begin = lowered.find('>', begin);
  const auto end = begin == std::string::npos ? begin : lowered.find("</title", begin);
  if (end == std::string::npos) return "an HTML page without a title";
  return "an HTML page: " + std::string(html.substr(begin + 1, end - begin - 1));
}

}  // namespace

store::Result<Listing<store::Space>> parse_spaces(std::string_view body) {
  return parse_rows<store::Space>(body, "id", read_space);
}

store::Result<Listing<std::string>> parse_labels(std::string_view body) {
  const auto read_label = [](confluence::json::Fields<JsonNode> row) { return row.text("name"); };
  return parse_rows<std::string>(body, "id", read_label);
}

store::Result<Listing<store::User>> parse_users(std::string_view body) {
  return parse_rows<store::User>(body, "accountId", read_user);
}

store::Result<Listing<store::Node>> parse_tree(std::string_view body) {
  const auto read_member = [](confluence::json::Fields<JsonNode> row) {
    store::Node node;
    node.id = row.id("id");
    node.type = row.text("type");
    node.status = row.text("status");
    node.title = row.text("title");
    node.parent_id = row.maybe_id("parentId");
    node.position = row.maybe_integer("childPosition");
    return node;
  };
  return parse_rows<store::Node>(body, "id", read_member);
}

store::Result<Listing<store::Node>> parse_node(std::string_view body) {
  const auto document = parse_document(body);
  if (!document) return store::fail(document.error());
  const JsonNode root(&*document);
  if (root.child("id").kind() == confluence::json::Kind::kAbsent) {
    return unexpected_document("a node of the tree");
  }
  std::string reason;
  Listing<store::Node> listing;
  auto node = read_node(confluence::json::Fields<JsonNode>(root, {}, &reason));
  if (reason.empty()) {
    listing.rows.push_back(std::move(node));
  } else {
    listing.bad_rows.push_back({confluence::json::shown_id(root, "id"), std::move(reason)});
  }
  return listing;
}

store::Result<Identity> parse_identity(std::string_view body) {
  const auto document = parse_document(body);
  if (!document) return store::fail(document.error());
  if (!document->is_object()) return unexpected_document("a user");
  std::string reason;
  confluence::json::Fields<JsonNode> row(JsonNode{&*document}, {}, &reason);
  Identity identity;
  identity.account_id = row.text_or_empty("accountId");
  identity.display_name = row.text_or_empty("displayName");
  identity.email = row.text_or_empty("email");
  if (!reason.empty()) return unexpected_document("a user (" + reason + ")");
  const auto type = JsonNode(&*document).child("type");
  if (identity.account_id.empty() && type.kind() == confluence::json::Kind::kAbsent) {
    return unexpected_document("a user");
  }
  return identity;
}

ServerMessage parse_server_message(std::string_view body) {
  constexpr std::size_t kMostRead = 64u << 10;
  body = body.substr(0, kMostRead);
  const auto start = body.find_first_not_of(" \t\r\n");
  if (start == body.npos) return {};
  body.remove_prefix(start);

  ServerMessage message;
  if (body.front() == '{' && !too_deep(body)) {
    const auto document = nlohmann::json::parse(body, nullptr, /*allow_exceptions=*/false);
    if (!document.is_discarded()) message = message_of(JsonNode(&document));
  } else if (body.front() == '<') {
    message.text = text_of_html(body);
  } else {
    message.text = body;
  }
  message.code = one_line(message.code);
  message.text = one_line(message.text);
  message.title = message.title.empty() ? message.text : one_line(message.title);
  return message;
}

}  // namespace confluence
