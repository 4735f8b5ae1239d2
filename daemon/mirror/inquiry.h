#pragma once

// What the parts of one verification share: how the site is asked, and what could not be compared.
// Owned by Verify; network thread only (the functions given to read() run on the reader thread).
//
// A failure ends the verification where it is one of the whole (the site does not answer, does not
// know us, or the mirror is damaged); any other is named, with the pages or the listing it is of.

#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "daemon/base/async.h"
#include "daemon/base/clock.h"
#include "daemon/base/task_group.h"
#include "daemon/confluence/client.h"
#include "store/reader.h"

namespace mirror {

struct VerifyDeps {
  boost::asio::io_context& io;
  confluence::Client& client;
  store::Reader& reader;                    // used on reader_thread only
  boost::asio::thread_pool& reader_thread;  // of one thread
  const base::Clock& clock;
};

struct VerifyOptions {
  std::function<bool(const store::Space&)> admits;  // which spaces the mirror is to hold
  std::vector<std::string> space_statuses{"current", "archived"};
  std::vector<std::string> page_statuses{"current", "archived", "trashed"};
  int max_concurrency = 8;
  bool whole_site = true;    // `admits` says what the mirror keeps, not what this run looks at
  std::size_t sample = 100;  // pages whose bodies are compared
  std::uint64_t seed = 0;    // of the lot that chooses them
};

struct VerifyProgress {
  std::string phase;              // "spaces", "pages", "bodies", "second look", "identity"
  std::int64_t pages_known = 0;   // that the listings ought to show
  std::int64_t pages_listed = 0;  // rows that they have shown
  std::int64_t bodies = 0;        // compared
  std::int64_t suspects = 0;      // still to be looked at again
};

std::optional<store::Id> id_of(const confluence::BadRow& row);

class Inquiry {
 public:
  Inquiry(VerifyDeps verify_deps, VerifyOptions verify_options)
      : deps(verify_deps), options(std::move(verify_options)), tasks(deps.io) {}

  // What the site said of pages and spaces that were asked for by id. Texts of bodies are dropped,
  // their hashes stay.
  struct Pages {
    std::unordered_map<store::Id, store::Page> shown;
    std::unordered_set<store::Id> unclear;  // named in left_out
  };
  struct Spaces {
    std::unordered_map<store::Id, store::Space> shown;
    std::unordered_set<store::Id> unclear;
  };

  // At most 250 ids, whatever their status. What an answer does not show is asked for again, alone,
  // as long as answers show some of it: one that was cut convinces nobody. With bodies, a batch
  // that fails is halved until what fails is one page.
  base::Awaitable<void> ask_pages(std::vector<store::Id> ids, bool bodies, Pages& pages);
  base::Awaitable<void> ask_spaces(std::vector<store::Id> ids, Spaces& spaces);

  // Ends the verification; the first reason stays.
  void fail(store::Error error);
  // Names `subject` among what could not be compared, unless the failure is one of the whole.
  base::Awaitable<void> give_up(std::string subject, store::Error error);
  void leave_out(const std::string& subject, const std::string& reason) {
    left_out.try_emplace(subject, reason);
  }
  void succeeded() { failed_in_a_row_ = 0; }
  // nullopt if the site still takes us for who we are, else what is wrong.
  base::Awaitable<std::optional<store::Error>> canary();

  // Runs `query(Reader&)` on the reader thread; nullopt: that failed, and this was the end.
  template <typename Query>
  auto read(Query query) -> base::Awaitable<
      std::optional<typename std::invoke_result_t<Query&, store::Reader&>::value_type>> {
    auto work = [this, query = std::move(query)]() mutable { return query(deps.reader); };
    auto result = co_await base::run_on(deps.reader_thread, std::move(work));
    if (result) co_return std::move(*result);
    fail(std::move(result.error()));
    co_return std::nullopt;
  }

  VerifyDeps deps;
  VerifyOptions options;
  VerifyProgress progress;
  std::string account_id;  // who the site took us for at the start
  store::Time began_at{};  // by the site's clock
  base::TaskGroup tasks;
  std::optional<store::Error> fatal;
  std::map<std::string, std::string> left_out;  // what could not be compared, and why

 private:
  base::Awaitable<bool> survives(store::Error error);
  base::Awaitable<store::Result<void>> ask_until_silent(std::unordered_set<store::Id>& open,
                                                        bool bodies, Pages& pages);
  base::Awaitable<store::Result<void>> ask_once(std::unordered_set<store::Id>& open, bool bodies,
                                                Pages& pages);
  base::Awaitable<store::Result<void>> ask_once(std::unordered_set<store::Id>& open,
                                                Spaces& spaces);

  int failed_in_a_row_ = 0;
};

}  // namespace mirror
