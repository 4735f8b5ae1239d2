#if defined(__GNUC__) && !defined(__clang__)
// g++ 12 takes libstdc++'s own std::regex for uninitialised under AddressSanitizer (GCC bug
// 105562).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include "tests/daemon/serve/openapi_check.h"

#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

namespace test {

using Json = nlohmann::json;

struct OpenApiCheck::Document {
  Json json;

  // References put in place.
  Json expand(const Json& schema, int depth = 0) const {
    if (depth > 20) throw std::runtime_error("the schema contains itself");
    if (schema.is_array()) {
      Json all = Json::array();
      for (const auto& one : schema) all.push_back(expand(one, depth + 1));
      return all;
    }
    if (!schema.is_object()) return schema;
    if (schema.contains("$ref")) {
      const std::string reference = schema["$ref"];
      return expand(json.at(Json::json_pointer(reference.substr(1))), depth + 1);
    }
    Json result = Json::object();
    for (const auto& [name, value] : schema.items()) result[name] = expand(value, depth + 1);
    return result;
  }
  const Json* response(const std::string& method, const std::string& path, int status) const {
    const auto& responses = json.at("paths").at(path).at(method).at("responses");
    const auto exact = std::to_string(status);
    const auto family = exact.substr(0, 1) + "XX";
    if (responses.contains(exact)) return &responses.at(exact);
    return responses.contains(family) ? &responses.at(family) : nullptr;
  }
};

OpenApiCheck::OpenApiCheck(const std::string& document) : document_(std::make_unique<Document>()) {
  document_->json = Json::parse(document);
}
OpenApiCheck::~OpenApiCheck() = default;

std::string OpenApiCheck::fault(const std::string& method, const std::string& path, int status,
                                const std::string& body) const {
  const auto* response = document_->response(method, path, status);
  if (response == nullptr) return "status " + std::to_string(status) + " is not described";
  const auto answer = Json::parse(body, nullptr, false);
  if (answer.is_discarded()) return "no JSON: " + body;
  valijson::Schema schema;
  const auto expanded =
      document_->expand(response->at("content").at("application/json").at("schema"));
  valijson::SchemaParser().populateSchema(valijson::adapters::NlohmannJsonAdapter(expanded),
                                          schema);
  valijson::Validator validator;
  valijson::ValidationResults results;
  const valijson::adapters::NlohmannJsonAdapter adapter(answer);
  if (validator.validate(schema, adapter, &results)) return {};
  std::string text;
  for (valijson::ValidationResults::Error error; results.popError(error);) {
    for (const std::string& part : error.context) text += part;
    text += ": " + error.description + "\n";
  }
  return text + body;
}

std::string OpenApiCheck::dangling() const {
  try {
    document_->expand(document_->json.at("paths"));
  } catch (const std::exception& error) {
    return error.what();
  }
  return {};
}

}  // namespace test
