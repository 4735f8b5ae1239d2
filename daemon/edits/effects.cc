#include "daemon/edits/effects.h"

#include <fmt/format.h>

#include <optional>
#include <string>

#include "daemon/edits/translate.h"
#include "daemon/storage_format/diff.h"

namespace edits {

using Json = nlohmann::ordered_json;

namespace {

// What one job would do to the site, and to what is there.
struct Effect {
  std::optional<confluence::Write> write;  // nothing: where it goes is only known when it leaves
  std::optional<std::int32_t> version_becomes;
  bool changes_nothing = false;
  std::vector<std::string> remarks;
  std::string diff;
};

std::optional<std::int32_t> version_made_by(const store::JobSpec& job) {
  const bool makes_one =
      job.action == store::JobAction::kUpdatePage || job.action == store::JobAction::kRestorePage;
  if (!makes_one) return std::nullopt;
  return job.status == "draft" ? 1 : job.base_version.value_or(0) + 1;
}

// The request as it would leave now.
std::optional<confluence::Write> request_of(const store::JobSpec& spec) {
  if (spec.action == store::JobAction::kMovePage && !spec.parent_id) return std::nullopt;
  store::Job job;
  static_cast<store::JobSpec&>(job) = spec;
  job.mark = "0123456789abcdef";  // of the length that it will have
  Outgoing outgoing;
  outgoing.content.title = spec.title;
  outgoing.content.status = spec.status;
  outgoing.content.representation = spec.representation;
  outgoing.content.body = spec.body;
  outgoing.version = version_made_by(spec);
  return write_of(job, outgoing);
}

std::string effect_in_words(const store::JobSpec& job) {
  const auto page_id = job.page_id.value_or(0);
  switch (job.action) {
    case store::JobAction::kCreatePage:
      return fmt::format("POST a new {} '{}'", job.status == "draft" ? "draft" : "page", job.title);
    case store::JobAction::kUpdatePage:
      return fmt::format("PUT page {} '{}', becomes version {}", page_id, job.title,
                         version_made_by(job).value_or(0));
    case store::JobAction::kDeletePage:
      return fmt::format("DELETE {} {} '{}'", job.status == "draft" ? "draft" : "page", page_id,
                         job.title);
    case store::JobAction::kRestorePage:
      return fmt::format("PUT page {} '{}' out of the trash", page_id, job.title);
    case store::JobAction::kMovePage:
      return job.parent_id ? fmt::format("move page {} below {}", page_id, *job.parent_id)
                           : fmt::format("move page {} to the top of its space", page_id);
  }
  return {};
}

store::Result<void> compare_update(const store::JobSpec& job, store::Reader& reader,
                                   Effect& effect) {
  auto row = reader.page(job.page_id.value_or(0), true);
  if (!row) return store::fail(row.error());
  if (!*row || !(*row)->body) {
    effect.remarks.emplace_back("the mirror does not have its body");
    return {};
  }
  const auto& page = **row;
  if (page.title != job.title) {
    effect.remarks.push_back(fmt::format("title: '{}' becomes '{}'", page.title, job.title));
  }
  const bool draft = job.status == "draft";
  if (!draft && job.base_version != page.version.number) {
    effect.remarks.push_back(fmt::format("the mirror has version {}, this was made from {}",
                                         page.version.number, job.base_version.value_or(0)));
  }
  if (job.representation != "storage") {
    effect.remarks.emplace_back("wiki markup: no diff");
    return {};
  }
  effect.diff = storage_format::readable_diff(page.body->text, job.body);
  // A draft is compared with the page here, and with the draft that there may be when it leaves.
  effect.changes_nothing = !draft && effect.remarks.empty() && effect.diff.empty();
  return {};
}

store::Result<Effect> effect_of(const store::JobSpec& job, store::Reader& reader) {
  Effect effect;
  effect.write = request_of(job);
  effect.version_becomes = version_made_by(job);
  if (job.action == store::JobAction::kUpdatePage) {
    if (auto compared = compare_update(job, reader, effect); !compared) {
      return store::fail(compared.error());
    }
  } else if (job.action == store::JobAction::kCreatePage && job.representation == "storage") {
    effect.diff = storage_format::readable_diff("", job.body);
  }
  return effect;
}

Json effect_json(const store::JobSpec& job, const Effect& effect) {
  Json json;
  json["line"] = job.line;
  json["action"] = to_string(job.action);
  json["pageId"] = job.page_id ? Json(std::to_string(*job.page_id)) : Json(nullptr);
  json["title"] = job.title;
  json["summary"] = effect_in_words(job);
  json["method"] = effect.write ? Json(effect.write->method) : Json(nullptr);
  json["path"] = effect.write ? Json(effect.write->target) : Json(nullptr);
  json["bytes"] = effect.write ? Json(effect.write->body.size()) : Json(nullptr);
  json["versionBecomes"] = effect.version_becomes ? Json(*effect.version_becomes) : Json(nullptr);
  json["changesNothing"] = effect.changes_nothing;
  json["remarks"] = effect.remarks;
  json["diff"] = effect.diff;
  return json;
}

}  // namespace

store::Result<Json> effects_json(const std::vector<store::JobSpec>& jobs, store::Reader& reader) {
  auto list = Json::array();
  for (const auto& job : jobs) {
    auto effect = effect_of(job, reader);
    if (!effect) return store::fail(effect.error());
    list.push_back(effect_json(job, *effect));
  }
  return list;
}

}  // namespace edits
