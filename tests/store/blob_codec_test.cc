#include "store/blob_codec.h"

#include <gtest/gtest.h>

#include <random>

#include "store/blobs.h"
#include "store/open.h"
#include "tests/store/mirror_fixture.h"

namespace store::testing {
namespace {

using Form = EncodedBody::Form;

std::string noise(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(random() & 0xff);
  return text;
}

class BlobCodecTest : public ::testing::Test {
 protected:
  void expect_round_trip(const std::string& raw, std::optional<std::string_view> prefix) {
    const auto encoded = codec_.encode(raw, prefix);
    const auto back =
        codec_.decode(encoded.form, encoded.data, static_cast<std::int64_t>(raw.size()),
                      prefix.value_or(std::string_view()));
    ASSERT_TRUE(back.has_value()) << back.error().message;
    EXPECT_EQ(*back, raw);
    EXPECT_LE(encoded.data.size(), raw.size());
  }
  BlobCodec codec_;
};

TEST_F(BlobCodecTest, GivesBackWhatItGot) {
  const std::string text = body_text(1, 2);
  const std::string neighbour = body_text(1, 1);
  expect_round_trip("", {});
  expect_round_trip("x", {});
  expect_round_trip(text, {});
  expect_round_trip(text, neighbour);
  expect_round_trip(text, std::string_view());
  expect_round_trip(noise(5000, 1), {});
  expect_round_trip(noise(5000, 1), neighbour);
  expect_round_trip(std::string(3, '\0') + text, neighbour);
}

TEST_F(BlobCodecTest, NeighbourMakesAnEditCostLittle) {
  std::string old;
  for (int i = 0; i < 200; ++i) old += noise(100, static_cast<unsigned>(i));
  std::string edited = old;
  edited.replace(9000, 50, "an edited paragraph");
  const auto encoded = codec_.encode(edited, old);
  EXPECT_EQ(encoded.form, Form::kZstdPrefix);
  EXPECT_LT(encoded.data.size(), 300U);
}

TEST_F(BlobCodecTest, WindowReachesOverLargeBodies) {
  const std::string old = noise(3 << 20, 1);
  std::string edited = old;
  edited.insert(100, "an edited paragraph");
  const auto encoded = codec_.encode(edited, old);
  EXPECT_EQ(encoded.form, Form::kZstdPrefix);
  EXPECT_LT(encoded.data.size(), 100'000U);
  expect_round_trip(edited, old);
}

TEST_F(BlobCodecTest, DamageIsAnErrorNotAnotherText) {
  const std::string text = body_text(1, 2);
  const auto size = static_cast<std::int64_t>(text.size());
  const auto encoded = codec_.encode(text, {});
  ASSERT_EQ(encoded.form, Form::kZstd);
  const auto refused = [&](Form form, std::string_view data, std::int64_t raw_bytes) {
    const auto back = codec_.decode(form, data, raw_bytes, {});
    return !back && back.error().kind == ErrorKind::kStoreBad;
  };
  EXPECT_TRUE(refused(Form::kZstd, encoded.data, size + 1));
  EXPECT_TRUE(refused(Form::kZstd, encoded.data, -1));
  EXPECT_TRUE(refused(Form::kZstd, encoded.data, std::int64_t{1} << 60));
  EXPECT_TRUE(refused(Form::kZstd, std::string_view(encoded.data).substr(0, 20), size));
  EXPECT_TRUE(refused(Form::kZstd, "", size));
  EXPECT_TRUE(refused(Form::kPlain, text, size - 1));
  EXPECT_TRUE(refused(Form::kSame, text, size));
  EXPECT_TRUE(refused(static_cast<Form>(9), text, size));
}

TEST(EncodeHistoryTest, ChainsAreBoundedAndTheCurrentVersionIsLeftAlone) {
  PageHistory history = make_history(1, 60);
  encode(history);
  EXPECT_FALSE(history.versions[0].encoded.has_value());
  EXPECT_EQ(history.versions[0].body->text, body_text(1, 60));
  std::int32_t depth = 0;
  int full = 0;
  for (std::size_t i = 1; i < history.versions.size(); ++i) {
    const auto& version = history.versions[i];
    ASSERT_TRUE(version.encoded.has_value());
    EXPECT_TRUE(version.body->text.empty());
    EXPECT_EQ(version.body->hash, sha256(body_text(1, version.version.number)));
    depth = version.encoded->form == Form::kZstdPrefix ? depth + 1 : 0;
    full += depth == 0 ? 1 : 0;
    EXPECT_LE(depth, kMaxChain);
  }
  EXPECT_GE(full, 3);
  const std::string first = history.versions[1].encoded->data;
  encode(history);
  EXPECT_EQ(history.versions[1].encoded->data, first) << "safe to call twice";
}

class BlobsTest : public MirrorTest {
 protected:
  void SetUp() override {
    auto opened = open_for_writing(path(), {});
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    db_ = std::move(*opened);
    blobs_ = std::make_unique<Blobs>(*db_);
  }
  void TearDown() override { blobs_.reset(); }
  std::unique_ptr<Db> db_;
  std::unique_ptr<Blobs> blobs_;
};

TEST_F(BlobsTest, SameTextIsStoredOnce) {
  const std::string text = body_text(1, 1);
  const auto first = blobs_->put_text(text, sha256(text), {});
  const auto second = blobs_->put_text(text, sha256(text), {});
  EXPECT_EQ(first.id, second.id);
  EXPECT_EQ(blobs_->read(first.id), text);
}

TEST_F(BlobsTest, ChainOfPrefixesEndsInAFullOne) {
  std::optional<Id> neighbour;
  std::vector<Id> ids;
  for (std::int32_t number = 1; number <= 40; ++number) {
    const std::string text = body_text(1, number);
    const auto made = blobs_->put_text(text, sha256(text), neighbour);
    EXPECT_LE(made.depth, kMaxChain);
    neighbour = made.id;
    ids.push_back(made.id);
  }
  Blobs::Cache cache;
  for (std::int32_t number = 40; number >= 1; --number) {
    const Id id = ids[static_cast<std::size_t>(number) - 1];
    EXPECT_EQ(blobs_->read(id), body_text(1, number));
    EXPECT_EQ(blobs_->read(id, &cache), body_text(1, number));
  }
  EXPECT_FALSE(db_->failed());
}

TEST_F(BlobsTest, CacheStaysWithinItsBound) {
  Blobs::Cache cache;
  for (int i = 0; i < 5; ++i) {
    const std::string text = noise(3 << 20, static_cast<unsigned>(i));
    const auto made = blobs_->put_text(text, sha256(text), {});
    EXPECT_EQ(blobs_->read(made.id, &cache), text);
    EXPECT_LE(cache.bytes, Blobs::kMostCached);
  }
}

TEST_F(BlobsTest, MissingBlobIsDamage) {
  EXPECT_EQ(blobs_->read(77), "");
  const auto error = db_->take_error();
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->kind, ErrorKind::kStoreBad);
}

}  // namespace
}  // namespace store::testing
