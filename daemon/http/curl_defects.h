#pragma once

// Known defects of libcurl versions, each with its reason. The versions are those of the library
// that runs, not of the headers that we were built with.

#include <curl/curl.h>

namespace http {

// Before 8.6 HTTP/2 must not be used:
// - an answer that the server cuts with RST_STREAM(NO_ERROR) is reported as complete (8.0.0,
//   https://github.com/curl/curl/commit/48cd032623 and
//   https://github.com/curl/curl/commit/544a7f804d; 7.88.1 has neither);
// - the flow window of cancelled streams is never given back, later streams stall (8.1.0,
//   https://github.com/curl/curl/commit/a9b7f72bc9);
// - uploads get stuck (8.1.1, https://github.com/curl/curl/commit/88332049ea);
// - refused streams are not retried (8.4.0, https://github.com/curl/curl/commit/ba1e559bd8);
// - reuse of prior-knowledge connections fails (8.0.0,
//   https://github.com/curl/curl/commit/cbe9d82c22);
// - busy loops and stalls up to 8.5, the line that transmission draws as well
//   (https://github.com/curl/curl/issues/10936).
inline bool avoid_http2() { return curl_version_info(CURLVERSION_NOW)->version_num < 0x080600; }

// "7.88.1": of the library that runs.
inline const char* curl_version_text() { return curl_version_info(CURLVERSION_NOW)->version; }

}  // namespace http
