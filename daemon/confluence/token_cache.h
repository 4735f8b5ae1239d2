#pragma once

// Tokens that are got from somewhere and last for a while, one for each key (the user that it is
// for; "" = the connection itself).
//
// 1. One exchange at a time per key: whoever asks meanwhile waits for its outcome, good or bad, and
//    a caller that is canceled leaves the exchange to the next.
// 2. A token is given out until its good_until, which the fetcher sets early enough.
// 3. At most `most` tokens are kept; the one that ends first makes room.
// Threads: the network thread. Ownership: outlives the coroutines that wait in get(). Errors: those
// of the fetcher.

#include <boost/asio/io_context.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "daemon/base/async.h"
#include "daemon/base/clock.h"
#include "daemon/base/secret.h"
#include "store/error.h"

namespace confluence {

class TokenCache {
 public:
  struct Token {
    Token() = default;
    base::Secret text;  // as the fetcher wants it back: the whole Authorization header, say
    base::Clock::Steady good_until{};
  };
  using Fetch = std::function<base::Awaitable<store::Result<Token>>(std::string key)>;

  TokenCache(boost::asio::io_context& io, const base::Clock& clock, Fetch fetch,
             std::size_t most = 1000);

  base::Awaitable<store::Result<base::Secret>> get(std::string key);

  // Takes the key's token away, if it is one that was given out at that time already. Whether the
  // key had a token: a newer one counts, for it has not been tried.
  bool forget(const std::string& key, base::Clock::Steady given_at);
  // All of them; an exchange that is under way brings nothing any more.
  void clear();

 private:
  struct Entry {
    explicit Entry(boost::asio::io_context& io) : changed(io) {}
    std::optional<Token> token;
    base::Clock::Steady fetched_at{};
    bool fetching = false;
    int waiting = 0;
    std::uint64_t failures = 0;
    std::optional<store::Error> failure;  // of the last exchange
    base::Signal changed;
  };
  base::Awaitable<store::Result<base::Secret>> fetch_for(std::string key,
                                                         std::shared_ptr<Entry> entry);
  void make_room();

  boost::asio::io_context& io_;
  const base::Clock& clock_;
  Fetch fetch_;
  std::size_t most_;
  std::map<std::string, std::shared_ptr<Entry>> entries_;
};

}  // namespace confluence
