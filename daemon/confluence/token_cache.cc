#include "daemon/confluence/token_cache.h"

#include <algorithm>

namespace confluence {

TokenCache::TokenCache(boost::asio::io_context& io, const base::Clock& clock, Fetch fetch,
                       std::size_t most)
    : io_(io), clock_(clock), fetch_(std::move(fetch)), most_(most) {}

base::Awaitable<store::Result<base::Secret>> TokenCache::get(std::string key) {
  std::optional<std::uint64_t> failures;  // seen when the wait began
  while (true) {
    auto found = entries_.find(key);
    if (found == entries_.end()) {
      make_room();
      found = entries_.emplace(key, std::make_shared<Entry>(io_)).first;
      failures.reset();
    }
    const auto entry = found->second;
    if (entry->token && clock_.steady() < entry->token->good_until) {
      co_return entry->token->text.copy();
    }
    if (failures && entry->failures != *failures && entry->failure) {
      co_return store::fail(*entry->failure);
    }
    if (!entry->fetching) break;
    failures = entry->failures;
    ++entry->waiting;
    struct Waiting {
      Entry& entry;
      ~Waiting() { --entry.waiting; }
    } waiting{*entry};
    co_await entry->changed.wait();
  }
  auto entry = entries_.find(key)->second;
  auto outcome = co_await fetch_for(std::move(key), std::move(entry));
  co_return outcome;
}

base::Awaitable<store::Result<base::Secret>> TokenCache::fetch_for(std::string key,
                                                                   std::shared_ptr<Entry> entry) {
  entry->fetching = true;
  // Also when a cancellation throws in here: the next one goes on then.
  struct End {
    Entry& entry;
    ~End() {
      entry.fetching = false;
      entry.changed.notify_all();
    }
  } end{*entry};
  auto fetched = co_await fetch_(std::move(key));
  if (!fetched) {
    // A cancellation is this caller's alone.
    if (fetched.error().kind != store::ErrorKind::kCanceled) {
      ++entry->failures;
      entry->failure = fetched.error();
    }
    co_return store::fail(std::move(fetched.error()));
  }
  entry->failure.reset();
  entry->fetched_at = clock_.steady();
  auto text = fetched->text.copy();
  entry->token = std::move(*fetched);
  co_return text;
}

bool TokenCache::forget(const std::string& key, base::Clock::Steady given_at) {
  const auto found = entries_.find(key);
  if (found == entries_.end() || !found->second->token) {
    // Another one that was refused has forgotten it already.
    return found != entries_.end();
  }
  if (found->second->fetched_at <= given_at) found->second->token.reset();
  return true;
}

// Whoever waits holds its entry; what is fetched for it there is not kept.
void TokenCache::clear() {
  auto old = std::move(entries_);
  entries_.clear();
  for (auto& [key, entry] : old) entry->changed.notify_all();
}

void TokenCache::make_room() {
  if (entries_.size() < most_) return;
  const auto ends_at = [](const Entry& entry) {
    return entry.token ? entry.token->good_until : base::Clock::Steady::min();
  };
  auto victim = entries_.end();
  for (auto at = entries_.begin(); at != entries_.end(); ++at) {
    if (at->second->fetching || at->second->waiting > 0) continue;
    if (victim == entries_.end() || ends_at(*at->second) < ends_at(*victim->second)) victim = at;
  }
  if (victim != entries_.end()) entries_.erase(victim);
}

}  // namespace confluence
