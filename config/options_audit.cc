#include "config/options_audit.h"

namespace config {

namespace {

constexpr double kAuditDay = 86'400'000;  // ms

DurationField duration(DurationField field) { return field; }
IntegerField integer(IntegerField field) { return field; }
ListField list(ListField field) { return field; }

void add_audit_bounds(std::vector<Option>& all) {
  constexpr std::string_view kTable = "audit";
  all.push_back({.table = kTable,
                 .key = "stale_after",
                 .field = duration([](Config & c) -> auto& { return c.audit.stale_after; }),
                 .lowest = kAuditDay,
                 .highest = 36'500 * kAuditDay,
                 .zero = true,
                 .help = "A page that nobody has changed for longer is stale; 0 means never."});
  all.push_back({.table = kTable,
                 .key = "stale_after_by_space",
                 .field = list([](Config & c) -> auto& { return c.audit.stale_after_by_space; }),
                 .form = Form::kKeyDuration,
                 .example = "[\"ENG=90d\", \"LEGAL=1460d\"]",
                 .help = "The same for single spaces, by key."});
  all.push_back({.table = kTable,
                 .key = "never_updated_after",
                 .field = duration([](Config & c) -> auto& { return c.audit.never_updated_after; }),
                 .lowest = kAuditDay,
                 .highest = 36'500 * kAuditDay,
                 .zero = true,
                 .help = "A page older than this that is still in its first version is told; 0 "
                         "means never."});
  all.push_back({.table = kTable,
                 .key = "draft_after",
                 .field = duration([](Config & c) -> auto& { return c.audit.draft_after; }),
                 .highest = 36'500 * kAuditDay,
                 .help = "A draft that confmirror created and nobody published by then is told."});
  all.push_back({.table = kTable,
                 .key = "max_depth",
                 .field = integer([](Config & c) -> auto& { return c.audit.max_depth; }),
                 .lowest = 1,
                 .highest = 1'000,
                 .zero = true,
                 .help = "Pages below this level of their space lie too deep; the top is level 1; "
                         "0 means any."});
  all.push_back({.table = kTable,
                 .key = "huge_page_bytes",
                 .field = integer([](Config & c) -> auto& { return c.audit.huge_page_bytes; }),
                 .lowest = 1'000,
                 .highest = 1e9,
                 .zero = true,
                 .help = "A body of more bytes in storage format is huge; 0 means any."});
}

void add_audit_texts(std::vector<Option>& all) {
  constexpr std::string_view kTable = "audit";
  all.push_back({.table = kTable,
                 .key = "duplicate_words",
                 .field = integer([](Config & c) -> auto& { return c.audit.duplicate_words; }),
                 .lowest = 1,
                 .highest = 100'000,
                 .help = "Texts of fewer words are no duplicates, even if they are equal."});
  all.push_back({.table = kTable,
                 .key = "near_duplicate_words",
                 .field = integer([](Config & c) -> auto& { return c.audit.near_duplicate_words; }),
                 .lowest = 10,
                 .highest = 100'000,
                 .help = "The same for texts that are nearly equal."});
  all.push_back(
      {.table = kTable,
       .key = "near_duplicate_percent",
       .field = integer([](Config & c) -> auto& { return c.audit.near_duplicate_percent; }),
       .lowest = 50,
       .highest = 99,
       .help = "How much of their runs of four words two such texts have in common at least."});
}

}  // namespace

void add_audit_options(std::vector<Option>& all) {
  constexpr std::string_view kTable = "audit";
  add_audit_bounds(all);
  add_audit_texts(all);
  all.push_back({.table = kTable,
                 .key = "disabled_rules",
                 .field = list([](Config & c) -> auto& { return c.audit.disabled_rules; }),
                 .form = Form::kNotEmpty,
                 .example = "[\"never-updated\"]",
                 .help = "Rules that are not looked for; 'confmirror audit --list' names all."});
  all.push_back({.table = kTable,
                 .key = "severities",
                 .field = list([](Config & c) -> auto& { return c.audit.severities; }),
                 .form = Form::kNotEmpty,
                 .example = "[\"stale-page=info\", \"no-owner=error\"]",
                 .help = "How grave a rule is, instead of its own grade: error, warning or info."});
  all.push_back(
      {.table = kTable,
       .key = "baseline",
       .field = PathField([](Config& c) -> std::filesystem::path& { return c.audit.baseline; }),
       .example = "\"baseline.json\"",
       .help = "Findings that were accepted: 'confmirror audit --write-baseline FILE' writes it."});
  all.push_back(
      {.table = kTable,
       .key = "reports",
       .field = PathField([](Config& c) -> std::filesystem::path& { return c.audit.reports; }),
       .example = "\"reports\"",
       .help = "A folder for the report of each audit of the whole mirror, as JSON and HTML; each\n"
               "is compared with the one before."});
  all.push_back({.table = kTable,
                 .key = "keep_reports",
                 .field = integer([](Config & c) -> auto& { return c.audit.keep_reports; }),
                 .lowest = 2,
                 .highest = 100'000,
                 .zero = true,
                 .help = "How many of them stay there; 0 means all."});
}

}  // namespace config
