#pragma once

// gzip at zlib's fastest level. Each thread keeps one deflater (about 256 KiB). Any thread.

#include <string>
#include <string_view>

namespace site {

std::string gzip(std::string_view plain);

}  // namespace site
