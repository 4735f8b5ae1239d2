#include "tests/daemon/serve/attacks.h"

#include <fmt/format.h>

namespace test {

namespace {

const std::vector<std::string> kGood = {"/wiki/api/v2/pages/101", "/v1/jobs", "/v1/search?q=text"};
const std::vector<std::string> kReads = {"/wiki/api/v2/pages", "/v1/jobs", "/v1/status",
                                         "/v1/search?q=text"};
const std::vector<std::string> kWrites = {"/wiki/api/v2/pages", "/v1/jobs",
                                          "/v1/actions/create_page"};

std::string good(Dice& dice) { return get(dice.one_of(kGood)); }

std::string post(const std::string& target, const std::string& fields, const std::string& body) {
  return "POST " + target + " HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n" + body;
}

std::string post(Dice& dice, const std::string& fields, const std::string& body) {
  return post(dice.one_of(kWrites), fields, body);
}

std::string sized(const std::string& target, const std::string& body) {
  return post(target,
              "Content-Type: application/json\r\nPrefer: respond-async\r\nContent-Length: " +
                  std::to_string(body.size()) + "\r\n",
              body);
}

Attack oversized_target(Dice& dice) {
  const auto begin = dice.one_of<std::string>({"/wiki/", "/v1/", "/v1/search?q="});
  return single("oversized target",
                get(begin + std::string(kMostTarget + dice.below(kMostTarget), 'a')), {414});
}

Attack oversized_head(Dice& dice) {
  std::string fields;
  while (fields.size() <= kMostHead) fields += fmt::format("X-{}: value\r\n", dice.below(1000));
  return single("oversized head", get(dice.one_of(kReads), fields), {431});
}

Attack oversized_body(Dice& dice) {
  const auto size = kMostBody + 1 + dice.below(1000);
  if (dice.below(2) == 0) {
    return single("oversized body", post(dice, fmt::format("Content-Length: {}\r\n", size), "x"),
                  {413});
  }
  const auto chunk = fmt::format("{:x}\r\n{}\r\n0\r\n\r\n", size, std::string(size, 'x'));
  return single("oversized chunk", post(dice, "Transfer-Encoding: chunked\r\n", chunk), {413});
}

Attack bad_line(Dice& dice) {
  const auto line = dice.one_of<std::string>(
      {"GET", "GET /", "GET  / HTTP/1.1", "GET / HTTP/1.1 x", " GET / HTTP/1.1", "G\tT / HTTP/1.1",
       "GET /\x01 HTTP/1.1", "GET / http/1.1", "GET http://evil.example/ HTTP/1.1",
       "GET * HTTP/1.1", "GET /#fragment HTTP/1.1", "GET / HTTP/11", "GET / HTTP/1.1\t"});
  return single("bad line", line + "\r\nHost: localhost\r\n\r\n", {400});
}

Attack bad_field(Dice& dice) {
  const auto field =
      dice.one_of<std::string>({"Bad Name: x", "Name : x", ": x", "no colon", " folded: x",
                                "X: a\r\n folded", std::string("X: a\0b", 6),
                                "X: a\x01"
                                "b",
                                "X\xC3\xA4: x", "X: a\rb"});
  return single("bad field", get(dice.one_of(kReads), field + "\r\n"), {400});
}

Attack bad_length(Dice& dice) {
  const auto fields = dice.one_of<std::string>(
      {"Content-Length: +5", "Content-Length: -1", "Content-Length: 0x5", "Content-Length: 5 5",
       "Content-Length: 5, 5", "Content-Length: ", "Content-Length: 99999999999999999999999",
       "Content-Length: 5\r\nContent-Length: 5", "Content-Length: 5\r\nContent-Length: 6",
       "Content-Length: 5\r\nTransfer-Encoding: chunked",
       "Transfer-Encoding: chunked\r\nContent-Length: 5"});
  return single("bad length", post(dice, fields + "\r\n", "hello"), {400});
}

Attack bad_chunks(Dice& dice) {
  const auto body =
      dice.one_of<std::string>({"FFFFFFFFFFFFFFFFFF\r\nx", "-1\r\nx", "zz\r\nx", "5\r\nhelloXY\r\n",
                                "5\nhello\r\n0\r\n\r\n", "\r\n\r\n", "0x5\r\nhello\r\n0\r\n\r\n"});
  return single("bad chunks", post(dice, "Transfer-Encoding: chunked\r\n", body), {400, 413});
}

Attack bad_text(Dice& dice) {
  const auto target = dice.one_of<std::string>(
      {"/wiki/%ff", "/wiki/%c0%ae", "/v1/%", "/wiki/%4", "/v1/jobs/%zz", "/v1/jobs/%00",
       "/wiki/%ed%a0%80", "/wiki/api/v2/pages?title=%ff", "/v1/search?q=%ff",
       "/v1/search?q=%ed%a0%80", "/wiki/api/v2/pages?%80=1", "/v1/jobs?%80=1",
       "/v1/batches/%f5%80%80%80", "/wiki/\xFF", "/v1/\xFF", "/v1/search?q=%0", "/v1/search?q=\xFF",
       "/v1/search?q=a%00b"});
  return single("bad text", get(target), {400});
}

Attack traversal(Dice& dice) {
  const auto target = dice.one_of<std::string>(
      {"/../etc/passwd", "/wiki/../../etc/passwd", "/wiki/%2e%2e/%2e%2e/etc/passwd",
       "/wiki/api/v2/pages/..%2f..%2fetc%2fpasswd", "/wiki/./api", "//etc/passwd", "/wiki//api",
       "/wiki/..%5c..%5cwindows", "/wiki/%2e/api", "/v1/../v1/status", "/v1//jobs",
       "/v1/jobs/%2e%2e/%2e%2e", "/v1/jobs/..%2f..%2fetc%2fpasswd", "/v1/actions/./get_page"});
  return single("traversal", get(target), {400});
}

Attack wrong_method(Dice& dice) {
  const auto method = dice.one_of<std::string>(
      {"PATCH", "TRACE", "FOO", "get", "DELETE", "PUT", "M-SEARCH", "PROPFIND"});
  return single("wrong method", method + " /wiki/api/v2/spaces HTTP/1.1\r\nHost: localhost\r\n\r\n",
                {405});
}

Attack nowhere(Dice& dice) {
  const auto target =
      dice.one_of<std::string>({"/", "/wiki", "/favicon.ico", "/wiki/api/v3/pages", "/admin",
                                "/wiki/api/v2/pages/101/no-such-thing", "/__control/state"});
  return single("nowhere", get(target), {404, 501});
}

Attack split(Dice& dice) {
  Attack attack{"split", {}, {{200}}};
  for (const char c : good(dice)) attack.pieces.emplace_back(1, c);
  return attack;
}

Attack pipelined(Dice& dice) {
  Attack attack{"pipelined", {""}, {}};
  const auto count = 2 + dice.below(10);
  for (std::size_t i = 0; i < count; ++i) {
    attack.pieces[0] += good(dice);
    attack.answers.push_back({200});
  }
  return attack;
}

Attack bad_after_good(Dice& dice) {
  auto bad = bad_length(dice);
  return {"bad after good", {good(dice) + bad.pieces[0]}, {{200}, {400}}};
}

Attack bad_parameter(Dice& dice) {
  const auto query = dice.one_of<std::string>(
      {"limit=-1", "limit=99999999999999999999", "limit=ten", "limit=", "cursor=garbage",
       "cursor=%00", "space-id=abc", "sort=secrets", "body-format=exe",
       "id=1%3BDROP%20TABLE%20page", "id=0x10", "status=nonsense"});
  return single("bad parameter", get("/wiki/api/v2/pages?" + query), {400});
}

Attack odd_parameter(Dice& dice) {
  const auto query = dice.one_of<std::string>(
      {"title=%27%20OR%201%3D1--", "title=%25", "space-id=-5", "title=%F0%9F%92%A9",
       "title=" + std::string(3000, 'x'), "unknown=1", "title=a&title=b"});
  return single("odd parameter", get("/wiki/api/v2/pages?" + query), {200, 400});
}

Attack bad_json(Dice& dice) {
  const auto body = dice.one_of<std::string>(
      {"", "{", "[]", "null", "\"text\"", std::string(5000, '['), std::string(20000, '{'),
       "{\"title\":1}", "{\"title\":\"a\"}", "{\"title\":\"\xFF\"}", "{\"a\":1e999}",
       "{\"spaceId\":\"20\",\"title\":\"a\",\"body\":{}}", "{\"spaceId\":{},\"title\":[]}"});
  return single("bad json", sized("/wiki/api/v2/pages", body), {400});
}

Attack wrong_type(Dice&) {
  return single(
      "wrong type",
      post("/wiki/api/v2/pages", "Content-Type: text/plain\r\nContent-Length: 2\r\n", "{}"), {415});
}

Attack noise(Dice& dice) {
  std::string bytes;
  const auto size = 1 + dice.below(2000);
  for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>(dice.below(256));
  Attack attack{"noise", {bytes}, {{0, 400, 414, 505}}};
  attack.half_closed = true;
  return attack;
}

Attack cut_short(Dice& dice) {
  const auto whole =
      dice.below(2) == 0 ? good(dice) : sized(dice.one_of(kWrites), "{\"title\":\"a\"}");
  Attack attack{"cut short", {whole.substr(0, 1 + dice.below(whole.size() - 1))}, {{0, 400}}};
  attack.half_closed = true;
  return attack;
}

Attack hosts(Dice& dice) {
  const auto fields = dice.one_of<std::string>(
      {"", "Host: a\r\nHost: b\r\n", "Host: localhost\r\nhost: localhost\r\n"});
  return single("hosts", "GET " + dice.one_of(kReads) + " HTTP/1.1\r\n" + fields + "\r\n", {400});
}

Attack not_http(Dice& dice) {
  Attack attack{"not http",
                {dice.one_of<std::string>(
                    {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11),
                     "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "SSH-2.0-client\r\n", "\r\n\r\n",
                     "EHLO there\r\n", "GET / HTTP/2.0\r\nHost: localhost\r\n\r\n"})},
                {{0, 400, 505}}};
  attack.half_closed = true;
  return attack;
}

Attack many_parameters(Dice& dice) {
  auto target = dice.one_of<std::string>({"/wiki/api/v2/pages", "/v1/jobs"}) + "?";
  while (target.size() < kMostTarget - 100) target += "&a=1";
  return single("many parameters", get(target), {400});
}

Attack wrong_expectation(Dice& dice) {
  return single("wrong expectation",
                post(dice, "Expect: the-unexpected\r\nContent-Length: 1\r\n", "x"), {417});
}

// A good request with some bytes changed: it may still be one.
Attack mutated(Dice& dice) {
  auto bytes = dice.below(2) == 0 ? good(dice)
                                  : sized(dice.one_of(kWrites), "{\"spaceId\":\"20\",\"none\":1}");
  for (std::size_t i = 0; i <= dice.below(4); ++i) {
    bytes[dice.below(bytes.size())] = static_cast<char>(dice.below(256));
  }
  Attack attack{"mutated", {bytes}, {{0, 200, 202, 400, 404, 405, 413, 415, 417, 501, 505}}};
  attack.half_closed = true;
  return attack;
}

}  // namespace

Attack any_attack(Dice& dice) {
  using Make = Attack (*)(Dice&);
  static constexpr Make kMakes[] = {
      oversized_target, oversized_head,  oversized_body,    bad_line,
      bad_field,        bad_length,      bad_chunks,        bad_text,
      traversal,        wrong_method,    nowhere,           split,
      pipelined,        bad_after_good,  bad_parameter,     odd_parameter,
      bad_json,         noise,           cut_short,         hosts,
      not_http,         many_parameters, wrong_expectation, wrong_type,
      mutated};
  return kMakes[dice.below(std::size(kMakes))](dice);
}

}  // namespace test
