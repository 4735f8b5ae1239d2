#include "daemon/storage_format/elements.h"

#include <algorithm>
#include <array>

namespace storage_format {

namespace {

template <std::size_t kSize>
bool among(const std::array<std::string_view, kSize>& sorted, std::string_view name) {
  return std::ranges::binary_search(sorted, name);
}

template <typename... Names>
consteval auto sorted(Names... names) {
  std::array<std::string_view, sizeof...(names)> all = {names...};
  std::ranges::sort(all);
  return all;
}

constexpr auto kServerAttributes = sorted("ac:macro-id", "ac:local-id", "ri:local-id",
                                          "data-local-id", "local-id", "ac:schema-version");

constexpr auto kBlocks =
    sorted("p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "table", "blockquote", "pre",
           "hr", "div", "ac:layout", "ac:layout-section", "ac:layout-cell", "ac:task-list",
           "ac:adf-extension", "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot",
           "colgroup", "caption", "section", "article", "address", "center", "fieldset", "form");

constexpr auto kFlow = sorted("", "li", "dd", "td", "th", "blockquote", "div", "ac:layout-cell",
                              "ac:rich-text-body", "ac:task-body", "section", "article", "center");

constexpr auto kStructure =
    sorted("ul", "ol", "dl", "table", "thead", "tbody", "tfoot", "tr", "colgroup", "ac:layout",
           "ac:layout-section", "ac:structured-macro", "ac:macro", "ac:task-list", "ac:task",
           "ac:image", "ac:link", "ac:adf-extension", "ac:adf-node", "ri:page", "ri:blog-post",
           "ri:attachment", "ri:url", "ri:user", "ri:space", "ri:shortcut", "ri:content-entity");

constexpr auto kKeeping = sorted("pre", "ac:plain-text-body", "ac:plain-text-link-body", "textarea",
                                 "ac:parameter", "ac:default-parameter");

}  // namespace

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == text.npos; }
bool is_blank(const Node& node) { return node.is_text() && is_blank(node.text); }

bool is_server_attribute(std::string_view name) { return among(kServerAttributes, name); }

bool is_macro(const Node& node) { return node.is("ac:structured-macro") || node.is("ac:macro"); }

bool is_block(const Node& node) {
  if (!node.is_element()) return false;
  if (!is_macro(node)) return among(kBlocks, node.name);
  for (const auto& child : node.children) {
    if (child.is("ac:rich-text-body") && std::ranges::any_of(child.children, is_block)) return true;
    if (child.is("ac:plain-text-body")) {
      const auto* name = node.attribute("ac:name");
      return name != nullptr && (*name == "code" || *name == "noformat");
    }
  }
  return false;
}

bool is_flow(const Node& node) { return node.is_element() && among(kFlow, node.name); }

bool is_structure(const Node& node) {
  return node.is_element() && among(kStructure, node.name) &&
         std::ranges::none_of(node.children, [](const Node& child) {
           return child.is_text() && (child.cdata || !is_blank(child));
         });
}

bool keeps_white_space(const Node& node) {
  if (!node.is_element()) return false;
  if (among(kKeeping, node.name)) return true;
  const auto* style = node.attribute("style");
  if (style != nullptr && style->find("white-space") != style->npos) return true;
  const auto* space = node.attribute("xml:space");
  return space != nullptr && *space == "preserve";
}

bool is_insignificant(const Node& parent, std::size_t index) {
  const auto& siblings = parent.children;
  const auto& node = siblings[index];
  if (!is_blank(node) || node.cdata) return false;
  if (is_structure(parent)) return true;
  if (!is_flow(parent)) return false;
  return (index > 0 && is_block(siblings[index - 1])) ||
         (index + 1 < siblings.size() && is_block(siblings[index + 1]));
}

}  // namespace storage_format
