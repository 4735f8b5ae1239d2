#pragma once

// Results that did not reach their reader (a closed pipe, a full disk) must not pass for a success:
// while a CheckedOutput lives, the stream keeps why the first write to it failed. Not thread-safe,
// as the stream itself.

#include <ostream>
#include <streambuf>

#include "store/error.h"

namespace cli {

class CheckedOutput {
 public:
  explicit CheckedOutput(std::ostream& stream);
  ~CheckedOutput();
  CheckedOutput(const CheckedOutput&) = delete;
  CheckedOutput& operator=(const CheckedOutput&) = delete;

  // Empties the stream's buffer. kSystem "disk_full", "pipe_closed" or "write_failed" if anything
  // was lost, now or before.
  store::Result<void> finish();

 private:
  // Passes everything on and looks at errno at once, before another call changes it.
  class Buffer : public std::streambuf {
   public:
    explicit Buffer(std::streambuf* next) : next_(next) {}
    std::streambuf* next() const { return next_; }
    int failure() const { return failure_; }

   protected:
    std::streamsize xsputn(const char* text, std::streamsize size) override;
    int_type overflow(int_type character) override;
    int sync() override;

   private:
    void note(bool failed);

    std::streambuf* next_;
    int failure_ = 0;  // errno
  };

  std::ostream& stream_;
  Buffer buffer_;
};

}  // namespace cli
