#include "daemon/query/indexer.h"

#include <algorithm>
#include <future>
#include <memory>
#include <optional>
#include <utility>

#include "daemon/storage_format/extract.h"
#include "store/texts.h"

namespace querying {

namespace {

// At most one batch is with the writer.
class InFlight {
 public:
  explicit InFlight(store::Writer& writer) : writer_(writer) {}
  ~InFlight() {
    if (pending_.valid()) pending_.wait();
  }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;

  store::Result<void> submit(store::TextUpdate texts) {
    if (auto done = settle(); !done) return done;
    store::Batch batch(0, store::Time{});
    batch.texts = std::move(texts);
    auto promise = std::make_shared<std::promise<store::Result<store::CommitInfo>>>();
    pending_ = promise->get_future();
    writer_.submit(std::move(batch), [promise](store::Result<store::CommitInfo> result) {
      promise->set_value(std::move(result));
    });
    return {};
  }
  store::Result<void> settle() {
    if (!pending_.valid()) return {};
    const auto result = pending_.get();
    if (!result) return store::fail(result.error());
    return {};
  }

 private:
  store::Writer& writer_;
  std::future<store::Result<store::CommitInfo>> pending_;
};

class Indexing {
 public:
  Indexing(store::TextReader& reader, store::Writer& writer, const IndexOptions& options)
      : reader_(reader), in_flight_(writer), options_(options) {}

  store::Result<IndexReport> run() {
    if (auto adopted = adopt(); !adopted) return store::fail(adopted.error());
    if (auto done = pages(); !done) return store::fail(done.error());
    if (options_.history) {
      if (auto done = histories(); !done) return store::fail(done.error());
    }
    if (auto done = in_flight_.settle(); !done) return store::fail(done.error());
    return report_;
  }

 private:
  store::Result<void> adopt();
  store::Result<void> pages();
  store::Result<void> histories();
  store::Result<void> going_on() {
    if (!options_.going_on) return {};
    const auto all = std::max<std::int64_t>(due_, 1);
    return options_.going_on(std::min(1.0, static_cast<double>(done_) / static_cast<double>(all)));
  }
  static store::TextUpdate update() {
    store::TextUpdate texts;
    texts.extractor = storage_format::kExtractorVersion;
    return texts;
  }

  store::TextReader& reader_;
  InFlight in_flight_;
  const IndexOptions& options_;
  IndexReport report_;
  std::int64_t due_ = 0;
  std::int64_t done_ = 0;
};

store::Result<void> Indexing::adopt() {
  auto state = reader_.state();
  if (!state) return store::fail(state.error());
  if (state->extractor != storage_format::kExtractorVersion ||
      state->index_history != options_.history) {
    auto texts = update();
    texts.adopt = true;
    texts.index_history = options_.history;
    if (auto sent = in_flight_.submit(std::move(texts)); !sent) return sent;
    if (auto done = in_flight_.settle(); !done) return done;
    state = reader_.state();
    if (!state) return store::fail(state.error());
  }
  due_ = state->pages_due + state->histories_due;
  return {};
}

store::Result<void> Indexing::pages() {
  for (store::Id after = 0;;) {
    if (auto on = going_on(); !on) return on;
    auto due = reader_.due_pages(after, options_.batch_bytes);
    if (!due) return store::fail(due.error());
    if (due->empty()) return {};
    after = due->back().page.page_id;
    auto texts = update();
    for (auto& page : *due) {
      page.page.text = storage_format::plain_text(page.body);
      std::string().swap(page.body);
      texts.pages.push_back(std::move(page.page));
    }
    done_ += static_cast<std::int64_t>(texts.pages.size());
    report_.pages += static_cast<std::int64_t>(texts.pages.size());
    if (auto sent = in_flight_.submit(std::move(texts)); !sent) return sent;
  }
}

store::Result<void> Indexing::histories() {
  store::Id after = 0;
  while (true) {
    if (auto on = going_on(); !on) return on;
    auto texts = update();
    std::size_t bytes = 0;
    bool unfinished = false;  // the last page has more than a batch holds
    while (bytes < options_.batch_bytes && !unfinished) {
      auto due = reader_.due_versions(after, options_.batch_bytes - bytes);
      if (!due) return store::fail(due.error());
      if (!*due) break;
      store::VersionTexts made{(*due)->page_id, {}};
      for (auto& version : (*due)->versions) {
        bytes += version.body.size() + sizeof(version);
        version.version.text = storage_format::plain_text(version.body);
        made.texts.push_back(std::move(version.version));
      }
      report_.versions += static_cast<std::int64_t>(made.texts.size());
      unfinished = bytes >= options_.batch_bytes;
      if (!unfinished) {
        after = made.page_id;
        ++done_;
      }
      texts.versions.push_back(std::move(made));
      bytes += sizeof(store::VersionTexts);
    }
    if (texts.versions.empty()) return {};
    if (auto sent = in_flight_.submit(std::move(texts)); !sent) return sent;
    // What is left of a page is read once it is known what is not.
    if (unfinished) {
      if (auto done = in_flight_.settle(); !done) return done;
    }
  }
}

}  // namespace

store::Result<IndexReport> index_texts(const std::filesystem::path& mirror, store::Writer& writer,
                                       const IndexOptions& options) {
  auto reader = store::TextReader::open(mirror);
  if (!reader) return store::fail(reader.error());
  return Indexing(**reader, writer, options).run();
}

}  // namespace querying
