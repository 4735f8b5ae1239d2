#pragma once

// How a request proves who sends it. One class per scheme of the connector's contract; Basic
// (e-mail and API token) is the first. Threads: the network thread. An Auth never prints what it
// knows.

#include <memory>
#include <string>

#include "daemon/base/secret.h"
#include "daemon/http/message.h"
#include "store/error.h"

namespace confluence {

class Auth {
 public:
  virtual ~Auth() = default;
  virtual void sign(http::Request& request) const = 0;
};

class BasicAuth final : public Auth {
 public:
  BasicAuth(std::string email, base::Secret token);
  void sign(http::Request& request) const override;

 private:
  base::Secret header_value_;
};

}  // namespace confluence
