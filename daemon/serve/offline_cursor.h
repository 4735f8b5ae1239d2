#pragma once

// Pure: the cursors of the offline API's listings. Opaque to clients; inside, the place of the last
// row that was seen. A cursor goes with the question that it came from: it names a digest of that
// (path, filters, order), and of itself, so that one that was cut, changed or taken to another
// listing is refused. That is no signature: whoever makes one himself gets no more than with a
// filter. Any thread.

#include <optional>
#include <string>
#include <string_view>

#include "store/listing.h"

namespace serve {

// URL-safe.
std::string encode_cursor(const store::ListPlace& place, std::string_view question);
// nullopt: it does not go with that question.
std::optional<store::ListPlace> decode_cursor(std::string_view text, std::string_view question);

}  // namespace serve
