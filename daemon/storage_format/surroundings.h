#pragma once

// What a rendering asks about the world outside the body: where a reference leads from the place
// that is written to, who a person is, what stands below a page. Every answer may be "not known":
// then the text of a link stays, and nothing is lost. This base class knows nothing, which is right
// for a body on its own. Implementations are called on the thread that renders, and may be called
// often with the same question. What they return is text of others and is escaped by the renderer.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/storage_format/reference.h"

namespace storage_format {

class Surroundings {
 public:
  struct Target {
    std::string href;   // a URL or a relative path, percent-encoded; "" = known, but no way there
    std::string title;  // shown where the link has no text of its own; "" = not known
  };
  struct Below {
    Target page;
    std::vector<Below> children;  // in the order of the site
  };

  Surroundings() = default;
  Surroundings(const Surroundings&) = delete;
  Surroundings& operator=(const Surroundings&) = delete;
  virtual ~Surroundings() = default;

  // With the anchor of the reference, if it has one, in the href.
  virtual std::optional<Target> find(const Reference& /*reference*/) const { return std::nullopt; }
  virtual std::optional<std::string> user_name(std::string_view /*account_id*/) const {
    return std::nullopt;
  }
  // What the macros children and pagetree show; at most `depth` levels, 0 = all. A reference of
  // kind kSpace means the homepage of that space; without a key, of the page's own space.
  virtual std::vector<Below> below(const Reference& /*page*/, int /*depth*/) const { return {}; }
  // For include and excerpt-include: the storage body of that page.
  virtual std::optional<std::string> body_of(const Reference& /*page*/) const {
    return std::nullopt;
  }
  // Files of the page itself, for the macro attachments.
  virtual std::vector<Target> attachments() const { return {}; }
  // Where a Jira key leads: "https://your-domain.atlassian.net/browse/KEY-1"; "" = not known.
  virtual std::string jira_issue(std::string_view /*key*/) const { return {}; }
};

}  // namespace storage_format
