// The bridge between coroutines and a real Writer on a real file.

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "daemon/base/async.h"
#include "store/reader.h"

namespace base {

using namespace std::chrono_literals;

namespace {

class CommitTest : public testing::Test {
 protected:
  using Outcome = std::optional<store::Result<store::CommitInfo>>;

  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) /
              ("confmirror_commit_" + std::to_string(::getpid()));
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    open();
  }
  void TearDown() override {
    writer_.reset();
    std::filesystem::remove_all(folder_);
  }
  void open() {
    auto opened = store::Writer::open(folder_ / "mirror.db", {});
    ASSERT_TRUE(opened) << opened.error().message;
    writer_ = std::move(*opened);
  }

  static store::Batch batch(const std::string& key, const std::string& value) {
    store::Batch out(0, store::Time(1'800'000'000s));
    out.meta[key] = value;
    return out;
  }
  static Awaitable<void> commit_into(store::Writer& writer, store::Batch what, Outcome& out) {
    out = co_await commit(writer, std::move(what));
  }
  std::string stored(const std::string& key) {
    auto reader = store::Reader::open(folder_ / "mirror.db");
    EXPECT_TRUE(reader) << reader.error().message;
    const auto value = (*reader)->meta(key);
    EXPECT_TRUE(value);
    return value->value_or("absent");
  }
  template <typename Condition>
  bool run_until(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (!condition() && std::chrono::steady_clock::now() < end) {
      if (io_.stopped()) io_.restart();
      io_.run_one_for(20ms);
    }
    return condition();
  }

  std::filesystem::path folder_;
  std::unique_ptr<store::Writer> writer_;
  asio::io_context io_{1};
};

}  // namespace

TEST_F(CommitTest, WhatWasCommittedCanBeReadWhenTheCoroutineGoesOn) {
  std::string read;
  const auto look = [&] { read = stored("colour"); };
  auto whole = [](store::Writer& writer, store::Batch change,
                  std::function<void()> then) -> Awaitable<void> {
    auto committed = co_await commit(writer, std::move(change));
    EXPECT_TRUE(committed);
    then();
  };
  asio::co_spawn(io_, whole(*writer_, batch("colour", "blue"), look), asio::detached);
  ASSERT_TRUE(run_until([&] { return !read.empty(); }));
  EXPECT_EQ(read, "blue");
}

TEST_F(CommitTest, ManyCoroutinesCommitAtOnce) {
  std::deque<Outcome> outcomes;
  for (int i = 0; i < 200; ++i) {
    asio::co_spawn(io_,
                   commit_into(*writer_, batch("k" + std::to_string(i), std::to_string(i)),
                               outcomes.emplace_back()),
                   asio::detached);
  }
  ASSERT_TRUE(run_until([&] {
    return std::all_of(outcomes.begin(), outcomes.end(), [](auto& o) { return o.has_value(); });
  }));
  for (const auto& outcome : outcomes) EXPECT_TRUE(*outcome);
  EXPECT_EQ(stored("k199"), "199");
}

TEST_F(CommitTest, AClosedWriterIsAnError) {
  ASSERT_TRUE(writer_->close());
  Outcome outcome;
  asio::co_spawn(io_, commit_into(*writer_, batch("a", "b"), outcome), asio::detached);
  ASSERT_TRUE(run_until([&] { return outcome.has_value(); }));
  EXPECT_FALSE(*outcome);
}

TEST_F(CommitTest, CancellationWaitsForTheCommit) {
  asio::cancellation_signal signal;
  Outcome outcome;
  asio::co_spawn(io_, commit_into(*writer_, batch("a", "b"), outcome),
                 asio::bind_cancellation_slot(signal.slot(), asio::detached));
  io_.poll();
  signal.emit(asio::cancellation_type::terminal);
  ASSERT_TRUE(run_until([&] { return outcome.has_value(); }));
  EXPECT_TRUE(*outcome);
  EXPECT_EQ(stored("a"), "b");
}

TEST_F(CommitTest, AnEventLoopThatGoesWhileTheWriterWorksLosesNothingThatWasGiven) {
  for (int round = 0; round < 50; ++round) {
    std::deque<Outcome> outcomes;
    asio::io_context io(1);
    for (int i = 0; i < 4; ++i) {
      asio::co_spawn(
          io, commit_into(*writer_, batch("round", std::to_string(round)), outcomes.emplace_back()),
          asio::detached);
    }
    io.poll();
  }
  ASSERT_TRUE(writer_->close());
  EXPECT_EQ(stored("round"), "49");
}

}  // namespace base
