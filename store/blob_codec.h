#pragma once

// How bodies of older versions are compressed. A body is stored plain, as a zstd frame, or as a
// zstd frame whose prefix is the content of a neighbouring version: two versions that differ by a
// paragraph then cost little more than that paragraph. Chains of prefixes are bounded by kMaxChain,
// so that reading one version stays cheap. A BlobCodec keeps its contexts and belongs to one
// thread; encode() may be called from any thread. Sizes are bytes. Errors: decode gives kStoreBad
// "mirror_damaged" for whatever is not what it should be, before it allocates wildly.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "store/records.h"

namespace store {

inline constexpr std::int32_t kMaxChain = 16;
inline constexpr std::int64_t kMaxRawBytes = std::int64_t{256} << 20;

class BlobCodec {
 public:
  struct Encoded {
    EncodedBody::Form form = EncodedBody::Form::kPlain;  // never kSame
    std::string data;
  };

  BlobCodec();
  ~BlobCodec();
  BlobCodec(const BlobCodec&) = delete;
  BlobCodec& operator=(const BlobCodec&) = delete;

  // The smallest of the forms; kZstdPrefix only where a prefix is given and pays.
  Encoded encode(std::string_view raw, std::optional<std::string_view> prefix);
  Encoded encode_as(EncodedBody::Form form, std::string_view raw, std::string_view prefix);
  Result<std::string> decode(EncodedBody::Form form, std::string_view data, std::int64_t raw_bytes,
                             std::string_view prefix);

 private:
  struct Contexts;
  std::unique_ptr<Contexts> contexts_;
};

// Encodes every body but that of version `up_to` (which is the page's own body) and releases the
// texts. Done by whoever builds the batch, so that the writer thread need not; the writer does it
// where it was not done. Safe to call twice.
void encode(PageHistory& history);

}  // namespace store
