#include "daemon/cli/version_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "daemon/cli/lookup.h"
#include "daemon/cli/progress_line.h"
#include "daemon/cli/report.h"
#include "daemon/cli/row_json.h"
#include "daemon/cli/shown_text.h"
#include "daemon/cli/table.h"
#include "daemon/cli/terminal.h"
#include "daemon/query/blame.h"
#include "daemon/query/readable_body.h"
#include "daemon/query/text_diff.h"

namespace cli {

namespace {

using querying::DiffKind;
using querying::DiffLine;

constexpr std::size_t kContext = 3;

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

// One version of a page as it is compared.
struct Side {
  store::VersionRow row;
  std::string title;
  std::string text;
};

store::Result<Side> side_of(store::Reader& reader, const store::PageRow& page, std::int32_t version,
                            bool storage) {
  auto row = querying::find_version(reader, page.id, version);
  if (!row) return store::fail(row.error());
  if (!row->body) {
    return store::fail(
        store::ErrorKind::kItemBad, "body_missing",
        fmt::format("cannot compare version {} of page '{}': its body is not in the mirror",
                    version, page.id),
        "'confmirror sync' fetches what is missing, if [mirror] history = \"bodies\"");
  }
  Side side;
  side.title = row->title.value_or(page.title);
  side.text =
      storage ? querying::storage_lines(row->body->text) : querying::readable_body(row->body->text);
  side.row = std::move(*row);
  return side;
}

struct Compared {
  store::PageRow page;
  Side before;
  Side after;
};

// The newest version before that one.
store::Result<std::int32_t> version_before(store::Reader& reader, store::Id page_id,
                                           std::int32_t version) {
  const auto versions = reader.versions(page_id);
  if (!versions) return store::fail(versions.error());
  std::int32_t found = 0;
  for (const auto& row : *versions) {
    if (row.version.number < version) found = std::max(found, row.version.number);
  }
  if (found > 0) return found;
  return store::fail(store::ErrorKind::kUsage, "no_older_version",
                     fmt::format("cannot compare version {} of page '{}' with the one before: the "
                                 "mirror has none",
                                 version, page_id),
                     fmt::format("'confmirror history {}' lists what it has", page_id));
}

store::Result<Compared> compare(store::Reader& reader, const DiffArgs& args) {
  auto page = find_page(reader, args.id, /*with_body=*/false);
  if (!page) return store::fail(page.error());
  const auto to = args.to.value_or(page->version.number);
  auto from =
      args.from ? store::Result<std::int32_t>(*args.from) : version_before(reader, page->id, to);
  if (!from) return store::fail(from.error());
  auto before = side_of(reader, *page, *from, args.storage);
  if (!before) return store::fail(before.error());
  auto after = side_of(reader, *page, to, args.storage);
  if (!after) return store::fail(after.error());
  return Compared{std::move(*page), std::move(*before), std::move(*after)};
}

std::string name_of(const Side& side) {
  return fmt::format("version {} of {} by {}: {}", side.row.version.number,
                     store::to_iso8601(side.row.version.created_at),
                     name_or_id(side.row.author_name, side.row.version.author_id), side.title);
}

std::string_view kind_name(DiffLine::Kind kind) {
  switch (kind) {
    case DiffLine::Kind::kAdded:
      return "added";
    case DiffLine::Kind::kRemoved:
      return "removed";
    case DiffLine::Kind::kChanged:
      return "changed";
    default:
      return "same";
  }
}

Json diff_json(const Compared& compared, const std::vector<DiffLine>& lines) {
  Json json;
  json["page_id"] = std::to_string(compared.page.id);
  json["title_before"] = compared.before.title;
  json["title_after"] = compared.after.title;
  for (const auto* side : {&compared.before, &compared.after}) {
    auto row = side->row;
    row.body.reset();
    json[side == &compared.before ? "before" : "after"] = version_json(row);
  }
  json["changes"] = Json::array();
  for (const auto& line : lines) {
    if (line.kind == DiffLine::Kind::kSame) continue;
    Json change;
    change["kind"] = kind_name(line.kind);
    change["line_before"] = line.before_line;
    change["line_after"] = line.after_line;
    if (line.kind != DiffLine::Kind::kAdded) change["before"] = line.before;
    if (line.kind != DiffLine::Kind::kRemoved) change["after"] = line.after;
    json["changes"].push_back(std::move(change));
  }
  json["synced_at"] = store::to_iso8601(compared.page.synced_at);
  return json;
}

// With words in colours; what was removed is struck out as well, for eyes that see no red.
class Painter {
 public:
  explicit Painter(bool colours) : colours_(colours) {}

  std::string line(const DiffLine& line) const {
    switch (line.kind) {
      case DiffLine::Kind::kAdded:
        return paint("32", "+ " + printable(line.after));
      case DiffLine::Kind::kRemoved:
        return paint("31", "- " + printable(line.before));
      case DiffLine::Kind::kChanged:
        return changed(line);
      default:
        return "  " + printable(line.after);
    }
  }

 private:
  std::string changed(const DiffLine& line) const {
    std::string text = "~ ";
    for (const auto& word : line.words) {
      const auto shown = printable(word.text);
      if (word.kind == DiffKind::kSame) {
        text += shown;
      } else if (word.kind == DiffKind::kRemoved) {
        text += colours_ ? paint("9;31", shown) : "[-" + shown + "-]";
      } else {
        text += colours_ ? paint("4;32", shown) : "{+" + shown + "+}";
      }
    }
    return text;
  }
  std::string paint(const char* code, const std::string& text) const {
    return colours_ ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : text;
  }

  bool colours_;
};

void print_for_terminal(const Compared& compared, const std::vector<DiffLine>& lines, bool colours,
                        std::ostream& out) {
  const Painter painter(colours);
  out << "from " << printable(name_of(compared.before)) << "\n";
  out << "to   " << printable(name_of(compared.after)) << "\n\n";
  std::size_t shown_until = 0;
  for (std::size_t at = 0; at < lines.size(); ++at) {
    if (lines[at].kind == DiffLine::Kind::kSame) continue;
    const auto begin = std::max(shown_until, at - std::min(at, kContext));
    if (shown_until > 0 && begin > shown_until) out << "  ...\n";
    auto end = at;
    while (end < lines.size() && lines[end].kind != DiffLine::Kind::kSame) ++end;
    end = std::min(lines.size(), end + kContext);
    for (auto i = begin; i < end; ++i) out << painter.line(lines[i]) << "\n";
    shown_until = end;
    at = end - 1;
  }
}

store::Result<void> print_diff(const GlobalOptions& globals, const DiffArgs& args,
                               std::ostream& out, std::ostream& err) {
  auto reader = open_mirror(globals);
  if (!reader) return store::fail(reader.error());
  const auto compared = compare(**reader, args);
  if (!compared) return store::fail(compared.error());
  const auto lines = querying::diff_texts(compared->before.text, compared->after.text);
  if (globals.json) {
    out << to_line(diff_json(*compared, lines));
    return {};
  }
  const bool same = std::all_of(lines.begin(), lines.end(), [](const DiffLine& line) {
    return line.kind == DiffLine::Kind::kSame;
  });
  if (same) {
    const bool retitled = compared->before.title != compared->after.title;
    const bool hidden =
        !args.storage && compared->before.row.body_hash != compared->after.row.body_hash;
    if (retitled) {
      out << "retitled from '" << printable(compared->before.title) << "' to '"
          << printable(compared->after.title) << "'\n";
    }
    if (hidden && !globals.quiet) {
      err << "confmirror: the readable text is the same; --storage shows what else changed\n";
    } else if (!retitled && !globals.quiet) {
      err << "confmirror: the two are the same\n";
    }
    return {};
  }
  const auto terminal = terminal_of(out);
  if (terminal.is_terminal) {
    print_for_terminal(*compared, lines, terminal.colours, out);
  } else {
    out << querying::unified_diff(lines, name_of(compared->before), name_of(compared->after),
                                  kContext);
  }
  return {};
}

Json blame_json(const store::PageRow& page, const querying::Blame& blame) {
  Json json;
  json["page_id"] = std::to_string(page.id);
  json["title"] = page.title;
  json["version"] = blame.shown_version;
  json["versions_without_body"] = blame.gaps;
  json["lines"] = Json::array();
  for (const auto& line : blame.lines) {
    const auto& version = blame.versions[line.version];
    Json row;
    row["version"] = version.version.number;
    row["created_at"] = store::to_iso8601(version.version.created_at);
    row["author_id"] = version.version.author_id;
    row["author_name"] = version.author_name.empty() ? Json() : Json(version.author_name);
    row["text"] = line.text;
    json["lines"].push_back(std::move(row));
  }
  json["synced_at"] = store::to_iso8601(page.synced_at);
  return json;
}

store::Result<void> print_blame(const GlobalOptions& globals, const std::string& id,
                                std::ostream& out, std::ostream& err) {
  auto reader = open_mirror(globals);
  if (!reader) return store::fail(reader.error());
  const auto page = find_page(**reader, id, /*with_body=*/false);
  if (!page) return store::fail(page.error());
  const auto blame = querying::blame(**reader, page->id);
  if (!blame) return store::fail(blame.error());
  if (blame->shown_version == 0) {
    return store::fail(store::ErrorKind::kItemBad, "body_missing",
                       fmt::format("cannot read page '{}': no body of it is in the mirror", id),
                       "'confmirror sync' fetches what is missing");
  }
  if (globals.json) {
    out << to_line(blame_json(*page, *blame));
    return {};
  }
  Table table({{"VERSION", true}, {"DAY"}, {"AUTHOR"}, {"TEXT", false, true}});
  constexpr std::size_t kDay = 10;
  std::size_t last = blame->versions.size();
  for (const auto& line : blame->lines) {
    const auto& version = blame->versions[line.version];
    if (line.version == last) {
      table.add({"", "", "", line.text});
      continue;
    }
    last = line.version;
    table.add({std::to_string(version.version.number),
               store::to_iso8601(version.version.created_at).substr(0, kDay),
               name_or_id(version.author_name, version.version.author_id), line.text});
  }
  print_table(table, globals, out, err);
  if (blame->gaps > 0 && !globals.quiet) {
    err << fmt::format(
        "confmirror: {} version{} without a body in the mirror: what was written then is put down "
        "to the next one\n",
        blame->gaps, blame->gaps == 1 ? " is" : "s are");
  }
  return {};
}

int finish_version(const store::Result<void>& outcome, std::ostream& err) {
  return outcome ? 0 : report(outcome.error(), err);
}

}  // namespace

int run_history(const GlobalOptions& globals, const std::string& id, std::ostream& out,
                std::ostream& err) {
  return finish_version(print_history(globals, id, out, err), err);
}

int run_diff(const GlobalOptions& globals, const DiffArgs& args, std::ostream& out,
             std::ostream& err) {
  return finish_version(print_diff(globals, args, out, err), err);
}

int run_blame(const GlobalOptions& globals, const std::string& id, std::ostream& out,
              std::ostream& err) {
  return finish_version(print_blame(globals, id, out, err), err);
}

}  // namespace cli
