#pragma once

// A form in which pages are exported as files, each page on its own; and what the whole needs
// besides (style sheets, indices). Forms are pure but for what they ask the Reader through the
// surroundings. One thread.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/export/page_surroundings.h"
#include "daemon/export/publication.h"
#include "daemon/export/site_catalog.h"
#include "daemon/storage_format/render.h"

namespace exporting {

struct RenderedPage {
  std::vector<FileContent> files;
  std::vector<storage_format::Approximation> approximations;
};

// What a form may use for one page.
struct PageContext {
  const SiteCatalog& catalog;
  const CatalogItem& item;
  const storage_format::Surroundings& surroundings;
};

// A file of the whole, made only where the digest is another one than last time.
struct Part {
  std::string id;      // stable
  std::string inputs;  // a digest of all that its files are made from
  std::function<store::Result<std::vector<FileContent>>()> make;
};

class PageForm {
 public:
  PageForm() = default;
  PageForm(const PageForm&) = delete;
  PageForm& operator=(const PageForm&) = delete;
  virtual ~PageForm() = default;

  // Raised whenever some page would come out differently.
  virtual int version() const = 0;
  virtual std::vector<std::string> extensions() const = 0;  // of a page's files
  virtual LinkStyle link_style() const = 0;
  virtual std::vector<std::string> reserved() const { return {}; }           // names on top
  virtual std::vector<std::string> reserved_in_space() const { return {}; }  // and in a space
  // What a page's file shows of the tree around it, as a digest; "" = nothing.
  virtual std::string place_of(const SiteCatalog&, const CatalogItem&) const { return {}; }
  virtual RenderedPage render(const store::PageRow& page, const PageContext& context) const = 0;
  virtual std::vector<Part> parts(const SiteCatalog&, store::Reader&,
                                  std::optional<store::Time> /*as_of*/) const {
    return {};
  }
};

std::unique_ptr<PageForm> make_storage_form();
std::unique_ptr<PageForm> make_markdown_form();
std::unique_ptr<PageForm> make_html_form();

}  // namespace exporting
