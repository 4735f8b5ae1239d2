#include "tests/site/gzip.h"

#include <zlib.h>

#include <limits>
#include <stdexcept>

namespace site {
namespace {

constexpr int kGzipWindow = 15 + 16;  // zlib's way to ask for gzip
constexpr int kMemoryLevel = 8;

class Deflater {
 public:
  Deflater() {
    if (deflateInit2(&stream_, Z_BEST_SPEED, Z_DEFLATED, kGzipWindow, kMemoryLevel,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
      throw std::runtime_error("cannot start zlib");
    }
  }
  ~Deflater() { deflateEnd(&stream_); }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  std::string run(std::string_view plain) {
    deflateReset(&stream_);
    if (plain.size() > std::numeric_limits<uInt>::max())
      throw std::runtime_error("answer too large");
    const auto size = static_cast<uLong>(plain.size());
    std::string packed(deflateBound(&stream_, size), '\0');
    // zlib does not write through next_in.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
    stream_.avail_in = static_cast<uInt>(plain.size());
    stream_.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream_.avail_out = static_cast<uInt>(packed.size());
    if (deflate(&stream_, Z_FINISH) != Z_STREAM_END) throw std::runtime_error("cannot deflate");
    packed.resize(packed.size() - stream_.avail_out);
    return packed;
  }

 private:
  z_stream stream_{};
};

}  // namespace

std::string gzip(std::string_view plain) {
  thread_local Deflater deflater;
  return deflater.run(plain);
}

}  // namespace site
