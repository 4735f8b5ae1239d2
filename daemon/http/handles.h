#pragma once

// Owners for libcurl's C handles. A header list is wiped before it is freed: it may hold the
// Authorization header.

#include <curl/curl.h>
#include <string.h>

#include <memory>
#include <new>

namespace http {

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
using Easy = std::unique_ptr<CURL, EasyDeleter>;

struct MultiDeleter {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
using MultiHandle = std::unique_ptr<CURLM, MultiDeleter>;

class HeaderList {
 public:
  HeaderList() = default;
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;
  ~HeaderList() {
    for (auto* node = head_; node != nullptr; node = node->next) {
      ::explicit_bzero(node->data, ::strlen(node->data));
    }
    curl_slist_free_all(head_);
  }

  void add(const char* line) {
    auto* const grown = curl_slist_append(head_, line);
    if (grown == nullptr) throw std::bad_alloc();
    head_ = grown;
  }
  curl_slist* get() const { return head_; }

 private:
  curl_slist* head_ = nullptr;
};

}  // namespace http
