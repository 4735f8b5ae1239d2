#include "store/tokenizer.h"

#include <locale.h>
#include <sqlite3.h>

#include <algorithm>
#include <clocale>
#include <cstddef>
#include <cwctype>
#include <memory>
#include <new>
#include <string>

#include "store/fold.h"

namespace store {
namespace {

// The blocks of Han, kana, Bopomofo and Hangul, in Unicode's order.
struct Range {
  char32_t first;
  char32_t last;
};
constexpr Range kAlone[] = {
    {0x1100, 0x11ff},    // Hangul Jamo
    {0x2e80, 0x2fdf},    // radicals
    {0x3005, 0x3007},    // 々〆〇
    {0x3021, 0x3029},    // Hangzhou numerals
    {0x3031, 0x3035},    // kana repeat marks
    {0x3038, 0x303c},    // numerals, masu mark
    {0x3041, 0x30ff},    // Hiragana, Katakana
    {0x3105, 0x318e},    // Bopomofo, Hangul compatibility Jamo
    {0x31a0, 0x31bf},    // Bopomofo extended
    {0x31f0, 0x31ff},    // Katakana phonetic extensions
    {0x3400, 0x4dbf},    // Han extension A
    {0x4e00, 0x9fff},    // Han
    {0xa960, 0xa97f},    // Hangul Jamo extended A
    {0xac00, 0xd7ff},    // Hangul syllables, Jamo extended B
    {0xf900, 0xfaff},    // Han compatibility
    {0xff66, 0xffdc},    // half-width kana and Hangul
    {0x1b000, 0x1b16f},  // kana supplement
    {0x20000, 0x3ffff},  // Han extensions B and later
};

struct Wrapped {
  fts5_tokenizer inner{};
  Fts5Tokenizer* instance = nullptr;
};

using Give = int (*)(void*, int, const char*, int, int, int);

struct Shifted {
  void* context;
  Give give;
  int by;
};

int give_shifted(void* self, int flags, const char* token, int size, int begin, int end) {
  const auto& shifted = *static_cast<const Shifted*>(self);
  return shifted.give(shifted.context, flags, token, size, begin + shifted.by, end + shifted.by);
}

// The size in bytes of a character that stands alone at the front of `text`; 0: it does not.
std::size_t alone_at(std::string_view text) {
  constexpr unsigned char kFirstByte = 0xe1;  // of U+1100
  if (static_cast<unsigned char>(text.front()) < kFirstByte) return 0;
  const Decoded decoded = decode_utf8(text);
  return decoded.size > 0 && stands_alone(decoded.code) ? decoded.size : 0;
}

int create(void* api, const char** arguments, int count, Fts5Tokenizer** out) {
  auto& fts = *static_cast<fts5_api*>(api);
  std::unique_ptr<Wrapped> wrapped(new (std::nothrow) Wrapped);
  if (!wrapped) return SQLITE_NOMEM;
  if (count > 0 || arguments == nullptr) return SQLITE_ERROR;
  void* inner_context = nullptr;
  int code = fts.xFindTokenizer(&fts, "unicode61", &inner_context, &wrapped->inner);
  if (code != SQLITE_OK) return code;
  const char* inner_arguments[] = {"remove_diacritics", "2"};
  code = wrapped->inner.xCreate(inner_context, inner_arguments, 2, &wrapped->instance);
  if (code != SQLITE_OK) return code;
  *out = reinterpret_cast<Fts5Tokenizer*>(wrapped.release());
  return SQLITE_OK;
}

void destroy(Fts5Tokenizer* self) {
  const std::unique_ptr<Wrapped> wrapped(reinterpret_cast<Wrapped*>(self));
  wrapped->inner.xDelete(wrapped->instance);
}

// What stands between characters that stand alone goes to unicode61; they have neither case nor
// diacritics, and go on as they are.
int tokenize(Fts5Tokenizer* self, void* context, int flags, const char* data, int size, Give give) {
  auto& wrapped = *reinterpret_cast<Wrapped*>(self);
  const std::string_view text(data == nullptr ? "" : data, static_cast<std::size_t>(size));
  std::size_t begun = 0;
  const auto pass_on = [&](std::size_t to) {
    if (begun == to) return SQLITE_OK;
    Shifted shifted{context, give, static_cast<int>(begun)};
    return wrapped.inner.xTokenize(wrapped.instance, &shifted, flags, text.data() + begun,
                                   static_cast<int>(to - begun), &give_shifted);
  };
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t alone = alone_at(text.substr(at));
    if (alone == 0) {
      ++at;
      continue;
    }
    int code = pass_on(at);
    if (code != SQLITE_OK) return code;
    code = give(context, 0, text.data() + at, static_cast<int>(alone), static_cast<int>(at),
                static_cast<int>(at + alone));
    if (code != SQLITE_OK) return code;
    at += alone;
    begun = at;
  }
  return pass_on(text.size());
}

}  // namespace

bool has_word(std::string_view text) {
  static const locale_t kUtf8 = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  while (!text.empty()) {
    const Decoded decoded = decode_utf8(text);
    if (decoded.size > 0 && decoded.code < 0x80) {
      const auto c = static_cast<char>(decoded.code);
      if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return true;
    } else if (decoded.size > 0 && kUtf8 != nullptr) {
      if (::iswalnum_l(static_cast<wint_t>(decoded.code), kUtf8) != 0) return true;
    } else if (decoded.size > 0) {
      return true;  // no table: rather a search that finds nothing than one that is refused
    }
    text.remove_prefix(std::max<std::size_t>(decoded.size, 1));
  }
  return false;
}

bool stands_alone(char32_t code) {
  if (code < kAlone[0].first) return false;
  const auto* const next =
      std::upper_bound(std::begin(kAlone), std::end(kAlone), code,
                       [](char32_t wanted, const Range& range) { return wanted < range.first; });
  return next != std::begin(kAlone) && code <= std::prev(next)->last;
}

Result<void> add_tokenizer(sqlite3* connection) {
  // As SQLite documents it: https://www.sqlite.org/fts5.html#extending_fts5
  fts5_api* api = nullptr;
  sqlite3_stmt* stmt = nullptr;
  int code = sqlite3_prepare_v2(connection, "SELECT fts5(?1)", -1, &stmt, nullptr);
  if (code == SQLITE_OK) {
    sqlite3_bind_pointer(stmt, 1, static_cast<void*>(&api), "fts5_api_ptr", nullptr);
    sqlite3_step(stmt);
  }
  sqlite3_finalize(stmt);
  if (api == nullptr) {
    return fail(ErrorKind::kSystem, "no_fts5",
                "cannot search: this SQLite has no full-text search (FTS5)",
                "Use the SQLite of the system's packages.");
  }
  fts5_tokenizer methods{&create, &destroy, &tokenize};
  code = api->xCreateTokenizer(api, kTokenizer, api, &methods, nullptr);
  if (code != SQLITE_OK) {
    return fail(ErrorKind::kSystem, "no_fts5",
                std::string("cannot search: ") + sqlite3_errmsg(connection));
  }
  return {};
}

}  // namespace store
