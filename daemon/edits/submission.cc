#include "daemon/edits/submission.h"

#include <pwd.h>
#include <unistd.h>

#include <array>

namespace edits {

std::string submitter() {
  const auto user = ::geteuid();
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> buffer{};
  if (::getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) {
    return found->pw_name;
  }
  return std::to_string(user);
}

store::JobQueue::Submission make_submission(std::string name, std::string_view content,
                                            std::vector<store::JobSpec> jobs, bool again) {
  store::JobQueue::Submission submission;
  submission.name = std::move(name);
  submission.digest = store::sha256(content);
  submission.submitted_by = submitter();
  submission.again = again;
  submission.jobs = std::move(jobs);
  return submission;
}

}  // namespace edits
