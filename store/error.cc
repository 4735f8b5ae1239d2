#include "store/error.h"

namespace store {

int exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kUsage:
      return 2;
    case ErrorKind::kCredentialsBad:
      return 3;
    case ErrorKind::kItemBad:
    case ErrorKind::kSpaceBad:
      return 4;
    case ErrorKind::kStopped:
      return 5;
    case ErrorKind::kStoreBad:
      return 6;
    case ErrorKind::kBusy:
      return 7;
    case ErrorKind::kRetryAfter:  // still failing after every retry
    case ErrorKind::kUnreachable:
      return 8;
    case ErrorKind::kSystem:
      return 9;
    case ErrorKind::kCanceled:
      return 130;
    case ErrorKind::kBug:
      break;
  }
  return 70;  // EX_SOFTWARE: none of the promised codes, so that no script takes it for one
}

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kRetryAfter:
      return "retry_after";
    case ErrorKind::kItemBad:
      return "item_bad";
    case ErrorKind::kSpaceBad:
      return "space_bad";
    case ErrorKind::kCredentialsBad:
      return "credentials_bad";
    case ErrorKind::kUsage:
      return "usage";
    case ErrorKind::kStopped:
      return "stopped";
    case ErrorKind::kStoreBad:
      return "store_bad";
    case ErrorKind::kBusy:
      return "busy";
    case ErrorKind::kUnreachable:
      return "unreachable";
    case ErrorKind::kSystem:
      return "system";
    case ErrorKind::kCanceled:
      return "canceled";
    case ErrorKind::kBug:
      return "bug";
  }
  return "unknown";
}

}  // namespace store
