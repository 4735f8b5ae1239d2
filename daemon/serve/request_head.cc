#include "daemon/serve/request_head.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "daemon/base/utf8.h"

namespace serve {

namespace {

constexpr std::size_t kLongestMethod = 32;
constexpr std::size_t kLengthDigits = 18;
// What a request line has beside its target: method, two blanks, version, CRLF.
constexpr std::size_t kAroundTarget = kLongestMethod + 12;

bool is_token_character(char c) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         kMarks.find(c) != kMarks.npos;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (auto& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

bool same_letters(std::string_view a, std::string_view b) { return lower(a) == lower(b); }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Bytes above 0x7F are allowed in values, as the standard has it; they go nowhere unchecked.
bool is_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7F);
  });
}

Refusal check_version(std::string_view version, Framing& framing) {
  if (version == "HTTP/1.1") return {};
  if (version == "HTTP/1.0") {
    framing.http_1_0 = true;
    framing.keep_alive = false;
    return {};
  }
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  const bool other = version.size() == 8 && version.starts_with("HTTP/") && digit(version[5]) &&
                     version[6] == '.' && digit(version[7]);
  if (other) return {505, "only HTTP/1.1 is spoken here"};
  return {400, "the request line does not end with a version of HTTP"};
}

Refusal parse_request_line(std::string_view line, const HeadLimits& limits, Request& request,
                           Framing& framing) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == line.npos || first == last) return {400, "the request line is malformed"};
  const auto method = line.substr(0, first);
  if (method.size() > kLongestMethod || !is_token(method)) {
    return {400, "the method is malformed"};
  }
  if (auto refused = check_version(line.substr(last + 1), framing)) return refused;
  // Upper and lower case are different methods; only the upper ones are any.
  request.method = method;
  return parse_target(line.substr(first + 1, last - first - 1), limits, request);
}

Refusal parse_field(std::string_view line, Request& request) {
  if (line.front() == ' ' || line.front() == '\t') {
    return {400, "a header line that is folded is not taken"};
  }
  const auto colon = line.find(':');
  if (colon == line.npos) return {400, "a header line has no colon"};
  const auto name = line.substr(0, colon);
  if (!is_token(name)) return {400, "a header's name is malformed"};
  const auto value = trimmed(line.substr(colon + 1));
  if (!is_value(value)) return {400, "a header's value has a control character"};
  request.headers.emplace_back(lower(name), value);
  return {};
}

std::size_t count_of(const Request& request, std::string_view name) {
  return static_cast<std::size_t>(
      std::count_if(request.headers.begin(), request.headers.end(),
                    [name](const auto& field) { return field.first == name; }));
}

Refusal frame_body(const Request& request, Framing& framing) {
  const auto length = request.header("content-length");
  const auto coding = request.header("transfer-encoding");
  if (length && coding) return {400, "both Content-Length and Transfer-Encoding"};
  if (count_of(request, "content-length") > 1) return {400, "more than one Content-Length"};
  if (length) {
    const bool digits =
        !length->empty() && length->size() <= kLengthDigits &&
        std::all_of(length->begin(), length->end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!digits) return {400, "Content-Length is no length"};
    std::from_chars(length->data(), length->data() + length->size(), framing.length);
  }
  if (!coding) return {};
  if (framing.http_1_0) return {400, "HTTP/1.0 knows no Transfer-Encoding"};
  if (count_of(request, "transfer-encoding") > 1 || !same_letters(*coding, "chunked")) {
    return {501, "the only transfer coding here is \"chunked\""};
  }
  framing.chunked = true;
  return {};
}

Refusal connection_options(const Request& request, Framing& framing) {
  for (const auto& [name, value] : request.headers) {
    if (name != "connection") continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      const auto comma = std::min(rest.find(','), rest.size());
      const auto option = trimmed(rest.substr(0, comma));
      if (same_letters(option, "close")) framing.keep_alive = false;
      if (framing.http_1_0 && same_letters(option, "keep-alive")) framing.keep_alive = true;
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  const auto expected = request.header("expect");
  if (!expected || framing.http_1_0) return {};
  if (!same_letters(*expected, "100-continue")) return {417, "only 100-continue can be expected"};
  framing.expects_continue = true;
  return {};
}

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
  return {};
}

bool is_clean_text(std::string_view text) {
  while (!text.empty()) {
    const auto length = base::character_length(text);
    if (length == 0) return false;
    const auto first = static_cast<unsigned char>(text.front());
    const bool blank = first == '\n' || first == '\r' || first == '\t';
    if (base::is_control(text.substr(0, length)) && !blank) return false;
    text.remove_prefix(length);
  }
  return true;
}

Refusal parse_path(std::string_view path, Request& request) {
  if (path == "/") return {};
  path.remove_prefix(1);
  if (path.ends_with('/')) path.remove_suffix(1);  // names the same
  while (true) {
    const auto slash = std::min(path.find('/'), path.size());
    auto segment = percent_decoded(path.substr(0, slash), false);
    if (!segment) return {400, "a segment of the path is no percent-encoded UTF-8"};
    const bool moves = segment->empty() || *segment == "." || *segment == "..";
    if (moves || segment->find_first_of("/\\\t\r\n") != segment->npos) {
      return {400, "a segment of the path is none"};
    }
    request.segments.push_back(std::move(*segment));
    if (slash == path.size()) return {};
    path.remove_prefix(slash + 1);
  }
}

Refusal parse_query(std::string_view query, const HeadLimits& limits, Request& request) {
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;
    const auto equals = std::min(pair.find('='), pair.size());
    auto name = percent_decoded(pair.substr(0, equals), true);
    auto value = percent_decoded(pair.substr(std::min(equals + 1, pair.size())), true);
    if (!name || !value) return {400, "a parameter of the query is no percent-encoded UTF-8"};
    if (request.query.size() == limits.parameters) return {400, "too many parameters"};
    request.query.emplace_back(std::move(*name), std::move(*value));
  }
  return {};
}

}  // namespace

std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_blank) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_blank) {
      result.push_back(' ');
    } else if (text[i] != '%') {
      result.push_back(text[i]);
    } else {
      if (i + 2 >= text.size()) return {};
      const auto high = hex_digit(text[i + 1]);
      const auto low = hex_digit(text[i + 2]);
      if (!high || !low) return {};
      result.push_back(static_cast<char>(*high * 16 + *low));
      i += 2;
    }
  }
  if (!is_clean_text(result)) return {};
  return result;
}

Refusal parse_target(std::string_view target, const HeadLimits& limits, Request& request) {
  if (target.size() > limits.target) return {414, "the target is too long"};
  if (!target.starts_with('/')) return {400, "the target does not begin with a slash"};
  const bool visible = std::all_of(target.begin(), target.end(),
                                   [](char c) { return c > 0x20 && c < 0x7F && c != '#'; });
  if (!visible) return {400, "the target has characters that must be percent-encoded"};
  const auto question = std::min(target.find('?'), target.size());
  request.path = target.substr(0, question);
  if (auto refused = parse_path(request.path, request)) return refused;
  return parse_query(target.substr(std::min(question + 1, target.size())), limits, request);
}

std::optional<std::size_t> head_length(std::string_view bytes, const HeadLimits& limits,
                                       Refusal& refusal) {
  const auto line = bytes.substr(0, limits.target + kAroundTarget).find('\n');
  if (line == bytes.npos && bytes.size() > limits.target + kAroundTarget) {
    refusal = {414, "the target is too long"};
    return {};
  }
  const auto end = bytes.find("\r\n\r\n");
  if (end != bytes.npos && end + 4 <= limits.head) return end + 4;
  if (end != bytes.npos || bytes.size() > limits.head) {
    refusal = {431, "the head is too long"};
    return {};
  }
  // What can be seen to be none already need not be waited for.
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const bool bare_lf = bytes[i] == '\n' && (i == 0 || bytes[i - 1] != '\r');
    const bool bare_cr = bytes[i] == '\r' && i + 1 < bytes.size() && bytes[i + 1] != '\n';
    if (bare_lf || bare_cr || bytes[i] == '\0') {
      refusal = {400, "the head has bytes that no head has"};
      return {};
    }
  }
  return {};
}

Refusal parse_head(std::string_view head, const HeadLimits& limits, Request& request,
                   Framing& framing) {
  std::size_t lines = 0;
  for (; !head.empty(); ++lines) {
    const auto end = head.find('\n');
    if (end == head.npos || end == 0 || head[end - 1] != '\r') {
      return {400, "a line of the head does not end with CRLF"};
    }
    const auto line = head.substr(0, end - 1);
    head.remove_prefix(end + 1);
    if (line.find('\r') != line.npos || line.find('\0') != line.npos) {
      return {400, "the head has bytes that no head has"};
    }
    if (lines == 0) {
      if (auto refused = parse_request_line(line, limits, request, framing)) return refused;
      continue;
    }
    if (line.empty()) break;
    if (lines > limits.fields) return {431, "too many headers"};
    if (auto refused = parse_field(line, request)) return refused;
  }
  const auto hosts = count_of(request, "host");
  if (hosts > 1 || (hosts == 0 && !framing.http_1_0)) return {400, "there must be one Host"};
  if (auto refused = frame_body(request, framing)) return refused;
  return connection_options(request, framing);
}

bool is_loopback_host(std::string_view host) {
  std::string_view name = host;
  if (name.starts_with('[')) {
    const auto close = name.find(']');
    if (close == name.npos) return false;
    const auto rest = name.substr(close + 1);
    if (!rest.empty() && !rest.starts_with(':')) return false;
    return name.substr(0, close + 1) == "[::1]";
  }
  name = name.substr(0, std::min(name.find(':'), name.size()));
  if (same_letters(name, "localhost")) return true;
  // 127.a.b.c, and not 127.0.0.1.example.com
  if (!name.starts_with("127.")) return false;
  int dots = 0;
  std::size_t digits = 0;
  for (const char c : name) {
    if (c == '.') {
      if (digits == 0) return false;
      ++dots;
      digits = 0;
    } else if (c >= '0' && c <= '9' && digits < 3) {
      ++digits;
    } else {
      return false;
    }
  }
  return dots == 3 && digits > 0;
}

}  // namespace serve
