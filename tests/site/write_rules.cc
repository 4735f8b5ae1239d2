#include "tests/site/write_rules.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/site/storage_check.h"
#include "tests/site/text.h"
#include "tests/site/wiki.h"

namespace site {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxTitle = 255;  // code points

std::string trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1));
}

Response wrong_field(std::string_view name, std::string_view expected) {
  return bad_request("The field '" + std::string(name) + "' must be " + std::string(expected));
}

const Json* field_of(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found == json.end() || found->is_null() ? nullptr : &*found;
}

std::optional<Response> take_text(const Json& json, const char* name, bool required,
                                  std::string& text) {
  const Json* field = field_of(json, name);
  if (field == nullptr) {
    if (required) return wrong_field(name, "given");
    return std::nullopt;
  }
  if (!field->is_string()) return wrong_field(name, "a string");
  text = field->get<std::string>();
  return std::nullopt;
}

std::optional<Response> take_status(const Json& json, bool required, PageWrite& write) {
  std::string status;
  if (auto error = take_text(json, "status", required, status)) return error;
  if (!status.empty() && status != "current" && status != "draft") {
    return wrong_field("status", "current or draft");
  }
  write.draft = status == "draft";
  return std::nullopt;
}

std::optional<Response> take_title(const Json& json, WriteForm form, PageWrite& write) {
  const bool required = form != WriteForm::kCreate || !write.draft;
  std::string title;
  if (auto error = take_text(json, "title", required, title)) return error;
  write.title = trimmed(title);
  if (write.title.empty() && !write.draft) return wrong_field("title", "given");
  const auto length = std::count_if(write.title.begin(), write.title.end(),
                                    [](char c) { return (c & 0xC0) != 0x80; });
  if (static_cast<std::size_t>(length) > kMaxTitle) {
    return wrong_field("title", "at most 255 characters long");
  }
  return std::nullopt;
}

// {"representation":..,"value":..}, or the same under the representation's name, where it may leave
// out `representation`.
std::optional<Response> find_body(const Json& body, std::string& representation,
                                  std::string& value) {
  if (!body.is_object()) return wrong_field("body", "an object");
  const Json* inner = &body;
  if (!body.contains("representation") && !body.contains("value")) {
    if (body.size() != 1 || !body.begin()->is_object()) {
      return wrong_field("body", "of one representation");
    }
    representation = body.begin().key();
    inner = &body.begin().value();
  }
  std::string named = representation;
  if (auto error = take_text(*inner, "representation", representation.empty(), named)) return error;
  if (!representation.empty() && named != representation) {
    return wrong_field("representation", "'" + representation + "' here");
  }
  representation = named;
  return take_text(*inner, "value", true, value);
}

std::optional<Response> take_body(const Json& json, WriteForm form, const Settings& settings,
                                  std::uint64_t seed, PageWrite& write) {
  const Json* field = field_of(json, "body");
  if (field == nullptr) {
    // The OpenAPI document asks for a body in updates alone.
    if (form == WriteForm::kUpdate) return wrong_field("body", "given");
    write.body = "";
    return std::nullopt;
  }
  std::string representation;
  std::string value;
  if (auto error = find_body(*field, representation, value)) return error;
  write.received_sha256 = sha256_hex(value);
  if (representation == "wiki") {
    value = wiki_to_storage(value);
  } else if (representation != "storage") {
    // The real site takes atlas_doc_format as well; this one has no converter for it.
    return wrong_field("representation", "storage or wiki");
  }
  if (const auto error = storage_error(value)) write.bad_body = bad_request(*error);
  write.body =
      settings.rewrite_bodies && !write.bad_body ? rewrite_storage(value, seed) : std::move(value);
  return std::nullopt;
}

std::optional<Response> take_version(const Json& json, PageWrite& write) {
  const Json* version = field_of(json, "version");
  if (version == nullptr || !version->is_object()) return wrong_field("version", "an object");
  const Json* number = field_of(*version, "number");
  if (number == nullptr || !number->is_number_integer()) {
    return wrong_field("version.number", "a whole number");
  }
  write.version = number->get<std::int64_t>();
  return take_text(*version, "message", false, write.message);
}

}  // namespace

Response bad_request(std::string_view title) { return v2_error(400, "BAD_REQUEST", title); }

Response title_clash() {
  return bad_request(
      "A page with this title already exists: A page already exists with the same TITLE in this "
      "space");
}

Response stale_version(std::int32_t current, std::int64_t provided) {
  return v2_error(409, "CONFLICT",
                  "Version must be incremented when updating a page. Current Version: [" +
                      std::to_string(current) + "]. Provided version: [" +
                      std::to_string(provided) + "]");
}

std::optional<Response> read_flag(const Query& query, std::string_view name, bool& flag) {
  const std::string value = query.get(name).value_or("false");
  if (value != "true" && value != "false") return bad_parameter(name, value, "boolean");
  flag = value == "true";
  return std::nullopt;
}

std::optional<Response> read_write(const Request& request, WriteForm form, const Settings& settings,
                                   std::uint64_t seed, PageWrite& write) {
  if (!fold_case(request.content_type).starts_with("application/json")) {
    return v2_error(415, "UNSUPPORTED_MEDIA_TYPE", "Content-Type must be application/json");
  }
  const Json json = Json::parse(request.body, nullptr, false);
  if (!json.is_object()) return bad_request("The request's body is no JSON object");
  const bool update = form == WriteForm::kUpdate;
  if (update) {
    if (auto error = take_text(json, "id", true, write.id)) return error;
  }
  if (form != WriteForm::kTitle) {
    if (auto error = take_text(json, "spaceId", form == WriteForm::kCreate, write.space)) {
      return error;
    }
  }
  if (auto error = take_status(json, form != WriteForm::kCreate, write)) return error;
  if (auto error = take_title(json, form, write)) return error;
  if (form == WriteForm::kTitle) return std::nullopt;
  if (auto error = take_text(json, "parentId", false, write.parent)) return error;
  if (update) {
    if (auto error = take_text(json, "ownerId", false, write.owner)) return error;
    if (auto error = take_version(json, write)) return error;
  } else {
    std::string subtype;
    if (auto error = take_text(json, "subtype", false, subtype)) return error;
    if (!subtype.empty() && subtype != "live") return wrong_field("subtype", "live");
  }
  return take_body(json, form, settings, seed, write);
}

}  // namespace site
