#include "daemon/base/utf8.h"
#include "daemon/confluence/answer_rules.h"
#include "daemon/confluence/parse.h"
#include "tests/fuzz/fuzz.h"

namespace {
void check(std::string_view line) {
  FUZZ_EXPECT(line.size() <= 300);
  while (!line.empty()) {
    const auto length = base::character_length(line);
    FUZZ_EXPECT(length > 0 && !base::is_control(line.substr(0, length)));
    line.remove_prefix(length);
  }
}
}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto message = confluence::parse_server_message(text_of(data, size));
  check(message.code);
  check(message.title);
  check(message.text);
  // The same bytes as the answer to a request, with any status.
  http::Response response;
  response.status = size > 1 ? 100 + (data[0] * 256 + data[1]) % 500 : 400;
  response.body = text_of(data, size);
  confluence::Subject subject;
  subject.url = "https://your-domain.atlassian.net/wiki/api/v2/pages?cursor=x";
  subject.has_cursor = true;
  const auto error = confluence::error_of(response, subject);
  FUZZ_EXPECT(!error.name.empty() && error.http_status == response.status);
  return 0;
}
