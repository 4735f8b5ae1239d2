#include <fmt/format.h>

#include "tests/daemon/serve/attacks.h"

namespace test {

namespace {

using Texts = std::vector<std::string>;

const Texts kActions = {"get_spaces",  "get_pages",   "get_page",
                        "create_page", "update_page", "delete_page"};
const std::string kBody = R"("body":{"storage":{"value":"<p>x</p>"}})";

// Nobody executes the queue here: whoever waited would wait long.
std::string post(const std::string& target, const std::string& body,
                 const std::string& fields = "Prefer: respond-async\r\n") {
  return "POST " + target +
         " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         fields + "\r\n" + body;
}

// Of those that read JSON, any.
std::string json_target(Dice& dice) {
  if (dice.below(3) > 0) return "/v1/actions/" + dice.one_of(kActions);
  return dice.one_of<std::string>(
      {"/v1/jobs", "/v1/jobs/retry", "/v1/jobs/cancel", "/v1/jobs/undo", "/v1/jobs/pause"});
}

Attack bad_parameter(Dice& dice) {
  const auto target =
      dice.one_of<std::string>({"/v1/search",
                                "/v1/search?q=",
                                "/v1/search?q=a&limit=0",
                                "/v1/search?q=a&limit=-1",
                                "/v1/search?q=a&limit=251",
                                "/v1/search?q=a&limit=99999999999999999999",
                                "/v1/search?q=a&limit=1e3",
                                "/v1/search?q=a&limit=%2B5",
                                "/v1/search?q=a&limit=0x10",
                                "/v1/search?q=a&sort=secrets",
                                "/v1/search?q=a&status=nonsense",
                                "/v1/search?q=a&q=b",
                                "/v1/search?q=a&history=maybe",
                                "/v1/search?q=a&unknown=1",
                                "/v1/search?q=%22open",
                                "/v1/search?q=" + std::string(65 * 2, 'a') + "&limit=%F0%9F%92%A9",
                                "/v1/jobs?state=nonsense",
                                "/v1/jobs?limit=1001",
                                "/v1/jobs?after=-1",
                                "/v1/jobs?batch=0",
                                "/v1/jobs?batch=9223372036854775808",
                                "/v1/jobs?limit=1&limit=2",
                                "/v1/jobs?state=done,",
                                "/v1/batches?before=0",
                                "/v1/batches?limit=x",
                                "/v1/batches?limit=1.5",
                                "/v1/status?x=1",
                                "/v1/audit?format=exe",
                                "/v1/audit?now=yesterday",
                                "/v1/audit?archived=2",
                                "/v1/audit?now=2026-13-45T99:99:99Z",
                                "/v1/jobs/1?x=1",
                                "/v1/batches/1?x=1",
                                "/v1/batches/1/events?after=-1",
                                "/v1/batches/1/events?after=99999999999999999999",
                                "/v1/batches/1/events?after=1&after=2"});
  if (target == "/v1/jobs?state=done,") return single("empty element", get(target), {200});
  return single("bad parameter", get(target), {400});
}

Attack bad_parameter_of_a_write(Dice& dice) {
  const auto target = dice.one_of<std::string>(
      {"/v1/jobs?max_deletes=-1", "/v1/jobs?max_deletes=1000000001", "/v1/jobs?dry_run=perhaps",
       "/v1/jobs?on_conflict=steal", "/v1/jobs?name=" + std::string(256, 'n'), "/v1/jobs?x=1",
       "/v1/jobs/undo?max_deletes=ten", "/v1/jobs/retry?x=1", "/v1/sync?reconcile=1",
       "/v1/jobs/1/retry?on_conflict=steal", "/v1/jobs/1/cancel?x=1", "/v1/batches/1/undo?again=2",
       "/v1/actions/create_page?dry_run=2", "/v1/actions/get_page?pageId=1",
       "/v1/actions/delete_page?dry_run=1&dry_run=1"});
  return single("bad parameter of a write", post(target, "{}"), {400});
}

// An answer, or what is wrong with the question; 404: there is no such space.
Attack odd_search(Dice& dice) {
  const auto words = dice.one_of<std::string>({"%27%20OR%201%3D1--",
                                               "NEAR(a%20b,%205)",
                                               "a%20AND%20NOT%20b",
                                               "title:title:title:",
                                               "-a",
                                               "*",
                                               "a*b*c*",
                                               "%28%28%28%28",
                                               "%22%22",
                                               "%22a%22%22b%22",
                                               "updated:%3E9999-99-99",
                                               "updated:%3C0000-00-00",
                                               "author:%00",
                                               "%F0%9F%92%A9",
                                               "%E2%80%AE%E2%80%8B",
                                               "a%5E%5E2",
                                               "%7Bpage_text%7D%20:%20a",
                                               "rowid:1",
                                               "%3Cscript%3E",
                                               std::string(2000, 'x'),
                                               "a" + std::string(500, '+') + "b",
                                               "%E4%B8%AD%E6%96%87",
                                               "space:",
                                               "status:x"});
  const auto more = dice.one_of<std::string>(
      {"", "&sort=modified", "&sort=title&limit=250", "&history=1", "&space=%27%3B--",
       "&status=any", "&space=" + std::string(1000, 's'), "&space=,,,,", "&status=,"});
  if (words == "author:%00") return single("NUL in words", get("/v1/search?q=" + words), {400});
  return single("odd search", get("/v1/search?q=" + words + more), {200, 400, 404});
}

Attack odd_parameter(Dice& dice) {
  const auto target = dice.one_of<std::string>(
      {"/v1/jobs?after=9223372036854775807", "/v1/batches?before=9223372036854775807",
       "/v1/jobs?batch=9223372036854775807", "/v1/jobs?state=,,,", "/v1/openapi.json?x=1",
       "/metrics?x=%27", "/healthz?" + std::string(3000, 'x'), "/readyz?a=b"});
  return single("odd parameter", get(target), {200});
}

Attack odd_audit(Dice& dice) {
  const auto query = dice.one_of<std::string>(
      {"rule=no-such-rule", "space=%27%3B--", "space=" + std::string(2000, 's'),
       "now=0001-01-01T00:00:00Z", "now=9999-12-31T23:59:59Z", "format=html&archived=1",
       "format=csv", "format=markdown&rule=,,,"});
  return single("odd audit", get("/v1/audit?" + query), {200});
}

Attack bad_number(Dice& dice) {
  const auto id = dice.one_of<std::string>(
      {"0", "-1", "abc", "1%27", "%2B1", "1e3", "0x1", "999999999", "99999999999999999999", "1%20",
       "%F0%9F%92%A9", "1.0", std::string(2000, '9'), "%E2%80%AE1"});
  switch (dice.below(4)) {
    case 0:
      return single("bad number of a job", get("/v1/jobs/" + id), {404});
    case 1:
      return single("bad number of a batch", get("/v1/batches/" + id), {404});
    case 2:
      return single("bad number of events",
                    get("/v1/batches/" + id + "/events", "Last-Event-ID: " + id + "\r\n"), {404});
    default:
      return single("undo of a bad number", post("/v1/batches/" + id + "/undo", "{}"), {404});
  }
}

// A job that is none is refused by its number, not the request, where it has the form of one.
Attack bad_number_of_a_change(Dice& dice) {
  const auto id = dice.one_of<std::string>({"0", "-1", "abc", "1%27", "99999999999999999999"});
  const auto verb = dice.one_of<std::string>({"retry", "cancel"});
  return single("change of a bad number", post("/v1/jobs/" + id + "/" + verb, ""), {404});
}

Attack nowhere(Dice& dice) {
  const auto target = dice.one_of<std::string>(
      {"/v1", "/v1/job", "/v2/status", "/v1/actions", "/v1/actions/drop_table", "/V1/status",
       "/v1/jobs/1/2/3", "/v1/openapi.yaml", "/v1/batches/1/event", "/v1/status/x", "/metrics/x"});
  const auto method = dice.one_of<std::string>({"GET", "POST", "DELETE", "FOO", "OPTIONS"});
  return single("nowhere", method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n", {404});
}

Attack wrong_method(Dice& dice) {
  const auto line = dice.one_of<std::string>(
      {"DELETE /v1/jobs", "GET /v1/sync", "PATCH /v1/sync", "PUT /v1/status", "POST /v1/search?q=a",
       "GET /v1/actions/get_page", "PATCH /v1/jobs/1", "TRACE /v1/audit", "FOO /metrics",
       "post /v1/jobs", "DELETE /v1/batches/1", "PUT /v1/batches/1/events",
       "GET /v1/batches/1/undo", "POST /v1/openapi.json", "PROPFIND /healthz",
       "CONNECT /v1/status"});
  return single("wrong method", line + " HTTP/1.1\r\nHost: localhost\r\n\r\n", {405});
}

// Good for nobody.
Attack bad_json(Dice& dice) {
  const auto body = dice.one_of<std::string>(
      {"{",
       "[]",
       "null",
       "true",
       "7",
       "\"text\"",
       "{} {}",
       "{},",
       "\xEF\xBB\xBF{",
       "{'a':1}",
       "{\"a\":NaN}",
       "{\"a\":1e999}",
       "{\"a\":-1e999}",
       "{\"a\":" + std::string(5000, '1') + "}",
       "{\"a\":01}",
       "{a:1}",
       "{\"a\":1,}",
       "/* */ {}",
       std::string("{\"a\":\0}", 7),
       std::string("\0", 1),
       std::string(100, '\0'),
       "{\"a\":\"\xFF\"}",
       "{\"\xC3\x28\":1}",
       "{\"a\":\"\xED\xA0\x80\"}",
       "{\"a\":\"\\ud800\"}",
       "{\"a\":\"\\udc00\\ud800\"}",
       "{\"\\u0000\":1}",
       "{\"pageId\":\"1\",\"pageId\":\"2\"}",
       "{\"jobs\":[],\"jobs\":[]}",
       "{\"reason\":\"a\",\"reason\":\"b\"}",
       std::string(60'000, '['),
       std::string(60'000, '{'),
       "{\"a\":" + std::string(20'000, '[') + std::string(20'000, ']') + "}",
       [] {
         std::string deep;
         for (int i = 0; i < 8000; ++i) deep += "{\"a\":";
         return deep;
       }(),
       "{\"" + std::string(50'000, 'k') + "\":1}",
       "{\"a\":\"" + std::string(50'000, 'v') + "\"}",
       "{\"__proto__\":{}}",
       "{\"constructor\":1}",
       "{\"\":\"\"}"});
  return single("bad JSON", post(json_target(dice), body), {400});
}

// Each field of each action, with what it cannot be.
Attack wrong_type(Dice& dice) {
  struct Field {
    const char* action;
    const char* name;
    const char* others;  // what else the action needs
    bool text;           // else a number, an id or a flag
  };
  static const std::vector<Field> kFields = {
      {"get_spaces", "limit", "", false},
      {"get_spaces", "start", "", false},
      {"get_spaces", "type", "", true},
      {"get_spaces", "live", "", false},
      {"get_pages", "spaceKey", "", true},
      {"get_pages", "title", R"("spaceKey":"DOCS",)", true},
      {"get_pages", "status", R"("spaceKey":"DOCS",)", true},
      {"get_pages", "start", R"("spaceKey":"DOCS",)", false},
      {"get_page", "pageId", "", false},
      {"get_page", "version", R"("pageId":"100",)", false},
      {"create_page", "title", R"("spaceKey":"DOCS","body":{"storage":{"value":"x"}},)", true},
      {"create_page", "spaceKey", R"("title":"A","body":{"storage":{"value":"x"}},)", true},
      {"create_page", "parentId",
       R"("title":"A","spaceKey":"DOCS","body":{"storage":{"value":"x"}},)", false},
      {"create_page", "body", R"("title":"A","spaceKey":"DOCS",)", true},
      {"create_page", "representation",
       R"("title":"A","spaceKey":"DOCS","body":{"storage":{"value":"x"}},)", true},
      {"update_page", "version", R"("pageId":"100","title":"A","body":{"storage":{"value":"x"}},)",
       false},
      {"update_page", "pageId", R"("title":"A","version":2,"body":{"storage":{"value":"x"}},)",
       false},
      {"update_page", "message",
       R"("pageId":"100","version":2,"title":"A","body":{"storage":{"value":"x"}},)", true},
      {"update_page", "minorEdit",
       R"("pageId":"100","version":2,"title":"A","body":{"storage":{"value":"x"}},)", false},
      {"update_page", "notBefore",
       R"("pageId":"100","version":2,"title":"A","body":{"storage":{"value":"x"}},)", true},
      {"delete_page", "pageId", "", false},
      {"delete_page", "onConflict", R"("pageId":"100",)", true},
      {"delete_page", "asUser", R"("pageId":"100",)", true}};
  const auto& field = dice.one_of(kFields);
  const auto value = field.text
                         ? dice.one_of<std::string>({"7", "null", "true", "[]", "{}", "[\"a\"]",
                                                     "1e300", "99999999999999999999", "-0.0"})
                         : dice.one_of<std::string>(
                               {"-1", "null", "[]", "{}", "1.5", "\"ten\"", "\"-5\"", "\"0x10\"",
                                "\" 1\"", "\"\"", "1e30", "99999999999999999999",
                                "\"99999999999999999999\"", "18446744073709551615", "\"\\u0000\""});
  const auto json = fmt::format("{{{}\"{}\":{}}}", field.others, field.name, value);
  return single("wrong type", post(std::string("/v1/actions/") + field.action, json), {400});
}

// The largest numbers and the oddest words that still have the right form.
Attack extreme_read(Dice& dice) {
  const std::vector<std::pair<std::string, std::set<int>>> all = {
      {R"(get_spaces {"start":2147483647,"limit":250})", {200}},
      {R"(get_spaces {"start":"2147483647","limit":"1"})", {200}},
      {R"(get_spaces {"start":2147483648})", {400}},
      {R"(get_spaces {"start":9223372036854775807,"limit":250})", {400}},
      {R"(get_pages {"spaceKey":"DOCS","start":2147483647,"limit":250})", {200}},
      {R"(get_pages {"spaceKey":"\u0000"})", {404}},
      {R"(get_pages {"spaceKey":"' OR 1=1--"})", {404}},
      {R"(get_pages {"spaceKey":"DOCS","title":"\u0000"})", {200}},
      {R"(get_pages {"spaceKey":"DOCS","title":"%_'\""})", {200}},
      {R"(get_pages {"spaceKey":"DOCS","expand":"all,all,none,all"})", {200}},
      {R"(get_pages {"spaceKey":"DOCS","expand":",,,,"})", {400}},
      {R"(get_pages {"spaceKey":"DOCS","expand":["\u0000"]})", {400}},
      {R"(get_pages {"spaceKey":")" + std::string(50'000, 'k') + "\"}", {404}},
      {R"(get_page {"pageId":9223372036854775807})", {404}},
      {R"(get_page {"pageId":"9223372036854775808"})", {400}},
      {R"(get_page {"pageId":"100","version":2147483647})", {404}},
      {R"(get_page {"pageId":"100","version":2147483648})", {400}},
      {R"(get_page {"pageId":"100","live":true})", {501}},
      {R"(get_page {"pageId":"100","expand":"body.storage,descendants,ancestors,all"})", {200}}};
  const auto& [text, answer] = dice.one_of(all);
  const auto blank = text.find(' ');
  return single("extreme read",
                post("/v1/actions/" + text.substr(0, blank), text.substr(blank + 1)), answer);
}

// Writes that have the right form and must not be taken for more than they are.
Attack hostile_write(Dice& dice) {
  const auto create = [](const std::string& title, const std::string& value) {
    return fmt::format(
        R"({{"title":"{}","spaceKey":"DOCS","body":{{"storage":{{"value":"{}"}}}}}})", title,
        value);
  };
  std::string nested;
  for (int i = 0; i < 5000; ++i) nested += "<div>";
  const auto body = dice.one_of<std::string>(
      {create("a\\u0000b", "x"),
       create("\\u202e", "</p>"),
       create(std::string(256, 't'), "x"),
       create("\\n", "x"),
       create("  ", "x"),
       create("A", "<p>\\u0000</p>"),
       create("A", "<p>\\uffff</p>"),
       create("A", "<!DOCTYPE x [<!ENTITY a 'a'>]><p>&a;</p>"),
       create("A", "<?xml version='1.0'?><p/>"),

       create("A", nested),
       create("A", "&#0;"),
       create("A", "&#x110000;"),

       create("A", "<![CDATA["),
       create("A", "<ac:x xmlns:ac='y'/><b>"),

       R"({"title":"A","spaceKey":"\u0000",)" + kBody + "}",
       R"({"title":"A","spaceKey":"DOCS","parentId":9223372036854775807,)" + kBody + "}",
       R"({"title":"A","spaceKey":"DOCS","asUser":"557058:x","onConflict":"fail",)" + kBody + "}",
       R"({"title":"A","spaceKey":"DOCS","notBefore":"9999-99-99T99:99:99Z",)" + kBody + "}",
       R"({"title":"A","spaceKey":"DOCS","notBefore":"\u0000",)" + kBody + "}",
       R"({"title":"A","spaceKey":"DOCS","message":"\u0000",)" + kBody + "}",
       R"({"title":"A","spaceKey":"DOCS","message":")" + std::string(20'000, 'm') + "\"," + kBody +
           "}",
       R"({"title":"A","spaceKey":"DOCS","action":"delete_page",)" + kBody + "}"});
  const auto query = dice.one_of<std::string>({"", "?dry_run=1"});
  return single("hostile write", post("/v1/actions/create_page" + query, body), {400});
}

// What the site makes of it is the site's affair.
Attack odd_write(Dice& dice) {
  const auto value = dice.one_of<std::string>(
      {"<script>1</script>", "]]>", "<p " + std::string(1000, 'a') + ">", "\\u202e\\ud83d\\udca9",
       std::string(20'000, 'x'), "<p>&nbsp;&#x202e;</p>"});
  const auto title =
      dice.one_of<std::string>({"\\u202eA", "<b>", "' OR 1=1--", "../../etc", "\\ud83d\\udca9"});
  const auto body =
      fmt::format(R"({{"title":"{}{}","spaceKey":"DOCS","body":{{"storage":{{"value":"{}"}}}}}})",
                  title, dice.below(1'000'000'000), value);
  const bool dry = dice.below(2) == 0;
  return single("odd write",
                post(std::string("/v1/actions/create_page") + (dry ? "?dry_run=1" : ""), body),
                {dry ? 200 : 202});
}

Attack hostile_batch(Dice& dice) {
  const std::string create = R"({"action":"create_page","spaceKey":"DOCS",)" + kBody;
  const auto body = dice.one_of<std::string>(
      {"",
       "\n\n\n",
       "[",
       "[[[[",
       "[,]",
       "[{}]",
       "]",
       "[{\"action\":\"create_page\"}",
       std::string(30'000, '\n') + "x",
       std::string(30'000, ','),
       "[" + std::string(30'000, ','),
       [] {
         std::string lines;
         for (int i = 0; i < 5'000; ++i) lines += "1\n";
         return lines;
       }(),
       "{\"action\":\"move_page\",\"pageId\":\"100\"}",
       "{\"action\":\"restore_page\"}",
       "{\"action\":\"\\u0000\"}",
       create + R"(,"title":"A","after":["a"],"ref":"a"})",
       create + R"(,"title":"A","after":[[]]})",
       create + R"(,"title":"A","ref":"\u0000"})" + "\nx",
       create + R"(,"title":"A","parentRef":"b","ref":"a"})" + "\n" + create +
           R"(,"title":"B","parentRef":"a","ref":"b"})",
       R"({"action":"delete_page","pageId":"100"})"
       "\n"
       R"({"action":"delete_page","pageId":100})",
       std::string("{\"action\":\"delete_page\"\0,\"pageId\":\"100\"}", 41)});
  const auto query = dice.one_of<std::string>({"", "?dry_run=true", "?again=1&max_deletes=0"});
  return single("hostile batch", post("/v1/jobs" + query, body), {400});
}

// Of the numbers that are none of a job's, each is refused by itself.
Attack odd_change(Dice& dice) {
  const std::vector<std::pair<std::string, std::set<int>>> all = {
      {R"({"jobs":[9223372036854775807]})", {200}},
      {R"({"jobs":["9223372036854775807","9223372036854775807"]})", {200}},
      {R"({"jobs":[]})", {400}},
      {R"({})", {400}},
      {"", {400}},
      {R"({"jobs":[0]})", {400}},
      {R"({"jobs":[-1]})", {400}},
      {R"({"jobs":[1.5]})", {400}},
      {R"({"jobs":[18446744073709551615]})", {400}},
      {R"({"jobs":["1e3"]})", {400}},
      {R"({"jobs":[null]})", {400}},
      {R"({"jobs":{"0":1}})", {400}},
      {R"({"jobs":"1"})", {400}},
      {R"({"batch":"0"})", {400}},
      {R"({"batch":[1]})", {400}},
      {R"({"batch":9223372036854775807})", {404}},
      {R"({"onConflict":"steal"})", {400}},
      {R"({"jobs":[)" +
           [] {
             std::string many = "1";
             for (int i = 0; i < 10'000; ++i) many += ",1";
             return many;
           }() +
           "]}",
       {400}}};
  const auto& [body, answer] = dice.one_of(all);
  const auto verb = dice.one_of<std::string>({"retry", "cancel", "undo"});
  return single("odd change", post("/v1/jobs/" + verb, body), answer);
}

Attack odd_pause(Dice& dice) {
  switch (dice.below(4)) {
    case 0:
      return single("long reason",
                    post("/v1/jobs/pause", R"({"reason":")" + std::string(1001, 'r') + "\"}"),
                    {400});
    case 1:
      return single("reason of another type", post("/v1/jobs/pause", R"({"reason":[]})"), {400});
    case 2:
      return single("odd reason", post("/v1/jobs/pause", R"({"reason":"\u0000\u001b[31m\u202e"})"),
                    {200});
    default:
      return single("resume with a body", post("/v1/jobs/resume", std::string(1000, '\xFF')),
                    {200});
  }
}

Attack odd_preference(Dice& dice) {
  const auto fields = dice.one_of<std::string>(
      {"Prefer: respond-async, wait=99999999999999999999\r\n", "Prefer: wait=0\r\n",
       "Prefer: ;;;,,,respond-async;x=\"\r\n", "Prefer: wait=-1, respond-async\r\n",
       "Prefer: respond-async\r\nPrefer: wait=1e9\r\n", "Prefer: , wait=0 , wait=0\r\n"});
  return single("odd preference", post("/v1/actions/delete_page", R"({"pageId":"101"})", fields),
                {202});
}

// Whoever comes by TCP without the token gets nothing, whatever is asked for.
Attack stranger(Dice& dice) {
  const auto fields = dice.one_of<std::string>(
      {"", "Authorization: Bearer x\r\n", "Authorization: Bearer \r\n", "Authorization: \r\n",
       "Authorization: Basic Og==\r\n", "Authorization: Basic !!!!\r\n",
       "Authorization: bearer\r\n", "Authorization: Negotiate x\r\n", "Cookie: token=x\r\n",
       "Authorization: Bearer " + std::string(7000, 'x') + "\r\n",
       "Authorization: Bearer x\r\nAuthorization: Bearer y\r\n"});
  const auto line = dice.one_of<std::string>(
      {"GET /v1/status", "GET /v1/jobs", "GET /metrics", "POST /v1/actions/create_page",
       "GET /v1/search?q=a", "GET /v1/openapi.json", "GET /v1/batches/1/events", "POST /v1/sync",
       "GET /wiki/api/v2/pages", "DELETE /wiki/api/v2/pages/101", "GET /v1/audit"});
  Attack attack =
      single("stranger", line + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" + fields + "\r\n", {401});
  attack.tcp = true;
  return attack;
}

Attack name_of_another(Dice& dice) {
  const auto host = dice.one_of<std::string>(
      {"evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "0.0.0.0", "[::2]"});
  Attack attack =
      single("name of another", "GET /v1/status HTTP/1.1\r\nHost: " + host + "\r\n\r\n", {421});
  attack.tcp = true;
  return attack;
}

}  // namespace

Attack attack_on_v1(Dice& dice) {
  using Make = Attack (*)(Dice&);
  static constexpr Make kMakes[] = {bad_parameter,  bad_parameter_of_a_write,
                                    odd_search,     odd_parameter,
                                    bad_number,     bad_number_of_a_change,
                                    nowhere,        wrong_method,
                                    bad_json,       bad_json,
                                    wrong_type,     wrong_type,
                                    extreme_read,   odd_write,
                                    hostile_write,  hostile_batch,
                                    odd_change,     odd_pause,
                                    odd_preference, stranger,
                                    name_of_another};
  // An audit reads the whole mirror: now and then is enough.
  if (dice.below(100) == 0) return odd_audit(dice);
  return kMakes[dice.below(std::size(kMakes))](dice);
}

}  // namespace test
