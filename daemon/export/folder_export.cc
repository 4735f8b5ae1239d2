#include "daemon/export/folder_export.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <unordered_map>
#include <utility>

#include "daemon/export/digest.h"
#include "daemon/export/file_names.h"
#include "daemon/export/layout.h"
#include "daemon/storage_format/extract.h"

namespace exporting {

namespace {

class FolderExporter {
 public:
  FolderExporter(store::Reader& reader, TargetFolder& target, const PageForm& form,
                 const FolderExportOptions& options)
      : reader_(reader),
        target_(target),
        form_(form),
        options_(options),
        style_(form.link_style()) {}

  store::Result<void> run();
  FolderExportResult take_result() { return std::move(result_); }

 private:
  store::Result<void> open_publication();
  store::Result<void> place_all();
  store::Result<void> find_stale();
  store::Result<void> render_stale();
  store::Result<void> render(const store::PageRow& row);
  store::Result<void> make_parts();
  std::string inputs_of(const CatalogItem& item, std::string_view asked) const;
  std::vector<LayoutItem> items_to_place() const;
  void note_approximations(const CatalogItem& item, std::vector<storage_format::Approximation> of);
  void tell_progress() const {
    if (options_.progress)
      options_.progress(result_.rendered, static_cast<std::int64_t>(stale_.size()));
  }

  store::Reader& reader_;
  TargetFolder& target_;
  const PageForm& form_;
  const FolderExportOptions& options_;
  const LinkStyle style_;
  std::string basis_;  // a digest of what is common to all pages
  std::unique_ptr<SiteCatalog> catalog_;
  std::unique_ptr<Publication> publication_;
  std::unordered_map<store::Id, const CatalogItem*> stale_;
  FolderExportResult result_;
};

store::Result<void> FolderExporter::run() {
  auto catalog = SiteCatalog::load(reader_, options_.selection);
  if (!catalog) return store::fail(catalog.error());
  catalog_ = std::move(*catalog);
  result_.assumed = catalog_->assumed();
  basis_ = Digest()
               .add(std::int64_t{form_.version()})
               .add(std::int64_t{storage_format::kExtractorVersion})
               .add(std::string_view(CONFMIRROR_VERSION))
               .add(catalog_->site_url())
               .hex();
  if (auto opened = open_publication(); !opened) return opened;
  if (auto placed = place_all(); !placed) return placed;
  if (auto found = find_stale(); !found) return found;
  if (auto rendered = render_stale(); !rendered) return rendered;
  if (auto made = make_parts(); !made) return made;
  if (auto finished = publication_->finish(); !finished) return finished;
  result_.files = publication_->counts();
  result_.problems = publication_->problems();
  return options_.finished ? options_.finished(publication_->after()) : store::Result<void>();
}

store::Result<void> FolderExporter::open_publication() {
  Purpose purpose;
  purpose.site = catalog_->site_url();
  purpose.format = options_.format;
  purpose.spaces = options_.space_keys;
  std::sort(purpose.spaces.begin(), purpose.spaces.end());
  const auto& statuses = options_.selection.statuses;
  purpose.statuses.assign(statuses.begin(), statuses.end());
  purpose.flat = options_.flat;
  auto opened = Publication::open(target_, std::move(purpose), options_.permissions);
  if (!opened) return store::fail(opened.error());
  publication_ = std::move(*opened);
  return {};
}

std::vector<LayoutItem> FolderExporter::items_to_place() const {
  std::vector<LayoutItem> items;
  const auto& wanted = options_.selection.space_ids;
  for (const auto& space : catalog_->spaces()) {
    const auto id = space.row.id;
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), id) == wanted.end()) continue;
    if (space.row.status == "gone" && !options_.selection.statuses.contains("gone")) continue;
    LayoutItem item;
    item.kind = LayoutItem::Kind::kSpace;
    item.id = id;
    item.space_id = id;
    item.title = space.row.key;
    item.earlier = publication_->earlier(Owner::kSpace, id);
    items.push_back(std::move(item));
  }
  for (const auto& each : catalog_->items()) {
    if (!each.exported) continue;
    LayoutItem item;
    item.kind = each.is_page ? LayoutItem::Kind::kPage : LayoutItem::Kind::kNode;
    item.id = each.id;
    item.space_id = each.space_id;
    item.parent_id = each.parent_id;
    item.title = each.title;
    item.earlier = publication_->earlier(each.is_page ? Owner::kPage : Owner::kNode, each.id);
    items.push_back(std::move(item));
  }
  return items;
}

store::Result<void> FolderExporter::place_all() {
  auto items = items_to_place();
  LayoutRules rules;
  rules.extensions = form_.extensions();
  rules.flat = options_.flat;
  rules.reserved = form_.reserved();
  rules.reserved.insert(rules.reserved.end(), {kManifestName, kJournalName, ".git"});
  rules.reserved_in_space = form_.reserved_in_space();
  rules.occupied = [this](const std::string& path, bool as_folder) {
    return publication_->occupied(path, as_folder);
  };
  lay_out(items, rules);
  for (auto& item : items) {
    if (item.path.empty()) continue;
    const auto owner = item.kind == LayoutItem::Kind::kSpace  ? Owner::kSpace
                       : item.kind == LayoutItem::Kind::kNode ? Owner::kNode
                                                              : Owner::kPage;
    if (auto chosen = publication_->choose(owner, item.id, item.path); !chosen) return chosen;
    if (owner == Owner::kSpace) {
      ++result_.spaces;
      catalog_->set_space_path(item.id, std::move(item.path));
    } else {
      catalog_->set_path(*catalog_->item(item.id), std::move(item.path));
    }
  }
  catalog_->order_items();
  return {};
}

std::string FolderExporter::inputs_of(const CatalogItem& item, std::string_view asked) const {
  return Digest()
      .add(basis_)
      .add(item.own)
      .add(item.path)
      .add(form_.place_of(*catalog_, item))
      .add(answers_to(asked, *catalog_))
      .hex();
}

store::Result<void> FolderExporter::find_stale() {
  const auto& before = publication_->before().pages;
  for (const auto& item : catalog_->items()) {
    if (!item.exported || !item.is_page) continue;
    ++result_.pages;
    const auto found = before.find(item.id);
    bool same = found != before.end() && found->second.path == item.path &&
                found->second.inputs == inputs_of(item, found->second.asked);
    if (same) {
      const auto there = publication_->is_there(found->second);
      if (!there) return store::fail(there.error());
      same = *there;
    }
    if (same) {
      publication_->keep_page(item.id);
    } else {
      stale_.emplace(item.id, &item);
    }
  }
  return {};
}

// One walk where most is to be read, else page by page.
store::Result<void> FolderExporter::render_stale() {
  constexpr std::int64_t kShareForAWalk = 8;
  const auto count = static_cast<std::int64_t>(stale_.size());
  const auto as_of = options_.selection.as_of;
  store::Result<void> done;
  if (count * kShareForAWalk > result_.pages) {
    auto visit = [this, &done](const store::PageRow& row) {
      if (stale_.contains(row.id)) done = render(row);
      return done.has_value();
    };
    auto walked =
        reader_.for_each_page(visit, /*with_bodies=*/true, options_.selection.space_ids, as_of);
    return done ? walked : done;
  }
  std::vector<store::Id> ids;
  for (const auto& [id, item] : stale_) ids.push_back(id);
  std::sort(ids.begin(), ids.end());
  for (const auto id : ids) {
    const auto row = reader_.page(id, /*with_body=*/true, as_of);
    if (!row) return store::fail(row.error());
    if (!*row) continue;
    if (done = render(**row); !done) return done;
  }
  return {};
}

store::Result<void> FolderExporter::render(const store::PageRow& row) {
  const auto& item = *stale_.at(row.id);
  const PageSurroundings surroundings(*catalog_, reader_, item, style_, options_.selection.as_of);
  auto rendered = form_.render(row, {*catalog_, item, surroundings});
  if (surroundings.error()) return store::fail(*surroundings.error());
  Record record;
  record.path = item.path;
  record.version = item.version;
  record.asked = surroundings.asked();
  record.inputs = inputs_of(item, record.asked);
  ++result_.rendered;
  tell_progress();
  note_approximations(item, std::move(rendered.approximations));
  return publication_->put_page(item.id, std::move(record), std::move(rendered.files));
}

void FolderExporter::note_approximations(const CatalogItem& item,
                                         std::vector<storage_format::Approximation> of) {
  if (of.empty()) return;
  constexpr std::size_t kMostNamed = 20000;  // pages
  result_.approximations += static_cast<std::int64_t>(of.size());
  ++result_.pages_approximated;
  if (result_.approximated.size() >= kMostNamed) return;
  PageApproximations noted{item.id, item.path + style_.extension, {}};
  for (auto& each : of) {
    noted.what.push_back(fmt::format("{}:{}: {}", each.at.line, each.at.column, each.what));
  }
  result_.approximated.push_back(std::move(noted));
}

store::Result<void> FolderExporter::make_parts() {
  const auto& before = publication_->before().parts;
  for (const auto& part : form_.parts(*catalog_, reader_, options_.selection.as_of)) {
    const auto inputs = Digest().add(basis_).add(part.inputs).hex();
    const auto found = before.find(part.id);
    bool same = found != before.end() && found->second.inputs == inputs;
    if (same) {
      const auto there = publication_->is_there(found->second);
      if (!there) return store::fail(there.error());
      same = *there;
    }
    if (same) {
      publication_->keep_part(part.id);
      continue;
    }
    auto files = part.make();
    if (!files) return store::fail(files.error());
    Record record;
    record.inputs = inputs;
    auto put = publication_->put_part(part.id, std::move(record), std::move(*files));
    if (!put) return put;
  }
  return {};
}

}  // namespace

store::Result<FolderExportResult> export_folder(store::Reader& reader, TargetFolder& target,
                                                const PageForm& form,
                                                const FolderExportOptions& options) {
  FolderExporter exporter(reader, target, form, options);
  auto done = reader.in_snapshot([&exporter] { return exporter.run(); });
  if (!done) return store::fail(done.error());
  return exporter.take_result();
}

}  // namespace exporting
