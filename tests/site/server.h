#pragma once

// The simulated Confluence Cloud site: a real HTTP/1.1 server on 127.0.0.1 that behaves as
// Confluence's API does, for tests, benchmarks and the demo.
//
// The constructor generates the content, listens and returns when requests can come; it throws
// std::runtime_error when the port cannot be had. The destructor (or stop()) closes every
// connection and joins the threads; the port then refuses. Every function may be called from any
// thread. Content is guarded by one reader-writer lock: with_content() holds it alone, so never
// call another function of the server in there.
//
//   site::ServerOptions options;
//   options.content = {.spaces = 3, .pages = 60};
//   site::Server server(options);
//   // sync against server.url() as options.email with options.token, then
//   EXPECT_EQ(site::compare(server.digest(), exported, {}).differences, 0U);   (compare.h)

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/site/content.h"
#include "tests/site/credentials.h"
#include "tests/site/settings.h"
#include "tests/site/traffic.h"
#include "tests/site/write_log.h"

namespace site {

struct ServerOptions {
  ContentOptions content;
  Settings settings;
  std::string host = "127.0.0.1";  // loopback addresses only
  std::uint16_t port = 0;          // 0 = any free one
  unsigned threads = 2;
  std::string email = "bot@example.com";
  std::string token = "site-token";
  std::string base_url;  // of _links.base; "" = a host that does not exist: nobody may follow it
  std::uint32_t poison = 0;       // pages whose bodies answer 500, see poison_pages()
  std::uint32_t poison_rows = 0;  // pages whose JSON lacks fields or has wrong types
};

// An API request as it came in.
struct Seen {
  std::uint64_t number = 0;  // 1, 2, ... since the start
  std::string method;
  std::string target;  // path and query as sent
  std::string route;   // `GET /wiki/api/v2/pages/{id}`
};

// A fault that a coming write will draw whatever the dice say.
struct NextWrite {
  Fault fault = Fault::kAppliedReset;
  Id page = 0;              // of the request's path; 0 = any, creates too
  std::string what{};       // create, update, title, delete, move; "" = any
  std::uint32_t skip = 0;   // so many that fit go by first
  std::uint32_t count = 1;  // then so many are hit
};

class Connect;  // connect.h

class Server {
 public:
  explicit Server(const ServerOptions& options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const;
  std::string url() const;  // http://127.0.0.1:PORT
  const ServerOptions& options() const;
  void stop();

  Settings settings() const;
  void change_settings(const std::function<void(Settings&)>& change);
  void set_fault(Fault fault, double probability);
  void clear_faults();

  // From now on only this token is good; "" = none is.
  void set_token(std::string_view token);
  // The other ways in, and what is wrong with them; see credentials.h and gateway.h.
  Credentials& credentials();
  // Whose token it is: what /user/current answers.
  std::string account_id() const;

  Counters counters() const;
  void reset_counters();

  // Called on a server thread for every API request after it was counted and before it is answered;
  // no lock is held. An empty function takes it away; a call may still be running then.
  void observe(std::function<void(const Seen&)> observer);

  // Ids in ascending order.
  std::vector<Id> poison_pages() const;
  std::vector<Id> poison_rows() const;
  void set_poison(const std::vector<Id>& pages);
  void set_poison_rows(const std::vector<Id>& pages);
  // Folders, whiteboards, databases and embeds that answer 403.
  void set_forbidden(const std::vector<Id>& containers);

  // Waits behind those that were given before; a write that the rate limit refuses is not counted.
  void next_write(const NextWrite& next);
  void clear_next_writes();
  std::vector<WriteEntry> writes() const;  // see write_log.h
  void clear_writes();
  // Pages that the account may see and not change; spaces in which it may not create.
  void set_read_only(const std::vector<Id>& pages);
  void set_closed_spaces(const std::vector<Id>& spaces);

  // A write by somebody else, through the rules of the API and nothing else: no limits, no faults,
  // and the account's permissions do not count. Status and body of the answer. `target` is path and
  // query, e.g. /wiki/api/v2/pages/7.
  std::pair<int, std::string> others_write(std::string_view method, std::string_view target,
                                           std::string_view json = {});

  // Atlassian Connect; its accounts are those of the content.
  Connect& connect();

  // JSON Lines, see digest.h.
  std::string digest() const;
  std::string state_digest() const;

  // Runs `work` with the content to itself.
  void with_content(const std::function<void(Content&)>& work);
  void with_content(const std::function<void(const Content&)>& work) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace site
