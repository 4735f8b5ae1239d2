#pragma once

// Looks for secrets in what the program left behind, in the forms in which one could have got
// there: as it is, in base64 (also amid other bytes, as in `Basic ...`, and for addresses), in hex,
// percent-encoded, escaped for JSON and for HTML. What is found never holds the secret itself. Any
// thread; nothing fails.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace secrets {

// A name to speak of it by, and the text.
using Secret = std::pair<std::string, std::string>;

class Search {
 public:
  explicit Search(const std::vector<Secret>& wanted);
  // "NAME in base64 at byte 12", each form once.
  std::vector<std::string> find(std::string_view text) const;

 private:
  struct Form {
    std::string name;
    std::string text;
  };
  void add(const std::string& name, const char* how, std::string text);

  std::vector<Form> forms_;
};

// What the tests of this project use as API tokens, client secrets, shared secrets and tokens of
// the service: none of it may stand in what they print.
const std::vector<Secret>& known();

}  // namespace secrets
