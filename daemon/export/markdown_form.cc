// Markdown: front matter, the title, the body as storage_format::to_markdown() writes it.

#include <fmt/format.h>

#include "daemon/export/page_form.h"
#include "daemon/export/row_json.h"
#include "daemon/storage_format/markdown_escape.h"

namespace exporting {

namespace {

// What YAML takes for no printable character, what breaks a line there, and what turns the
// direction of text.
bool is_escaped_in_yaml(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0x200E && code <= 0x200F) ||
         (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) ||
         code == 0xFEFF || code == 0xFFFE || code == 0xFFFF;
}

// In double quotes, which hold anything: JSON's strings are YAML's, but for some characters.
std::string yaml_string(const std::string& text) {
  const auto json = Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string quoted;
  for (std::size_t i = 0; i < json.size();) {
    const auto first = static_cast<unsigned char>(json[i]);
    const std::size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    std::uint32_t code = length == 1 ? first : first & (0xFFU >> (length + 1));
    for (std::size_t k = 1; k < length; ++k) {
      code = code << 6 | (static_cast<unsigned char>(json[i + k]) & 0x3FU);
    }
    if (is_escaped_in_yaml(code)) {
      quoted += fmt::format("\\u{:04x}", code);
    } else {
      quoted += json.substr(i, length);
    }
    i += length;
  }
  return quoted;
}

class FrontMatter {
 public:
  void add(const char* key, const std::string& text) {
    if (!text.empty()) text_ += fmt::format("{}: {}\n", key, yaml_string(text));
  }
  void add(const char* key, std::int64_t number) { text_ += fmt::format("{}: {}\n", key, number); }
  std::string text() const { return "---\n" + text_ + "---\n"; }

 private:
  std::string text_;
};

std::string name_or_account(const std::string& name, const std::string& account) {
  return name.empty() ? account : name;
}

std::string front_matter(const store::PageRow& page, const std::string& site_url) {
  FrontMatter matter;
  matter.add("id", std::to_string(page.id));
  matter.add("title", page.title);
  matter.add("space", page.space_key);
  matter.add("status", page.status);
  matter.add("version", std::int64_t{page.version.number});
  matter.add("author", name_or_account(page.author_name, page.author_id));
  matter.add("created", store::to_iso8601(page.created_at));
  matter.add("modified", store::to_iso8601(page.version.created_at));
  matter.add("modified_by", name_or_account(page.modified_by_name, page.version.author_id));
  if (page.parent_id) matter.add("parent", std::to_string(*page.parent_id));
  if (page.gone_at) {
    matter.add("gone", store::to_iso8601(*page.gone_at));
    matter.add("gone_reason", page.gone_reason);
  }
  if (page.assumed) matter.add("as_of", "in part assumed: the mirror did not see the page then");
  if (!site_url.empty()) matter.add("url", web_url(site_url, page.web_path));
  return matter.text();
}

// One line of text, escaped as the renderer does it.
std::string heading_of(const std::string& title) {
  const std::string json = Json(title).dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string clean;
  for (const char c : Json::parse(json).get<std::string>()) {
    const auto byte = static_cast<unsigned char>(c);
    const bool blank = byte <= 0x20 || byte == 0x7F;
    if (!blank) clean += c;
    if (blank && !clean.empty() && clean.back() != ' ') clean += ' ';
  }
  while (!clean.empty() && clean.back() == ' ') clean.pop_back();
  if (clean.empty()) return {};
  std::string heading = "# ";
  storage_format::append_escaped(heading, clean, {.before = U' ', .ends = true});
  // A # at the end would be taken for the heading's own.
  if (heading.ends_with('#') && !heading.ends_with("\\#")) heading.insert(heading.size() - 1, "\\");
  return heading + "\n";
}

class MarkdownForm : public PageForm {
 public:
  int version() const override { return 1; }
  std::vector<std::string> extensions() const override { return {".md"}; }
  LinkStyle link_style() const override { return {".md", "", true}; }
  RenderedPage render(const store::PageRow& page, const PageContext& context) const override {
    RenderedPage rendered;
    auto text = front_matter(page, context.catalog.site_url());
    if (const auto heading = heading_of(page.title); !heading.empty()) text += "\n" + heading;
    if (page.body) {
      auto body = storage_format::to_markdown(page.body->text, context.surroundings);
      if (!body.text.empty()) text += "\n" + body.text;
      rendered.approximations = std::move(body.approximations);
    } else {
      text += "\n*The mirror does not have the text of this page.*\n";
    }
    rendered.files.push_back({context.item.path + ".md", std::move(text)});
    return rendered;
  }
};

}  // namespace

std::unique_ptr<PageForm> make_markdown_form() { return std::make_unique<MarkdownForm>(); }

}  // namespace exporting
