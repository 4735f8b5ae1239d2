#pragma once

// The world around one page that is shown by itself: links lead to the site, as far as the mirror
// knows what they name. Uses the Reader on the calling thread; titles of a space are read once,
// when the first link needs them. An error of the Reader is kept: what was rendered meanwhile is
// not to be shown then.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "daemon/storage_format/surroundings.h"
#include "store/reader.h"

namespace querying {

class MirrorSurroundings : public storage_format::Surroundings {
 public:
  // `page` must outlive this.
  MirrorSurroundings(store::Reader& reader, const store::PageRow& page, std::string site_url)
      : reader_(reader), page_(page), site_url_(std::move(site_url)) {}

  std::optional<Target> find(const storage_format::Reference& reference) const override;
  std::optional<std::string> user_name(std::string_view account_id) const override;
  std::vector<Below> below(const storage_format::Reference& page, int depth) const override;
  std::optional<std::string> body_of(const storage_format::Reference& page) const override;

  const std::optional<store::Error>& error() const { return error_; }

 private:
  using Titles = std::unordered_map<std::string, store::Id>;  // folded

  // What was read, or nullopt and the error kept.
  template <typename T>
  std::optional<T> kept(store::Result<T> result) const {
    if (result) return std::move(*result);
    if (!error_) error_ = std::move(result.error());
    return std::nullopt;
  }
  const Titles& titles_of(store::Id space_id) const;
  std::optional<store::SpaceRow> space_of(const std::string& key) const;
  std::optional<store::Id> page_id_of(const storage_format::Reference& reference) const;
  std::optional<store::PageRow> page_of(const storage_format::Reference& reference,
                                        bool with_body) const;
  std::optional<Target> find_space(const storage_format::Reference& reference) const;
  std::string address(const std::string& web_path, const std::string& anchor) const;
  void add_below(store::Id id, int depth, int level, std::size_t& left,
                 std::vector<Below>& out) const;

  store::Reader& reader_;
  const store::PageRow& page_;
  std::string site_url_;
  mutable std::map<store::Id, Titles> titles_;
  mutable std::map<std::string, std::optional<store::SpaceRow>> spaces_;
  mutable std::optional<std::map<std::string, std::string>> users_;
  mutable std::optional<store::Error> error_;
};

}  // namespace querying
