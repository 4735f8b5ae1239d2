#pragma once

// A client of the daemon's local service, over its Unix socket: one request a connection. Blocking;
// any thread. Ownership: by value. Errors: kUnreachable where nobody answers (any more), kSystem,
// kBug for an answer that is none. What the service itself says is a Reply (serve/reply.h).

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/cli/globals.h"
#include "daemon/serve/reply.h"
#include "store/error.h"

namespace cli {

class ServiceClient {
 public:
  // The daemon of this configuration; nullopt: none answers, or there is no configuration, or the
  // command is about another mirror file. Then the file is there to be used.
  static std::optional<ServiceClient> find(const GlobalOptions& globals);

  using Headers = std::vector<std::pair<std::string, std::string>>;
  // The service itself waits longer only where it was asked to.
  static constexpr std::chrono::seconds kPatience{60};
  // `target`: path and query, encoded. `patience`: with a service that sends nothing.
  store::Result<serve::Reply> ask(const std::string& method, const std::string& target,
                                  const std::string& body = {}, const Headers& headers = {},
                                  std::chrono::seconds patience = kPatience) const;

 private:
  explicit ServiceClient(std::filesystem::path socket) : socket_(std::move(socket)) {}
  std::filesystem::path socket_;
};

// `name=value&...`, encoded, with the question mark; values that are "" are left out.
std::string query_of(const std::vector<std::pair<std::string, std::string>>& parameters);

}  // namespace cli
