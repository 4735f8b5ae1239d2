#pragma once

// Answers and requests held against Confluence's own OpenAPI document, for tests. One thread.

#if defined(__GNUC__) && !defined(__clang__)
// g++ 12 takes libstdc++'s own std::regex for uninitialised under AddressSanitizer (GCC bug
// 105562).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

namespace site {

// Turns the schemas of an OpenAPI 3.0 document into JSON Schema: references are put in place, allOf
// is merged, `nullable` and descriptions that speak of null become a type, and no property may
// stand in an answer that the document does not name.
class OpenApi {
 public:
  using Json = nlohmann::json;

  explicit OpenApi(Json document) : document_(std::move(document)) {}

  Json request_schema(const std::string& method, const std::string& path) const {
    Json body = document_.at("paths").at(path).at(method).at("requestBody");
    if (body.contains("$ref")) {
      body = document_.at(Json::json_pointer(body["$ref"].get<std::string>().substr(1)));
    }
    return expand(body.at("content").at("application/json").at("schema"), 0);
  }

  Json response_schema(const std::string& method, const std::string& path) const {
    const Json& operation = document_.at("paths").at(path).at(method);
    const Json& content = operation.at("responses").at("200").at("content");
    return expand(content.at("application/json").at("schema"), 0);
  }

  // What is wrong with an answer, or with a request; "" = nothing.
  std::string check(const std::string& method, const std::string& path, const Json& answer,
                    bool request = false) {
    auto& schema = schemas_[(request ? "request " : "") + method + path];
    if (!schema) {
      const Json schema_json =
          request ? request_schema(method, path) : response_schema(method, path);
      schema = std::make_unique<valijson::Schema>();
      valijson::SchemaParser().populateSchema(valijson::adapters::NlohmannJsonAdapter(schema_json),
                                              *schema);
    }
    valijson::Validator validator;
    valijson::ValidationResults results;
    const valijson::adapters::NlohmannJsonAdapter adapter(answer);
    if (validator.validate(*schema, adapter, &results)) return {};
    std::string text;
    for (valijson::ValidationResults::Error error; results.popError(error);) {
      for (const std::string& part : error.context) text += part;
      text += ": " + error.description + "\n";
    }
    return text.empty() ? "invalid" : text;
  }

 private:
  static void merge(Json& into, const Json& from) {
    for (const auto& [name, value] : from.items()) {
      if (into.contains(name) && into[name].is_object() && value.is_object()) {
        merge(into[name], value);
      } else {
        into[name] = value;
      }
    }
  }

  Json expand(const Json& schema, int depth) const {
    if (depth > 30) throw std::runtime_error("the schema contains itself");
    if (schema.contains("$ref")) {
      const std::string reference = schema["$ref"];
      Json target = document_.at(Json::json_pointer(reference.substr(1)));
      // What stands beside a reference in the document speaks of it as well.
      if (schema.contains("description")) target["description"] = schema["description"];
      return expand(target, depth + 1);
    }
    if (schema.contains("allOf")) {
      Json merged = Json::object();
      for (const Json& part : schema["allOf"]) merge(merged, expand(part, depth + 1));
      return merged;
    }
    Json result = schema;
    if (schema.contains("properties")) {
      for (auto& [name, property] : result["properties"].items())
        property = expand(property, depth + 1);
      result["additionalProperties"] = false;
    }
    if (schema.contains("oneOf")) {
      for (auto& one : result["oneOf"]) one = expand(one, depth + 1);
    }
    if (schema.contains("items")) result["items"] = expand(schema["items"], depth + 1);
    if (schema.value("format", "") == "date-time") {
      result["pattern"] = R"(^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$)";
    }
    const bool nullable = schema.value("nullable", false) ||
                          schema.value("description", "").find("null") != std::string::npos;
    if (nullable && schema.contains("type")) {
      result["type"] = Json::array({schema["type"], "null"});
      if (schema.contains("enum")) result["enum"].push_back(nullptr);
    }
    result.erase("description");
    return result;
  }

  Json document_;
  std::map<std::string, std::unique_ptr<valijson::Schema>> schemas_;
};

// nullptr: the document is not beside the checkout.
inline std::unique_ptr<OpenApi> load_openapi(const std::filesystem::path& shared) {
  std::ifstream file(shared / "openapi" / "confluence-cloud-v2.json");
  if (!file) return nullptr;
  auto document = nlohmann::json::parse(file, nullptr, false);
  if (!document.is_object()) throw std::runtime_error("the OpenAPI document is no JSON object");
  return std::make_unique<OpenApi>(std::move(document));
}

}  // namespace site
