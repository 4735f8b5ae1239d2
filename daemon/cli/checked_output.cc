#include "daemon/cli/checked_output.h"

#include <cerrno>

#include "daemon/export/output_file.h"

namespace cli {

CheckedOutput::CheckedOutput(std::ostream& stream) : stream_(stream), buffer_(stream.rdbuf()) {
  stream_.rdbuf(&buffer_);
}

CheckedOutput::~CheckedOutput() {
  const auto state = stream_.rdstate();
  stream_.rdbuf(buffer_.next());  // which clears the state
  stream_.setstate(state);
}

store::Result<void> CheckedOutput::finish() {
  stream_.flush();
  if (stream_) return {};
  const int code = buffer_.failure() == 0 ? EIO : buffer_.failure();
  return store::fail(exporting::write_error("standard output", code));
}

void CheckedOutput::Buffer::note(bool failed) {
  if (failed && failure_ == 0) failure_ = errno == 0 ? EIO : errno;
}

std::streamsize CheckedOutput::Buffer::xsputn(const char* text, std::streamsize size) {
  errno = 0;
  const auto written = next_->sputn(text, size);
  note(written != size);
  return written;
}

CheckedOutput::Buffer::int_type CheckedOutput::Buffer::overflow(int_type character) {
  if (traits_type::eq_int_type(character, traits_type::eof())) return traits_type::not_eof(0);
  errno = 0;
  const auto written = next_->sputc(traits_type::to_char_type(character));
  note(traits_type::eq_int_type(written, traits_type::eof()));
  return written;
}

int CheckedOutput::Buffer::sync() {
  errno = 0;
  const int result = next_->pubsync();
  note(result != 0);
  return result;
}

}  // namespace cli
