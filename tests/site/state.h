#pragma once

// What the parts of the server share. Each group is guarded by the mutex above it; take
// content_mutex before control_mutex, and the write log's and the traffic's own locks last.

#include <functional>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <string>
#include <vector>

#include "tests/site/connect.h"
#include "tests/site/content.h"
#include "tests/site/credentials.h"
#include "tests/site/random.h"
#include "tests/site/server.h"
#include "tests/site/settings.h"
#include "tests/site/traffic.h"
#include "tests/site/write_log.h"

namespace site {

struct State {
  explicit State(const ServerOptions& server_options);

  const ServerOptions options;
  const std::string base_url;

  mutable std::shared_mutex content_mutex;
  Content content;
  std::set<Id> poison;          // bodies answer 500
  std::set<Id> poison_rows;     // JSON is wrong
  std::set<Id> forbidden;       // folders, whiteboards, ... that answer 403
  std::set<Id> read_only;       // pages that the account may see and not change
  std::set<Id> closed_spaces;   // spaces in which it may not create
  bool request_writes = false;  // the change under way is a request's, which logs it itself

  mutable std::mutex control_mutex;
  Settings settings;
  std::string token;
  Random dice;
  std::function<void(const Seen&)> observer;
  std::uint64_t seen = 0;
  std::vector<NextWrite> next_writes;  // what waits to be played, see server.h

  Credentials credentials;
  Traffic traffic;
  WriteLog writes;
  Connect connect;  // has a lock of its own
};

// `count` pages that are no homepages, the same for the same content.
std::set<Id> choose_pages(const Content& content, std::uint32_t count, std::uint64_t salt);

}  // namespace site
