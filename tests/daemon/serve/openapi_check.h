#pragma once

// Answers of the service held against its own description.

#include <memory>
#include <string>

namespace test {

class OpenApiCheck {
 public:
  explicit OpenApiCheck(const std::string& document);
  ~OpenApiCheck();
  OpenApiCheck(const OpenApiCheck&) = delete;
  OpenApiCheck& operator=(const OpenApiCheck&) = delete;

  // What is wrong with this answer; "" = nothing. `path` as the description spells it.
  std::string fault(const std::string& method, const std::string& path, int status,
                    const std::string& body) const;
  // Of the description: whether every reference leads somewhere.
  std::string dangling() const;

 private:
  struct Document;
  std::unique_ptr<Document> document_;
};

}  // namespace test
