#include "daemon/cli/page_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "daemon/cli/lookup.h"
#include "daemon/cli/progress_line.h"
#include "daemon/cli/report.h"
#include "daemon/cli/row_json.h"
#include "daemon/cli/table.h"
#include "daemon/cli/terminal.h"

namespace cli {

namespace {

void print_table(const Table& table, const GlobalOptions& globals, std::ostream& out,
                 std::ostream& err) {
  table.print(out, terminal_of(out).columns);
  if (table.empty() && !globals.quiet) err << "nothing found\n";
}

std::string name_or_id(const std::string& name, const std::string& account_id) {
  if (!name.empty()) return name;
  return account_id.empty() ? "somebody" : account_id;
}

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

store::Result<void> print_pages(const GlobalOptions& globals, const PagesArgs& args,
                                std::ostream& out, std::ostream& err) {
  auto reader = open_mirror(globals);
  if (!reader) return store::fail(reader.error());
  store::PageFilter filter;
  filter.statuses = args.statuses;
  filter.title = args.title;
  filter.sort = args.sort;
  filter.limit = args.limit;
  filter.offset = args.offset;
  if (!args.space.empty()) {
    const auto space = find_space(**reader, args.space);
    if (!space) return store::fail(space.error());
    filter.space_id = space->id;
  }
  const auto pages = (*reader)->pages(filter);
  if (!pages) return store::fail(pages.error());
  if (!globals.json) {
    print_pages_table(*pages, filter.space_id.has_value(), globals, out, err);
    return {};
  }
  const auto site_url = site_url_of(**reader);
  if (!site_url) return store::fail(site_url.error());
  Json json;
  json["pages"] = Json::array();
  for (const auto& page : *pages) json["pages"].push_back(page_json(page, *site_url));
  out << to_line(json);
  return {};
}

// A page as one of its versions was, or as it is now.
struct Shown {
  store::PageRow page;
  std::optional<store::VersionRow> version;  // set where an older one was asked for
  std::string site_url;
  std::string parent_title;  // "" = not known

  const std::optional<store::Body>& body() const { return version ? version->body : page.body; }
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
  auto page = find_page(reader, args.id, /*with_body=*/!args.version);
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
  const bool retitled = shown.version && shown.version->title;
  line("title", retitled ? *shown.version->title : page.title);
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

// Exactly as Confluence sent it; but nothing of it may steer a terminal.
void print_body(const std::string& body, std::ostream& out) {
  if (!terminal_of(out).is_terminal) {
    out << body;
  } else {
    out << printable_lines(body) << "\n";
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

store::Result<void> print_page(const GlobalOptions& globals, const PageArgs& args,
                               std::ostream& out) {
  auto reader = open_mirror(globals);
  if (!reader) return store::fail(reader.error());
  const auto shown = find_shown(**reader, args);
  if (!shown) return store::fail(shown.error());
  if (args.format == "json" || (args.format.empty() && globals.json)) {
    out << to_line(shown_json(*shown));
    return {};
  }
  const auto& body = shown->body();
  if (args.format.empty()) {
    print_header(*shown, out);
    out << "\n"
        << (body ? printable_lines(body->text) : "(the body is not in the mirror yet)") << "\n";
  } else if (body) {
    print_body(body->text, out);
  } else {
    return store::fail(
        store::ErrorKind::kItemBad, "body_missing",
        fmt::format("cannot print page '{}': its body is not in the mirror", args.id),
        "'confmirror sync' fetches what is missing");
  }
  return {};
}

store::Result<void> print_history(const GlobalOptions& globals, const std::string& id,
                                  std::ostream& out, std::ostream& err) {
  auto reader = open_mirror(globals);
  if (!reader) return store::fail(reader.error());
  const auto page = find_page(**reader, id, /*with_body=*/false);
  if (!page) return store::fail(page.error());
  auto versions = (*reader)->versions(page->id);
  if (!versions) return store::fail(versions.error());
  std::reverse(versions->begin(), versions->end());
  if (globals.json) {
    Json json;
    json["page_id"] = std::to_string(page->id);
    json["space_key"] = page->space_key;
    json["title"] = page->title;
    json["versions"] = Json::array();
    for (const auto& version : *versions) json["versions"].push_back(version_json(version));
    json["synced_at"] = store::to_iso8601(page->synced_at);
    out << to_line(json);
    return {};
  }
  Table table({{"VERSION", true},
               {"CREATED"},
               {"BYTES", true},
               {"EDIT"},
               {"AUTHOR", false, true},
               {"MESSAGE", false, true}});
  for (const auto& version : *versions) {
    table.add(
        {std::to_string(version.version.number), store::to_iso8601(version.version.created_at),
         version.body_hash ? with_thousands(version.body_bytes) : "-",
         version.version.minor_edit ? "minor" : "",
         name_or_id(version.author_name, version.version.author_id), version.version.message});
  }
  print_table(table, globals, out, err);
  return {};
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
  return finish(print_page(globals, args, out), err);
}

int run_history(const GlobalOptions& globals, const std::string& id, std::ostream& out,
                std::ostream& err) {
  return finish(print_history(globals, id, out, err), err);
}

}  // namespace cli
