// HTML: a small site of its own, a page a file, with what the whole needs in "_assets".

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "daemon/export/digest.h"
#include "daemon/export/file_names.h"
#include "daemon/export/html_page.h"
#include "daemon/export/html_parts.h"
#include "daemon/export/page_form.h"
#include "daemon/export/row_json.h"
#include "daemon/export/site_link.h"

namespace exporting {

namespace {

using Chain = std::vector<const CatalogItem*>;

Chain ancestors_of(const SiteCatalog& catalog, const CatalogItem& item) {
  constexpr std::size_t kMost = 30;
  Chain chain;
  for (const auto* at = catalog.parent_of(item); at != nullptr && chain.size() < kMost;
       at = catalog.parent_of(*at)) {
    chain.push_back(at);
  }
  std::reverse(chain.begin(), chain.end());
  return chain;
}

std::string link_to(const CatalogItem& item, std::string_view folder) {
  auto title = escaped_html(shown_title(item.title));
  if (!item.is_page) return title;
  return fmt::format("<a href=\"{}\">{}</a>",
                     escaped_html(relative_href(folder, item.path + kHtml)), title);
}

std::string crumbs(const SiteCatalog& catalog, const CatalogItem& item) {
  const auto folder = folder_of(item.path);
  const auto* space = catalog.space(item.space_id);
  std::string text = "<nav class=\"crumbs\" aria-label=\"Above this page\"><ol>";
  if (space != nullptr) {
    text += fmt::format("<li><a href=\"{}\">{}</a></li>",
                        escaped_html(relative_href(folder, joined(space->path, kIndexFile))),
                        escaped_html(shown_title(space->row.name)));
  }
  for (const auto* above : ancestors_of(catalog, item)) {
    text += "<li>" + link_to(*above, folder) + "</li>";
  }
  return text + "</ol></nav>\n";
}

std::string time_element(store::Time time) {
  const auto iso = store::to_iso8601(time);
  return fmt::format("<time datetime=\"{}\">{}</time>", iso, iso.substr(0, 10));
}

std::string facts(const store::PageRow& page, const std::string& site_url) {
  auto text = fmt::format("<p class=\"facts\">Version {}, {}", page.version.number,
                          time_element(page.version.created_at));
  if (!page.modified_by_name.empty()) text += ", " + escaped_html(page.modified_by_name);
  text += fmt::format(" · created {}", time_element(page.created_at));
  if (!page.author_name.empty()) text += ", " + escaped_html(page.author_name);
  if (!site_url.empty()) {
    text += fmt::format(" · <a href=\"{}\" rel=\"noreferrer\">on the site</a>",
                        escaped_html(web_url(site_url, page.web_path)));
  }
  return text + "</p>\n";
}

std::string banner(const store::PageRow& page) {
  std::string what;
  if (page.gone_at) {
    what = fmt::format("This page is gone from the site ({}, {}).", escaped_html(page.gone_reason),
                       store::to_iso8601(*page.gone_at).substr(0, 10));
  } else if (page.status != "current") {
    what = fmt::format("This page is {} on the site.", escaped_html(page.status));
  }
  if (page.assumed) what += " Its title and place were not seen then; they are the first known.";
  return what.empty() ? what : "<p class=\"banner\">" + what + "</p>\n";
}

std::string pages_below(const SiteCatalog& catalog, const CatalogItem& item) {
  if (item.below.empty()) return {};
  std::string text = "<nav class=\"below\" aria-label=\"Pages below\"><h2>Pages below</h2><ul>\n";
  for (const auto index : item.below) {
    text += "<li>" + link_to(catalog.items()[index], folder_of(item.path)) + "</li>\n";
  }
  return text + "</ul></nav>\n";
}

class HtmlForm : public PageForm {
 public:
  int version() const override { return 1; }
  std::vector<std::string> extensions() const override { return {kHtml}; }
  LinkStyle link_style() const override { return {kHtml, kIndexFile, false}; }
  std::vector<std::string> reserved() const override { return {kIndexFile, kAssetsFolder}; }
  std::vector<std::string> reserved_in_space() const override { return {kIndexFile}; }

  std::string place_of(const SiteCatalog& catalog, const CatalogItem& item) const override {
    Digest digest;
    if (const auto* space = catalog.space(item.space_id)) digest.add(catalog.outside_of(*space));
    for (const auto* above : ancestors_of(catalog, item)) digest.add(catalog.outside_of(*above));
    for (const auto index : item.below) digest.add(catalog.outside_of(catalog.items()[index]));
    return digest.hex();
  }

  RenderedPage render(const store::PageRow& page, const PageContext& context) const override {
    const auto& catalog = context.catalog;
    RenderedPage rendered;
    std::string content = "<header>" + crumbs(catalog, context.item);
    content += "<h1>" + escaped_html(shown_title(page.title)) + "</h1>\n";
    content += facts(page, catalog.site_url()) + "</header>\n" + banner(page) + "<article>\n";
    if (page.body) {
      auto body = storage_format::to_html(page.body->text, context.surroundings);
      content += body.text;
      rendered.approximations = std::move(body.approximations);
    } else {
      content += "<p class=\"banner\">The mirror does not have the text of this page.</p>\n";
    }
    content += "</article>\n" + pages_below(catalog, context.item);
    HtmlFrame frame;
    frame.path = context.item.path + kHtml;
    frame.page_path = context.item.path;
    frame.title = shown_title(page.title);
    frame.site = site_name(catalog);
    if (const auto* space = catalog.space(page.space_id)) {
      frame.space_id = std::to_string(space->row.id);
      frame.space_name = space->row.name;
      frame.space_folder = space->path;
    }
    rendered.files.push_back({frame.path, html_document(frame, content)});
    return rendered;
  }

  std::vector<Part> parts(const SiteCatalog& catalog, store::Reader& reader,
                          std::optional<store::Time> as_of) const override {
    return html_parts(catalog, reader, as_of);
  }
};

}  // namespace

std::unique_ptr<PageForm> make_html_form() { return std::make_unique<HtmlForm>(); }

}  // namespace exporting
