#include "store/blobs.h"

#include <vector>

namespace store {
namespace {

// Two chains may meet (an encoded history may point to a blob that has a chain already); longer
// ones are damage.
constexpr std::size_t kLongestRead = 4 * static_cast<std::size_t>(kMaxChain);

struct Link {
  Id id = 0;
  EncodedBody::Form form = EncodedBody::Form::kPlain;
  std::int64_t raw_bytes = 0;
  std::string data;
  std::optional<Sha256> hash;
};

}  // namespace

Blobs::Blobs(Db& db)
    : db_(db),
      find_(db, "SELECT id, depth FROM blob WHERE sha256=?"),
      insert_(db,
              "INSERT INTO blob(sha256, encoding, prefix_blob_id, depth, refs, raw_bytes, data)"
              " VALUES(?,?,?,?,0,?,?)"),
      add_refs_(db, "UPDATE blob SET refs=refs+? WHERE id=?"),
      depth_(db, "SELECT depth FROM blob WHERE id=?"),
      read_(db, "SELECT encoding, prefix_blob_id, raw_bytes, sha256, data FROM blob WHERE id=?") {}

std::optional<Blobs::Found> Blobs::find(const Sha256& hash) {
  Query query = find_.begin();
  if (!query.bind(hash).row()) return std::nullopt;
  return Found{query.integer(0), query.int32(1)};
}

Blobs::Found Blobs::put(const Sha256& hash, EncodedBody::Form form, std::optional<Found> prefix,
                        std::string_view data, std::int64_t raw_bytes) {
  Found made;
  made.depth = prefix ? prefix->depth + 1 : 0;
  Query query = insert_.begin();
  query.bind(hash).bind(static_cast<std::int64_t>(form));
  if (prefix) {
    query.bind(prefix->id);
  } else {
    query.bind_null();
  }
  query.bind(made.depth).bind(raw_bytes).bind_blob(data).run();
  if (db_.failed()) return made;
  made.id = sqlite3_last_insert_rowid(db_.handle());
  if (prefix) link(prefix->id);
  return made;
}

Blobs::Found Blobs::put_text(std::string_view text, const Sha256& hash,
                             std::optional<Id> neighbour) {
  if (const auto found = find(hash)) return *found;
  std::optional<Found> prefix;
  std::string prefix_text;
  if (neighbour) {
    std::int32_t depth = kMaxChain;
    {
      Query query = depth_.begin();
      if (query.bind(*neighbour).row()) depth = query.int32(0);
    }
    if (depth < kMaxChain) {
      prefix_text = read(*neighbour);
      prefix = Found{*neighbour, depth};
    }
  }
  if (db_.failed()) return {};
  const BlobCodec::Encoded encoded =
      codec_.encode(text, prefix ? std::optional<std::string_view>(prefix_text) : std::nullopt);
  if (encoded.form != EncodedBody::Form::kZstdPrefix) prefix.reset();
  return put(hash, encoded.form, prefix, encoded.data, static_cast<std::int64_t>(text.size()));
}

void Blobs::add_refs(Id id, std::int64_t count) {
  Query query = add_refs_.begin();
  query.bind(count).bind(id).run();
}

std::string Blobs::damaged(const char* why, Id id) {
  db_.set_error(
      Error(ErrorKind::kStoreBad, "mirror_damaged",
            "cannot read '" + db_.path().string() + "': blob " + std::to_string(id) + " " + why,
            "Run `confmirror db check`; restore a backup."));
  return {};
}

std::string Blobs::read(Id id, Cache* cache) {
  std::vector<Link> chain;
  std::string text;
  for (std::optional<Id> next = id; next;) {
    if (chain.size() >= kLongestRead) return damaged("has a chain without end", id);
    if (cache != nullptr) {
      if (const auto known = cache->texts.find(*next); known != cache->texts.end()) {
        if (chain.empty()) return known->second;  // was checked when it came
        text = known->second;
        break;
      }
    }
    Query query = read_.begin();
    if (!query.bind(*next).row())
      return db_.failed() ? std::string() : damaged("is missing", *next);
    Link link;
    link.id = *next;
    link.form = static_cast<EncodedBody::Form>(query.integer(0));
    const bool prefixed = link.form == EncodedBody::Form::kZstdPrefix;
    if (prefixed == query.is_null(1)) return damaged("has an impossible prefix", *next);
    next = query.optional_integer(1);
    link.raw_bytes = query.integer(2);
    link.hash = query.hash(3);
    link.data = query.text(4);
    chain.push_back(std::move(link));
  }
  for (auto link = chain.rbegin(); link != chain.rend(); ++link) {
    auto decoded = codec_.decode(link->form, link->data, link->raw_bytes, text);
    if (!decoded) return damaged("does not decode", link->id);
    text = std::move(*decoded);
    const bool kept = cache != nullptr && text.size() <= kMostCached;
    if (kept || link->id == id) {
      if (!link->hash || sha256(text) != *link->hash) {
        return damaged("is not what its SHA-256 says", link->id);
      }
    }
    if (!kept) continue;
    if (cache->bytes + text.size() > kMostCached) *cache = Cache();
    cache->bytes += text.size();
    cache->texts.emplace(link->id, text);
  }
  return text;
}

}  // namespace store
