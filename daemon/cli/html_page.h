#pragma once

// A page of its own around a fragment of HTML that storage_format::to_html() made: a Content
// Security Policy under which nothing runs and nothing is loaded. Pure. Any thread.

#include <string>

namespace cli {

std::string html_page(const std::string& title, const std::string& fragment);

}  // namespace cli
