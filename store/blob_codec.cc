#include "store/blob_codec.h"

#define ZSTD_STATIC_LINKING_ONLY  // for ZSTD_CCtx_refPrefix's siblings in older headers
#include <zstd.h>

#include <algorithm>
#include <bit>
#include <new>
#include <vector>

namespace store {
namespace {

// Measured with tests/bench: above 9 the file shrinks by less than 2 % and the time doubles.
constexpr int kLevel = 9;
constexpr std::size_t kLongDistanceFrom = std::size_t{1} << 20;

Error damaged(const std::string& why) {
  return Error(ErrorKind::kStoreBad, "mirror_damaged", "cannot read a stored body: " + why,
               "Run `confmirror db check`; restore a backup.");
}

}  // namespace

struct BlobCodec::Contexts {
  struct CompressDeleter {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };
  struct DecompressDeleter {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };
  std::unique_ptr<ZSTD_CCtx, CompressDeleter> compress;
  std::unique_ptr<ZSTD_DCtx, DecompressDeleter> decompress;
};

BlobCodec::BlobCodec() : contexts_(std::make_unique<Contexts>()) {}
BlobCodec::~BlobCodec() = default;

BlobCodec::Encoded BlobCodec::encode_as(EncodedBody::Form form, std::string_view raw,
                                        std::string_view prefix) {
  Encoded out;
  if (form != EncodedBody::Form::kZstd && form != EncodedBody::Form::kZstdPrefix) {
    out.data = raw;
    return out;
  }
  if (!contexts_->compress) contexts_->compress.reset(ZSTD_createCCtx());
  ZSTD_CCtx* context = contexts_->compress.get();
  if (context == nullptr) throw std::bad_alloc();
  ZSTD_CCtx_reset(context, ZSTD_reset_session_and_parameters);
  ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, kLevel);
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 0);  // the SHA-256 says more
  if (form == EncodedBody::Form::kZstdPrefix) {
    // The window must reach from the end of the body back to the start of its prefix.
    const std::size_t span = raw.size() + prefix.size() + 1;
    const int window = std::clamp(static_cast<int>(std::bit_width(span)), 10, 30);
    ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window);
    if (span > kLongDistanceFrom) {
      ZSTD_CCtx_setParameter(context, ZSTD_c_enableLongDistanceMatching, 1);
    }
    ZSTD_CCtx_refPrefix(context, prefix.data(), prefix.size());
  }
  out.data.resize(ZSTD_compressBound(raw.size()));
  const std::size_t size =
      ZSTD_compress2(context, out.data.data(), out.data.size(), raw.data(), raw.size());
  if (ZSTD_isError(size))
    throw std::bad_alloc();  // the room is enough by contract: only memory is left
  out.data.resize(size);
  out.form = form;
  return out;
}

BlobCodec::Encoded BlobCodec::encode(std::string_view raw, std::optional<std::string_view> prefix) {
  using Form = EncodedBody::Form;
  Encoded best;
  best.data = raw;
  if (raw.empty()) return best;
  if (prefix && !prefix->empty()) {
    Encoded candidate = encode_as(Form::kZstdPrefix, raw, *prefix);
    if (candidate.data.size() < best.data.size()) best = std::move(candidate);
  }
  // A body alone shrinks to a third at best; a prefixed one below that has won.
  if (best.form == Form::kZstdPrefix && best.data.size() * 5 < raw.size()) return best;
  Encoded alone = encode_as(Form::kZstd, raw, {});
  if (alone.data.size() <= best.data.size()) best = std::move(alone);
  best.data.shrink_to_fit();
  return best;
}

Result<std::string> BlobCodec::decode(EncodedBody::Form form, std::string_view data,
                                      std::int64_t raw_bytes, std::string_view prefix) {
  using Form = EncodedBody::Form;
  if (raw_bytes < 0 || raw_bytes > kMaxRawBytes) return fail(damaged("its size is impossible"));
  const auto size = static_cast<std::size_t>(raw_bytes);
  if (form == Form::kPlain) {
    if (data.size() != size) return fail(damaged("its size is wrong"));
    return std::string(data);
  }
  if (form != Form::kZstd && form != Form::kZstdPrefix) return fail(damaged("unknown encoding"));
  // The frame says its size too: memory is taken only when both agree.
  if (ZSTD_getFrameContentSize(data.data(), data.size()) != size) {
    return fail(damaged("its size is wrong"));
  }
  if (!contexts_->decompress) contexts_->decompress.reset(ZSTD_createDCtx());
  ZSTD_DCtx* context = contexts_->decompress.get();
  if (context == nullptr) throw std::bad_alloc();
  ZSTD_DCtx_reset(context, ZSTD_reset_session_and_parameters);
  if (form == Form::kZstdPrefix) ZSTD_DCtx_refPrefix(context, prefix.data(), prefix.size());
  std::string raw(size, '\0');
  const std::size_t got =
      ZSTD_decompressDCtx(context, raw.data(), raw.size(), data.data(), data.size());
  if (ZSTD_isError(got) || got != size) return fail(damaged("it does not decompress"));
  return raw;
}

void encode(PageHistory& history) {
  thread_local BlobCodec codec;
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < history.versions.size(); ++i) {
    const PageVersion& version = history.versions[i];
    if (version.body && !version.encoded && version.version.number != history.up_to)
      order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return history.versions[a].version.number > history.versions[b].version.number;
  });
  std::optional<std::size_t> newer;
  std::int32_t depth = 0;
  for (const std::size_t i : order) {
    PageVersion& version = history.versions[i];
    EncodedBody& out = version.encoded.emplace();
    out.raw_bytes = static_cast<std::int64_t>(version.body->text.size());
    if (newer && history.versions[*newer].body->hash == version.body->hash) {
      out.form = EncodedBody::Form::kSame;
      out.neighbour = static_cast<std::int32_t>(*newer);
      continue;  // the next one's neighbour stays the body that has data
    }
    std::optional<std::string_view> prefix;
    if (newer && depth < kMaxChain) prefix = history.versions[*newer].body->text;
    BlobCodec::Encoded encoded = codec.encode(version.body->text, prefix);
    out.form = encoded.form;
    out.data = std::move(encoded.data);
    const bool chained = out.form == EncodedBody::Form::kZstdPrefix;
    if (chained) out.neighbour = static_cast<std::int32_t>(*newer);
    depth = chained ? depth + 1 : 0;
    newer = i;
  }
  for (const std::size_t i : order) {
    history.versions[i].body->text.clear();
    history.versions[i].body->text.shrink_to_fit();
  }
}

}  // namespace store
