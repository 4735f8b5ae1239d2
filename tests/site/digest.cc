#include "tests/site/digest.h"

#include <algorithm>
#include <numeric>

#include "tests/site/storage_check.h"
#include "tests/site/text.h"

namespace site {
namespace {

void append_id(std::string& out, std::string_view name, Id id) {
  out += ",\"";
  out += name;
  out += "\":\"";
  append_number(out, id);
  out += '"';
}

void append_version(std::string& out, std::int32_t version, const std::string& hash) {
  out += R"(,"version":)";
  append_number(out, version);
  out += R"(,"body_sha256":")" + hash + "\"}\n";
}

void append_page(std::string& out, const Content& content, Index index, std::string& body) {
  const Page& page = content.pages()[index];
  const auto hash_of_version = [&](std::int32_t number) {
    body.clear();
    content.append_body(body, index, number, BodyForm::kStorage);
    return sha256_hex(body);
  };
  const std::string current = hash_of_version(page.version);
  out += R"({"kind":"page")";
  append_id(out, "page_id", page.id);
  append_id(out, "space_id", content.spaces()[page.space].id);
  out += R"(,"status":")";
  out += to_string(page.status);
  out += '"';
  append_version(out, page.version, current);
  for (const Version& version : content.versions(index)) {
    out += R"({"kind":"version")";
    append_id(out, "page_id", page.id);
    append_version(out, version.number,
                   version.number == page.version ? current : hash_of_version(version.number));
  }
}

void append_node(std::string& out, const Content& content, const Container& node, bool named) {
  const auto text = [&out](std::string_view name, std::string_view value) {
    out += ",\"";
    out += name;
    out += "\":";
    append_quoted(out, value);
  };
  out += R"({"kind":"node")";
  append_id(out, "node_id", node.id);
  text("type", to_string(node.type));
  append_id(out, "space_id", content.spaces()[node.space].id);
  if (node.parent_type == ContentType::kNull) {
    out += R"(,"parent_id":null,"parent_type":null)";
  } else {
    append_id(out, "parent_id", content.parent_id(node));
    text("parent_type", to_string(node.parent_type));
  }
  out += R"(,"position":)";
  if (node.position < 0) {
    out += "null";
  } else {
    append_number(out, node.position);
  }
  text("title", node.title);
  text("status", to_string(node.status));
  out += named ? R"(,"named":true})" : R"(,"named":false})";
  out += '\n';
}

void append_nodes(std::string& out, const Content& content) {
  const auto& nodes = content.containers();
  const std::vector<bool> named = content.named_containers();
  std::vector<Index> order(nodes.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(),
            [&](Index a, Index b) { return nodes[a].id < nodes[b].id; });
  for (const Index node : order) {
    const Status status = nodes[node].status;
    const bool gone = status == Status::kPurged || status == Status::kDeleted;
    if (!gone && content.container_shown(node)) {
      append_node(out, content, nodes[node], named[node]);
    }
  }
}

}  // namespace

std::string digest_of(const Content& content) {
  std::string out;
  for (const Space& space : content.spaces()) {
    if (space.restricted) continue;
    out += R"({"kind":"space")";
    append_id(out, "space_id", space.id);
    out += R"(,"space_key":)";
    append_quoted(out, space.key);
    out += R"(,"status":)";
    append_quoted(out, space.status);
    out += "}\n";
  }
  append_nodes(out, content);
  std::vector<Index> order(content.pages().size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(),
            [&](Index a, Index b) { return content.pages()[a].id < content.pages()[b].id; });
  std::string body;
  for (const Index page : order) {
    const Status status = content.pages()[page].status;
    const bool gone =
        status == Status::kPurged || status == Status::kDeleted || status == Status::kDraft;
    if (!gone && content.shown(page)) append_page(out, content, page, body);
  }
  return out;
}

std::string state_digest_of(const Content& content) {
  const auto& pages = content.pages();
  std::vector<Index> order(pages.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(),
            [&](Index a, Index b) { return pages[a].id < pages[b].id; });
  std::string out;
  for (const Index index : order) {
    const Page& page = pages[index];
    if (page.status == Status::kPurged) continue;
    const PageState state = content.state_of(index);
    out += R"({"page_id":")" + std::to_string(page.id) + R"(","status":")";
    out += to_string(state.status);
    out += R"(","title":)";
    append_quoted(out, state.title);
    append_id(out, "space_id", state.space);
    if (state.parent == 0) {
      out += R"(,"parent_id":null)";
    } else {
      append_id(out, "parent_id", state.parent);
    }
    out += R"(,"version":)";
    append_number(out, state.version);
    out += R"(,"body_normal_sha256":")" +
           sha256_hex(normal_storage(content.body(index, page.version))) + "\"}\n";
  }
  return out;
}

}  // namespace site
