#include "tests/site/control.h"

#include <array>
#include <mutex>
#include <nlohmann/json.hpp>
#include <shared_mutex>
#include <stdexcept>

#include "tests/site/answer.h"
#include "tests/site/connect_app.h"
#include "tests/site/digest.h"
#include "tests/site/text.h"

namespace site {
namespace {

using Json = nlohmann::json;

// What is wrong with a control request; caught at this file's wall.
struct Refusal : std::runtime_error {
  Refusal(int status_code, const std::string& text)
      : std::runtime_error(text), status(status_code) {}
  int status;
};

Json to_json(const Counters& c) {
  return {{"requests", c.requests},
          {"refused", c.refused},
          {"sent_while_waiting", c.sent_while_waiting},
          {"within_grace", c.within_grace},
          {"body_listings", c.body_listings},
          {"plain_listings", c.plain_listings},
          {"version_listings", c.version_listings},
          {"versioned_pages", c.versioned_pages},
          {"bytes_sent", c.bytes_sent},
          {"connections", c.connections},
          {"open_requests", c.open_requests},
          {"max_open_requests", c.max_open_requests},
          {"by_route", c.by_route},
          {"by_status",
           [&] {
             Json by_status = Json::object();
             for (const auto& [status, count] : c.by_status) {
               by_status[std::to_string(status)] = count;
             }
             return by_status;
           }()},
          {"faults", c.faults},
          {"writes", c.writes},
          {"writes_applied", c.writes_applied},
          {"writes_by_kind", c.writes_by_kind}};
}

Json ids_json(const std::set<Id>& ids) {
  Json json = Json::array();
  for (const Id id : ids) json.push_back(std::to_string(id));
  return json;
}

Json poison_json(const State& state) {
  const std::shared_lock lock(state.content_mutex);
  return {{"pages", ids_json(state.poison)}, {"rows", ids_json(state.poison_rows)}};
}

std::optional<std::string> text_of(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || found->is_null()) return std::nullopt;
  if (!found->is_string()) throw Refusal(400, std::string("'") + name + "' must be a string");
  return found->get<std::string>();
}

Id id_of(const Json& json, const char* name) {
  const auto text = text_of(json, name);
  const auto id = text ? parse_number(*text) : std::nullopt;
  if (!id) throw Refusal(400, std::string("'") + name + "' must be an id, as a string");
  return *id;
}

Index page_of(const Content& content, const Json& json, const char* name) {
  const Index page = content.find_page(id_of(json, name));
  if (page == kNone) throw Refusal(404, std::string("no page has the id of '") + name + "'");
  return page;
}

Index space_of(const Content& content, const Json& json) {
  const Index space = content.find_space(id_of(json, "space"));
  if (space == kNone) throw Refusal(404, "no space has the id of 'space'");
  return space;
}

void require(bool done) {
  if (!done) throw Refusal(409, "the site could not hold the result");
}

Json change_settings(State& state, const Json& changes) {
  const std::scoped_lock lock(state.control_mutex);
  if (const auto error = apply(changes, state.settings)) throw Refusal(400, *error);
  return to_json(state.settings);
}

Json post_faults(State& state, const Json& json) {
  return change_settings(state, {{"faults", json}});
}

Json clear_faults(State& state, const Json&) {
  const std::scoped_lock lock(state.control_mutex);
  state.settings.faults.fill(0);
  return to_json(state.settings);
}

Json reset_counters(State& state, const Json&) {
  state.traffic.reset();
  return Json::object();
}

Json post_token(State& state, const Json& json) {
  const auto token = text_of(json, "token");
  if (!token) throw Refusal(400, "'token' is missing");
  const std::scoped_lock lock(state.control_mutex);
  state.token = *token;
  return Json::object();
}

bool flag_of(const Json& json, const char* name, bool otherwise) {
  const auto found = json.find(name);
  if (found == json.end()) return otherwise;
  if (!found->is_boolean()) throw Refusal(400, std::string("'") + name + "' is true or false");
  return found->get<bool>();
}

Scopes scopes_of(const Json& json) {
  const auto found = json.find("scopes");
  if (found == json.end()) return all_scopes();
  if (!found->is_array()) throw Refusal(400, "'scopes' must be a list");
  Scopes scopes;
  for (const Json& item : *found) {
    if (!item.is_string()) throw Refusal(400, "'scopes' must hold strings");
    scopes.insert(item.get<std::string>());
  }
  return scopes;
}

Endpoint endpoint_of(const std::string& name) {
  const auto endpoint = parse_endpoint(name);
  if (!endpoint) throw Refusal(400, "an endpoint is good, 404, 429, 500, 503, html or odd");
  return *endpoint;
}

Json counts_json(const ConnectCounts& counts) {
  return {{"assertions", counts.assertions},
          {"refused_assertions", counts.refused_assertions},
          {"tokens", counts.tokens},
          {"app_requests", counts.app_requests},
          {"user_requests", counts.user_requests},
          {"refused_requests", counts.refused_requests},
          {"keys", counts.keys}};
}

// An app that is named by its address is read there first, as an administrator's upload does.
int call_app(Connect& connect, const std::string& event, const Json& json) {
  if (event != "installed" && event != "uninstalled") {
    throw Refusal(400, "'event' is installed or uninstalled");
  }
  if (const auto app = text_of(json, "app")) {
    if (event != "installed") throw Refusal(400, "'app' is for installed");
    try {
      return install(connect, read_app(*app));
    } catch (const std::runtime_error& failure) {
      throw Refusal(409, failure.what());
    }
  }
  const auto port = json.find("port");
  if (port == json.end() && event == "uninstalled") return connect.call_uninstalled();
  if (port == json.end() || !port->is_number_unsigned() || *port > 65'535) {
    throw Refusal(400, "'port' is that of the app's listener");
  }
  Lifecycle call;
  call.event = event;
  call.app_key = text_of(json, "app_key").value_or(call.app_key);
  call.public_url = text_of(json, "public_url").value_or("");
  call.base_url = text_of(json, "base_url").value_or("");
  call.port = port->get<std::uint16_t>();
  return connect.call(call);
}

Json post_connect(State& state, const Json& json) {
  Connect& connect = state.connect;
  Json answer = Json::object();
  if (const auto event = text_of(json, "event")) answer["status"] = call_app(connect, *event, json);
  if (flag_of(json, "expire_tokens", false)) connect.expire_tokens();
  if (flag_of(json, "rotate_secret", false)) connect.rotate_secret();
  if (json.contains("keys_available")) {
    connect.set_keys_available(flag_of(json, "keys_available", true));
  }
  if (json.contains("explain")) connect.explain(flag_of(json, "explain", true));
  if (const auto ahead = json.find("clock_ahead_s"); ahead != json.end()) {
    if (!ahead->is_number_integer()) throw Refusal(400, "'clock_ahead_s' is a number");
    connect.set_clock_offset(std::chrono::seconds(ahead->get<std::int64_t>()));
  }
  if (const auto user = text_of(json, "remove_user")) connect.remove_user(*user);
  answer["installed"] = connect.installed();
  answer["counts"] = counts_json(connect.counts());
  return answer;
}

Json post_credentials(State& state, const Json& json) {
  Credentials& credentials = state.credentials;
  if (const auto token = text_of(json, "scoped_token")) {
    credentials.put_scoped_token(*token, scopes_of(json));
  }
  if (const auto token = text_of(json, "bearer")) {
    credentials.put_bearer(*token, scopes_of(json), flag_of(json, "installed", true));
  }
  if (const auto id = text_of(json, "client_id")) {
    const auto lasts = json.find("expires_in");
    ServiceAccount account{*id, text_of(json, "secret").value_or(""), scopes_of(json)};
    if (lasts != json.end()) {
      if (!lasts->is_number_unsigned()) throw Refusal(400, "'expires_in' is a number");
      account.expires_in_s = lasts->get<std::uint32_t>();
    }
    credentials.put_service_account(std::move(account));
  }
  if (const auto name = text_of(json, "revoke")) credentials.revoke(*name);
  if (flag_of(json, "end_access_tokens", false)) credentials.end_access_tokens();
  if (json.contains("basic_disabled")) {
    credentials.disable_basic(flag_of(json, "basic_disabled", false));
  }
  if (json.contains("licence_taken")) {
    credentials.take_licence(flag_of(json, "licence_taken", false));
  }
  if (const auto name = text_of(json, "token_endpoint")) {
    credentials.set_token_endpoint(endpoint_of(*name));
  }
  if (const auto name = text_of(json, "tenant_info")) {
    credentials.set_tenant_info(endpoint_of(*name));
  }
  return {{"cloud_id", std::string(kCloudId)}, {"tokens_given", credentials.tokens_given()}};
}

// Takes the ids that `name` lists; without it `target` stays.
void take_ids(const Json& json, const char* name, std::set<Id>& target) {
  const auto found = json.find(name);
  if (found == json.end()) return;
  if (!found->is_array()) throw Refusal(400, std::string("'") + name + "' must be a list");
  std::set<Id> ids;
  for (const Json& item : *found) {
    const auto id = parse_number(item.is_string() ? item.get_ref<const std::string&>() : "");
    if (!id) throw Refusal(400, std::string("'") + name + "' must hold ids, as strings");
    ids.insert(*id);
  }
  target = std::move(ids);
}

Json post_poison(State& state, const Json& json) {
  {
    const std::scoped_lock lock(state.content_mutex);
    take_ids(json, "pages", state.poison);
    take_ids(json, "rows", state.poison_rows);
  }
  return poison_json(state);
}

Json post_permissions(State& state, const Json& json) {
  const std::scoped_lock lock(state.content_mutex);
  take_ids(json, "read_only", state.read_only);
  take_ids(json, "closed_spaces", state.closed_spaces);
  return {{"read_only", ids_json(state.read_only)},
          {"closed_spaces", ids_json(state.closed_spaces)}};
}

std::uint32_t count_of(const Json& json, const char* name, std::uint32_t otherwise) {
  const auto found = json.find(name);
  if (found == json.end()) return otherwise;
  if (!found->is_number_unsigned()) throw Refusal(400, std::string("'") + name + "' is a number");
  return found->get<std::uint32_t>();
}

Json post_next_write(State& state, const Json& json) {
  NextWrite next;
  const auto fault = parse_fault(text_of(json, "fault").value_or(""));
  if (!fault) throw Refusal(400, "'fault' must be the name of a fault");
  next.fault = *fault;
  if (json.contains("page")) next.page = id_of(json, "page");
  next.what = text_of(json, "what").value_or("");
  next.skip = count_of(json, "skip", 0);
  next.count = count_of(json, "count", 1);
  const std::scoped_lock lock(state.control_mutex);
  state.next_writes.push_back(std::move(next));
  return {{"waiting", state.next_writes.size()}};
}

Json clear_next_writes(State& state, const Json&) {
  const std::scoped_lock lock(state.control_mutex);
  state.next_writes.clear();
  return Json::object();
}

Json clear_writes(State& state, const Json&) {
  state.writes.clear();
  return Json::object();
}

Json post_others_write(State& state, const Json& json) {
  const Json body = json.value("body", Json());
  const Response response =
      others_write(state, text_of(json, "method").value_or(""),
                   text_of(json, "target").value_or(""), body.is_null() ? "" : body.dump());
  Json answer = Json::parse(response.body, nullptr, false);
  if (answer.is_discarded()) answer = nullptr;
  return {{"status", response.status}, {"answer", std::move(answer)}};
}

Json page_answer(const Content& content, Index page) {
  const Page& p = content.pages()[page];
  return {{"page", std::to_string(p.id)}, {"version", p.version}, {"status", to_string(p.status)}};
}

Json post_edit(State& state, const Json& json) {
  const std::scoped_lock lock(state.content_mutex);
  const Index page = page_of(state.content, json, "page");
  Edit edit;
  edit.title = text_of(json, "title");
  edit.body = text_of(json, "body");
  edit.message = text_of(json, "message").value_or("");
  if (const auto minor = json.find("minorEdit"); minor != json.end()) {
    if (!minor->is_boolean()) throw Refusal(400, "'minorEdit' must be true or false");
    edit.minor_edit = minor->get<bool>();
  }
  require(state.content.edit(page, edit));
  return page_answer(state.content, page);
}

Json post_move(State& state, const Json& json) {
  const std::scoped_lock lock(state.content_mutex);
  const Index page = page_of(state.content, json, "page");
  if (json.contains("space")) {
    require(state.content.move_to_space(page, space_of(state.content, json)));
  } else {
    const auto parent = json.find("parent");
    if (parent == json.end()) throw Refusal(400, "'parent' or 'space' is missing");
    require(state.content.reparent(
        page, parent->is_null() ? kNone : page_of(state.content, json, "parent")));
  }
  return page_answer(state.content, page);
}

Json post_status(State& state, const Json& json) {
  const std::scoped_lock lock(state.content_mutex);
  const Index page = page_of(state.content, json, "page");
  const std::string name = text_of(json, "status").value_or("");
  const auto status = name == "purged" ? Status::kPurged : parse_status(name);
  if (!status) throw Refusal(400, "'status' is current, archived, trashed, deleted or purged");
  require(state.content.set_status(page, *status));
  return page_answer(state.content, page);
}

Json post_restrict(State& state, const Json& json) {
  const std::scoped_lock lock(state.content_mutex);
  const auto restricted = json.find("restricted");
  if (restricted == json.end() || !restricted->is_boolean()) {
    throw Refusal(400, "'restricted' must be true or false");
  }
  if (json.contains("space")) {
    state.content.restrict_space(space_of(state.content, json), restricted->get<bool>());
    return Json::object();
  }
  const Index page = page_of(state.content, json, "page");
  state.content.restrict_page(page, restricted->get<bool>());
  return page_answer(state.content, page);
}

Json post_remove_version(State& state, const Json& json) {
  const std::scoped_lock lock(state.content_mutex);
  const Index page = page_of(state.content, json, "page");
  const auto number = json.find("version");
  if (number == json.end() || !number->is_number_integer()) {
    throw Refusal(400, "'version' must be a number");
  }
  require(state.content.remove_version(page, number->get<std::int32_t>()));
  return page_answer(state.content, page);
}

Json post_add(State& state, const Json& json) {
  const std::scoped_lock lock(state.content_mutex);
  NewPage page;
  page.space = space_of(state.content, json);
  if (json.contains("parent")) page.parent = page_of(state.content, json, "parent");
  page.title = text_of(json, "title").value_or("");
  page.body = text_of(json, "body").value_or("");
  const Index added = state.content.add(page);
  require(added != kNone);
  return page_answer(state.content, added);
}

Json get_state(State& state) {
  Json json;
  {
    const std::scoped_lock lock(state.control_mutex);
    json["settings"] = to_json(state.settings);
  }
  json["counters"] = to_json(state.traffic.counters());
  json["poison"] = poison_json(state);
  const std::shared_lock lock(state.content_mutex);
  json["spaces"] = state.content.spaces().size();
  json["pages"] = state.content.pages().size();
  json["account_id"] = state.content.users().front().account_id;
  return json;
}

struct Post {
  std::string_view name;
  Json (*run)(State& state, const Json& json);
};
constexpr std::array<Post, 19> kPosts = {{{"counters/reset", reset_counters},
                                          {"credentials", post_credentials},
                                          {"connect", post_connect},
                                          {"permissions", post_permissions},
                                          {"next-write", post_next_write},
                                          {"next-write/clear", clear_next_writes},
                                          {"writes/clear", clear_writes},
                                          {"others-write", post_others_write},
                                          {"settings", change_settings},
                                          {"faults", post_faults},
                                          {"faults/clear", clear_faults},
                                          {"token", post_token},
                                          {"poison", post_poison},
                                          {"edit", post_edit},
                                          {"move", post_move},
                                          {"status", post_status},
                                          {"restrict", post_restrict},
                                          {"remove-version", post_remove_version},
                                          {"add", post_add}}};

std::string get(State& state, std::string_view name) {
  if (name == "state") return get_state(state).dump(2) + "\n";
  if (name == "counters") return to_json(state.traffic.counters()).dump(2) + "\n";
  if (name == "poison") return poison_json(state).dump(2) + "\n";
  if (name == "digest") {
    const std::shared_lock lock(state.content_mutex);
    return digest_of(state.content);
  }
  if (name == "digest/state") {
    const std::shared_lock lock(state.content_mutex);
    return state_digest_of(state.content);
  }
  if (name == "writes") {
    std::string lines;
    for (const WriteEntry& entry : state.writes.entries()) lines += to_json_line(entry);
    return lines;
  }
  throw Refusal(404, "no such control");
}

std::string post(State& state, std::string_view name, const std::string& body) {
  const Json json = body.empty() ? Json::object() : Json::parse(body, nullptr, false);
  if (!json.is_object()) throw Refusal(400, "the body must be a JSON object");
  for (const Post& known : kPosts) {
    if (known.name == name) return known.run(state, json).dump(2) + "\n";
  }
  throw Refusal(404, "no such control");
}

}  // namespace

Response control(State& state, const Request& request) {
  Response response;
  const std::string_view name = std::string_view(request.path).substr(kControlRoot.size());
  try {
    if (request.method == "GET") {
      response.body = get(state, name);
    } else if (request.method == "POST") {
      response.body = post(state, name, request.body);
    } else {
      throw Refusal(405, "GET or POST");
    }
  } catch (const Refusal& refusal) {
    response.status = refusal.status;
    response.body = Json{{"error", refusal.what()}}.dump() + "\n";
  }
  return response;
}

void tell_observer(State& state, const Request& request, const Route& route) {
  Seen seen;
  std::function<void(const Seen&)> observer;
  {
    const std::scoped_lock lock(state.control_mutex);
    seen.number = ++state.seen;
    observer = state.observer;
  }
  if (!observer) return;
  seen.method = request.method;
  seen.target = request.target;
  seen.route = route.name;
  observer(seen);
}

}  // namespace site
