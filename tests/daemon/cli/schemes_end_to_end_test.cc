// A whole sync and a write under each scheme, and nothing of the secrets anywhere afterwards.

#include <fstream>
#include <iterator>

#include "store/reader.h"
#include "tests/daemon/cli/auth_fixture.h"
#include "tests/daemon/cli/mirror_differences.h"

namespace {

class SchemesTest : public test::AuthFixture, public testing::WithParamInterface<const char*> {
 protected:
  std::string differences() const { return test::differences(file("mirror.db"), *server_); }
  std::string meta(const std::string& key) const {
    auto reader = store::Reader::open(file("mirror.db"));
    return reader ? (*reader)->meta(key)->value_or("") : reader.error().message;
  }
  // Of every file of the folder but the token itself.
  std::string everything() const {
    std::string all;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
      if (!entry.is_regular_file() || entry.path().filename() == "token") continue;
      std::ifstream in(entry.path(), std::ios::binary);
      all.append(std::istreambuf_iterator<char>(in), {});
    }
    return all;
  }
};

TEST_P(SchemesTest, ASyncMirrorsTheWholeSiteAndAJobCreatesAPage) {
  given(GetParam(), "token_expires = \"2099-01-02\"\n");
  const auto synced = run({"sync", "--log-level", "debug"});
  ASSERT_EQ(synced.code, 0) << synced.err;
  EXPECT_EQ(differences(), "");
  EXPECT_EQ(meta("token_expires_at"), "2099-01-02T00:00:00.000Z");

  std::string key;
  server_->with_content([&](const site::Content& content) {
    for (const auto& space : content.spaces()) {
      if (!space.restricted) key = space.key;
    }
  });
  folder_.write("batch.jsonl",
                R"({"action":"create_page","title":"Made by a scheme","spaceKey":")" + key +
                    R"(","body":{"storage":{"value":"<p>new</p>"}}})" + "\n");
  const auto submitted = run({"jobs", "submit", file("batch.jsonl")});
  ASSERT_EQ(submitted.code, 0) << submitted.out << submitted.err;
  const auto ran = run({"jobs", "run"});
  EXPECT_EQ(ran.code, 0) << ran.out << ran.err;
  const auto writes = server_->writes();
  ASSERT_EQ(writes.size(), 1U) << ran.out << ran.err;
  EXPECT_EQ(writes[0].what, "create");
  EXPECT_TRUE(writes[0].applied);
  EXPECT_EQ(differences(), "");
  expect_no_secret(everything());
}

INSTANTIATE_TEST_SUITE_P(Every, SchemesTest,
                         testing::Values("basic", "scoped-token", "service-account", "bearer"),
                         [](const auto& scheme) {
                           std::string name = scheme.param;
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
