#pragma once

// The `blob` table: immutable bodies of older versions, named by SHA-256, chained by prefixes,
// counted by references. Uses the Db's sticky errors (store/sqlite.h); belongs to the Db's thread.
// Nothing is deleted here: a blob that lost its last reference waits for upkeep's compact().

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "store/blob_codec.h"
#include "store/sqlite.h"

namespace store {

class Blobs {
 public:
  explicit Blobs(Db& db);

  struct Found {
    Id id = 0;
    std::int32_t depth = 0;
  };
  std::optional<Found> find(const Sha256& hash);
  // A new row without references; the prefix gains one.
  Found put(const Sha256& hash, EncodedBody::Form form, std::optional<Found> prefix,
            std::string_view data, std::int64_t raw_bytes);
  // The blob of that text, encoded here where it is new: against `neighbour` if that is given and
  // pays.
  Found put_text(std::string_view text, const Sha256& hash, std::optional<Id> neighbour);
  void link(Id id) { add_refs(id, 1); }
  void unlink(Id id) { add_refs(id, -1); }

  // Texts met on the way, for whoever reads many of one chain. Bounded by kMostCached bytes.
  struct Cache {
    std::map<Id, std::string> texts;
    std::size_t bytes = 0;
  };
  static constexpr std::size_t kMostCached = std::size_t{8} << 20;

  // The content, checked against its SHA-256; damage is set on the Db and gives an empty text.
  std::string read(Id id, Cache* cache = nullptr);

 private:
  void add_refs(Id id, std::int64_t count);
  std::string damaged(const char* why, Id id);

  Db& db_;
  BlobCodec codec_;
  Stmt find_;
  Stmt insert_;
  Stmt add_refs_;
  Stmt depth_;
  Stmt read_;
};

}  // namespace store
