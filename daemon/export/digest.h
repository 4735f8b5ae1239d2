#pragma once

// A digest over a list of values, for telling whether anything of them has changed. The boundaries
// between values count. Not for secrets. One thread at a time.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "store/records.h"

namespace exporting {

class Digest {
 public:
  Digest& add(std::string_view text) {
    bytes_ += std::to_string(text.size());
    bytes_ += ':';
    bytes_ += text;
    return *this;
  }
  Digest& add(std::int64_t number) { return add(std::string_view(std::to_string(number))); }
  template <typename Value>
  Digest& add(const std::optional<Value>& value) {
    return value ? add(*value) : add(std::string_view("-")).add(std::int64_t{0});
  }
  Digest& add(store::Time time) { return add(std::int64_t{time.time_since_epoch().count()}); }
  Digest& add(const store::Sha256& hash) {
    return add(std::string_view(reinterpret_cast<const char*>(hash.data()), hash.size()));
  }
  // 32 hexadecimal digits.
  std::string hex() const { return store::to_hex(store::sha256(bytes_)).substr(0, 32); }

 private:
  std::string bytes_;
};

// 16 hexadecimal digits that stand for a text.
inline std::string short_hash(std::string_view text) {
  return store::to_hex(store::sha256(text)).substr(0, 16);
}

}  // namespace exporting
