#include "tests/secrets/search.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

namespace secrets {

namespace {

constexpr std::string_view kStandard =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kForAddresses =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// What is the same whatever stands around it, where `before` bytes of a group of three do.
std::string base64(std::string_view text, std::size_t before, std::string_view alphabet) {
  const std::string bytes = std::string(before, '\0') + std::string(text);
  const auto bit = [&bytes](std::size_t at) {
    return (static_cast<unsigned char>(bytes[at / 8]) >> (7 - at % 8)) & 1;
  };
  std::string encoded;
  for (auto at = (before * 8 + 5) / 6 * 6; at + 6 <= bytes.size() * 8; at += 6) {
    std::size_t value = 0;
    for (std::size_t i = 0; i < 6; ++i) value = value * 2 + static_cast<std::size_t>(bit(at + i));
    encoded += alphabet[value];
  }
  return encoded;
}

template <typename Escape>
std::string escaped(std::string_view text, Escape&& escape) {
  std::string result;
  for (const char c : text) result += escape(c);
  return result;
}

int code(char c) { return static_cast<unsigned char>(c); }

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~").find(c) != std::string_view::npos;
}

std::string in_json(char c) {
  if (c == '"' || c == '\\') return std::string("\\") + c;
  return std::string(1, c);
}

std::string in_careful_json(char c) {
  if (c == '/') return "\\/";
  const bool plain = std::string_view("\"\\<>&'").find(c) == std::string_view::npos;
  return plain ? std::string(1, c) : fmt::format("\\u{:04x}", code(c));
}

std::string in_html(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    default:
      return std::string(1, c);
  }
}

}  // namespace

Search::Search(const std::vector<Secret>& wanted) {
  for (const auto& [name, text] : wanted) {
    add(name, "as it is", text);
    for (std::size_t before = 0; before < 3; ++before) {
      add(name, "in base64", base64(text, before, kStandard));
      add(name, "in base64 for addresses", base64(text, before, kForAddresses));
    }
    add(name, "in hex", escaped(text, [](char c) { return fmt::format("{:02x}", code(c)); }));
    add(name, "in HEX", escaped(text, [](char c) { return fmt::format("{:02X}", code(c)); }));
    add(name, "percent-encoded", escaped(text, [](char c) {
          return is_unreserved(c) ? std::string(1, c) : fmt::format("%{:02X}", code(c));
        }));
    add(name, "percent-encoded in lower case", escaped(text, [](char c) {
          return is_unreserved(c) ? std::string(1, c) : fmt::format("%{:02x}", code(c));
        }));
    add(name, "in JSON", escaped(text, in_json));
    add(name, "in JSON for HTML", escaped(text, in_careful_json));
    add(name, "in HTML", escaped(text, in_html));
  }
}

void Search::add(const std::string& name, const char* how, std::string text) {
  const bool there = std::any_of(forms_.begin(), forms_.end(),
                                 [&text](const Form& form) { return form.text == text; });
  if (!there) forms_.push_back({name + " " + how, std::move(text)});
}

std::vector<std::string> Search::find(std::string_view text) const {
  std::vector<std::string> found;
  for (const auto& form : forms_) {
    const auto at = text.find(form.text);
    if (at != text.npos) found.push_back(fmt::format("{} at byte {}", form.name, at));
  }
  return found;
}

const std::vector<Secret>& known() {
  static const std::vector<Secret> kKnown = {
      {"the API token of the site", "site-token"},
      {"another API token", "another-token"},
      {"the scoped API token", "site-scoped-token"},
      {"the bearer token of the site", "site-bearer-token"},
      {"the secret of the service account", "site-client-secret"},
      {"an access token", "site-access-token"},
      {"the first secret of a scheme", "site-secret-one"},
      {"the second secret of a scheme", "site-secret-two"},
      {"a shared secret", "shared-secret-of-the-tests-1"},
      {"a second shared secret", "shared-secret-of-the-tests-2"},
      {"a third shared secret", "a-shared-secret-of-some-length"},
      {"a fourth shared secret", "another-secret-of-some-length"},
      {"the shared secret of a stranger", "a-secret-of-somebody-else"},
      {"the token of the service", "0123456789abcdef0123456789abcdef"},
      {"the token of the service for clients", "the-token-of-the-service-in-a-test"},
      {"what is planted in a daemon", "pl4nted"}};
  return kKnown;
}

}  // namespace secrets
