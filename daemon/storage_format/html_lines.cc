#include <fmt/format.h>

#include <string>

#include "daemon/storage_format/html_renderer.h"
#include "daemon/storage_format/references.h"
#include "daemon/storage_format/tag.h"
#include "daemon/storage_format/url.h"

namespace storage_format {

// A link with its body, or with the name of its target.
void HtmlRenderer::way(const RenderContext::Way& way, const Node* body) {
  const bool linked = !way.href.empty() && in_link_ == 0;
  if (linked) {
    out_ += fmt::format("<a href=\"{}\"", escaped_line(way.href));
    if (is_remote(way.href)) out_ += " rel=\"noreferrer\"";
    out_ += ">";
  }
  in_link_ += linked ? 1 : 0;
  const auto before = out_.size();
  if (body != nullptr) children(*body);
  if (out_.size() == before) text(way.text.empty() ? way.href : way.text);
  in_link_ -= linked ? 1 : 0;
  if (linked) out_ += "</a>";
  if (!way.refused.empty()) {
    out_ += " <code>";
    text(way.refused);
    out_ += "</code>";
  }
}

void HtmlRenderer::anchor_element(const Node& node) {
  id(value_of(node, node.attribute("id") != nullptr ? "id" : "name"));
  if (node.attribute("href") == nullptr) return children(node);
  const auto target = target_of_href(value_of(node, "href"));
  if (target == Reference()) return children(node);
  way(context_.way_to(target, node), &node);
}

void HtmlRenderer::link(const Node& node) {
  const auto target = target_of_link(node);
  const auto* body = body_of_link(node);
  if (target.kind == Reference::Kind::kUser) {
    if (body != nullptr && !body->children.empty()) return children(*body);
    out_ += "<span class=\"mention\">";
    text(context_.mention(target, node));
    out_ += "</span>";
    return;
  }
  way(context_.way_to(target, node), body);
}

void HtmlRenderer::show_image(const Reference& source, std::string_view alt, std::string_view title,
                              std::string_view width, const Node& node) {
  const auto way = context_.way_to(source, node);
  const auto shown = alt.empty() ? std::string_view(way.text) : alt;
  const bool loads = !way.href.empty() && (options_.remote_images || !is_remote(way.href)) &&
                     !way.href.starts_with("mailto:");
  if (!loads) {
    RenderContext::Way named = way;
    named.text = shown.empty() ? "image" : shown;
    text(" ");
    this->way(named, nullptr);
    text(" ");
    if (!way.href.empty()) context_.approximate(node, "an image of another host is linked");
    return;
  }
  out_ += fmt::format("<img src=\"{}\" alt=\"{}\"", escaped_line(way.href), escaped_line(shown));
  if (!title.empty()) out_ += fmt::format(" title=\"{}\"", escaped_line(title));
  if (const auto number = number_of(width); !number.empty()) {
    out_ += fmt::format(" width=\"{}\"", number);
  }
  out_ += " loading=\"lazy\">";
}

void HtmlRenderer::picture(const Node& node) {
  show_image(target_of_href(value_of(node, "src")), value_of(node, "alt"), value_of(node, "title"),
             value_of(node, "width"), node);
  children(node);
}

void HtmlRenderer::image(const Node& node) {
  const auto* caption = child_of(node, "ac:caption");
  if (caption != nullptr) {
    end_block();
    out_ += "<figure>";
  }
  show_image(target_of_image(node), value_of(node, "ac:alt"), value_of(node, "ac:title"),
             value_of(node, "ac:width"), node);
  for (const auto& child : node.children) {
    if (&child == caption) {
      wrapped("figcaption", child);
    } else {
      this->node(child);
    }
  }
  if (caption != nullptr) out_ += "</figure>\n";
}

void HtmlRenderer::time(const Node& node) {
  const auto date = value_of(node, "datetime");
  out_ += "<time>";
  const auto before = out_.size();
  children(node);
  if (out_.size() == before) text(date);
  out_ += "</time>";
}

}  // namespace storage_format
