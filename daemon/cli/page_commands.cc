#include "daemon/cli/page_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "daemon/cli/as_of.h"
#include "daemon/cli/html_page.h"
#include "daemon/cli/lookup.h"
#include "daemon/cli/progress_line.h"
#include "daemon/cli/report.h"
#include "daemon/cli/row_json.h"
#include "daemon/cli/shown_text.h"
#include "daemon/cli/table.h"
#include "daemon/cli/terminal.h"
#include "daemon/query/mirror_surroundings.h"
#include "daemon/query/tree.h"
#include "daemon/storage_format/extract.h"
#include "daemon/storage_format/render.h"

namespace cli {

namespace {

store::Result<void> print_spaces(const GlobalOptions& globals, std::ostream& out,
                                 std::ostream& err) {
  auto reader = open_mirror(globals);
  if (!reader) return store::fail(reader.error());
  auto spaces = (*reader)->spaces();
  if (!spaces) return store::fail(spaces.error());
  std::sort(spaces->begin(), spaces->end(), [](const auto& a, const auto& b) {
    return a.key != b.key ? a.key < b.key : a.id < b.id;
  });
  if (globals.json) {
    const auto site_url = site_url_of(**reader);
    if (!site_url) return store::fail(site_url.error());
    Json json;
    json["spaces"] = Json::array();
    for (const auto& space : *spaces) json["spaces"].push_back(space_json(space, *site_url));
    out << to_line(json);
    return {};
  }
  Table table({{"KEY"}, {"ID"}, {"TYPE"}, {"STATUS"}, {"PAGES", true}, {"NAME", false, true}});
  for (const auto& space : *spaces) {
    table.add({space.key, std::to_string(space.id), space.type, space.status,
               with_thousands(space.pages), space.name});
  }
  print_table(table, globals, out, err);
  return {};
}

void print_pages_table(const std::vector<store::PageRow>& pages, bool of_one_space,
                       const GlobalOptions& globals, std::ostream& out, std::ostream& err) {
  std::vector<Table::Column> columns{{"ID", true}, {"STATUS"}, {"VERSION", true}, {"MODIFIED"}};
  if (!of_one_space) columns.push_back({"SPACE"});
  columns.push_back({"TITLE", false, true});
  Table table(std::move(columns));
  for (const auto& page : pages) {
    std::vector<std::string> cells{std::to_string(page.id), page.status,
                                   std::to_string(page.version.number),
                                   store::to_iso8601(page.version.created_at)};
    if (!of_one_space) cells.push_back(page.space_key);
    cells.push_back(page.title);
    table.add(cells);
  }
  print_table(table, globals, out, err);
}

store::Result<store::PageFilter> filter_of(store::Reader& reader, const PagesArgs& args) {
  store::PageFilter filter;
  filter.statuses = args.statuses;
  filter.title = args.title;
  filter.sort = args.sort;
  filter.limit = args.limit;
  filter.offset = args.offset;
  auto as_of = parse_as_of(args.as_of);
  if (!as_of) return store::fail(as_of.error());
  filter.as_of = *as_of;
  if (!args.space.empty()) {
    const auto space = find_space(reader, args.space);
    if (!space) return store::fail(space.error());
    filter.space_id = space->id;
  }
  return filter;
}

store::Result<void> print_list(store::Reader& reader, const store::PageFilter& filter,
                               const GlobalOptions& globals, std::ostream& out, std::ostream& err) {
  const auto pages = reader.pages(filter);
  if (!pages) return store::fail(pages.error());
  if (globals.json) {
    const auto site_url = site_url_of(reader);
    if (!site_url) return store::fail(site_url.error());
    Json json;
    json["pages"] = Json::array();
    for (const auto& page : *pages) json["pages"].push_back(page_json(page, *site_url));
    if (filter.as_of) json["as_of"] = store::to_iso8601(*filter.as_of);
    out << to_line(json);
  } else {
    print_pages_table(*pages, filter.space_id.has_value(), globals, out, err);
  }
  if (!filter.as_of) return {};
  const auto assumed = std::count_if(pages->begin(), pages->end(),
                                     [](const store::PageRow& page) { return page.assumed; });
  return note_as_of(reader, *filter.as_of, assumed, globals, err);
}

Json tree_json(const store::TreeRow& row, const std::string& space_key, int depth) {
  Json json;
  json["id"] = std::to_string(row.id);
  json["type"] = row.type;
  json["space_key"] = space_key;
  json["title"] = row.title;
  json["status"] = row.status;
  json["parent_id"] = row.parent_id ? Json(std::to_string(*row.parent_id)) : Json();
  json["position"] = row.position ? Json(*row.position) : Json();
  json["depth"] = depth;
  return json;
}

// What was given to narrow the list down has no sense in a tree: it would tear it.
store::Result<void> check_tree(const PagesArgs& args) {
  if (args.statuses.empty() && !args.title && args.sort == "title" && args.limit < 0 &&
      args.offset == 0) {
    return {};
  }
  return store::fail(store::ErrorKind::kUsage, "not_for_a_tree",
                     "cannot use --status, --title, --sort, --limit or --offset with --tree",
                     "--space and --as-of choose what the tree shows");
}

store::Result<void> print_tree(store::Reader& reader, const store::PageFilter& filter,
                               const GlobalOptions& globals, std::ostream& out, std::ostream& err) {
  auto spaces = reader.spaces(filter.as_of);
  if (!spaces) return store::fail(spaces.error());
  std::sort(spaces->begin(), spaces->end(),
            [](const auto& a, const auto& b) { return a.key < b.key; });
  Json json;
  json["tree"] = Json::array();
  Table table({{"ID", true}, {"TYPE"}, {"STATUS"}, {"TITLE", false, true}});
  for (const auto& space : *spaces) {
    if (filter.space_id && space.id != *filter.space_id) continue;
    const auto rows = reader.tree(space.id, filter.as_of);
    if (!rows) return store::fail(rows.error());
    if (!filter.space_id && !globals.json) {
      table.add({std::to_string(space.id), "space", space.status, space.key + ": " + space.name});
    }
    const int indent = filter.space_id ? 0 : 1;
    querying::Tree(*rows).visit_all([&](const store::TreeRow& row, int depth) {
      if (globals.json) {
        json["tree"].push_back(tree_json(row, space.key, depth));
      } else {
        constexpr int kStep = 2;
        table.add(
            {std::to_string(row.id), row.type, row.status,
             std::string(static_cast<std::size_t>(kStep * (depth + indent)), ' ') + row.title});
      }
    });
  }
  if (globals.json) {
    if (filter.as_of) json["as_of"] = store::to_iso8601(*filter.as_of);
    out << to_line(json);
  } else {
    print_table(table, globals, out, err);
  }
  return {};
}

store::Result<void> print_pages(const GlobalOptions& globals, const PagesArgs& args,
                                std::ostream& out, std::ostream& err) {
  if (args.tree) {
    if (auto checked = check_tree(args); !checked) return checked;
  }
  auto reader = open_mirror(globals);
  if (!reader) return store::fail(reader.error());
  const auto filter = filter_of(**reader, args);
  if (!filter) return store::fail(filter.error());
  return args.tree ? print_tree(**reader, *filter, globals, out, err)
                   : print_list(**reader, *filter, globals, out, err);
}

// A page as one of its versions was, or as it is now.
struct Shown {
  store::PageRow page;
  std::optional<store::VersionRow> version;  // set where an older one was asked for
  std::string site_url;
  std::string parent_title;  // "" = not known

  const std::optional<store::Body>& body() const { return version ? version->body : page.body; }
  const std::string& title() const {
    return version && version->title ? *version->title : page.title;
  }
};

store::Result<std::string> title_of_parent(store::Reader& reader, const store::PageRow& page) {
  if (!page.parent_id) return std::string();
  if (page.parent_type.value_or("page") == "page") {
    auto parent = reader.page(*page.parent_id, /*with_body=*/false);
    if (!parent) return store::fail(parent.error());
    return *parent ? (*parent)->title : std::string();
  }
  auto parent = reader.node(*page.parent_id);
  if (!parent) return store::fail(parent.error());
  return *parent ? (*parent)->title : std::string();
}

store::Result<Shown> find_shown(store::Reader& reader, const PageArgs& args) {
  const auto as_of = parse_as_of(args.as_of);
  if (!as_of) return store::fail(as_of.error());
  auto page = find_page(reader, args.id, /*with_body=*/!args.version, *as_of);
  if (!page) return store::fail(page.error());
  auto site_url = site_url_of(reader);
  if (!site_url) return store::fail(site_url.error());
  auto parent_title = title_of_parent(reader, *page);
  if (!parent_title) return store::fail(parent_title.error());
  Shown shown{std::move(*page), std::nullopt, std::move(*site_url), std::move(*parent_title)};
  if (!args.version) return shown;
  auto version = querying::find_version(reader, shown.page.id, *args.version);
  if (!version) return store::fail(version.error());
  shown.version = std::move(*version);
  return shown;
}

std::string edit_line(const store::Version& version, const std::string& author) {
  std::string line =
      fmt::format("{} of {} by {}", version.number, store::to_iso8601(version.created_at), author);
  if (version.minor_edit) line += ", a minor edit";
  if (!version.message.empty()) line += ": " + version.message;
  return line;
}

void print_header(const Shown& shown, std::ostream& out) {
  const auto& page = shown.page;
  auto line = [&out](const char* name, const std::string& text) {
    out << fmt::format("{:<8} {}\n", name, printable(text));
  };
  line("title", shown.title());
  line("page", fmt::format("{} in space {}, {}", page.id, page.space_key, page.status));
  if (shown.version) {
    const auto& version = *shown.version;
    line("version",
         edit_line(version.version, name_or_id(version.author_name, version.version.author_id)));
    line("newest", std::to_string(page.version.number));
  } else {
    line("version",
         edit_line(page.version, name_or_id(page.modified_by_name, page.version.author_id)));
  }
  line("created", fmt::format("{} by {}", store::to_iso8601(page.created_at),
                              name_or_id(page.author_name, page.author_id)));
  if (page.parent_id) {
    auto parent = fmt::format("{} {}", page.parent_type.value_or("page"), *page.parent_id);
    if (!shown.parent_title.empty()) parent += ": " + shown.parent_title;
    line("parent", parent);
  }
  line("link", shown.site_url + "/wiki" + page.web_path);
  line("synced", store::to_iso8601(page.synced_at));
  if (page.gone_at) {
    line("gone", fmt::format("{}, {}", store::to_iso8601(*page.gone_at), page.gone_reason));
  }
}

// Nothing of it may steer a terminal; in a pipe it is what it is.
void print_text(const std::string& text, std::ostream& out) {
  if (!terminal_of(out).is_terminal) {
    out << text;
  } else {
    out << printable_lines(text) << "\n";
  }
}

Json shown_json(const Shown& shown) {
  if (!shown.version) return page_json(shown.page, shown.site_url);
  Json json;
  json["page_id"] = std::to_string(shown.page.id);
  json["space_key"] = shown.page.space_key;
  json["newest_version"] = shown.page.version.number;
  json.update(version_json(*shown.version));
  json["synced_at"] = store::to_iso8601(shown.page.synced_at);
  return json;
}

// A body in the form that was asked for.
struct Written {
  std::string text;
  std::vector<storage_format::Approximation> approximations;
};

store::Result<Written> write_body(store::Reader& reader, const Shown& shown,
                                  const std::string& format) {
  const auto& body = shown.body()->text;
  if (format == "storage") return Written{body, {}};
  if (format == "text") {
    auto text = storage_format::plain_text(body);
    if (!text.empty() && text.back() != '\n') text += '\n';
    return Written{std::move(text), {}};
  }
  const querying::MirrorSurroundings surroundings(reader, shown.page, shown.site_url);
  auto rendering = format == "html" ? storage_format::to_html(body, surroundings)
                                    : storage_format::to_markdown(body, surroundings);
  if (surroundings.error()) return store::fail(*surroundings.error());
  if (format == "html") rendering.text = html_page(shown.title(), rendering.text);
  return Written{std::move(rendering.text), std::move(rendering.approximations)};
}

void print_approximations(const std::vector<storage_format::Approximation>& all,
                          const GlobalOptions& globals, std::ostream& err) {
  if (globals.quiet) return;
  for (const auto& one : all) {
    err << printable(fmt::format("confmirror: line {}, column {} of the body: {}", one.at.line,
                                 one.at.column, one.what))
        << "\n";
  }
}

store::Result<void> print_formatted(store::Reader& reader, const Shown& shown,
                                    const GlobalOptions& globals, const PageArgs& args,
                                    std::ostream& out, std::ostream& err) {
  if (!shown.body()) {
    return store::fail(
        store::ErrorKind::kItemBad, "body_missing",
        fmt::format("cannot print page '{}': its body is not in the mirror", args.id),
        "'confmirror sync' fetches what is missing");
  }
  const auto written = write_body(reader, shown, args.format);
  if (!written) return store::fail(written.error());
  if (!globals.json) {
    print_text(written->text, out);
    print_approximations(written->approximations, globals, err);
    return {};
  }
  auto json = shown_json(shown);
  json["body"][args.format] = written->text;
  json["approximations"] = Json::array();
  for (const auto& one : written->approximations) {
    json["approximations"].push_back(
        {{"line", one.at.line}, {"column", one.at.column}, {"what", one.what}});
  }
  out << to_line(json);
  return {};
}

store::Result<void> print_page(const GlobalOptions& globals, const PageArgs& args,
                               std::ostream& out, std::ostream& err) {
  if (args.version && !args.as_of.empty()) {
    return store::fail(store::ErrorKind::kUsage, "two_times",
                       "cannot use --version with --as-of: each names a version");
  }
  auto reader = open_mirror(globals);
  if (!reader) return store::fail(reader.error());
  const auto shown = find_shown(**reader, args);
  if (!shown) return store::fail(shown.error());
  const auto& page = shown->page;
  if (args.format == "json" || (args.format.empty() && globals.json)) {
    out << to_line(shown_json(*shown));
  } else if (!args.format.empty()) {
    auto printed = print_formatted(**reader, *shown, globals, args, out, err);
    if (!printed) return printed;
  } else {
    print_header(*shown, out);
    const auto& body = shown->body();
    out << "\n"
        << (body ? printable_lines(storage_format::plain_text(body->text))
                 : "(the body is not in the mirror yet)")
        << "\n";
  }
  const auto as_of = parse_as_of(args.as_of);
  if (!as_of || !*as_of) return {};
  return note_as_of(**reader, **as_of, page.assumed ? 1 : 0, globals, err);
}

int finish(const store::Result<void>& outcome, std::ostream& err) {
  return outcome ? 0 : report(outcome.error(), err);
}

}  // namespace

int run_spaces(const GlobalOptions& globals, std::ostream& out, std::ostream& err) {
  return finish(print_spaces(globals, out, err), err);
}

int run_pages(const GlobalOptions& globals, const PagesArgs& args, std::ostream& out,
              std::ostream& err) {
  return finish(print_pages(globals, args, out, err), err);
}

int run_page(const GlobalOptions& globals, const PageArgs& args, std::ostream& out,
             std::ostream& err) {
  return finish(print_page(globals, args, out, err), err);
}

}  // namespace cli
