#include "daemon/serve/offline_listing.h"

#include <array>
#include <tuple>
#include <unordered_map>

#include "daemon/serve/offline_cursor.h"

namespace serve {
namespace {

constexpr std::int64_t kMostRows = 250;
constexpr std::int64_t kUsualRows = 25;

// Parameters that do not say which rows there are, nor in which order.
bool is_of_form(std::string_view name) {
  constexpr std::array<std::string_view, 5> kOfForm = {"cursor", "limit", "body-format",
                                                       "description-format", "include-icon"};
  return std::find(kOfForm.begin(), kOfForm.end(), name) != kOfForm.end();
}

std::string question_of(const Request& request) {
  std::string question = path_of(request);
  auto parameters = request.query;
  std::sort(parameters.begin(), parameters.end());
  for (const auto& [name, value] : parameters) {
    if (!is_of_form(name)) question += "&" + percent_encoded(name) + "=" + percent_encoded(value);
  }
  return question;
}

}  // namespace

store::Result<void> add_bodies(store::Reader& reader, std::vector<store::PageRow>& rows) {
  std::vector<store::Id> ids;
  std::unordered_map<store::Id, store::PageRow*> by_id;
  for (auto& row : rows) {
    ids.push_back(row.id);
    by_id.emplace(row.id, &row);
  }
  auto whole = reader.pages_by_id(ids, true);
  if (!whole) return store::fail(whole.error());
  for (auto& row : *whole) by_id.at(row.id)->body = std::move(row.body);
  return {};
}

std::string path_of(const Request& request) {
  std::string path;
  for (const auto& segment : request.segments) path += "/" + percent_encoded(segment);
  return path;
}

OfflineListing::OfflineListing(const Ask& ask, OfflineQuery& query,
                               const std::vector<std::string_view>& sorts,
                               std::string_view default_sort)
    : ask_(ask), sort_(query.text("sort", default_sort)), question_(question_of(ask.request)) {
  limit_ = static_cast<std::size_t>(query.whole("limit", 1, kMostRows, kUsualRows));
  if (std::find(sorts.begin(), sorts.end(), order()) == sorts.end()) {
    query.refuse(bad_parameter("sort", sort_, "one of the sort orders"));
  }
  if (const auto text = ask.request.parameter("cursor")) {
    after_ = decode_cursor(*text, question_);
    if (!after_) query.refuse(bad_cursor());
  }
}

std::string_view OfflineListing::order() const {
  return std::string_view(sort_).substr(descending() ? 1 : 0);
}

bool OfflineListing::before(const store::ListPlace& a, const store::ListPlace& b) const {
  const auto& first = descending() ? b : a;
  const auto& second = descending() ? a : b;
  return std::tie(first.number, first.text, first.id) <
         std::tie(second.number, second.text, second.id);
}

std::string OfflineListing::next_link() const {
  std::string link = path_of(ask_.request) + "?limit=" + std::to_string(limit_);
  for (const auto& [name, value] : ask_.request.query) {
    if (name == "cursor" || name == "limit") continue;
    link += "&" + percent_encoded(name) + "=" + percent_encoded(value);
  }
  return link + "&cursor=" + encode_cursor(*last_, question_);
}

void OfflineListing::end(JsonText& json, Response& response) const {
  const std::string base = ask_.base();
  std::string links = "<" + base + ">; rel=\"base\"";
  json.open("_links");
  if (more_ && last_) {
    const std::string next = next_link();
    json.text("next", next);
    links = "<" + next + ">; rel=\"next\", " + links;
  }
  json.text("base", base);
  json.close();
  json.close();
  response.headers.emplace_back("Link", std::move(links));
}

}  // namespace serve
