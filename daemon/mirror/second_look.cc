#include "daemon/mirror/second_look.h"

#include <algorithm>

#include "daemon/mirror/context.h"
#include "daemon/mirror/plan.h"

namespace mirror {

namespace {

constexpr int kMaxRounds = 5;

const store::Page* shown_in(const Inquiry::Pages& pages, store::Id page_id) {
  const auto at = pages.shown.find(page_id);
  return at == pages.shown.end() ? nullptr : &at->second;
}

}  // namespace

SecondLook::Look SecondLook::look_of(const store::Page* site) {
  Look look;
  if (!site) return look;
  look.shown = true;
  look.facts = facts_of(*site);
  if (site->body) look.body = site->body->hash;
  return look;
}

bool SecondLook::agree(const Look& one, const Look& another) {
  const bool bodies = !one.body || !another.body || *one.body == *another.body;
  return one.shown == another.shown && one.facts == another.facts && bodies;
}

void SecondLook::suspect(const Checklist::Suspect& suspect) {
  auto& open = open_[suspect.page_id];
  open.listed = suspect.seen.has_value();
  if (!suspect.seen) return;
  Look look;
  look.shown = true;
  look.facts = *suspect.seen;
  open.last = look;
}

base::Awaitable<void> SecondLook::compare_bodies(const std::vector<Checklist::Suspect>& sample) {
  std::vector<Part> parts;
  for (const auto& some : parts_of(sample, kMaxIdsPerRequest)) {
    Part part;
    part.bodies = true;
    for (const auto& page : some) part.page_ids.push_back(page.page_id);
    parts.push_back(std::move(part));
  }
  co_await each(std::move(parts), &SecondLook::compare_part);
}

base::Awaitable<void> SecondLook::confirm() {
  for (int round = 0; round < kMaxRounds && !open_.empty() && !inquiry_.fatal; ++round) {
    std::vector<Part> parts;
    for (const bool bodies : {false, true}) {
      std::vector<store::Id> page_ids;
      for (const auto& [page_id, open] : open_) {
        if (open.body == bodies) page_ids.push_back(page_id);
      }
      for (auto& some : parts_of(page_ids, kMaxIdsPerRequest)) {
        Part part;
        part.bodies = bodies;
        part.page_ids = std::move(some);
        parts.push_back(std::move(part));
      }
    }
    inquiry_.progress.suspects = static_cast<std::int64_t>(open_.size());
    co_await each(std::move(parts), &SecondLook::confirm_part);
  }
  changing_ += static_cast<std::int64_t>(open_.size());
  open_.clear();
  inquiry_.progress.suspects = 0;
}

base::Awaitable<void> SecondLook::each(std::vector<Part> parts, Work work) {
  const auto most = static_cast<std::size_t>(std::max(1, inquiry_.options.max_concurrency));
  const auto count = std::min(most, parts.size());
  std::reverse(parts.begin(), parts.end());  // they are taken from the end
  // Shared: where all is canceled, a task may end after this.
  const auto shared = std::make_shared<std::vector<Part>>(std::move(parts));
  std::vector<base::Awaitable<void>> tasks;
  for (std::size_t i = 0; i < count; ++i) tasks.push_back(take_parts(shared, work));
  co_await inquiry_.tasks.all(std::move(tasks));
}

base::Awaitable<void> SecondLook::take_parts(std::shared_ptr<std::vector<Part>> parts, Work work) {
  while (!parts->empty() && !inquiry_.fatal) {
    auto part = std::move(parts->back());
    parts->pop_back();
    co_await (this->*work)(std::move(part));
  }
}

base::Awaitable<std::optional<SecondLook::Rows>> SecondLook::read_rows(
    const std::vector<store::Id>& page_ids, bool texts) {
  auto query = [ids = page_ids, texts](store::Reader& reader) -> store::Result<Rows> {
    Rows rows;
    for (const auto id : ids) rows[id];
    auto known = reader.pages_by_id(ids);
    if (!known) return store::fail(known.error());
    for (auto& row : *known) {
      const auto id = row.id;
      rows[id].row = std::move(row);
    }
    if (!texts) return rows;
    auto hashes = reader.body_hashes(ids);
    if (!hashes) return store::fail(hashes.error());
    for (const auto& [id, both] : *hashes) {
      auto& mirror = rows[id];
      // Another text may have come since the row was read.
      if (mirror.row && mirror.row->body_hash == both.stored) mirror.text_hash = both.of_text;
    }
    return rows;
  };
  co_return co_await inquiry_.read(std::move(query));
}

base::Awaitable<void> SecondLook::compare_part(Part part) {
  const auto before = co_await read_rows(part.page_ids, false);
  if (!before) co_return;
  Inquiry::Pages pages;
  co_await inquiry_.ask_pages(part.page_ids, true, pages);
  const auto after = co_await read_rows(part.page_ids, part.bodies);
  if (!after) co_return;
  for (const auto page_id : part.page_ids) {
    if (pages.unclear.contains(page_id)) continue;
    const auto& mirror = after->at(page_id);
    const auto* const site = shown_in(pages, page_id);
    const bool both = site && site->body && mirror.row && mirror.row->body_hash &&
                      mirror.row->version.number == site->version.number;
    if (both) ++inquiry_.progress.bodies;
    if (same_row(before->at(page_id), mirror) && compare_page(mirror, site).empty()) continue;
    auto& open = open_[page_id];
    open.listed = true;
    open.body = true;
    open.last = look_of(site);
  }
}

base::Awaitable<void> SecondLook::confirm_part(Part part) {
  const auto before = co_await read_rows(part.page_ids, false);
  if (!before) co_return;
  Inquiry::Pages pages;
  co_await inquiry_.ask_pages(part.page_ids, part.bodies, pages);
  const auto after = co_await read_rows(part.page_ids, part.bodies);
  if (!after) co_return;
  for (const auto page_id : part.page_ids) {
    if (pages.unclear.contains(page_id)) {
      open_.erase(page_id);
      continue;
    }
    settle(page_id, before->at(page_id), after->at(page_id), shown_in(pages, page_id));
  }
}

bool SecondLook::out_of_scope(const MirrorPage& mirror, const store::Page* site) const {
  const bool expected = mirror.row && spaces_.expects(*mirror.row);
  return !expected && !(site && spaces_.wants(*site));
}

void SecondLook::settle(store::Id page_id, const MirrorPage& before, const MirrorPage& after,
                        const store::Page* site) {
  auto& open = open_.at(page_id);
  const auto look = look_of(site);
  auto found = compare_page(after, site);
  if (found.empty() || out_of_scope(after, site)) {
    if (!open.listed && site && spaces_.wants(*site)) ++dropped_;
    open_.erase(page_id);
  } else if (site && site->version.created_at >= inquiry_.began_at) {
    ++changing_;
    open_.erase(page_id);
  } else if (same_row(before, after) && open.last && agree(*open.last, look)) {
    report(std::move(found));
    open_.erase(page_id);
  } else {
    open.last = look;
  }
}

void SecondLook::report(std::vector<Difference> found) {
  for (auto& difference : found) {
    const auto reason = notes_.find(page_subject(difference.page_id));
    if (reason != notes_.end()) {
      if (!difference.note.empty()) difference.note += "; ";
      difference.note += "in quarantine: " + reason->second;
    }
    differences_.push_back(std::move(difference));
  }
}

}  // namespace mirror
