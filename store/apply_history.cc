#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "store/apply_pages.h"

namespace store {

// A version listing while it is applied: its bodies refer to each other by index.
class Pages::Listing {
 public:
  Listing(Pages& pages, const PageHistory& history)
      : pages_(pages), history_(history), blobs_(history.versions.size()) {}

  std::optional<Blobs::Found> blob(std::size_t index) {
    if (index >= blobs_.size()) return bad_neighbour();
    const PageVersion& version = history_.versions[index];
    if (blobs_[index] || !version.body || pages_.db_.failed()) return blobs_[index];
    blobs_[index] = make(version);
    return blobs_[index];
  }

 private:
  static constexpr std::size_t kDeepest = 1000;  // a listing answers at most 250 versions

  std::optional<Blobs::Found> make(const PageVersion& version) {
    Blobs& blobs = pages_.blobs_;
    const Body& body = *version.body;
    if (const auto found = blobs.find(body.hash)) return found;
    if (!version.encoded) {
      const auto below = pages_.versions_.blob_below(history_.page_id, version.version.number);
      return blobs.put_text(body.text, body.hash, below);
    }
    const EncodedBody& encoded = *version.encoded;
    using Form = EncodedBody::Form;
    if (encoded.form == Form::kPlain || encoded.form == Form::kZstd) {
      return blobs.put(body.hash, encoded.form, {}, encoded.data, encoded.raw_bytes);
    }
    if (encoded.neighbour < 0 || ++depth_ > kDeepest) return bad_neighbour();
    const auto prefix = blob(static_cast<std::size_t>(encoded.neighbour));
    --depth_;
    if (!prefix) return bad_neighbour();
    if (encoded.form == Form::kSame) return prefix;
    if (prefix->depth < 2 * kMaxChain) {
      return blobs.put(body.hash, encoded.form, prefix, encoded.data, encoded.raw_bytes);
    }
    // A chain that was there before, met by a new one, is long enough.
    BlobCodec codec;
    auto text = codec.decode(encoded.form, encoded.data, encoded.raw_bytes, blobs.read(prefix->id));
    if (!text) return bad_neighbour();
    return blobs.put_text(*text, body.hash, {});
  }

  std::optional<Blobs::Found> bad_neighbour() {
    pages_.db_.set_error(Error(ErrorKind::kBug, "bad_history",
                               "cannot store the versions of page " +
                                   std::to_string(history_.page_id) +
                                   ": an encoded body lacks its neighbour"));
    return {};
  }

  Pages& pages_;
  const PageHistory& history_;
  std::vector<std::optional<Blobs::Found>> blobs_;
  std::size_t depth_ = 0;
};

void Pages::put_history(const PageHistory& history, Observation observation, CommitInfo& info) {
  Row row;
  const bool has_page = load(history.page_id, row);
  if (db_.failed() || (has_page && observation < row.history_floor)) return;
  const Row before = row;
  const bool taken_back =
      has_page && observation < row.observation &&
      std::any_of(history.versions.begin(), history.versions.end(),
                  [&](const PageVersion& version) { return version.version.number > row.version; });
  Listing listing(*this, history);
  for (std::size_t i = 0; i < history.versions.size() && !taken_back; ++i) {
    const PageVersion& version = history.versions[i];
    const std::int32_t number = version.version.number;
    // What the page itself says of its own version counts more.
    if (has_page && number == row.version && !row.same_version(version.version)) continue;
    bool has_body = version.body && !(has_page && row.has_body_of(number));
    if (version.body && !has_body && number != row.version &&
        versions_.created_at(row.id, number) != version.version.created_at) {
      shelve_body(row);
      has_body = true;
    }
    Versions::Seen seen;
    seen.page_id = history.page_id;
    seen.version = &version.version;
    seen.observation = observation;
    if (version.title) seen.title = *version.title;
    if (has_body) {
      const auto blob = listing.blob(i);
      if (!blob) return;
      seen.blob = blob->id;
    }
    if (versions_.see(seen) == Versions::Outcome::kNew) ++info.versions_new;
  }
  if (!has_page) return;
  if (taken_back) {
    start_new_past(row, row.observation);
  } else if (history.up_to > 0) {
    row.history_version = std::max(row.history_version, history.up_to);
  }
  settle_history(row);
  update_progress(row, before);
  if (row.history_due && !before.history_due) ++info.history_due;
}

}  // namespace store
