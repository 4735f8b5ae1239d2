#pragma once

// Small questions about text. Any thread; no errors.

#include <string_view>

namespace confluence {

inline bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace confluence
