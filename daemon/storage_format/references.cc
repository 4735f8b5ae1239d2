#include "daemon/storage_format/references.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "daemon/storage_format/characters.h"
#include "daemon/storage_format/tag.h"

namespace storage_format {

namespace {

using RefKind = Reference::Kind;

std::optional<store::Id> parsed_id(std::string_view text) {
  store::Id id{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return id;
}

// nullopt: no resource identifier.
std::optional<Reference> reference_of(const Node& node) {
  const auto value = [&](std::string_view name) { return std::string(value_of(node, name)); };
  Reference reference;
  if (node.is("ri:page")) {
    reference.space_key = value("ri:space-key");
    reference.title = value("ri:content-title");
  } else if (node.is("ri:blog-post")) {
    reference.kind = RefKind::kBlogPost;
    reference.space_key = value("ri:space-key");
    reference.title = value("ri:content-title");
    reference.posting_day = value("ri:posting-day");
  } else if (node.is("ri:attachment")) {
    reference.kind = RefKind::kAttachment;
    for (const auto& child : node.children) {
      if (!child.is("ri:page") && !child.is("ri:blog-post")) continue;
      reference.space_key = value_of(child, "ri:space-key");
      reference.title = value_of(child, "ri:content-title");
    }
    reference.file_name = value("ri:filename");
  } else if (node.is("ri:url")) {
    reference.kind = RefKind::kUrl;
    reference.url = value("ri:value");
  } else if (node.is("ri:user")) {
    reference.kind = RefKind::kUser;
    for (const auto* name : {"ri:account-id", "ri:userkey", "ri:username"}) {
      if (reference.account_id.empty()) reference.account_id = value(name);
    }
  } else if (node.is("ri:space")) {
    reference.kind = RefKind::kSpace;
    reference.space_key = value("ri:space-key");
  } else if (node.is("ri:shortcut")) {
    reference.kind = RefKind::kShortcut;
    reference.shortcut_key = value("ri:key");
    reference.shortcut_parameter = value("ri:parameter");
  } else if (node.is("ri:content-entity")) {
    reference.kind = RefKind::kContent;
    reference.content_id = parsed_id(value_of(node, "ri:content-id"));
  } else {
    return std::nullopt;
  }
  return reference;
}

std::optional<Reference> first_reference(const Node& node) {
  for (const auto& child : node.children) {
    if (!child.is_element()) continue;
    if (auto reference = reference_of(child)) return reference;
  }
  return std::nullopt;
}

}  // namespace

Reference target_of_link(const Node& link) {
  auto reference = first_reference(link).value_or(Reference());
  reference.anchor = percent_decoded(value_of(link, "ac:anchor"));
  return reference;
}

Reference target_of_image(const Node& image) {
  if (auto reference = first_reference(image)) return *reference;
  Reference nothing;
  nothing.kind = RefKind::kAttachment;
  return nothing;
}

Reference target_of_href(std::string_view href) {
  Reference reference;
  if (href.starts_with('#')) {
    reference.anchor = percent_decoded(href.substr(1));
    return reference;
  }
  reference.kind = RefKind::kUrl;
  reference.url = href;
  return reference;
}

const Node* body_of_link(const Node& link) {
  const bool more = std::ranges::any_of(link.children, [](const Node& child) {
    if (!child.is_element()) return child.is_text() && !is_invisible(child.text);
    const bool body = child.is("ac:link-body") || child.is("ac:plain-text-link-body");
    return !body && (!child.name.starts_with("ri:") || !is_invisible(raw_text_of(child)));
  });
  if (more) return &link;
  if (const auto* body = child_of(link, "ac:link-body")) return body;
  return child_of(link, "ac:plain-text-link-body");
}

std::vector<Reference> references_in(const Node& node) {
  std::vector<Reference> found;
  for (const auto& child : node.children) {
    if (!child.is_element()) continue;
    if (child.is("ac:link")) {
      found.push_back(target_of_link(child));
    } else if (auto reference = reference_of(child)) {
      found.push_back(std::move(*reference));
    } else {
      auto inner = references_in(child);
      found.insert(found.end(), inner.begin(), inner.end());
    }
  }
  return found;
}

std::string name_of(const Reference& reference) {
  switch (reference.kind) {
    case RefKind::kPage:
      return reference.title.empty() ? reference.anchor : reference.title;
    case RefKind::kBlogPost:
      return reference.title;
    case RefKind::kAttachment:
      return reference.file_name;
    case RefKind::kUrl:
      return reference.url;
    case RefKind::kSpace:
      return reference.space_key;
    case RefKind::kShortcut:
      return reference.shortcut_parameter + "@" + reference.shortcut_key;
    case RefKind::kUser:
    case RefKind::kContent:
      return {};
  }
  return {};
}

std::string description_of(const Reference& reference) {
  const auto quoted = [](std::string_view kind, std::string_view name) {
    return std::string(kind) + " '" + std::string(name) + "'";
  };
  const auto place = reference.space_key.empty() ? std::string() : reference.space_key + ":";
  switch (reference.kind) {
    case RefKind::kPage:
      if (reference.title.empty()) return quoted("anchor", reference.anchor);
      return quoted("page", place + reference.title);
    case RefKind::kBlogPost:
      return quoted("blog post", place + reference.title);
    case RefKind::kAttachment:
      return quoted("attachment", reference.file_name);
    case RefKind::kUrl:
      return quoted("address", reference.url);
    case RefKind::kUser:
      return quoted("user", reference.account_id);
    case RefKind::kSpace:
      return quoted("space", reference.space_key);
    case RefKind::kShortcut:
      return quoted("shortcut", name_of(reference));
    case RefKind::kContent:
      return quoted("content", reference.content_id ? std::to_string(*reference.content_id) : "?");
  }
  return {};
}

}  // namespace storage_format
