// Storage format: the body exactly as the site sent it, and all else of the page as JSON beside it.

#include "daemon/export/page_form.h"
#include "daemon/export/row_json.h"

namespace exporting {

namespace {

class StorageForm : public PageForm {
 public:
  int version() const override { return 1; }
  std::vector<std::string> extensions() const override { return {".xml", ".json"}; }
  LinkStyle link_style() const override { return {".xml", ""}; }
  RenderedPage render(const store::PageRow& page, const PageContext& context) const override {
    RenderedPage rendered;
    auto json = page_json(page, context.catalog.site_url());
    json.erase("body");
    if (page.body) rendered.files.push_back({context.item.path + ".xml", page.body->text});
    rendered.files.push_back({context.item.path + ".json",
                              json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"});
    return rendered;
  }
};

}  // namespace

std::unique_ptr<PageForm> make_storage_form() { return std::make_unique<StorageForm>(); }

}  // namespace exporting
