#include "daemon/storage_format/extract.h"

#include <utility>

#include "daemon/storage_format/characters.h"
#include "daemon/storage_format/elements.h"
#include "daemon/storage_format/emoji.h"
#include "daemon/storage_format/extractor.h"
#include "daemon/storage_format/forgiving.h"
#include "daemon/storage_format/references.h"
#include "daemon/storage_format/tag.h"

namespace storage_format {

Extractor::Extractor(const Document& document, Content* content)
    : document_(document), content_(content), positions_(document.source()) {}

std::string Extractor::run() {
  if (is_lines_of_text(document_)) {
    for (const auto& part : document_.root().children) {
      if (part.is_text()) out_.verbatim(part.text);
    }
  } else {
    children(document_.root());
  }
  return out_.take();
}

std::string Extractor::preformatted(const Node& node) {
  ++keeps_;
  children(node);
  return out_.take();
}

void Extractor::children(const Node& node) {
  for (const auto& child : node.children) this->node(child);
}

void Extractor::node(const Node& node) {
  if (node.is_text()) {
    text(node);
  } else if (node.is_element()) {
    element(node);
  }
}

void Extractor::text(const Node& node) {
  if (keeps_ > 0) {
    out_.verbatim(node.text);
  } else {
    out_.text(node.text);
  }
}

void Extractor::element(const Node& node) {
  switch (tag_of(node)) {
    case Tag::kHidden:
    case Tag::kTemplate:
      return;
    case Tag::kPlaceholder:
      if (content_ != nullptr) {
        content_->placeholders.push_back(
            {std::string(trimmed(raw_text_of(node))), positions_.at(node.begin)});
      }
      return;
    case Tag::kHeading:
      return heading(node);
    case Tag::kCell:
    case Tag::kHeaderCell:
      return cell(node);
    case Tag::kPreformatted:
      return kept(node);
    case Tag::kTaskList:
      return task_list(node);
    case Tag::kTask:
      return task(node);
    case Tag::kMacro:
      return macro(node);
    case Tag::kAdfExtension:
      if (const auto* shown = shown_of_adf(node)) block(*shown);
      for (const auto* stray : strays_of_adf(node)) this->node(*stray);
      return;
    default:
      return is_block_tag(node) ? block(node) : inline_element(node);
  }
}

void Extractor::inline_element(const Node& node) {
  switch (tag_of(node)) {
    case Tag::kBreak:
      if (keeps_ > 0) {
        out_.verbatim("\n");
      } else {
        out_.line();
      }
      return children(node);
    case Tag::kAnchor:
      return anchor_element(node);
    case Tag::kLink:
      return link(node);
    case Tag::kImage:
      return image(node);
    case Tag::kPicture:
      return picture(node);
    case Tag::kTime:
      return time(node);
    case Tag::kEmoticon:
      out_.text(emoji_text(node));
      return children(node);
    default:
      return children(node);
  }
}

void Extractor::block(const Node& node) {
  out_.line();
  children(node);
  out_.line();
}

void Extractor::heading(const Node& node) {
  out_.line();
  const auto mark = out_.mark();
  const auto at = content_ != nullptr ? positions_.at(node.begin) : Position();
  const auto index = content_ != nullptr ? content_->headings.size() : 0;
  if (content_ != nullptr)
    content_->headings.push_back({heading_level(node), {}, {}, at, node.begin});
  children(node);
  out_.line();
  if (content_ == nullptr) return;
  auto& heading = content_->headings[index];
  heading.text = out_.text_since(mark);
  heading.anchor = anchors_.add_heading(heading.text);
}

void Extractor::cell(const Node& node) {
  out_.cell();
  const auto* only = only_paragraph(node);  // no line of its own
  children(only != nullptr ? *only : node);
  out_.cell();
}

void Extractor::kept(const Node& node) {
  out_.line();
  ++keeps_;
  children(node);
  --keeps_;
  out_.line();
}

void Extractor::record_link(LinkUse::Role role, Reference to, std::string text, const Node& node) {
  if (content_ == nullptr) return;
  content_->links.push_back({role, std::move(to), std::move(text), positions_.at(node.begin)});
}

void Extractor::link(const Node& node) {
  auto target = target_of_link(node);
  const auto role =
      target.kind == Reference::Kind::kUser ? LinkUse::Role::kMention : LinkUse::Role::kLink;
  if (role == LinkUse::Role::kMention && !open_tasks_.empty() && !open_tasks_.back().end) {
    content_->tasks[open_tasks_.back().task].assignees.push_back(target.account_id);
  }
  record_link(role, target, {}, node);
  const auto index = content_ != nullptr ? content_->links.size() - 1 : 0;
  const auto mark = out_.mark();
  if (const auto* body = body_of_link(node)) {
    children(*body);
  }
  if (content_ != nullptr) content_->links[index].text = out_.text_since(mark);
  const bool shown = out_.mark() != mark;
  if (!shown) out_.text(name_of(target));
}

void Extractor::anchor_element(const Node& node) {
  const auto href = value_of(node, "href");
  if (content_ == nullptr || node.attribute("href") == nullptr) {
    if (content_ != nullptr) {
      const auto name = value_of(node, node.attribute("id") != nullptr ? "id" : "name");
      if (!name.empty()) content_->anchors.emplace_back(name);
    }
    return children(node);
  }
  record_link(LinkUse::Role::kLink, target_of_href(href), {}, node);
  const auto index = content_->links.size() - 1;
  const auto mark = out_.mark();
  children(node);
  content_->links[index].text = out_.text_since(mark);
}

void Extractor::image(const Node& node) {
  const auto alt = value_of(node, "ac:alt");
  record_link(LinkUse::Role::kImage, target_of_image(node), std::string(alt), node);
  out_.text(alt);
  children(node);
}

void Extractor::picture(const Node& node) {
  const auto alt = value_of(node, "alt");
  record_link(LinkUse::Role::kImage, target_of_href(value_of(node, "src")), std::string(alt), node);
  out_.text(alt);
  children(node);
}

void Extractor::time(const Node& node) {
  const auto date = value_of(node, "datetime");
  if (!open_tasks_.empty() && !open_tasks_.back().end) {
    auto& due = content_->tasks[open_tasks_.back().task].due;
    if (due.empty()) due = date;
  }
  const auto mark = out_.mark();
  children(node);
  if (out_.mark() == mark) out_.text(date);
}

void Extractor::task_list(const Node& node) {
  if (!open_tasks_.empty() && !open_tasks_.back().end) open_tasks_.back().end = out_.mark();
  block(node);
}

void Extractor::task(const Node& node) {
  out_.line();
  if (content_ != nullptr) {
    Task task;
    if (const auto* id = child_of(node, "ac:task-id")) task.id = trimmed(raw_text_of(*id));
    if (const auto* status = child_of(node, "ac:task-status")) {
      task.done = trimmed(raw_text_of(*status)) == "complete";
    }
    task.at = positions_.at(node.begin);
    open_tasks_.push_back({content_->tasks.size(), out_.mark(), std::nullopt});
    content_->tasks.push_back(std::move(task));
  }
  children(node);
  out_.line();
  if (content_ == nullptr) return;
  const auto open = open_tasks_.back();
  open_tasks_.pop_back();
  content_->tasks[open.task].text = out_.text_between(open.mark, open.end.value_or(out_.mark()));
}

void Extractor::macro(const Node& node) {
  const Macro macro(node);
  if (content_ != nullptr) record(macro);
  if (macro.family() == MacroFamily::kExcerpt && macro.flag("hidden")) {
    for (const auto* stray : macro.strays()) this->node(*stray);
    return;
  }
  const bool block = is_block(node) || macro.plain_body() != nullptr ||
                     (macro.rich_body() != nullptr && !macro.title().empty());
  if (block) out_.line();
  macro_text(macro);
  if (macro.rich_body() != nullptr) children(*macro.rich_body());
  if (macro.plain_body() != nullptr) out_.verbatim(macro.plain_text());
  for (const auto* stray : macro.strays()) this->node(*stray);
  if (block) out_.line();
}

// What people see of a macro besides its body.
void Extractor::macro_text(const Macro& macro) {
  const auto shown = [&](std::string_view text) {
    out_.text(" ");
    out_.text(text);
    out_.text(" ");
  };
  switch (macro.family()) {
    case MacroFamily::kStatus:
      return shown(macro.text("title"));
    case MacroFamily::kJira:
      return shown(macro.text(macro.text("key").empty() ? "jqlQuery" : "key"));
    case MacroFamily::kViewFile:
    case MacroFamily::kGliffy:
      return shown(macro.text("name"));
    case MacroFamily::kDrawIo:
      return shown(macro.text(macro.text("diagramDisplayName").empty() ? "diagramName"
                                                                       : "diagramDisplayName"));
    case MacroFamily::kInclude:
    case MacroFamily::kExcerptInclude:
      return shown(macro.text(""));
    case MacroFamily::kMathBlock:
    case MacroFamily::kMathInline:
      return shown(macro.text("body"));
    case MacroFamily::kPanel:
      shown(macro.text("panelIconText"));
      [[fallthrough]];
    default:
      if (macro.title().empty()) return;
      shown(macro.title());
      if (macro.rich_body() != nullptr || macro.plain_body() != nullptr) out_.line();
  }
}

void Extractor::record(const Macro& macro) {
  const auto at = positions_.at(macro.node().begin);
  MacroUse use{macro.name(), {}, at};
  const bool includes =
      macro.family() == MacroFamily::kInclude || macro.family() == MacroFamily::kExcerptInclude;
  for (const auto& parameter : macro.parameters()) {
    use.parameters.emplace_back(parameter.name, parameter.text);
    for (auto& reference : macro.references(parameter)) {
      const bool user = reference.kind == Reference::Kind::kUser;
      const auto role = includes && parameter.name.empty() ? LinkUse::Role::kInclude
                        : user                             ? LinkUse::Role::kMention
                                                           : LinkUse::Role::kLink;
      content_->links.push_back({role, std::move(reference), {}, at});
    }
  }
  if (macro.family() == MacroFamily::kAnchor) {
    content_->anchors.push_back(percent_decoded(macro.text("")));
  }
  content_->macros.push_back(std::move(use));
}

Content extract(std::string_view body) {
  Content content;
  auto forgiven = forgive(body);
  content.text = Extractor(forgiven.document, &content).run();
  content.fault = std::move(forgiven.fault);
  return content;
}

std::string plain_text(std::string_view body) {
  return Extractor(read_forgiving(body), nullptr).run();
}

}  // namespace storage_format
