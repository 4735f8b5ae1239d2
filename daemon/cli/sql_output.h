#pragma once

// The answer of a statement in the three forms of `sql`. Each is a sink (store/sql.h) with an end:
// finish() writes what is left. JSON and CSV are written row by row; a table is kept until its
// widths are known, at most kMostTableBytes of it. One thread.

#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

#include "store/sql.h"

namespace cli {

class SqlOutput : public store::SqlSink {
 public:
  virtual void finish(const store::SqlOutcome& outcome) = 0;
};

constexpr std::size_t kMostTableBytes = std::size_t{64} << 20;

// With a heading; numbers to the right; NULL as NULL; blobs as x'…'.
std::unique_ptr<SqlOutput> table_output(std::ostream& out);
// One object on one line: "rows" (objects), "columns", "cut", "synced_at". Ids, which are what
// stands in columns named `id` or `…_id`, are strings; blobs are hex digits.
std::unique_ptr<SqlOutput> json_output(std::ostream& out,
                                       const std::optional<std::string>& synced_at);
// RFC 4180 with a heading; NULL is empty; blobs are hex digits. `raw`: texts as they are.
std::unique_ptr<SqlOutput> csv_output(std::ostream& out, bool raw);

// The text as a field of CSV: quoted where it must be, and with an apostrophe before what a
// spreadsheet would run as a formula (a first = + - @, tab or carriage return), unless `raw`.
std::string csv_field(std::string_view text, bool raw);

}  // namespace cli
