#include "daemon/storage_format/readable.h"

#include <array>

#include "daemon/storage_format/elements.h"

namespace storage_format {

namespace {

class Readable {
 public:
  explicit Readable(const Document& document) : document_(document) {}

  void add(const Node& node) {
    switch (node.kind) {
      case Node::Kind::kText:
        add_text(node);
        return;
      case Node::Kind::kComment:
      case Node::Kind::kInstruction:
        add_verbatim(document_.source_of(node));
        return;
      case Node::Kind::kElement:
        add_element(node);
    }
  }

  std::string take() {
    while (!out_.empty() && (out_.back() == '\n' || out_.back() == ' ')) out_.pop_back();
    return std::move(out_);
  }

 private:
  void add_children(const Node& node) {
    for (const auto& child : node.children) add(child);
  }

  void add_verbatim(std::string_view text) {
    open_line();
    out_ += text;
  }

  void add_text(const Node& node) {
    if (keeps_ > 0 || node.cdata) {
      add_verbatim(node.text);
      return;
    }
    for (const char c : node.text) {
      const bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
      if (!space) {
        open_line();
        out_ += c;
      } else if (!out_.empty() && out_.back() != '\n' && out_.back() != ' ' && prefix_.empty()) {
        out_ += ' ';
      }
    }
  }

  void open_line() {
    out_ += prefix_;
    prefix_.clear();
  }

  void new_line() {
    if (!prefix_.empty()) return;  // the item has nothing in it yet
    if (!out_.empty() && out_.back() != '\n') out_ += '\n';
  }

  void add_line(std::string_view prefix, const Node& node) {
    new_line();
    prefix_ += prefix;
    add_children(node);
    open_line();
    new_line();
  }

  void add_element(const Node& node);
  bool add_special(const Node& node);
  void add_macro(const Node& node);
  void add_link(const Node& node, std::string_view target);
  void add_task(const Node& node);
  static std::string target_of(const Node& node);
  std::string text_in(std::span<const Node> nodes) const { return readable_text(document_, nodes); }

  const Document& document_;
  std::string out_;
  std::string prefix_;  // of the line that is to begin
  int keeps_ = 0;       // elements around that keep white space
};

// What a link or an image names, of all that is in it.
std::string Readable::target_of(const Node& node) {
  static constexpr std::array<std::string_view, 10> kNames = {
      "ri:content-title", "ri:filename", "ri:value",      "ri:account-id", "ri:userkey",
      "ri:username",      "ri:key",      "ri:content-id", "ri:space-key",  "ri:posting-day"};
  std::string target;
  for (const auto& child : node.children) {
    if (!child.name.starts_with("ri:")) continue;
    for (const auto name : kNames) {
      const auto* value = child.attribute(name);
      if (value == nullptr) continue;
      target += target.empty() ? *value : " " + *value;
    }
    if (const auto inner = target_of(child); !inner.empty()) target += " " + inner;
  }
  return target;
}

void Readable::add_link(const Node& node, std::string_view target) {
  const auto text = text_in(node.children);
  add_verbatim("[" + text + "](" + std::string(target) + ")");
}

void Readable::add_macro(const Node& node) {
  const auto* name = node.attribute("ac:name");
  std::string head = "[macro " + (name != nullptr ? *name : std::string("?"));
  for (const auto& child : node.children) {
    if (!child.is("ac:parameter") && !child.is("ac:default-parameter")) continue;
    const auto* key = child.attribute("ac:name");
    const auto target = target_of(child);
    head += " " + (key != nullptr ? *key : std::string()) + "=" +
            (target.empty() ? text_in(child.children) : target);
  }
  const bool block = is_block(node);
  if (block) new_line();
  add_verbatim(head + "]");
  for (const auto& child : node.children) {
    if (child.is("ac:rich-text-body")) {
      if (block) new_line();
      add_children(child);
    } else if (child.is("ac:plain-text-body")) {
      new_line();
      ++keeps_;
      add_children(child);
      --keeps_;
    }
  }
  if (block) new_line();
}

void Readable::add_task(const Node& node) {
  std::string box = "[ ] ";
  for (const auto& child : node.children) {
    if (child.is("ac:task-status") && text_in(child.children) == "complete") box = "[x] ";
  }
  new_line();
  prefix_ += box;
  for (const auto& child : node.children) {
    if (child.is("ac:task-body")) add_children(child);
  }
  open_line();
  new_line();
}

// Elements that are shown as something of their own.
bool Readable::add_special(const Node& node) {
  const auto attribute = [&](std::string_view name) {
    const auto* value = node.attribute(name);
    return value != nullptr ? *value : std::string();
  };
  if (is_macro(node)) {
    add_macro(node);
  } else if (node.is("ac:task")) {
    add_task(node);
  } else if (node.is("ac:link")) {
    auto target = target_of(node);
    if (const auto anchor = attribute("ac:anchor"); !anchor.empty()) target += "#" + anchor;
    add_link(node, target);
  } else if (node.is("a")) {
    add_link(node, attribute("href"));
  } else if (node.is("ac:image")) {
    add_verbatim("[image " + target_of(node) + "]");
    add_children(node);
  } else if (node.is("img")) {
    add_verbatim("[image " + attribute("src") + "]");
  } else if (node.is("ac:emoticon")) {
    const auto shown = attribute("ac:emoji-fallback");
    add_verbatim(shown.empty() ? "(" + attribute("ac:name") + ")" : shown);
  } else if (node.is("time")) {
    add_verbatim(attribute("datetime"));
    add_children(node);
  } else if (node.is("br")) {
    open_line();
    out_ += '\n';
  } else if (node.is("hr")) {
    new_line();
    add_verbatim("----");
    new_line();
  } else {
    return false;
  }
  return true;
}

void Readable::add_element(const Node& node) {
  if (add_special(node)) return;
  const auto name = node.name;
  if (name.size() == 2 && name[0] == 'h' && name[1] >= '1' && name[1] <= '6') {
    add_line(std::string(static_cast<std::size_t>(name[1] - '0'), '#') + " ", node);
  } else if (name == "li") {
    add_line("- ", node);
  } else if (name == "blockquote") {
    add_line("> ", node);
  } else if (name == "tr") {
    new_line();
    for (const auto& cell : node.children) {
      if (cell.is_element()) add_verbatim("| " + text_in(cell.children) + " ");
    }
    new_line();
  } else if (keeps_white_space(node)) {
    new_line();
    ++keeps_;
    add_children(node);
    --keeps_;
    new_line();
  } else if (is_block(node)) {
    new_line();
    add_children(node);
    new_line();
  } else {
    add_children(node);
  }
}

}  // namespace

std::string readable_text(const Document& document, const Node& node) {
  return readable_text(document, std::span(&node, 1));
}

std::string readable_text(const Document& document, std::span<const Node> nodes) {
  Readable readable(document);
  for (const auto& node : nodes) readable.add(node);
  return readable.take();
}

}  // namespace storage_format
