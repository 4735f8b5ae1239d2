#pragma once

// Text on its way out of a report: collected, and passed on by the megabyte, so that a report of
// any length needs no more memory than the findings themselves. After an error nothing more is
// passed on. One thread.

#include <cstddef>
#include <string>
#include <utility>

#include "daemon/audit/formats.h"

namespace audit {

class TextSink {
 public:
  explicit TextSink(const WriteText& write) : write_(write) {}

  std::string& text() { return text_; }
  // Between two findings.
  void step() {
    if (text_.size() >= kPiece) pass_on();
  }
  store::Result<void> finish() {
    pass_on();
    return std::move(result_);
  }

 private:
  static constexpr std::size_t kPiece = std::size_t{1} << 20;

  void pass_on() {
    if (result_ && !text_.empty()) result_ = write_(text_);
    text_.clear();
  }

  const WriteText& write_;
  std::string text_;
  store::Result<void> result_;
};

// Each ends with a newline.
void write_json(const Report& report, TextSink& sink);
void write_csv(const Report& report, TextSink& sink);
void write_markdown(const Report& report, TextSink& sink);
void write_html(const Report& report, TextSink& sink);

}  // namespace audit
