#pragma once

// JSON of the site's objects, written straight into the answer. The caller holds the content's
// lock. Rows of poison_rows come out damaged; their id is always right.

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/site/state.h"

namespace site {

// As `body-format` and `description-format` name them; kAbsent renders no body.
enum class BodyFormat : std::uint8_t { kAbsent, kStorage, kAtlasDoc, kView };

struct PageParts {
  BodyFormat body = BodyFormat::kAbsent;
  std::string_view body_name;  // the key under `body`, e.g. export_view
  bool version = true;
  bool subtype = true;  // listings have it, single pages do not
  // 0 = the current one; else that version's body and version object
  std::int32_t body_version = 0;
  const PageDraft* draft = nullptr;  // shown instead of the published page
};

class Renderer {
 public:
  Renderer(const State& state, std::string& out)
      : state_(state), content_(state.content), out_(out) {}

  // Objects are left open for members to follow; close() ends one.
  void open_page(Index page, const PageParts& parts);
  void page_links(Index page, bool with_base);
  void open_space(Index space, bool bulk);
  void space_extras(Index space, std::string_view description_format, bool icon);
  void space_links(Index space, bool with_base);
  void version(const Version& version);
  void open_detailed_version(const Version& version);
  void version_row(Index page, const Version& version, BodyFormat format);
  void label(const Label& label);
  void user(Index user);
  void container(const Container& container);
  void current_user(Index user);

  void member(std::string_view name);  // `,"name":`
  void text(std::string_view name, std::string_view value);
  void id(std::string_view name, Id value);  // a string, or null for 0
  void close() { out_ += '}'; }

 private:
  void account(std::string_view name, Index user);
  void place(Id parent, ContentType type, std::int32_t position);
  void version_fields(const Version& version);
  void body(Index page, std::int32_t version, BodyFormat format, std::string_view name,
            const PageDraft* draft = nullptr);
  // What is wrong with the page's row; kNoDamage for ordinary pages.
  int damage_of(const Page& page) const;
  void page_identity(const Page& page, int damage, const PageDraft* draft);
  void page_people(const Page& page);
  std::string web_path(Index page) const;

  const State& state_;
  const Content& content_;
  std::string& out_;
};

}  // namespace site
