#pragma once

// A plain, blocking HTTP/1.1 client for the tests of the site itself: it shows what came over the
// wire, broken answers too, which a proper client would hide. Keeps its connection until it breaks.
// One thread.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace site {

struct Reply {
  int status = 0;                              // 0: no head came
  std::map<std::string, std::string> headers;  // names in lower case; the last of a name
  std::string body;                            // as sent, compressed or not
  bool whole = false;                          // all of Content-Length came
  bool reset = false;                          // RST, as opposed to an orderly end

  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
  bool has(const std::string& name) const { return headers.contains(name); }
};

class WireClient {
 public:
  explicit WireClient(std::uint16_t port) : port_(port) {}
  ~WireClient() { close(); }
  WireClient(const WireClient&) = delete;
  WireClient& operator=(const WireClient&) = delete;

  // Sent as Authorization with every request; "" = none.
  void authorize(std::string value) { authorization_ = std::move(value); }
  void basic(std::string_view email, std::string_view token);

  Reply request(std::string_view method, std::string_view target, std::string_view body = {},
                const std::vector<std::string>& extra_headers = {});
  Reply get(std::string_view target) { return request("GET", target); }

  // The two halves of request(), for tests of what happens in between.
  void send(std::string_view method, std::string_view target, std::string_view body = {},
            const std::vector<std::string>& extra_headers = {});
  Reply receive();

  std::uint64_t connections() const { return connections_; }
  void close();

 private:
  void connect();

  std::uint16_t port_;
  int socket_ = -1;
  std::string authorization_;
  std::string method_;
  std::uint64_t connections_ = 0;
};

std::string gunzip(const std::string& packed);

}  // namespace site
