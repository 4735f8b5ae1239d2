#pragma once

// A self-signed certificate for 127.0.0.1 and localhost, made when it is needed. Throws
// std::runtime_error when OpenSSL does not want to.

#include <string>

namespace scripted {

struct Certificate {
  std::string certificate_pem;
  std::string key_pem;
};

// `names`: what the certificate is for, as a subjectAltName ("IP:127.0.0.1,DNS:localhost"). Valid
// from and to: seconds from now.
Certificate make_certificate(const std::string& names = "IP:127.0.0.1,DNS:localhost",
                             long from = -3600, long to = 3600);

}  // namespace scripted
