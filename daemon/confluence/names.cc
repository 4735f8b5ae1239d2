#include "daemon/confluence/names.h"

#include <algorithm>

namespace confluence {

namespace {

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.';
}

}  // namespace

bool is_plain_name(std::string_view text, std::size_t most) {
  return !text.empty() && text.size() <= most && text.front() != '.' &&
         text.find("..") == text.npos && std::all_of(text.begin(), text.end(), is_name_character);
}

bool is_account_id(std::string_view text) {
  constexpr std::size_t kMost = 128;
  return !text.empty() && text.size() <= kMost && std::all_of(text.begin(), text.end(), [](char c) {
    return is_name_character(c) || c == ':';
  });
}

}  // namespace confluence
