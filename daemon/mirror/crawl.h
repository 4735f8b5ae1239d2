#pragma once

// One full crawl: spaces, then pages with bodies, older versions, names, and a closing poll for
// what changed meanwhile.
//
// 1. The identity canary first: a token that the site does not know ends the crawl before anything
//    is written; and once more at the end. A crawl that ends because of its credentials is not
//    taken up again but planned anew: who knows what the site showed to a stranger.
// 2. The plan (walks over groups of spaces) is on disk before the first listing; each walk's cursor
//    is saved with its rows. A crawl that did not end is taken up where it stopped, if the scope is
//    the same and it is not older than a day.
// 3. An incremental run (options.incremental) asks only for what changed since the watermark, the
//    site's time at the start of the last run that saw everything to its end. It becomes a full one
//    where that cannot tell the whole: no full run of the same scope before, or a change in a
//    space that nobody knows. Moves, archiving, trashing and what is gone make no version: only
//    full runs see them. It may run beside a full one (options.beside_run), and leaves older
//    versions and unknown spaces to that one.
// 4. Bodies come before history, history before names; beside the history come the nodes that pages
//    name as their parents (nodes.h). What one page or listing does wrong stops nothing else.
// 5. At last comes what changed meanwhile (changes.h), and what is gone (vanished.h): marked only
//    by a crawl that came to its end with the same identity as at its start.
//
// Threads: the network thread. Ownership: refers to everything in CrawlDeps; must outlive its
// coroutines (run() to its end). run() returns an error for what ended the crawl as a whole; what
// failed singly is in progress().failures. Cancelling the coroutine that awaits run() does nothing:
// stop() is the way to end it.

#include <memory>

#include "daemon/mirror/context.h"

namespace mirror {

class Crawl {
 public:
  Crawl(CrawlDeps deps, CrawlOptions options, confluence::Identity who);
  ~Crawl();
  Crawl(const Crawl&) = delete;
  Crawl& operator=(const Crawl&) = delete;

  base::Awaitable<store::Result<void>> run();
  // Ends run() soon with kCanceled; what was committed stays.
  void stop();
  const Progress& progress() const;
  // 0 until the mirror knows of this run.
  std::int64_t run_id() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// Whether a full run of this scope was interrupted, so that the next one goes on where it stopped.
store::Result<bool> has_unfinished(store::Reader& reader, const std::string& scope);

}  // namespace mirror
