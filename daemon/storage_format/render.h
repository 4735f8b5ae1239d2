#pragma once

// A body in another form: Markdown (GitHub's: tables, task lists, alerts) or HTML. Reads any bytes,
// as extract.h does; never fails. Nothing is dropped silently: what has no form stays readable, and
// every approximation is told with its place. Pure but for what Surroundings does; any thread.
//
// The HTML is a fragment to be put into a <main> or <article>: known elements and attributes only,
// no script, no style sheet, no handler, no address but http, https, mailto and relative ones, all
// text escaped. Nothing in it is loaded from elsewhere unless `Options::remote_images`.
// The Markdown cannot turn text of a page into markup: what would be one is escaped.

#include <string>
#include <string_view>
#include <vector>

#include "daemon/storage_format/document.h"
#include "daemon/storage_format/surroundings.h"

namespace storage_format {

struct Approximation {
  Position at;
  std::string what;  // one printable line: "macro 'roadmap' has no form in Markdown"
};

struct Rendering {
  std::string text;  // UTF-8, ends in a newline unless empty
  std::vector<Approximation> approximations;
};

struct RenderOptions {
  bool remote_images = false;  // HTML: images from other hosts are shown, not linked
};

Rendering to_markdown(std::string_view body, const Surroundings& surroundings = Surroundings());
Rendering to_html(std::string_view body, const Surroundings& surroundings = Surroundings(),
                  const RenderOptions& options = {});

}  // namespace storage_format
