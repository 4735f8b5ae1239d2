#include "daemon/cli/sync_command.h"

#include "store/reader.h"
#include "store/writer.h"
#include "tests/daemon/cli/setup_fixture.h"

namespace {

using test::Outcome;
using ::testing::HasSubstr;
using ::testing::Not;

// A site of its own for each test: they change it.
class SyncTest : public ::testing::Test {
 protected:
  SyncTest() {
    site::ServerOptions options;
    options.content = {.spaces = 6, .pages = 300, .max_versions = 2, .huge_body_bytes = 0};
    server_ = std::make_unique<site::Server>(options);
    server_->set_token("site-token");
    environment_.unset("CONFMIRROR_CONFIG");
    environment_.unset("CREDENTIALS_DIRECTORY");
    globals_.config = file("confmirror.toml").string();
    write("token", "site-token");
    configure("");
  }

  std::filesystem::path file(const std::string& name) const { return folder_.path() / name; }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(file(name)) << text;
    std::filesystem::permissions(
        file(name), std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }
  void configure(const std::string& more) const {
    write("confmirror.toml",
          "[site]\nurl = \"" + server_->url() + "\"\nemail = \"" + server_->options().email +
              "\"\ntoken_file = \"token\"\n[mirror]\npath = \"mirror.db\"\n" + more);
  }
  Outcome sync(const cli::SyncArgs& args = {}) const {
    std::ostringstream out;
    std::ostringstream err;
    const int code = cli::run_sync(globals_, args, out, err);
    EXPECT_EQ((out.str() + err.str()).find("site-token"), std::string::npos)
        << "the token was shown";
    return {code, out.str(), err.str()};
  }
  static cli::SyncArgs reconcile() {
    cli::SyncArgs args;
    args.reconcile = true;
    return args;
  }
  static cli::SyncArgs accept(std::int64_t run_id) {
    cli::SyncArgs args;
    args.accept_vanished = run_id;
    return args;
  }
  store::RunUpdate last_run() const {
    auto reader = store::Reader::open(file("mirror.db"));
    if (!reader) return {};
    auto runs = (*reader)->runs(1);
    return runs && !runs->empty() ? runs->front() : store::RunUpdate();
  }
  void note_last_full_sync(const std::string& when) const {
    auto writer = store::Writer::open(file("mirror.db"), {});
    ASSERT_TRUE(writer);
    store::Batch batch(0, store::Time{});
    batch.meta["last_full_sync_at"] = when;
    (*writer)->submit(std::move(batch), [](const store::Result<store::CommitInfo>&) {});
    ASSERT_TRUE((*writer)->close());
  }
  void lose_permission_for_half() {
    server_->with_content([](site::Content& content) {
      for (site::Index space = 0; space < 3; ++space) content.restrict_space(space, true);
    });
  }

  std::unique_ptr<site::Server> server_;
  testing_config::Folder folder_;
  testing_config::Environment environment_;
  cli::GlobalOptions globals_;
};

TEST_F(SyncTest, MirrorsTheSiteAndThenOnlyWhatChanged) {
  const auto first = sync();
  EXPECT_EQ(first.code, 0) << first.err;
  EXPECT_THAT(first.out, HasSubstr("6 spaces, 300 pages seen, 300 new or changed"));
  EXPECT_EQ(last_run().kind, "full");
  server_->reset_counters();
  const auto second = sync();
  EXPECT_EQ(second.code, 0) << second.err;
  EXPECT_EQ(last_run().kind, "incremental");
  EXPECT_EQ(server_->counters().requests, 3U);
}

TEST_F(SyncTest, LooksAtEverythingWhereItWasAskedToAndWhenTheIntervalIsOver) {
  EXPECT_EQ(sync().code, 0);
  EXPECT_EQ(sync(reconcile()).code, 0);
  EXPECT_EQ(last_run().kind, "full");
  note_last_full_sync("2001-01-01T00:00:00Z");
  EXPECT_EQ(sync().code, 0);
  EXPECT_EQ(last_run().kind, "full");
  // The clock was set back since.
  note_last_full_sync("2999-01-01T00:00:00Z");
  EXPECT_EQ(sync().code, 0);
  EXPECT_EQ(last_run().kind, "full");
}

TEST_F(SyncTest, SaysHowManyPagesAreGone) {
  EXPECT_EQ(sync().code, 0);
  server_->with_content([](site::Content& content) {
    for (const site::Index page : {30U, 31U, 32U}) content.restrict_page(page, true);
  });
  EXPECT_THAT(sync().out, Not(HasSubstr("gone")));
  const auto outcome = sync(reconcile());
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("3 gone"));
}

TEST_F(SyncTest, AValveEndsItWithFiveAndSaysHowToGoOn) {
  EXPECT_EQ(sync().code, 0);
  lose_permission_for_half();
  const auto stopped = sync(reconcile());
  EXPECT_EQ(stopped.code, 5);
  EXPECT_THAT(stopped.err, HasSubstr("of 300 pages are gone, in space "));
  const auto run = last_run();
  EXPECT_EQ(run.outcome, "stopped");
  EXPECT_THAT(stopped.err, HasSubstr("sync --accept-vanished " + std::to_string(run.run_id)));
  const auto accepted = sync(accept(0));
  EXPECT_EQ(accepted.code, 0) << accepted.err;
  EXPECT_THAT(accepted.out, HasSubstr(" gone"));
}

TEST_F(SyncTest, OnlyARunThatStoppedCanBeAccepted) {
  EXPECT_EQ(sync(accept(0)).code, 2) << "there is no mirror yet";
  EXPECT_FALSE(std::filesystem::exists(file("mirror.db")));
  EXPECT_EQ(sync().code, 0);
  const auto none = sync(accept(0));
  EXPECT_EQ(none.code, 2);
  EXPECT_THAT(none.err, HasSubstr("no run has stopped"));
  const auto other = sync(accept(1));
  EXPECT_EQ(other.code, 2);
  EXPECT_THAT(other.err, HasSubstr("run 1"));
}

TEST_F(SyncTest, NoSpaceAtAllEndsItWithFive) {
  EXPECT_EQ(sync().code, 0);
  server_->with_content([](site::Content& content) {
    for (site::Index space = 0; space < 6; ++space) content.restrict_space(space, true);
  });
  EXPECT_EQ(sync(reconcile()).code, 5);
}

TEST_F(SyncTest, AWrongTokenEndsItWithThreeAndMakesNoMirror) {
  write("token", "another");
  EXPECT_EQ(sync().code, 3);
  EXPECT_FALSE(std::filesystem::exists(file("mirror.db")));
}

TEST_F(SyncTest, AFolderThatIsForbiddenEndsItWithFourAndIsNamed) {
  site::Id folder = 0;
  server_->with_content([&](site::Content& content) {
    const auto named = content.named_containers();
    for (std::size_t i = 0; i < named.size(); ++i) {
      if (named[i]) folder = content.containers()[i].id;
    }
  });
  ASSERT_NE(folder, 0);
  server_->set_forbidden({folder});
  const auto outcome = sync();
  EXPECT_EQ(outcome.code, 4);
  EXPECT_THAT(outcome.err, HasSubstr("node:" + std::to_string(folder)));
}

TEST_F(SyncTest, APageThatCannotBeReadEndsItWithFourAndIsNamed) {
  site::Id bad = 0;
  server_->with_content([&](site::Content& content) { bad = content.pages()[40].id; });
  server_->set_poison_rows({bad});
  const auto outcome = sync();
  EXPECT_EQ(outcome.code, 4);
  EXPECT_THAT(outcome.err, HasSubstr("page:" + std::to_string(bad)));
}

}  // namespace
