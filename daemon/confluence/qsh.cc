#include "daemon/confluence/qsh.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

#include "daemon/confluence/text.h"

namespace confluence {

namespace {

std::string rfc3986(std::string_view text) {
  std::string out;
  append_encoded(out, text);
  return out;
}

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
  return std::nullopt;
}

std::string form_decoded(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '%' && at + 2 < text.size()) {
      const auto high = hex_digit(text[at + 1]);
      const auto low = hex_digit(text[at + 2]);
      if (high && low) {
        out += static_cast<char>(*high * 16 + *low);
        at += 2;
        continue;
      }
    }
    out += text[at] == '+' ? ' ' : text[at];
  }
  return out;
}

QueryPairs pairs_of(std::string_view query) {
  QueryPairs pairs;
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto one = query.substr(0, end);
    query = end == query.npos ? std::string_view() : query.substr(end + 1);
    if (one.empty()) continue;
    const auto equals = one.find('=');
    const auto value = equals == one.npos ? std::string_view() : one.substr(equals + 1);
    pairs.emplace_back(form_decoded(one.substr(0, equals)), form_decoded(value));
  }
  return pairs;
}

std::string canonical_path(std::string_view path) {
  std::string out;
  if (!path.starts_with('/')) out += '/';
  for (const char c : path) {
    if (c == '&') {
      out += "%26";
    } else {
      out += c;
    }
  }
  while (out.size() > 1 && out.ends_with('/')) out.pop_back();
  return out;
}

bool is_jwt(std::string_view name) {
  const auto same = [](char a, char b) { return (a | 0x20) == b; };
  constexpr std::string_view kName = "jwt";
  return name.size() == kName.size() && std::equal(name.begin(), name.end(), kName.begin(), same);
}

}  // namespace

std::string canonical_request(std::string_view method, std::string_view path,
                              const QueryPairs& query) {
  std::map<std::string, std::vector<std::string>> sorted;
  for (const auto& [name, value] : query) {
    if (!is_jwt(name)) sorted[rfc3986(name)].push_back(rfc3986(value));
  }
  std::string text;
  for (const char c : method) text += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  text += '&';
  text += canonical_path(path);
  text += '&';
  bool first = true;
  for (auto& [name, values] : sorted) {
    if (!std::exchange(first, false)) text += '&';
    text += name;
    text += '=';
    std::sort(values.begin(), values.end());
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i > 0) text += ',';
      text += values[i];
    }
  }
  return text;
}

std::string query_string_hash(std::string_view method, std::string_view path,
                              const QueryPairs& query) {
  const auto text = canonical_request(method, path, query);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  std::size_t length = 0;
  if (EVP_Q_digest(nullptr, "SHA256", nullptr, text.data(), text.size(), digest.data(), &length) !=
      1) {
    return {};  // equal to no hash
  }
  constexpr std::string_view kSmall = "0123456789abcdef";
  std::string hash;
  for (std::size_t i = 0; i < length; ++i) {
    hash += kSmall[digest[i] >> 4];
    hash += kSmall[digest[i] & 15u];
  }
  return hash;
}

std::string query_string_hash(std::string_view method, std::string_view target,
                              std::string_view base) {
  const auto question = std::min(target.find('?'), target.size());
  auto path = target.substr(0, question);
  const bool below =
      path.starts_with(base) && (path.size() == base.size() || path[base.size()] == '/');
  if (below) path.remove_prefix(base.size());
  const auto query = target.substr(std::min(question + 1, target.size()));
  return query_string_hash(method, path, pairs_of(query));
}

}  // namespace confluence
