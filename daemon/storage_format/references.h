#pragma once

// Reading references out of elements: ri:*, ac:link, ac:image, a, img. Pure; any thread.

#include <string>
#include <string_view>
#include <vector>

#include "daemon/storage_format/document.h"
#include "daemon/storage_format/reference.h"

namespace storage_format {

// What a link or an image leads to. A link without a target leads to the page itself.
Reference target_of_link(const Node& link);       // ac:link, with its anchor
Reference target_of_image(const Node& image);     // ac:image
Reference target_of_href(std::string_view href);  // a, img: "#x" is the page itself
// What an ac:link shows: its ac:link-body or ac:plain-text-link-body, the link itself where there
// is more in it; nullptr: the target's own title.
const Node* body_of_link(const Node& link);
// Every ri:* in a parameter, those in an ac:link with its anchor; not what is nested in another.
std::vector<Reference> references_in(const Node& node);
// What a reference names, for people: a title, a file, an address; "" for users and ids.
std::string name_of(const Reference& reference);
// The same for a message: also users and ids, and which kind it is: "page 'X'".
std::string description_of(const Reference& reference);

}  // namespace storage_format
