#pragma once

// Whether HTML is nothing but what may be in a rendering: known elements and attributes, balanced,
// in quotes, addresses of harmless schemes. Written for tests, from the promise in render.h alone.

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <string_view>
#include <vector>

namespace storage_format {

class HtmlCheck {
 public:
  // "" = all is well; else what is wrong.
  static std::string fault_in(std::string_view html) { return HtmlCheck(html).run(); }

 private:
  explicit HtmlCheck(std::string_view html) : html_(html) {}

  static bool one_of(std::string_view name, std::string_view list) {
    return !name.empty() &&
           (" " + std::string(list) + " ").find(" " + std::string(name) + " ") != std::string::npos;
  }

  std::string run() {
    for (std::size_t at = 0; at < html_.size(); ++at) {
      if (html_[at] == '>') return "a bare > at " + std::to_string(at);
      if (html_[at] != '<') continue;
      if (html_.substr(at, 4) == "<!--") {
        const auto end = html_.find("-->", at);
        if (end == html_.npos) return "an open comment";
        at = end + 2;
        continue;
      }
      if (auto fault = tag(at); !fault.empty()) return fault + " at " + std::to_string(at);
    }
    return open_.empty() ? "" : "an open " + open_.back();
  }

  std::string tag(std::size_t& at) {
    ++at;
    const bool closes = at < html_.size() && html_[at] == '/';
    if (closes) ++at;
    const auto name = word(at);
    static constexpr std::string_view kElements =
        "a blockquote br caption code dd del details div dl dt em figcaption figure h1 h2 h3 h4 h5 "
        "h6 hr img input li mark nav ol p pre q s small span strong sub summary sup table tbody td "
        "tfoot th thead time tr u ul";
    if (!one_of(name, kElements)) return "element '" + std::string(name) + "'";
    while (!closes && at < html_.size() && html_[at] == ' ') {
      ++at;
      if (html_.substr(at, 2) == "/>") break;
      if (auto fault = attribute(at); !fault.empty()) return fault;
    }
    if (html_.substr(at, 2) == "/>") ++at;
    if (at >= html_.size() || html_[at] != '>') return "a tag that does not end";
    const bool empty = one_of(name, "br hr img input");
    if (!closes && !empty) open_.emplace_back(name);
    if (!closes) return "";
    if (open_.empty() || open_.back() != name) return "a stray </" + std::string(name) + ">";
    open_.pop_back();
    return "";
  }

  std::string_view word(std::size_t& at) const {
    const auto begin = at;
    while (at < html_.size() &&
           (std::isalnum(static_cast<unsigned char>(html_[at])) != 0 || html_[at] == '-')) {
      ++at;
    }
    return html_.substr(begin, at - begin);
  }

  std::string attribute(std::size_t& at) const {
    const auto name = word(at);
    static constexpr std::string_view kAttributes =
        "align alt aria-level checked class colspan disabled href id loading rel role rowspan "
        "scope "
        "src start title type width";
    if (!one_of(name, kAttributes)) return "attribute '" + std::string(name) + "'";
    if (html_.substr(at, 2) != "=\"") return "";
    const auto end = html_.find('"', at + 2);
    if (end == html_.npos) return "an open value";
    const auto value = html_.substr(at + 2, end - at - 2);
    at = end + 1;
    if (value.find('<') != value.npos) return "< in a value";
    return name == "href" || name == "src" ? address(value) : "";
  }

  static std::string address(std::string_view value) {
    const auto end = value.find_first_of(":/?#");
    if (end == value.npos || value[end] != ':') return "";
    return one_of(value.substr(0, end), "http https mailto") ? "" : "address " + std::string(value);
  }

  std::string_view html_;
  std::vector<std::string> open_;
};

}  // namespace storage_format
