// confluence.js from npm, as it is, reads and writes by the offline API.

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "tests/daemon/serve/offline_fixture.h"

namespace serve {
namespace {

class ConfluenceJsTest : public OfflineTest {
 protected:
  // What the script prints; fails where it ends with an error.
  std::string run_script(const std::string& name) {
    const std::string command = "cd '" CONFMIRROR_CLIENTS "' && CONFMIRROR_URL=http://127.0.0.1:" +
                                std::to_string(offline_->port()) +
                                " CONFMIRROR_TOKEN=" + kTestToken + " '" CONFMIRROR_NODE "' " +
                                name + " 2>&1";
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
    if (!pipe) throw std::runtime_error("cannot start a shell");
    std::string printed;
    std::array<char, 4096> part{};
    while (const auto size = std::fread(part.data(), 1, part.size(), pipe.get())) {
      printed.append(part.data(), size);
    }
    const int status = ::pclose(pipe.release());
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << printed;
    return printed;
  }
};

TEST_F(ConfluenceJsTest, ReadsWritesAndIsRefusedAsByConfluence) {
  given_offline(5, 150);
  run_jobs();
  const auto printed = run_script("confluence_js.mjs");
  const Json done = Json::parse(printed, nullptr, false);
  ASSERT_TRUE(done.is_object()) << printed;
  EXPECT_EQ(done["spaces"], 5);
  EXPECT_GT(done["pages"], 100);
  // A create, an update, a title and a delete reached the site, each once.
  const auto page = std::stoll(done["written"].get<std::string>());
  EXPECT_EQ(applied(page), 4);
  EXPECT_EQ(row(page).status, "trashed");
}

}  // namespace
}  // namespace serve
