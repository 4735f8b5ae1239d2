#include "daemon/mirror/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <unordered_map>
#include <unordered_set>

#include "daemon/base/log.h"
#include "daemon/confluence/requests.h"
#include "daemon/mirror/checklist.h"
#include "daemon/mirror/context.h"
#include "daemon/mirror/follow.h"
#include "daemon/mirror/plan.h"
#include "daemon/mirror/second_look.h"
#include "daemon/mirror/site_spaces.h"

namespace mirror {

namespace {

constexpr std::size_t kRunsRead = 20;

// What the mirror says about itself.
struct MirrorFacts {
  std::string account_id;
  std::vector<store::RunUpdate> runs;
  std::string last_full_sync_at;
  std::vector<store::QuarantineRow> quarantine;
};

store::Result<MirrorFacts> read_mirror_facts(store::Reader& reader) {
  MirrorFacts facts;
  auto account = reader.meta("account_id");
  if (!account) return store::fail(account.error());
  facts.account_id = account->value_or("");
  auto runs = reader.runs(kRunsRead);
  if (!runs) return store::fail(runs.error());
  facts.runs = std::move(*runs);
  auto full = reader.meta("last_full_sync_at");
  if (!full) return store::fail(full.error());
  facts.last_full_sync_at = full->value_or("");
  auto quarantine = reader.quarantine();
  if (!quarantine) return store::fail(quarantine.error());
  facts.quarantine = std::move(*quarantine);
  return facts;
}

}  // namespace

class Verify::Impl {
 public:
  Impl(VerifyDeps deps, VerifyOptions options)
      : inquiry_(deps, std::move(options)), spaces_(inquiry_), second_look_(inquiry_, spaces_) {}

  base::Awaitable<store::Result<VerifyReport>> run();
  void stop() {
    inquiry_.fail(
        store::Error(store::ErrorKind::kCanceled, "canceled", "the verification was interrupted"));
  }
  const VerifyProgress& progress() const { return inquiry_.progress; }

 private:
  using Step = base::Awaitable<void> (Impl::*)();
  base::Awaitable<void> work();
  base::Awaitable<void> begin();
  base::Awaitable<void> list_spaces() { return spaces_.list(); }
  base::Awaitable<void> read_pages();
  base::Awaitable<void> list_pages();
  base::Awaitable<void> list_group(std::vector<store::Id> group);
  base::Awaitable<void> compare_bodies();
  base::Awaitable<void> look_again();
  base::Awaitable<void> compare_spaces();
  base::Awaitable<void> second_canary();
  VerifyReport report();
  std::vector<SpaceTally> tallies(const std::vector<Difference>& differences) const;

  Inquiry inquiry_;
  SiteSpaces spaces_;
  Checklist checklist_;
  SecondLook second_look_;
  MirrorFacts mirror_;
};

base::Awaitable<store::Result<VerifyReport>> Verify::Impl::run() {
  co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
  inquiry_.tasks.spawn(work());
  std::string what;
  try {
    co_await inquiry_.tasks.join();
  } catch (const std::exception& e) {
    what = e.what();
  }
  if (!what.empty()) {
    inquiry_.fail(store::Error(store::ErrorKind::kBug, "verify_bug",
                               fmt::format("cannot go on with the verification: {}", what),
                               "This is a defect: please report it."));
  }
  if (inquiry_.fatal) co_return store::fail(*inquiry_.fatal);
  co_return report();
}

base::Awaitable<void> Verify::Impl::work() {
  struct Named {
    const char* phase;
    Step step;
  };
  static constexpr std::array<Named, 8> kSteps{{{"identity", &Impl::begin},
                                                {"spaces", &Impl::list_spaces},
                                                {"pages", &Impl::read_pages},
                                                {"pages", &Impl::list_pages},
                                                {"bodies", &Impl::compare_bodies},
                                                {"second look", &Impl::look_again},
                                                {"second look", &Impl::compare_spaces},
                                                {"identity", &Impl::second_canary}}};
  for (const auto& [phase, step] : kSteps) {
    if (inquiry_.fatal) co_return;
    inquiry_.progress.phase = phase;
    co_await (this->*step)();
  }
}

base::Awaitable<void> Verify::Impl::begin() {
  const auto began = inquiry_.deps.clock.now();
  auto facts = co_await inquiry_.read(read_mirror_facts);
  if (!facts) co_return;
  mirror_ = std::move(*facts);
  const auto asked_at = inquiry_.deps.clock.now();
  auto who = co_await inquiry_.deps.client.who_am_i();
  if (!who) {
    inquiry_.fail(std::move(who.error()));
    co_return;
  }
  inquiry_.account_id = who->account_id;
  if (!mirror_.account_id.empty() && mirror_.account_id != who->account_id) {
    inquiry_.fail(store::Error(
        store::ErrorKind::kCredentialsBad, "another_account",
        fmt::format("cannot compare: the mirror was last synced as account '{}', the site takes us "
                    "for '{}', who may see other pages",
                    mirror_.account_id, who->account_id),
        "verify with the account of the mirror, or sync with this one first"));
    co_return;
  }
  inquiry_.began_at =
      by_clock_of_site(began, asked_at, inquiry_.deps.clock.now(), who->server_time);
  for (const auto& row : mirror_.quarantine) second_look_.note(row.subject, row.reason);
}

base::Awaitable<void> Verify::Impl::read_pages() {
  auto query = [this](store::Reader& reader) -> store::Result<Checklist> {
    Checklist checklist;
    auto done = reader.for_each_page(
        [&](const store::PageRow& row) {
          checklist.expect(row, spaces_.expects(row));
          return true;
        },
        false, {});
    if (!done) return store::fail(done.error());
    return checklist;
  };
  auto checklist = co_await inquiry_.read(std::move(query));
  if (!checklist) co_return;
  checklist_ = std::move(*checklist);
  inquiry_.progress.pages_known = checklist_.pages_listed();
}

base::Awaitable<void> Verify::Impl::list_pages() {
  const bool whole = spaces_.admitted().size() >= spaces_.left_out();
  const auto groups = sweep_groups(spaces_.loads(), inquiry_.options.max_concurrency, whole);
  std::vector<base::Awaitable<void>> tasks;
  for (const auto& group : groups) tasks.push_back(list_group(group));
  co_await inquiry_.tasks.all(std::move(tasks));
}

base::Awaitable<void> Verify::Impl::list_group(std::vector<store::Id> group) {
  confluence::PagesQuery query;
  query.space_ids = group;
  query.statuses = inquiry_.options.page_statuses;
  query.bodies = false;
  auto fetch = [this](std::string target) {
    return inquiry_.deps.client.pages(std::move(target), confluence::Priority::kBodies,
                                      confluence::RetryBudget());
  };
  auto take = [this](confluence::Listing<store::Page> listing) -> base::Awaitable<bool> {
    inquiry_.succeeded();
    for (const auto& page : listing.rows) {
      checklist_.see(page, spaces_.admitted().contains(page.space_id));
    }
    for (const auto& row : listing.bad_rows) {
      if (const auto id = id_of(row)) checklist_.see_unreadable(*id);
      inquiry_.leave_out(page_subject(row.id), row.reason);
    }
    inquiry_.progress.pages_listed += static_cast<std::int64_t>(listing.rows.size());
    co_return !inquiry_.fatal;
  };
  auto listed = co_await follow(confluence::pages_target(query), std::move(fetch), std::move(take));
  if (listed) co_return;
  if (group.empty()) {
    for (const auto id : spaces_.admitted()) checklist_.excuse(id);
  }
  for (const auto id : group) checklist_.excuse(id);
  std::string subject = "listing:pages of all spaces";
  if (!group.empty()) {
    subject = fmt::format("listing:pages of spaces {}", fmt::join(spaces_.keys(group), ","));
  }
  co_await inquiry_.give_up(std::move(subject), listed.error());
}

base::Awaitable<void> Verify::Impl::compare_bodies() {
  for (const auto& suspect : checklist_.suspects()) second_look_.suspect(suspect);
  const auto sample = checklist_.sample(inquiry_.options.sample, inquiry_.options.seed);
  co_await second_look_.compare_bodies(sample);
}

base::Awaitable<void> Verify::Impl::look_again() {
  co_await second_look_.confirm();
  if (const auto dropped = second_look_.dropped_by_listings(); dropped > 0) {
    inquiry_.leave_out("listing:pages",
                       fmt::format("it left out {} pages that the site shows when asked for by id: "
                                   "whether the mirror lacks some cannot be told",
                                   dropped));
  }
  if (const auto pages = checklist_.not_looked_at(); pages > 0) {
    inquiry_.leave_out(
        "pages", fmt::format("{} pages of the mirror stand in listings that broke off", pages));
  }
}

base::Awaitable<void> Verify::Impl::compare_spaces() { return spaces_.compare(); }

base::Awaitable<void> Verify::Impl::second_canary() {
  auto red = co_await inquiry_.canary();
  if (red) inquiry_.fail(std::move(*red));
}

std::vector<SpaceTally> Verify::Impl::tallies(const std::vector<Difference>& differences) const {
  std::map<store::Id, SpaceTally> by_id;
  for (const auto id : spaces_.admitted()) by_id[id];
  for (const auto& [id, pages] : checklist_.listed_by_space()) by_id[id].in_mirror = pages;
  for (const auto& [id, pages] : checklist_.seen_by_space()) by_id[id].on_site = pages;
  for (const auto& difference : differences) ++by_id[difference.space_id].differences;
  std::vector<SpaceTally> tallies;
  for (auto& [id, tally] : by_id) {
    tally.space_id = id;
    tally.key = spaces_.key(id);
    tallies.push_back(std::move(tally));
  }
  std::sort(tallies.begin(), tallies.end(), [](const SpaceTally& a, const SpaceTally& b) {
    return a.key != b.key ? a.key < b.key : a.space_id < b.space_id;
  });
  return tallies;
}

VerifyReport Verify::Impl::report() {
  VerifyReport made;
  made.differences = second_look_.take_differences();
  for (auto& difference : spaces_.take_differences()) {
    made.differences.push_back(std::move(difference));
  }
  for (auto& difference : made.differences) {
    auto key = spaces_.key(difference.space_id);
    if (!key.empty()) difference.space_key = std::move(key);
  }
  std::sort(made.differences.begin(), made.differences.end(),
            [](const Difference& a, const Difference& b) {
              if (a.kind != b.kind) return a.kind < b.kind;
              if (a.space_key != b.space_key) return a.space_key < b.space_key;
              return a.page_id < b.page_id;
            });
  made.spaces = tallies(made.differences);
  made.left_out = inquiry_.left_out;
  made.account_id = inquiry_.account_id;
  made.spaces_in_mirror = spaces_.in_mirror();
  made.spaces_on_site = static_cast<std::int64_t>(spaces_.admitted().size());
  made.pages_in_mirror = checklist_.pages_listed();
  made.pages_on_site = checklist_.pages_seen();
  made.bodies_missing = checklist_.bodies_missing();
  made.bodies_compared = inquiry_.progress.bodies;
  made.changing = second_look_.changing() + spaces_.changing();
  made.quarantined = static_cast<std::int64_t>(mirror_.quarantine.size());
  for (const auto& run : mirror_.runs) {
    const bool ended = run.outcome == "done" || run.outcome == "partial";
    if (ended && run.finished_at && !made.last_sync_at) made.last_sync_at = run.finished_at;
  }
  if (const auto full = store::parse_iso8601(mirror_.last_full_sync_at)) {
    made.last_full_sync_at = *full;
  }
  base::crawl_log().info("verified pages={} bodies={} differences={} left_out={} requests={}",
                         made.pages_on_site, made.bodies_compared, made.differences.size(),
                         made.left_out.size(), inquiry_.deps.client.usage().requests);
  return made;
}

Verify::Verify(VerifyDeps deps, VerifyOptions options)
    : impl_(std::make_unique<Impl>(deps, std::move(options))) {}
Verify::~Verify() = default;
base::Awaitable<store::Result<VerifyReport>> Verify::run() { co_return co_await impl_->run(); }
void Verify::stop() { impl_->stop(); }
const VerifyProgress& Verify::progress() const { return impl_->progress(); }

}  // namespace mirror
