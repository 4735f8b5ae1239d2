#include "daemon/storage_format/normal_form.h"

#include <algorithm>
#include <vector>

#include "daemon/storage_format/elements.h"

namespace storage_format {

namespace {

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
}

void append_tag(std::string& out, const Node& element) {
  std::vector<const Attribute*> counting;
  for (const auto& attribute : element.attributes) {
    if (!is_server_attribute(attribute.name)) counting.push_back(&attribute);
  }
  std::ranges::sort(counting, {}, &Attribute::name);
  out += '<';
  out += element.name;
  for (const auto* attribute : counting) {
    out += ' ';
    out += attribute->name;
    out += "=\"";
    append_escaped(out, attribute->value);
    out += '"';
  }
  out += '>';
}

class NormalForm {
 public:
  explicit NormalForm(const Document& document) : document_(document) {}

  void add(const Node& node, bool keeps) {
    switch (node.kind) {
      case Node::Kind::kText:
        append_escaped(out_, node.text);
        return;
      case Node::Kind::kComment:
      case Node::Kind::kInstruction:
        add_verbatim(document_.source_of(node));
        return;
      case Node::Kind::kElement:
        append_tag(out_, node);
        add_children(node, keeps || keeps_white_space(node));
        out_ += "</>";
    }
  }

  void add_children(const Node& node, bool keeps) {
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      if (keeps || !is_insignificant(node, i)) add(node.children[i], keeps);
    }
  }

  std::string take() { return std::move(out_); }

 private:
  void add_verbatim(std::string_view text) {  // but for how lines end
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '\r') {
        out_ += text[i];
      } else if (i + 1 == text.size() || text[i + 1] != '\n') {
        out_ += '\n';
      }
    }
  }

  const Document& document_;
  std::string out_;
};

}  // namespace

std::string normal_form(const Document& document) {
  NormalForm form(document);
  form.add_children(document.root(), false);
  return form.take();
}

std::string normal_form(const Document& document, const Node& node, bool keeps_space) {
  NormalForm form(document);
  form.add(node, keeps_space);
  return form.take();
}

std::string normal_tag(const Node& element) {
  std::string out;
  append_tag(out, element);
  return out;
}

bool same_content(std::string_view a, std::string_view b) {
  if (a == b) return true;
  const auto first = read(a);
  if (!first) return false;
  const auto second = read(b);
  return second && normal_form(*first) == normal_form(*second);
}

store::Sha256 content_hash(std::string_view body) {
  const auto document = read(body);
  return document ? store::sha256(normal_form(*document)) : store::sha256(body);
}

}  // namespace storage_format
