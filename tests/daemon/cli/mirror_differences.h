#pragma once

// Whether a mirror is what its simulated site holds. Any thread; nothing fails but by its text.

#include <filesystem>
#include <string>

#include "daemon/export/jsonl.h"
#include "store/reader.h"
#include "tests/site/compare.h"
#include "tests/site/server.h"

namespace test {

// The first difference, or why it cannot be told; "" = none.
inline std::string differences(const std::filesystem::path& mirror, const site::Server& site) {
  auto reader = store::Reader::open(mirror);
  if (!reader) return reader.error().message;
  std::string text;
  exporting::JsonlOptions options;
  options.history = true;
  auto write_line = [&text](std::string_view line) -> store::Result<void> {
    text += line;
    return {};
  };
  auto exported = exporting::export_jsonl(**reader, options, write_line);
  if (!exported) return exported.error().message;
  const auto comparison = site::compare(site.digest(), text, {});
  return comparison.differences == 0 ? "" : comparison.shown.front();
}

}  // namespace test
