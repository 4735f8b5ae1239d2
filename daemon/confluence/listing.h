#pragma once

// What the site answered, as the rest of the program knows it: plain values, made by parse.h and
// completed by client.h.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "store/records.h"

namespace confluence {

struct Identity {
  std::string account_id;
  std::string display_name;
  std::string email;
  std::optional<store::Time> server_time;  // the answer's Date header
};

// One row that could not be read: the rest of its listing could.
struct BadRow {
  std::string id;  // as far as it is known, else ""
  std::string reason;
};

template <typename Row>
struct Listing {
  std::vector<Row> rows;
  std::vector<BadRow> bad_rows;
  std::string next;  // site-relative link to the rest, "" at the end
  store::Observation observation = 0;
  store::Time received_at{};
  std::optional<store::Time> server_time;
  std::uint64_t wire_bytes = 0;
  std::uint64_t body_bytes = 0;
  std::chrono::milliseconds elapsed{0};
};

}  // namespace confluence
