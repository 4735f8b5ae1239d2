#include "tests/site/worker.h"

#include <string>

namespace site {

void Worker::work(Content& content) {
  const auto page = static_cast<Index>(random_.below(content.pages().size()));
  const auto& now = content.pages()[page];
  if (now.status == Status::kPurged || now.status == Status::kDeleted) return;
  switch (random_.below(16)) {
    case 0:
    case 1:
      move(content, page);
      break;
    case 2:
      content.set_status(page, Status::kArchived);
      break;
    case 3:
    case 4:
      content.set_status(page, Status::kTrashed);
      break;
    case 5:
    case 6:
      content.set_status(page, Status::kCurrent);
      break;
    case 7:
      if (random_.below(3) == 0) content.set_status(page, Status::kPurged);
      break;
    case 8:
      if (random_.below(3) == 0) content.set_status(page, Status::kDeleted);
      break;
    case 9:
      content.restrict_page(page, random_.below(2) == 0);
      break;
    case 10:
      add(content, now.space);
      break;
    default:
      edit(content, page);
  }
  ++done_;
}

void Worker::edit(Content& content, Index page) {
  Edit change;
  change.body = "<p>edit " + std::to_string(done_) + "</p>";
  if (random_.below(4) == 0) change.title = "renamed " + std::to_string(done_);
  content.edit(page, change);
}

void Worker::move(Content& content, Index page) {
  if (random_.below(2) == 0) {
    content.move_to_space(page, static_cast<Index>(random_.below(content.spaces().size())));
  } else {
    content.reparent(page, static_cast<Index>(random_.below(content.pages().size())));
  }
}

void Worker::add(Content& content, Index space) {
  NewPage page;
  page.space = space;
  page.title = "added " + std::to_string(done_);
  page.body = "<p>new</p>";
  content.add(page);
}

}  // namespace site
