#include "daemon/confluence/gateway.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "daemon/confluence/side_request.h"

namespace confluence {

namespace {

using store::ErrorKind;

constexpr std::size_t kMostTenantBytes = 64u << 10;
constexpr const char* kCloudIdHint =
    "check that site.url is a Confluence Cloud site, or set site.cloud_id "
    "(admin.atlassian.com shows it in the site's address)";

store::Result<std::string> cloud_id_of(const http::Response& response, const std::string& url) {
  const auto failed = [&](ErrorKind kind, std::string name, std::string_view cause,
                          std::string hint) {
    return store::fail(
        kind, std::move(name),
        fmt::format("cannot find the cloud id: '{}' {}", http::loggable_url(url), cause),
        std::move(hint));
  };
  const int status = response.status;
  if (status == 408 || status == 425 || status == 429 || status >= 500) {
    return failed(ErrorKind::kRetryAfter, fmt::format("http_{}", status),
                  fmt::format("answers HTTP {}", status),
                  "it is tried again; or set site.cloud_id");
  }
  if (status != 200) {
    return failed(ErrorKind::kUsage, "cloud_id_not_found", fmt::format("answers HTTP {}", status),
                  kCloudIdHint);
  }
  const auto document = nlohmann::json::parse(response.body, nullptr, /*allow_exceptions=*/false);
  const auto found = document.is_object() ? document.find("cloudId") : document.end();
  if (!document.is_object() || found == document.end() || !found->is_string()) {
    const bool html = response.body.find('<') != std::string::npos;
    return failed(ErrorKind::kUsage, "cloud_id_not_found",
                  html ? "answers a web page" : "answers something else", kCloudIdHint);
  }
  const auto& id = found->get_ref<const std::string&>();
  if (!is_cloud_id(id)) {
    return failed(ErrorKind::kUsage, "cloud_id_not_found", "names something that is no cloud id",
                  kCloudIdHint);
  }
  return id;
}

}  // namespace

bool is_cloud_id(std::string_view text) {
  constexpr std::string_view kForm = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  return text.size() == kForm.size() &&
         std::equal(text.begin(), text.end(), kForm.begin(), [](char c, char form) {
           if (form == '-') return c == '-';
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
         });
}

Gateway::Gateway(boost::asio::io_context& io, http::Client& http, Options options)
    : http_(http), options_(std::move(options)), asked_(io) {}

base::Awaitable<store::Result<std::string>> Gateway::root(std::string site_url) {
  while (options_.cloud_id.empty() && asking_) co_await asked_.wait();
  if (options_.cloud_id.empty()) {
    asking_ = true;
    struct End {
      Gateway& gateway;
      ~End() {
        gateway.asking_ = false;
        gateway.asked_.notify_all();
      }
    } end{*this};
    auto id = co_await ask(std::move(site_url));
    if (!id) co_return id;
    options_.cloud_id = std::move(*id);
  }
  if (!is_cloud_id(options_.cloud_id)) {
    co_return store::fail(ErrorKind::kUsage, "bad_cloud_id", "site.cloud_id is no cloud id",
                          kCloudIdHint);
  }
  co_return options_.url + "/ex/confluence/" + options_.cloud_id;
}

base::Awaitable<store::Result<std::string>> Gateway::ask(std::string site_url) {
  while (site_url.ends_with('/')) site_url.pop_back();
  const std::string url = site_url + "/_edge/tenant_info";
  auto request = side_request("GET", url, options_.timeout, kMostTenantBytes);
  request.headers.emplace_back("Accept", "application/json");
  auto response = co_await http_.send(std::move(request));
  if (!response) {
    auto error = std::move(response.error());
    if (error.kind == ErrorKind::kItemBad) {
      error.kind = ErrorKind::kUsage;
      error.hint = kCloudIdHint;
    }
    error.message = "cannot find the cloud id: " + error.message;
    co_return store::fail(std::move(error));
  }
  co_return cloud_id_of(*response, url);
}

}  // namespace confluence
