#include "daemon/edits/batch_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_map>
#include <utility>

#include "daemon/edits/translate.h"
#include "store/fold.h"

namespace edits {

namespace {

using store::Id;
using store::JobAction;
using store::PageRow;

constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);

// The titles of a space, as the entries before leave them.
struct Titles {
  struct Holder {
    Id page_id = 0;                // 0: an entry of the batch creates it
    std::size_t place = kNowhere;  // of the entry that gave it the title
  };
  std::unordered_map<std::string, Holder> held;        // by folded title
  std::unordered_map<std::string, std::size_t> freed;  // by which entry
};

class Checker {
 public:
  Checker(Parsed parsed, store::Reader& reader, const CheckOptions& options)
      : entries_(std::move(parsed.entries)), reader_(reader), options_(options) {
    checked_.problems = std::move(parsed.problems);
    other_refs_.insert(parsed.refs_of_others.begin(), parsed.refs_of_others.end());
  }

  store::Result<Checked> run() {
    count_deletes();
    name_refs();
    for (place_ = 0; place_ < entries_.size() && !error_; ++place_) check_entry();
    resolve_refs();
    order_deletes();
    if (error_) return store::fail(*error_);
    find_circle();
    const auto by_line = [](const Problem& a, const Problem& b) { return a.line < b.line; };
    std::stable_sort(checked_.problems.begin(), checked_.problems.end(), by_line);
    if (checked_.problems.empty()) put_in_order();
    return std::move(checked_);
  }

 private:
  store::JobSpec& spec() { return entries_[place_].spec; }
  std::int64_t line_of(std::size_t place) const { return entries_[place].spec.line; }
  void wrong_at(std::size_t place, std::string field, std::string text) {
    checked_.problems.push_back({line_of(place), std::move(field), std::move(text)});
  }
  void wrong(std::string field, std::string text) {
    wrong_at(place_, std::move(field), std::move(text));
  }
  void note(std::string field, std::string text) {
    checked_.notes.push_back({line_of(place_), std::move(field), std::move(text)});
  }
  // The value, or a default after the error was kept.
  template <typename T>
  T value_of(store::Result<T> result) {
    if (result) return std::move(*result);
    if (!error_) error_ = result.error();
    return T();
  }

  void count_deletes();
  void name_refs();
  void check_entry();
  void check_create();
  void check_update();
  void check_delete();
  void check_parent();
  void check_size();
  void take_title(Id space_id, Id page_id);
  void free_title(Id space_id, const std::string& title);
  Titles& titles_of(Id space_id);
  const PageRow* page(Id page_id);
  // The row of the page that the entry is about; nullptr where there is none or a problem was
  // noted.
  const PageRow* target();
  void resolve_refs();
  void order_deletes();
  void find_circle();
  void put_in_order();
  bool walk(std::size_t place, std::vector<int>& state, std::vector<std::size_t>& path);

  std::vector<Entry> entries_;
  store::Reader& reader_;
  CheckOptions options_;
  Checked checked_;
  std::optional<store::Error> error_;
  std::size_t place_ = 0;
  std::unordered_map<std::string, std::size_t> places_;  // by ref
  std::set<std::string> other_refs_;                     // of entries that cannot be read
  std::unordered_map<Id, Titles> titles_;                // by space
  std::unordered_map<Id, std::optional<PageRow>> pages_;
  std::unordered_map<Id, std::string> renamed_;  // what entries before call a page
  std::unordered_map<Id, std::size_t> deleted_;  // by which entry
};

void Checker::count_deletes() {
  const auto deletes = std::count_if(entries_.begin(), entries_.end(), [](const Entry& entry) {
    return entry.spec.action == JobAction::kDeletePage;
  });
  if (deletes <= options_.max_deletes) return;
  checked_.problems.push_back(
      {1, "",
       fmt::format("{} deletes are more than the {} that a batch may hold: if they are "
                   "meant, hand it in with --max-deletes {}",
                   deletes, options_.max_deletes, deletes)});
}

void Checker::name_refs() {
  for (std::size_t place = 0; place < entries_.size(); ++place) {
    const auto& ref = entries_[place].spec.ref;
    if (!ref) continue;
    const auto [known, fresh] = places_.emplace(*ref, place);
    if (fresh) continue;
    wrong_at(place, "ref",
             fmt::format("'{}' is the name of line {} already", *ref, line_of(known->second)));
  }
}

const PageRow* Checker::page(Id page_id) {
  auto found = pages_.find(page_id);
  if (found == pages_.end()) {
    found = pages_.emplace(page_id, value_of(reader_.page(page_id, false))).first;
  }
  return found->second ? &*found->second : nullptr;
}

void Checker::check_entry() {
  auto& entry = entries_[place_];
  if (!entry.has_policy) entry.spec.on_conflict = options_.on_conflict;
  for (auto& text : entry.notes) note("body", std::move(text));
  if (!entry.spec.as_user.empty() && !options_.can_impersonate) {
    wrong("asUser",
          "this connection knows one identity: leave it out, or connect with site.auth = "
          "\"connect\"");
  }
  if (entry.spec.action != JobAction::kUpdatePage && !entry.spec.message.empty()) {
    note("message", "is not sent: only an update has a version message");
  }
  switch (entry.spec.action) {
    case JobAction::kCreatePage:
      check_create();
      break;
    case JobAction::kUpdatePage:
      check_update();
      break;
    default:
      check_delete();
  }
  check_size();
}

void Checker::check_size() {
  const auto bytes = request_bytes(spec());
  if (bytes <= kLargestRequest) return;
  wrong("body", fmt::format("makes a request of {} bytes: the site takes {} at most", bytes,
                            kLargestRequest));
}

Titles& Checker::titles_of(Id space_id) {
  auto found = titles_.find(space_id);
  if (found != titles_.end()) return found->second;
  auto& titles = titles_[space_id];
  const auto listed = reader_.for_each_title(
      space_id, [&](Id page_id, std::string_view title, std::string_view status) {
        if (status == "current" || status == "archived") {
          titles.held[store::fold_case(title)] = {page_id, kNowhere};
        }
      });
  if (!listed && !error_) error_ = listed.error();
  return titles;
}

void Checker::free_title(Id space_id, const std::string& title) {
  auto& titles = titles_of(space_id);
  const auto folded = store::fold_case(title);
  titles.held.erase(folded);
  titles.freed[folded] = place_;
}

void Checker::take_title(Id space_id, Id page_id) {
  auto& titles = titles_of(space_id);
  const auto folded = store::fold_case(spec().title);
  const auto held = titles.held.find(folded);
  if (held != titles.held.end() && (page_id == 0 || held->second.page_id != page_id)) {
    const auto& holder = held->second;
    if (holder.place != kNowhere) {
      wrong("title", fmt::format("the entry of line {} takes this title", line_of(holder.place)));
    } else {
      const auto* other = page(holder.page_id);
      wrong(
          "title",
          fmt::format("page {} ({}) has this title in the space: titles are unique there, without "
                      "regard to case",
                      holder.page_id, other != nullptr ? other->status : "known"));
    }
    return;
  }
  const auto freed = titles.freed.find(folded);
  if (freed != titles.freed.end() && freed->second != place_) {
    spec().after.push_back(freed->second);
  }
  titles.held[folded] = {page_id, place_};
}

void Checker::check_parent() {
  const auto parent_id = *spec().parent_id;
  if (const auto deleted = deleted_.find(parent_id); deleted != deleted_.end()) {
    wrong("parentId",
          fmt::format("the entry of line {} deletes page {}", line_of(deleted->second), parent_id));
    return;
  }
  if (const auto* row = page(parent_id)) {
    if (row->gone_at || row->status != "current") {
      wrong("parentId", fmt::format("page {} is {}: expected a current page", parent_id,
                                    row->gone_at ? "gone" : row->status));
    } else if (row->space_id != spec().space_id) {
      wrong("parentId", fmt::format("page {} is in the space '{}', not in '{}'", parent_id,
                                    row->space_key, entries_[place_].space_key));
    }
    return;
  }
  const auto node = value_of(reader_.node(parent_id));
  if (!node || node->gone_at) {
    wrong("parentId",
          fmt::format("the mirror knows no page or folder {}: sync it if it is new", parent_id));
  } else if (node->space_id && node->space_id != spec().space_id) {
    wrong("parentId", fmt::format("the {} {} is in another space", node->type, parent_id));
  }
}

void Checker::check_create() {
  auto& entry = entries_[place_];
  const auto space = value_of(reader_.space_by_key(entry.space_key));
  if (!space) {
    if (!error_) {
      wrong("spaceKey",
            fmt::format("the mirror knows no space '{}': 'confmirror spaces' lists them",
                        entry.space_key));
    }
    return;
  }
  if (space->status != "current") {
    wrong("spaceKey", fmt::format("the space '{}' is {}", entry.space_key, space->status));
  }
  entry.spec.space_id = space->id;
  if (entry.spec.parent_id) check_parent();
  if (!is_draft(entry.spec)) take_title(space->id, 0);
}

const PageRow* Checker::target() {
  const auto page_id = *spec().page_id;
  if (const auto deleted = deleted_.find(page_id); deleted != deleted_.end()) {
    wrong("pageId",
          fmt::format("the entry of line {} deletes page {}", line_of(deleted->second), page_id));
    return nullptr;
  }
  const auto* row = page(page_id);
  if (row == nullptr) return nullptr;
  if (row->gone_at) {
    wrong("pageId", fmt::format("page {} is gone from the site since {} ({})", page_id,
                                store::to_iso8601(*row->gone_at), row->gone_reason));
    return nullptr;
  }
  if (row->status == "trashed" || row->status == "deleted") {
    wrong("pageId", fmt::format("page {} ('{}') is in the trash", page_id, row->title));
    return nullptr;
  }
  return row;
}

void Checker::check_update() {
  const auto before = checked_.problems.size();
  const auto* row = target();
  const auto page_id = *spec().page_id;
  if (row == nullptr) {
    if (checked_.problems.size() > before) return;
    if (value_of(reader_.is_our_draft(page_id))) return;
    wrong("pageId", fmt::format("the mirror knows no page {}: sync it if it is new", page_id));
    return;
  }
  if (row->status == "archived") {
    wrong("pageId", fmt::format("page {} ('{}') is archived: unarchive it on the site first",
                                page_id, row->title));
    return;
  }
  spec().space_id = row->space_id;
  if (is_draft(spec())) return;
  if (*spec().base_version < row->version.number && !renamed_.contains(page_id)) {
    note("version", fmt::format("the mirror has version {}: this will be a conflict ({})",
                                row->version.number, store::to_string(spec().on_conflict)));
  }
  const auto known = renamed_.find(page_id);
  const auto title = known == renamed_.end() ? row->title : known->second;
  if (store::fold_case(title) != store::fold_case(spec().title)) {
    take_title(row->space_id, page_id);
    free_title(row->space_id, title);
  }
  renamed_[page_id] = spec().title;
}

void Checker::check_delete() {
  const auto before = checked_.problems.size();
  const auto* row = target();
  const auto page_id = *spec().page_id;
  if (row == nullptr) {
    if (checked_.problems.size() > before) return;
    if (is_draft(spec())) return;  // by its word
    if (value_of(reader_.is_our_draft(page_id))) {
      spec().status = "draft";
      return;
    }
    wrong("pageId",
          fmt::format("the mirror knows no page {}: sync it if it is new; a draft that confmirror "
                      "did not make is discarded with \"draft\": true",
                      page_id));
    return;
  }
  if (is_draft(spec())) {
    wrong("draft", fmt::format("page {} ('{}') is {}, no draft", page_id, row->title, row->status));
    return;
  }
  spec().space_id = row->space_id;
  spec().parent_id = row->parent_id;
  spec().title = row->title;
  const auto known = renamed_.find(page_id);
  free_title(row->space_id, known == renamed_.end() ? row->title : known->second);
  deleted_.emplace(page_id, place_);
}

void Checker::resolve_refs() {
  for (std::size_t place = 0; place < entries_.size(); ++place) {
    auto& entry = entries_[place];
    const auto find = [&](const char* field, const std::string& ref) -> std::optional<std::size_t> {
      const auto found = places_.find(ref);
      if (found != places_.end() && found->second != place) return found->second;
      // What is wrong with that entry was said already.
      if (found == places_.end() && other_refs_.contains(ref)) return std::nullopt;
      wrong_at(place, field,
               found == places_.end() ? fmt::format("no entry has the ref '{}'", ref)
                                      : std::string("an entry cannot come after itself"));
      return std::nullopt;
    };
    for (const auto& ref : entry.after_refs) {
      if (const auto other = find("after", ref)) entry.spec.after.push_back(*other);
    }
    if (!entry.parent_ref) continue;
    const auto other = find("parentRef", *entry.parent_ref);
    if (!other) continue;
    const auto& parent = entries_[*other].spec;
    if (parent.action != JobAction::kCreatePage) {
      wrong_at(place, "parentRef",
               fmt::format("'{}' (line {}) does not create a page: give its id as parentId",
                           *entry.parent_ref, parent.line));
    } else if (parent.space_id && entry.spec.space_id && parent.space_id != entry.spec.space_id) {
      wrong_at(place, "parentRef",
               fmt::format("'{}' (line {}) is in another space", *entry.parent_ref, parent.line));
    } else if (is_draft(parent) && !is_draft(entry.spec)) {
      wrong_at(place, "parentRef",
               fmt::format("'{}' (line {}) is a draft: a page cannot be below it",
                           *entry.parent_ref, parent.line));
    }
    entry.spec.parent_place = *other;
  }
}

// The nearest ancestor that goes as well goes after the page.
void Checker::order_deletes() {
  for (const auto& [page_id, place] : deleted_) {
    const auto* row = page(page_id);
    for (int depth = 0; row != nullptr && row->parent_id && depth < 1000; ++depth) {
      const auto ancestor = deleted_.find(*row->parent_id);
      if (ancestor != deleted_.end()) {
        entries_[ancestor->second].spec.after.push_back(place);
        break;
      }
      row = page(*row->parent_id);
    }
  }
}

bool Checker::walk(std::size_t start, std::vector<int>& state, std::vector<std::size_t>& path) {
  struct Step {
    std::size_t place;
    std::vector<std::size_t> next;
  };
  const auto step_of = [&](std::size_t place) {
    auto next = entries_[place].spec.after;
    if (entries_[place].spec.parent_place) next.push_back(*entries_[place].spec.parent_place);
    return Step{place, std::move(next)};
  };
  std::vector<Step> steps{step_of(start)};
  state[start] = 1;
  while (!steps.empty()) {
    if (steps.back().next.empty()) {
      state[steps.back().place] = 2;
      steps.pop_back();
      continue;
    }
    const auto next = steps.back().next.back();
    steps.back().next.pop_back();
    if (state[next] == 2) continue;
    if (state[next] == 1) {
      bool inside = false;
      for (const auto& step : steps) {
        inside = inside || step.place == next;
        if (inside) path.push_back(step.place);
      }
      return true;
    }
    state[next] = 1;
    steps.push_back(step_of(next));
  }
  return false;
}

void Checker::find_circle() {
  std::vector<int> state(entries_.size(), 0);
  std::vector<std::size_t> path;
  for (std::size_t place = 0; place < entries_.size(); ++place) {
    if (state[place] != 0 || !walk(place, state, path)) continue;
    std::string names;
    for (const auto step : path) {
      const auto& ref = entries_[step].spec.ref;
      names += fmt::format("line {}{} waits for ", line_of(step), ref ? " ('" + *ref + "')" : "");
    }
    names += fmt::format("line {}", line_of(path.front()));
    const auto first = *std::min_element(path.begin(), path.end());
    wrong_at(first, "after", "these wait for each other: " + names);
    return;  // the next one may be the same seen from elsewhere
  }
}

// So that each job waits for earlier ones alone: the queue keeps the order of a page, and of what
// is below it, by their numbers.
void Checker::put_in_order() {
  std::vector<std::vector<std::size_t>> followers(entries_.size());
  std::vector<std::size_t> waits(entries_.size(), 0);
  for (std::size_t place = 0; place < entries_.size(); ++place) {
    auto before = entries_[place].spec.after;
    if (entries_[place].spec.parent_place) before.push_back(*entries_[place].spec.parent_place);
    for (const auto other : before) followers[other].push_back(place);
    waits[place] = before.size();
  }
  std::set<std::size_t> free;  // the first in the file goes first
  for (std::size_t place = 0; place < entries_.size(); ++place) {
    if (waits[place] == 0) free.insert(place);
  }
  std::vector<std::size_t> new_place(entries_.size(), 0);
  while (!free.empty()) {
    const auto place = *free.begin();
    free.erase(free.begin());
    new_place[place] = checked_.jobs.size();
    checked_.jobs.push_back(std::move(entries_[place].spec));
    for (const auto follower : followers[place]) {
      if (--waits[follower] == 0) free.insert(follower);
    }
  }
  for (auto& job : checked_.jobs) {
    for (auto& other : job.after) other = new_place[other];
    if (job.parent_place) job.parent_place = new_place[*job.parent_place];
  }
}

}  // namespace

store::Result<Checked> check_batch(Parsed parsed, store::Reader& reader,
                                   const CheckOptions& options) {
  return Checker(std::move(parsed), reader, options).run();
}

}  // namespace edits
