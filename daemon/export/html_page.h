#pragma once

// The frame around every page of an exported site: head with its Content-Security-Policy, bar with
// search, sidebar, content. Nothing is loaded from elsewhere, and no script runs but assets/app.js
// and what that loads beside itself. All texts are escaped here. Pure; any thread.

#include <string>
#include <string_view>

#include "daemon/export/site_catalog.h"
#include "daemon/storage_format/characters.h"

namespace exporting {

using storage_format::escaped_html;

inline constexpr const char* kHtml = ".html";
inline constexpr const char* kIndexFile = "index.html";
inline constexpr const char* kAssetsFolder = "_assets";
// The title, or what stands for none.
std::string shown_title(std::string_view title);

struct HtmlFrame {
  std::string path;      // of the file
  std::string title;     // of the browser's window
  std::string site;      // shown in the bar
  std::string space_id;  // whose tree is in the sidebar; "" = none
  std::string space_name;
  std::string space_folder;
  std::string page_path;  // without extension; "" = not a page
};

std::string html_document(const HtmlFrame& frame, std::string_view content);

}  // namespace exporting
