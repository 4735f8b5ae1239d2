#include "daemon/export/html_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "daemon/export/assets.h"
#include "daemon/export/digest.h"
#include "daemon/export/file_names.h"
#include "daemon/export/html_page.h"
#include "daemon/export/row_json.h"
#include "daemon/export/search_index.h"
#include "daemon/export/site_link.h"
#include "daemon/storage_format/extract.h"

namespace exporting {

namespace {

using Files = std::vector<FileContent>;

constexpr std::size_t kDocumentsInFile = 200;
constexpr std::size_t kSnippetBytes = 220;

std::string in_assets(std::string_view name) { return joined(kAssetsFolder, name); }

std::string json_text(const std::string& text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

Part fixed_part(const std::string& name, std::string_view content) {
  return {"asset/" + name, short_hash(content), [name, content] {
            Files files;
            files.push_back({in_assets(name), std::string(content)});
            return store::Result<Files>(std::move(files));
          }};
}

std::int64_t pages_in(const SiteCatalog& catalog, store::Id space_id) {
  return std::count_if(catalog.items().begin(), catalog.items().end(), [&](const auto& item) {
    return item.exported && item.is_page && item.space_id == space_id;
  });
}

std::string start_page(const SiteCatalog& catalog) {
  std::string content =
      "<h1>" + escaped_html(site_name(catalog)) + "</h1>\n<ul class=\"spaces\">\n";
  for (const auto& space : catalog.spaces()) {
    if (space.path.empty()) continue;
    const auto count = pages_in(catalog, space.row.id);
    content += fmt::format(
        "<li><a href=\"{}\"><strong>{}</strong><span>{} · {} page{}{}</span></a></li>\n",
        escaped_html(percent_encoded(joined(space.path, kIndexFile))),
        escaped_html(shown_title(space.row.name)), escaped_html(space.row.key), count,
        count == 1 ? "" : "s", space.row.status == "current" ? "" : " · archived");
  }
  HtmlFrame frame;
  frame.path = kIndexFile;
  frame.title = site_name(catalog);
  frame.site = site_name(catalog);
  return html_document(frame, content + "</ul>\n");
}

std::string space_page(const SiteCatalog& catalog, const CatalogSpace& space) {
  std::string content = "<h1>" + escaped_html(shown_title(space.row.name)) + "</h1>\n";
  if (space.row.description && !space.row.description->empty()) {
    content += "<p>" + escaped_html(*space.row.description) + "</p>\n";
  }
  content += "<ul>\n";
  for (const auto index : space.top) {
    const auto& item = catalog.items()[index];
    const auto title = escaped_html(shown_title(item.title));
    content += item.is_page
                   ? fmt::format("<li><a href=\"{}\">{}</a></li>\n",
                                 escaped_html(relative_href(space.path, item.path + kHtml)), title)
                   : "<li>" + title + "</li>\n";
  }
  HtmlFrame frame;
  frame.path = joined(space.path, kIndexFile);
  frame.title = shown_title(space.row.name);
  frame.site = site_name(catalog);
  frame.space_id = std::to_string(space.row.id);
  frame.space_name = space.row.name;
  frame.space_folder = space.path;
  return html_document(frame, content + "</ul>\n");
}

// Parents before children, siblings in their order: [parent, title, name or 0 for the title, 1 for
// no page].
std::string tree_script(const SiteCatalog& catalog, const CatalogSpace& space) {
  std::string text = "confmirrorTree([";
  const char* between = "\n";
  std::vector<std::pair<std::uint32_t, std::int64_t>> open;  // and the index of the parent
  for (auto it = space.top.rbegin(); it != space.top.rend(); ++it) open.emplace_back(*it, -1);
  std::int64_t written = 0;
  while (!open.empty()) {
    const auto [index, parent] = open.back();
    open.pop_back();
    const auto& item = catalog.items()[index];
    const auto* above = catalog.parent_of(item);
    const bool usual = folder_of(item.path) == (above == nullptr ? space.path : above->path);
    const auto name = usual ? std::string(name_of(item.path)) : "/" + item.path;
    text += fmt::format("{}[{},{},{}{}]", between, parent, json_text(item.title),
                        name == item.title ? "0" : json_text(name), item.is_page ? "" : ",1");
    between = ",\n";
    for (auto it = item.below.rbegin(); it != item.below.rend(); ++it) {
      open.emplace_back(*it, written);
    }
    ++written;
  }
  return text + "\n]);\n";
}

std::string tree_digest(const SiteCatalog& catalog, const CatalogSpace& space) {
  Digest digest;
  digest.add(catalog.outside_of(space)).add(space.row.description).add(space.row.status);
  for (const auto index : space.top) {
    const auto& item = catalog.items()[index];
    digest.add(catalog.outside_of(item)).add(catalog.below_of(item));
  }
  return digest.hex();
}

// At most so many bytes, cut between words.
std::string snippet_of(const std::string& text) {
  std::string line;
  for (const char c : text) {
    const bool blank = static_cast<unsigned char>(c) <= 0x20;
    if (!blank) line += c;
    if (blank && !line.empty() && line.back() != ' ') {
      if (line.size() > kSnippetBytes) break;
      line += ' ';
    }
    if (line.size() > 2 * kSnippetBytes && (static_cast<unsigned char>(c) & 0x80U) == 0) break;
    if (line.size() > 4 * kSnippetBytes) break;
  }
  return line;
}

// The index of all pages, and what is shown of each that is found.
class SearchFiles {
 public:
  SearchFiles(const SiteCatalog& catalog, store::Reader& reader, std::optional<store::Time> as_of)
      : catalog_(catalog), reader_(reader), as_of_(as_of), shards_(shards_for(catalog)) {}

  store::Result<Files> make() {
    auto visit = [this](const store::PageRow& row) {
      const auto* item = catalog_.item(row.id);
      if (item != nullptr && item->exported) add(*item, row);
      return true;
    };
    auto read = reader_.for_each_page(visit, /*with_bodies=*/true, {}, as_of_);
    if (!read) return store::fail(read.error());
    end_file();
    auto files = index_.take_files(in_assets("search"));
    std::move(files.begin(), files.end(), std::back_inserter(files_));
    files_.push_back(
        {in_assets("site.js"),
         fmt::format("confmirrorSite({{documents:{},documentsInFile:{},shards:{}}});\n", count_,
                     kDocumentsInFile, shards_)});
    return std::move(files_);
  }

 private:
  static std::size_t shards_for(const SiteCatalog& catalog) {
    const auto documents =
        std::count_if(catalog.items().begin(), catalog.items().end(),
                      [](const auto& item) { return item.exported && item.is_page; });
    return SearchIndex::shards_for(static_cast<std::size_t>(documents));
  }
  void add(const CatalogItem& item, const store::PageRow& row) {
    const auto text = row.body ? storage_format::plain_text(row.body->text) : std::string();
    index_.add(row.title, text);
    const auto* space = catalog_.space(item.space_id);
    lines_ += fmt::format("{}[{},{},{},{}]", lines_.empty() ? "\n" : ",\n", json_text(row.title),
                          json_text(item.path),
                          json_text(space == nullptr ? row.space_key : space->row.name),
                          json_text(snippet_of(text)));
    if (++count_ % kDocumentsInFile == 0) end_file();
  }
  void end_file() {
    if (lines_.empty()) return;
    const auto number = (count_ - 1) / kDocumentsInFile;
    files_.push_back({in_assets(fmt::format("documents/{}.js", number)),
                      fmt::format("confmirrorDocuments({},[{}\n]);\n", number, lines_)});
    lines_.clear();
  }

  const SiteCatalog& catalog_;
  store::Reader& reader_;
  std::optional<store::Time> as_of_;
  std::size_t shards_;
  SearchIndex index_{shards_};
  Files files_;
  std::string lines_;
  std::size_t count_ = 0;
};

}  // namespace

std::string site_name(const SiteCatalog& catalog) {
  const auto& url = catalog.site_url();
  const auto slashes = url.find("://");
  const auto host = slashes == std::string::npos ? url : url.substr(slashes + 3);
  return host.empty() ? "Confluence" : host;
}

std::vector<Part> html_parts(const SiteCatalog& catalog, store::Reader& reader,
                             std::optional<store::Time> as_of) {
  std::vector<Part> parts;
  parts.push_back(fixed_part("style.css", kStyleSheet));
  parts.push_back(fixed_part("app.js", kScript));
  Digest all;
  for (const auto& item : catalog.items()) {
    if (!item.exported || !item.is_page) continue;
    all.add(item.id).add(catalog.outside_of(item)).add(item.body);
  }
  Digest start;
  for (const auto& space : catalog.spaces()) {
    if (space.path.empty()) continue;
    all.add(catalog.outside_of(space));
    start.add(catalog.outside_of(space)).add(space.row.status);
    start.add(pages_in(catalog, space.row.id));
    parts.push_back(
        {fmt::format("space/{}", space.row.id), tree_digest(catalog, space), [&catalog, &space] {
           Files files;
           files.push_back({joined(space.path, kIndexFile), space_page(catalog, space)});
           files.push_back(
               {in_assets(fmt::format("tree/{}.js", space.row.id)), tree_script(catalog, space)});
           return store::Result<Files>(std::move(files));
         }});
  }
  parts.push_back({"start", start.hex(), [&catalog] {
                     Files files;
                     files.push_back({kIndexFile, start_page(catalog)});
                     return store::Result<Files>(std::move(files));
                   }});
  parts.push_back({"search", all.hex(), [&catalog, &reader, as_of] {
                     return SearchFiles(catalog, reader, as_of).make();
                   }});
  return parts;
}

}  // namespace exporting
