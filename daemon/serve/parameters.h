#pragma once

// Pure: the parameters of a request's query, each with what is wrong with it. Names that are not
// known are refused, and so is one that stands twice where it counts once. Any thread.

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/input/fields.h"
#include "daemon/serve/message.h"
#include "daemon/serve/reply.h"
#include "store/jobs.h"

namespace serve {

class Query {
 public:
  explicit Query(const Request& request) : request_(request) {}

  std::string text(std::string_view name);  // "" = absent
  // All of that name; each may be a list with commas.
  std::vector<std::string> list(std::string_view name);
  std::optional<std::int64_t> number(std::string_view name, std::int64_t least, std::int64_t most);
  bool flag(std::string_view name);  // "", 1, true; 0, false
  std::optional<store::OnConflict> policy(std::string_view name);
  std::optional<store::Time> time(std::string_view name);
  void wrong(std::string_view name, std::string text);

  // What is wrong, with every parameter that nobody asked for; nullopt: nothing is.
  std::optional<Reply> refusal();

 private:
  const Request& request_;
  std::vector<std::string> asked_;
  std::vector<input::Problem> problems_;
};

// A number of a job or a batch in a path; nullopt: it is none.
std::optional<std::int64_t> number_in_path(const std::string& text);

}  // namespace serve
