#include "daemon/storage_format/merge.h"

#include <utility>

#include "daemon/storage_format/three_way.h"

namespace storage_format {

namespace {

tl::expected<Document, Fault> read_named(std::string_view which, std::string_view body) {
  auto document = read(body);
  if (document) return document;
  auto fault = std::move(document.error());
  fault.text = std::string(which) + ": " + fault.text;
  return tl::unexpected<Fault>(std::move(fault));
}

}  // namespace

tl::expected<Merge, Fault> merge(std::string_view base, std::string_view ours,
                                 std::string_view theirs) {
  const auto in_base = read_named("base", base);
  if (!in_base) return tl::unexpected<Fault>(in_base.error());
  const auto in_ours = read_named("ours", ours);
  if (!in_ours) return tl::unexpected<Fault>(in_ours.error());
  const auto in_theirs = read_named("theirs", theirs);
  if (!in_theirs) return tl::unexpected<Fault>(in_theirs.error());

  auto found = bring_together(*in_base, *in_ours, *in_theirs);
  Merge merged;
  PositionCursor positions(in_base->source());
  for (const auto& place : found.places) {
    if (!place.conflict) continue;
    merged.conflicts.push_back({std::string(place.base), std::string(place.ours),
                                std::string(place.theirs), positions.at(place.at)});
  }
  if (merged.clean()) merged.body = std::move(found.body);
  return merged;
}

}  // namespace storage_format
