#pragma once

// Text for people and for an index, as a browser would copy it: white space reduced, blocks on
// lines of their own, cells with tabs between them. One thread.

#include <string>
#include <string_view>

namespace storage_format {

class TextBuilder {
 public:
  void text(std::string_view text);  // white space, and U+00A0, is one space
  // Every character counts, but for empty lines at its beginning and white space at its end.
  void verbatim(std::string_view text);
  void line();  // what follows begins a line
  void cell();  // what follows stands in another cell of the line

  // A place to come back to: text_since() is what was added after it, on one line.
  std::size_t mark() const { return out_.size(); }
  std::string text_since(std::size_t mark) const { return text_between(mark, out_.size()); }
  std::string text_between(std::size_t mark, std::size_t end) const;

  std::string take();

 private:
  void begin();  // what is pending, before a character

  std::string out_;
  std::string kept_;  // white space that counts if something follows on the line
  bool space_ = false;
  bool line_ = false;
  bool cell_ = false;
};

}  // namespace storage_format
