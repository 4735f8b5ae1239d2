#pragma once

// The edit queue and the state of the mirror for the commands: asked of the daemon where it
// answers, of the file where it does not; the answers are the same (serve/queue_calls.h). One
// thread.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/cli/globals.h"
#include "daemon/cli/service_client.h"
#include "daemon/serve/queue_calls.h"

namespace cli {

class QueueAccess {
 public:
  explicit QueueAccess(const GlobalOptions& globals)
      : globals_(globals), client_(ServiceClient::find(globals)) {}

  serve::Reply status();
  serve::Reply batches(std::int64_t limit);
  serve::Reply batch(std::optional<store::BatchId> id);  // else the newest
  serve::Reply jobs(const store::JobFilter& filter);
  serve::Reply job(store::JobId id);

  serve::Reply submit(const std::string& text, const serve::SubmitOptions& options);
  // A write action that is queued and not waited for.
  serve::Reply submit_action(const std::string& action, const std::string& json);
  serve::Reply dry_run(const std::string& action, const std::string& json);
  serve::Reply retry(const serve::Chosen& chosen, std::optional<store::OnConflict> policy);
  serve::Reply cancel(const serve::Chosen& chosen);
  serve::Reply undo(const serve::Chosen& chosen, const serve::SubmitOptions& options);
  serve::Reply pause(const std::string& reason);
  serve::Reply resume();

  const std::optional<ServiceClient>& client() const { return client_; }
  // What the daemon says, unless it must not talk to us: then the file is tried.
  std::optional<serve::Reply> ask(const std::string& method, const std::string& target,
                                  const std::string& body = {},
                                  const ServiceClient::Headers& headers = {});

 private:
  using Parameters = std::vector<std::pair<std::string, std::string>>;
  struct List {
    std::string path;
    const char* name;    // of the list in the answer
    const char* cursor;  // the parameter that takes `next`
  };
  std::optional<serve::Reply> ask_list(const List& list, const Parameters& parameters,
                                       std::int64_t limit);  // -1: all
  using Local = std::function<serve::Reply(const serve::QueueCalls&, store::JobQueue*)>;
  serve::Reply on_file(const Local& call, bool writes);

  const GlobalOptions& globals_;
  std::optional<ServiceClient> client_;
};

}  // namespace cli
