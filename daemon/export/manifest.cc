#include "daemon/export/manifest.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "daemon/export/file_names.h"

namespace exporting {

namespace {

using OrderedJson = nlohmann::ordered_json;
using AnyJson = nlohmann::json;

constexpr int kManifestForm = 1;
constexpr const char* kFormKey = "confmirror_export";
constexpr const char* kJournalKey = "confmirror_export_journal";

std::string line_of(const OrderedJson& json) {
  return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

// Ends the reading; caught in this file.
struct BadManifest {
  std::string why;
};

store::Failure bad_manifest(const std::string& why) {
  return store::fail(store::ErrorKind::kItemBad, "bad_manifest", why);
}

std::string string_at(const AnyJson& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) throw BadManifest{std::string("no ") + key};
  return found->get<std::string>();
}

std::string path_at(const AnyJson& object, const char* key) {
  auto path = string_at(object, key);
  if (!is_safe_path(path)) throw BadManifest{"a path that leads elsewhere: " + path};
  return path;
}

std::int64_t number_at(const AnyJson& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number_integer()) {
    throw BadManifest{std::string("no ") + key};
  }
  return found->get<std::int64_t>();
}

std::optional<store::Id> id_of(const std::string& text) {
  store::Id id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return id;
}

store::Id id_at(const AnyJson& object, const char* key) {
  const auto id = id_of(string_at(object, key));
  if (!id) throw BadManifest{std::string("no number: ") + key};
  return *id;
}

store::Sha256 hash_at(const AnyJson& object, const char* key) {
  const auto text = string_at(object, key);
  store::Sha256 hash{};
  if (text.size() != 2 * hash.size()) throw BadManifest{"no SHA-256"};
  for (std::size_t i = 0; i < hash.size(); ++i) {
    const char* const at = text.data() + 2 * i;
    const auto [end, error] = std::from_chars(at, at + 2, hash.at(i), 16);
    if (error != std::errc() || end != at + 2) throw BadManifest{"no SHA-256"};
  }
  return hash;
}

std::vector<std::string> strings_at(const AnyJson& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_array()) throw BadManifest{std::string("no ") + key};
  std::vector<std::string> strings;
  for (const auto& item : *found) {
    if (!item.is_string()) throw BadManifest{std::string("no ") + key};
    strings.push_back(item.get<std::string>());
  }
  return strings;
}

OrderedJson purpose_json(const Purpose& purpose) {
  OrderedJson json;
  json["site"] = purpose.site;
  json["format"] = purpose.format;
  json["spaces"] = purpose.spaces;
  json["statuses"] = purpose.statuses;
  json["flat"] = purpose.flat;
  return json;
}

Purpose purpose_at(const AnyJson& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_object()) throw BadManifest{"no purpose"};
  Purpose purpose;
  purpose.site = string_at(*found, "site");
  purpose.format = string_at(*found, "format");
  purpose.spaces = strings_at(*found, "spaces");
  purpose.statuses = strings_at(*found, "statuses");
  purpose.flat = found->value("flat", false);
  return purpose;
}

OrderedJson file_json(const WrittenFile& file) {
  OrderedJson json;
  json["path"] = file.path;
  json["bytes"] = file.bytes;
  json["sha256"] = store::to_hex(file.hash);
  return json;
}

OrderedJson record_json(OrderedJson json, const Record& record) {
  if (!record.path.empty()) json["path"] = record.path;
  if (record.version != 0) json["version"] = record.version;
  json["inputs"] = record.inputs;
  if (!record.asked.empty()) json["asked"] = record.asked;
  json["files"] = OrderedJson::array();
  for (const auto& file : record.files) json["files"].push_back(file_json(file));
  return json;
}

Record record_of(const AnyJson& json) {
  Record record;
  if (json.contains("path")) record.path = path_at(json, "path");
  record.version = static_cast<std::int32_t>(json.value("version", std::int64_t{0}));
  record.inputs = string_at(json, "inputs");
  if (json.contains("asked")) record.asked = string_at(json, "asked");
  const auto files = json.find("files");
  if (files == json.end() || !files->is_array()) throw BadManifest{"no files"};
  for (const auto& file : *files) {
    record.files.push_back(
        {path_at(file, "path"), number_at(file, "bytes"), hash_at(file, "sha256")});
  }
  return record;
}

template <typename Items, typename Make>
void append_array(std::string& text, const char* key, const Items& items, const Make& make) {
  text += std::string(",\n\"") + key + "\":[";
  const char* between = "\n";
  for (const auto& item : items) {
    text += between;
    text += line_of(make(item));
    between = ",\n";
  }
  text += "]";
}

OrderedJson with_id(const std::string& id) {
  OrderedJson json;
  json["id"] = id;
  return json;
}

// Takes the records out one by one while the text is read.
class ManifestReader {
 public:
  Manifest read(std::string_view text) {
    auto take = [this](int depth, AnyJson::parse_event_t event, AnyJson& parsed) {
      return on_event(depth, event, parsed);
    };
    const auto rest = AnyJson::parse(text, take);
    if (!rest.is_object() || rest.value(kFormKey, 0) != kManifestForm) {
      throw BadManifest{"it is of another form"};
    }
    manifest_.purpose = purpose_at(rest, "purpose");
    for (auto& folder : strings_at(rest, "folders")) {
      if (!is_safe_path(folder)) throw BadManifest{"a path that leads elsewhere: " + folder};
      manifest_.folders.insert(std::move(folder));
    }
    expect_no_path_twice();
    return std::move(manifest_);
  }

 private:
  bool on_event(int depth, AnyJson::parse_event_t event, AnyJson& parsed) {
    constexpr int kMostDepth = 5;
    if (depth > kMostDepth) throw BadManifest{"it is nested too deeply"};
    if (event == AnyJson::parse_event_t::key && depth == 1) array_ = parsed.get<std::string>();
    if (event != AnyJson::parse_event_t::object_end || depth != 2) return true;
    if (array_ == "spaces") {
      manifest_.spaces[id_at(parsed, "id")] = path_at(parsed, "path");
    } else if (array_ == "nodes") {
      manifest_.nodes[id_at(parsed, "id")] = path_at(parsed, "path");
    } else if (array_ == "parts") {
      manifest_.parts[string_at(parsed, "id")] = record_of(parsed);
    } else if (array_ == "pages") {
      manifest_.pages[id_at(parsed, "id")] = record_of(parsed);
    }
    return false;
  }

  void expect_no_path_twice() const {
    std::vector<std::string_view> paths;
    for (const auto& [id, record] : manifest_.parts) add_paths(record, paths);
    for (const auto& [id, record] : manifest_.pages) add_paths(record, paths);
    std::sort(paths.begin(), paths.end());
    const auto twice = std::adjacent_find(paths.begin(), paths.end());
    if (twice != paths.end())
      throw BadManifest{"a path stands there twice: " + std::string(*twice)};
  }
  static void add_paths(const Record& record, std::vector<std::string_view>& paths) {
    for (const auto& file : record.files) paths.push_back(file.path);
  }

  Manifest manifest_;
  std::string array_;  // the one on top that is being read
};

void read_journal_line(std::string_view line, Journal& journal, bool first) {
  const auto json = AnyJson::parse(line);
  if (!json.is_object()) throw BadManifest{"no object"};
  if (first) {
    if (json.value(kJournalKey, 0) != kManifestForm) throw BadManifest{"it is of another form"};
    journal.purpose = purpose_at(json, "purpose");
  } else if (json.contains("file")) {
    journal.files[path_at(json, "file")].insert(hash_at(json, "sha256"));
  } else if (json.contains("folder")) {
    journal.folders.insert(path_at(json, "folder"));
  } else if (json.contains("space")) {
    journal.spaces[id_at(json, "space")] = path_at(json, "path");
  } else if (json.contains("node")) {
    journal.nodes[id_at(json, "node")] = path_at(json, "path");
  } else if (json.contains("page")) {
    journal.pages[id_at(json, "page")] = path_at(json, "path");
  }
}

}  // namespace

std::string to_text(const Manifest& manifest) {
  OrderedJson head;
  head[kFormKey] = kManifestForm;
  head["purpose"] = purpose_json(manifest.purpose);
  auto text = line_of(head);
  text.pop_back();
  auto place = [](const auto& item) {
    auto json = with_id(std::to_string(item.first));
    json["path"] = item.second;
    return json;
  };
  append_array(text, "spaces", manifest.spaces, place);
  append_array(text, "nodes", manifest.nodes, place);
  append_array(text, "folders", manifest.folders,
               [](const std::string& path) { return OrderedJson(path); });
  append_array(text, "parts", manifest.parts,
               [](const auto& part) { return record_json(with_id(part.first), part.second); });
  append_array(text, "pages", manifest.pages, [](const auto& page) {
    return record_json(with_id(std::to_string(page.first)), page.second);
  });
  return text + "}\n";
}

store::Result<Manifest> parse_manifest(std::string_view text) {
  try {
    return ManifestReader().read(text);
  } catch (const BadManifest& bad) {
    return bad_manifest(bad.why);
  } catch (const AnyJson::exception& bad) {
    return bad_manifest(bad.what());
  }
}

std::string journal_head(const Purpose& purpose) {
  OrderedJson json;
  json[kJournalKey] = kManifestForm;
  json["purpose"] = purpose_json(purpose);
  return line_of(json) + "\n";
}

std::string journal_file(const WrittenFile& file) {
  OrderedJson json;
  json["file"] = file.path;
  json["sha256"] = store::to_hex(file.hash);
  return line_of(json) + "\n";
}

std::string journal_folder(const std::string& path) {
  OrderedJson json;
  json["folder"] = path;
  return line_of(json) + "\n";
}

std::string journal_choice(Owner owner, store::Id id, const std::string& path) {
  OrderedJson json;
  json[owner == Owner::kSpace  ? "space"
       : owner == Owner::kNode ? "node"
                               : "page"] = std::to_string(id);
  json["path"] = path;
  return line_of(json) + "\n";
}

store::Result<Journal> parse_journal(std::string_view text) {
  Journal journal;
  bool first = true;
  try {
    // A last line without its newline was being written when the crash came.
    for (auto end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
      read_journal_line(text.substr(0, end), journal, first);
      first = false;
      text.remove_prefix(end + 1);
    }
  } catch (const BadManifest& bad) {
    return bad_manifest(bad.why);
  } catch (const AnyJson::exception& bad) {
    return bad_manifest(bad.what());
  }
  return journal;
}

}  // namespace exporting
