// Looks for the secrets of the tests in files, such as the log of all tests:
//   secret-search build/dev/Testing/Temporary/LastTest.log
// Exits with 1 where one was found (said without showing it), with 2 where a file cannot be read.

#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "tests/secrets/search.h"

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: secret-search FILE...\n";
    return 2;
  }
  const secrets::Search search(secrets::known());
  int code = 0;
  for (int i = 1; i < argc; ++i) {
    std::ifstream in(argv[i], std::ios::binary);
    const std::string text(std::istreambuf_iterator<char>(in), {});
    if (!in || text.empty()) {
      std::cerr << "secret-search: cannot read anything from '" << argv[i] << "'\n";
      return 2;
    }
    for (const auto& place : search.find(text)) {
      std::cerr << argv[i] << ": " << place << "\n";
      code = 1;
    }
  }
  if (code == 0) std::cout << secrets::known().size() << " secrets of the tests: none found\n";
  return code;
}
