#pragma once

// A value that must not be seen: it formats and prints as `***`, is wiped when it goes, and gives
// its text only through expose(), which is what to search for when secrets are reviewed. Movable;
// copying is explicit. Any thread, not shared.

#include <fmt/format.h>
#include <string.h>

#include <ostream>
#include <string>
#include <string_view>
#include <utility>

namespace base {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  Secret(Secret&& other) noexcept : text_(std::move(other.text_)) { other.wipe(); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      wipe();
      text_ = std::move(other.text_);
      other.wipe();
    }
    return *this;
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { wipe(); }

  Secret copy() const { return Secret(text_); }
  std::string_view expose() const { return text_; }
  const char* expose_c_str() const { return text_.c_str(); }
  bool empty() const { return text_.empty(); }

  friend std::ostream& operator<<(std::ostream& out, const Secret&) { return out << "***"; }

 private:
  void wipe() {
    ::explicit_bzero(text_.data(), text_.size());
    text_.clear();
  }
  std::string text_;
};

}  // namespace base

template <>
struct fmt::formatter<base::Secret> : fmt::formatter<std::string_view> {
  template <typename Context>
  auto format(const base::Secret&, Context& context) const {
    return fmt::formatter<std::string_view>::format("***", context);
  }
};
