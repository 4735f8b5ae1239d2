#pragma once

// Bodies and a small world around them, for tests of renderings.

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/storage_format/render.h"

namespace storage_format {

inline std::string macro(std::string_view name, std::string_view inside = {}) {
  return "<ac:structured-macro ac:name=\"" + std::string(name) + "\">" + std::string(inside) +
         "</ac:structured-macro>";
}
inline std::string parameter(std::string_view name, std::string_view value) {
  return "<ac:parameter ac:name=\"" + std::string(name) + "\">" + std::string(value) +
         "</ac:parameter>";
}
inline std::string rich(std::string_view body) {
  return "<ac:rich-text-body>" + std::string(body) + "</ac:rich-text-body>";
}
inline std::string plain(std::string_view body) {
  return "<ac:plain-text-body><![CDATA[" + std::string(body) + "]]></ac:plain-text-body>";
}
inline std::string page_link(std::string_view title) {
  return "<ac:link><ri:page ri:content-title=\"" + std::string(title) + "\" /></ac:link>";
}
inline std::string file(std::string_view name) {
  return "<ri:attachment ri:filename=\"" + std::string(name) + "\" />";
}

// A site with the pages Plan and Notes, the file cat.png, and one person.
class SmallSite : public Surroundings {
 public:
  std::optional<Target> find(const Reference& reference) const override {
    using Kind = Reference::Kind;
    if (reference.kind == Kind::kPage && reference.title == "Plan") {
      return Target{reference.anchor.empty() ? "plan.md" : "plan.md#" + reference.anchor, "Plan"};
    }
    if (reference.kind == Kind::kPage && reference.title == "Notes") return Target{"", "Notes"};
    if (reference.kind == Kind::kAttachment && reference.file_name.ends_with(".png")) {
      return Target{"files/" + reference.file_name, reference.file_name};
    }
    return std::nullopt;
  }
  std::optional<std::string> user_name(std::string_view account_id) const override {
    if (account_id == "u1") return "Ada *L*";
    return std::nullopt;
  }
  std::vector<Below> below(const Reference&, int depth) const override {
    std::vector<Below> inner;
    if (depth != 1) inner.push_back({{"b.md", "B"}, {}});
    return {{{"a.md", "A"}, inner}};
  }
  std::optional<std::string> body_of(const Reference& page) const override {
    if (page.title == "Plan") {
      return macro("excerpt",
                   rich("<p>the <strong>short</strong> of " + page_link("Plan") + "</p>"));
    }
    if (page.title == "Loop") {
      return macro("excerpt", rich(macro("excerpt-include", parameter("", page_link("Loop"))) +
                                   macro("excerpt-include", parameter("", page_link("Loop")))));
    }
    return std::nullopt;
  }
  std::vector<Target> attachments() const override { return {{"files/cat.png", "cat.png"}}; }
  std::string jira_issue(std::string_view key) const override {
    return "https://jira.example/browse/" + std::string(key);
  }
};

inline bool tells(const Rendering& rendering, std::string_view part) {
  return std::ranges::any_of(rendering.approximations, [part](const Approximation& one) {
    return one.what.find(part) != std::string::npos;
  });
}

}  // namespace storage_format
