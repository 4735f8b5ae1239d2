#include "tests/site/compare.h"

#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <unordered_map>

#include "tests/site/text.h"

namespace site {
namespace {

using Json = nlohmann::json;

struct ExpectedPage {
  Id space = 0;
  std::string status;
  std::int64_t version = 0;
  std::string hash;
  std::map<std::int64_t, std::string> versions;  // what is left to be found in the export
  bool found = false;
};

struct ExpectedNode {
  Json line;
  bool found = false;
};

struct ExpectedSpace {
  std::string key;
  std::string status;
  bool found = false;
};

std::string text(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Id id(const Json& json, const char* name) { return parse_number(text(json, name)).value_or(0); }

std::int64_t number(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_number_integer() ? found->get<std::int64_t>() : -1;
}

bool is_gone(const Json& json) {
  const auto found = json.find("gone_at");
  return found != json.end() && !found->is_null();
}

class Comparer {
 public:
  explicit Comparer(const CompareOptions& options) : options_(options) {}

  void read_digest(std::istream& in);
  void read_export(std::istream& in);
  Comparison finish();

 private:
  void digest_line(const Json& json);
  void export_space(const Json& json);
  void export_node(const Json& json);
  void export_page(const Json& json);
  void export_version(const Json& json);
  std::string body_hash(const Json& json, const std::string& subject);
  void version_found(ExpectedPage& page, Id page_id, std::int64_t version, const std::string& hash);
  void differ(const std::string& what);
  template <typename T>
  void expect(const std::string& subject, const char* field, const T& site, const T& mirror);

  const CompareOptions& options_;
  Comparison result_;
  std::map<Id, ExpectedSpace> spaces_;
  std::map<Id, ExpectedNode> nodes_;
  std::unordered_map<Id, ExpectedPage> pages_;
  std::set<Id> tombstones_;
};

void Comparer::differ(const std::string& what) {
  ++result_.differences;
  if (result_.shown.size() < options_.max_shown) result_.shown.push_back(what);
}

template <typename T>
void Comparer::expect(const std::string& subject, const char* field, const T& site,
                      const T& mirror) {
  if (site == mirror) return;
  std::ostringstream message;
  message << subject << ": " << field << " is '" << site << "' on the site, '" << mirror
          << "' in the mirror";
  differ(message.str());
}

void Comparer::digest_line(const Json& json) {
  const std::string kind = text(json, "kind");
  if (kind == "space") {
    ++result_.spaces;
    spaces_[id(json, "space_id")] = {text(json, "space_key"), text(json, "status"), false};
    return;
  }
  if (kind == "node") {
    if (json.value("named", false)) ++result_.nodes;
    nodes_[id(json, "node_id")] = {json, false};
    return;
  }
  const Id page = id(json, "page_id");
  if (options_.except_pages.contains(page)) {
    if (kind == "page") ++result_.excepted;
    return;
  }
  if (kind == "page") {
    ++result_.pages;
    ExpectedPage& expected = pages_[page];
    expected.space = id(json, "space_id");
    expected.status = text(json, "status");
    expected.version = number(json, "version");
    expected.hash = text(json, "body_sha256");
  } else if (kind == "version") {
    ++result_.versions;
    pages_[page].versions[number(json, "version")] = text(json, "body_sha256");
  } else {
    differ("the digest has a line of unknown kind '" + kind + "'");
  }
}

void Comparer::read_digest(std::istream& in) {
  for (std::string line; std::getline(in, line);) {
    const Json json = Json::parse(line, nullptr, false);
    if (json.is_object()) {
      digest_line(json);
    } else if (!line.empty()) {
      differ("the digest has a line that is no JSON object: " + line.substr(0, 80));
    }
  }
  if (in.bad()) differ("the digest could not be read to its end");
  if (spaces_.empty() && pages_.empty()) differ("the digest is empty");
}

void Comparer::export_space(const Json& json) {
  const Id space = id(json, "space_id");
  const std::string subject = "space " + std::to_string(space);
  const auto expected = spaces_.find(space);
  if (is_gone(json)) return;
  if (expected == spaces_.end()) return differ(subject + " is not on the site");
  if (expected->second.found) differ(subject + " is in the export twice");
  expected->second.found = true;
  expect(subject, "key", expected->second.key, text(json, "space_key"));
  expect(subject, "status", expected->second.status, text(json, "status"));
}

void Comparer::export_node(const Json& json) {
  const Id node = id(json, "node_id");
  const std::string subject = "node " + std::to_string(node);
  const auto expected = nodes_.find(node);
  if (is_gone(json)) return;  // missed at the end if it is needed
  if (expected == nodes_.end()) return differ(subject + " is not on the site");
  if (expected->second.found) differ(subject + " is in the export twice");
  expected->second.found = true;
  for (const char* field :
       {"type", "space_id", "parent_id", "parent_type", "position", "title", "status"}) {
    const Json absent;
    expect(subject, field, expected->second.line.value(field, absent), json.value(field, absent));
  }
}

// Of the text in the export, after a check of the hash beside it; "" where there is no body.
std::string Comparer::body_hash(const Json& json, const std::string& subject) {
  const auto body = json.find("body");
  if (body == json.end() || !body->is_object() || !body->contains("storage") ||
      !body->at("storage").is_string()) {
    return "";
  }
  const std::string hash = sha256_hex(body->at("storage").get_ref<const std::string&>());
  if (hash != text(json, "body_sha256")) differ(subject + ": body_sha256 is not that of the body");
  return hash;
}

void Comparer::version_found(ExpectedPage& page, Id page_id, std::int64_t version,
                             const std::string& hash) {
  if (options_.current_only && version != page.version) return;
  const std::string subject =
      "page " + std::to_string(page_id) + " version " + std::to_string(version);
  const auto expected = page.versions.find(version);
  if (expected == page.versions.end()) return differ(subject + " is not on the site");
  if (expected->second != hash) expect(subject, "body hash", expected->second, hash);
  // Kept as found: the current version may come as the page and as a version.
  if (version != page.version) page.versions.erase(expected);
}

void Comparer::export_page(const Json& json) {
  const Id page_id = id(json, "page_id");
  if (options_.except_pages.contains(page_id)) return;
  const std::string subject = "page " + std::to_string(page_id);
  const auto found = pages_.find(page_id);
  if (is_gone(json)) {
    ++result_.tombstones;
    tombstones_.insert(page_id);
    if (found != pages_.end() && found->second.status != "deleted") {
      differ(subject + " is a tombstone in the mirror, but the site has it");
    }
    if (found != pages_.end()) found->second.found = true;
    return;
  }
  if (found == pages_.end()) return differ(subject + " is not on the site");
  ExpectedPage& expected = found->second;
  if (expected.found) return differ(subject + " is in the export twice");
  expected.found = true;
  expect(subject, "status", expected.status, text(json, "status"));
  expect(subject, "version", expected.version, number(json, "version"));
  const auto space = spaces_.find(expected.space);
  if (space != spaces_.end())
    expect(subject, "space key", space->second.key, text(json, "space_key"));
  const std::string hash = body_hash(json, subject);
  expect(subject, "body hash", expected.hash, hash);
  version_found(expected, page_id, number(json, "version"), hash);
}

void Comparer::export_version(const Json& json) {
  const Id page_id = id(json, "page_id");
  if (options_.except_pages.contains(page_id) || tombstones_.contains(page_id)) return;
  const std::int64_t version = number(json, "version");
  const std::string subject =
      "page " + std::to_string(page_id) + " version " + std::to_string(version);
  const auto found = pages_.find(page_id);
  if (found == pages_.end()) return differ(subject + " is of a page that is not on the site");
  version_found(found->second, page_id, version, body_hash(json, subject));
}

void Comparer::read_export(std::istream& in) {
  for (std::string line; std::getline(in, line);) {
    const Json json = Json::parse(line, nullptr, false);
    const std::string kind = json.is_object() ? text(json, "kind") : "";
    if (kind == "space") {
      export_space(json);
    } else if (kind == "node") {
      export_node(json);
    } else if (kind == "page") {
      export_page(json);
    } else if (kind == "version") {
      export_version(json);
    } else {
      differ("the export has a line that is no space, node, page or version: " +
             line.substr(0, 80));
    }
  }
  if (in.bad()) differ("the export could not be read to its end");
}

Comparison Comparer::finish() {
  for (const auto& [space_id, space] : spaces_) {
    if (!space.found) differ("space " + std::to_string(space_id) + " is not in the mirror");
  }
  for (const auto& [node_id, node] : nodes_) {
    if (!node.found && node.line.value("named", false)) {
      differ("node " + std::to_string(node_id) + " is not in the mirror");
    }
  }
  std::map<Id, const ExpectedPage*> ordered;
  for (const auto& [page_id, page] : pages_) ordered.emplace(page_id, &page);
  for (const auto& [page_id, page] : ordered) {
    const std::string subject = "page " + std::to_string(page_id);
    if (!page->found && page->status != "deleted") {
      differ(subject + " is not in the mirror");
      continue;
    }
    if (options_.current_only || page->status == "deleted") continue;
    for (const auto& [version, hash] : page->versions) {
      if (version == page->version) continue;
      differ(subject + " version " + std::to_string(version) + " is not in the mirror");
    }
  }
  return std::move(result_);
}

}  // namespace

Comparison compare(std::istream& digest, std::istream& exported, const CompareOptions& options) {
  Comparer comparer(options);
  comparer.read_digest(digest);
  comparer.read_export(exported);
  return comparer.finish();
}

Comparison compare(const std::string& digest, const std::string& exported,
                   const CompareOptions& options) {
  std::istringstream left(digest);
  std::istringstream right(exported);
  return compare(left, right, options);
}

}  // namespace site
